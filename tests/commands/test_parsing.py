import argparse

import pytest

from namo.commands.parsing import Parser, add_old_name


@pytest.fixture
def parser():
    parser = Parser(prog="tool", description="Do a thing.\n\nIt is\ndone.")
    parser.add_argument("--number", type=int, default=3, metavar="N", help="of things")
    parser.add_argument("--name", required=True, help="of the thing")
    parser.add_argument("--place", default=argparse.SUPPRESS, help="of it (default: here)")
    parser.add_argument("--all", action="store_true", help="take all")
    many = parser.add_argument("--many", action="append", default=[], metavar="X", help="more")
    add_old_name(parser, "--lots", many)
    return parser


def test_help_shows_required_and_defaults_the_same_way(parser):
    lines = [" ".join(line.split()) for line in parser.format_help().splitlines()]
    assert "--number N of things (default: 3)" in lines
    assert "--name NAME of the thing (required)" in lines
    assert "--place PLACE of it (default: here)" in lines
    assert "--all take all" in lines
    assert "--many X more" in lines


def test_help_keeps_paragraphs_and_hides_old_names(parser):
    text = parser.format_help()
    assert "Do a thing.\n\nIt is done.\n" in text
    assert "--lots" not in text


def test_an_old_name_does_what_the_new_one_does_and_says_so(parser, capsys):
    options = parser.parse_args(["--name", "a", "--lots", "1", "--many", "2", "--lots", "3"])
    assert options.many == ["1", "2", "3"]
    note = "note: --lots is now --many; the old name goes away with the next version\n"
    assert capsys.readouterr().err == note * 2
    assert parser.parse_args(["--name", "a"]).many == []


def test_an_old_name_checks_its_value_like_the_new_one(capsys):
    parser = Parser(prog="tool")
    number = parser.add_argument("--number", type=int, choices=(1, 2))
    switch = parser.add_argument("--on", action="store_true")
    add_old_name(parser, "--digit", number)
    add_old_name(parser, "--yes", switch)
    assert parser.parse_args(["--digit", "2", "--yes"]) == argparse.Namespace(
        number=2, on=True, parser=parser
    )
    for value, said in (("x", "invalid int value"), ("3", "unknown value '3'")):
        with pytest.raises(SystemExit) as ended:
            parser.parse_args(["--digit", value])
        assert ended.value.code == 2
        assert said in capsys.readouterr().err


def test_an_unknown_option_is_refused_with_the_nearest_that_is_shown(parser, capsys):
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--name", "a", "--nubmer", "1"])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert "tool: error: unrecognized arguments: --nubmer 1; did you mean '--number'?" in err
    assert "--lots" not in err
