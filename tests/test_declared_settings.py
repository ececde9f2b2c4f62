import math
from dataclasses import dataclass

import pytest

from namo.commands.parsing import Parser
from namo.declared_settings import (
    add_options,
    check_declared,
    declarations,
    option_name,
    required_names,
    schema_properties,
    setting,
    setting_arguments,
)
from namo.errors import UsageError
from namo.registry import Registry

SHAPES = Registry("shape", {"round": "a:b", "square": "a:c"}, {"circle": "round"})


@dataclass(frozen=True)
class Settings:
    name: str = setting(help="name of it", min_length=1, pattern="[a-z]+")
    count: int = setting(3, help="how many", minimum=1, group="one")
    length: float = setting(2.0, help="how long", unit="s", above=0, group="one")
    ratio: float = setting(0.5, help="part of 100 %", minimum=0, maximum=1, group="two")
    limit: int | None = setting(None, help="most", none="no limit", minimum=0, group="two")
    shape: str = setting("round", help="of it", choices=SHAPES, group="two")
    colour: str = setting("red", help="of it", choices=("red", "blue"), group="two")
    loud: bool = setting(False, help="make a noise", group="two")
    tidy: bool = setting(True, help="clean up", group="two")
    place: str | None = setting(None, help="where", metavar="PATH", is_path=True, group="two")
    seed: int = setting(0, help="of it", minimum=0, ceiling=2**63 - 1, group="three")
    plain: int = 7

    def __post_init__(self):
        check_declared(self)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"count": 0}, "--count is 0; allowed: integers from 1 up"),
        ({"length": 0.0}, "--length is 0.0; allowed: seconds above zero, finite"),
        ({"length": math.inf}, "--length is inf; allowed: seconds above zero, finite"),
        ({"length": math.nan}, "--length is nan; allowed: seconds above zero, finite"),
        ({"ratio": 1.5}, "--ratio is 1.5; allowed: 0 to 1"),
        ({"ratio": math.nan}, "--ratio is nan; allowed: 0 to 1"),
        ({"limit": -1}, "--limit is -1; allowed: integers from 0 up"),
        ({"count": 2**31}, "--count is 2147483648; allowed: 1 to 2147483647"),
        ({"count": 10**400}, "--count is 1000"),
        ({"length": 1e300}, "--length is 1e+300; allowed: numbers above 0, to 1e+09"),
        ({"limit": 2**63}, "--limit is 9223372036854775808; allowed: 0 to 2147483647"),
        ({"seed": 2**63}, "--seed is 9223372036854775808; allowed: 0 to 9223372036854775807"),
        ({"count": None}, "--count is null; allowed: 1 and up"),
        ({"length": None}, "--length is null; allowed: numbers above 0"),
        ({"shape": "rund"}, "unknown shape 'rund'; did you mean 'round'?"),
        ({"colour": "bleu"}, "--colour is 'bleu'; did you mean 'blue'?"),
    ],
)
def test_a_value_out_of_its_range_is_named_with_what_is_allowed(changes, said):
    with pytest.raises(UsageError) as caught:
        Settings("a", **changes)
    assert str(caught.value).startswith(said)


def test_values_at_the_edge_are_taken():
    Settings("a", count=1, length=1e-9, ratio=0, limit=0, shape="circle")
    Settings("a", ratio=1.0, limit=None)
    Settings("a", count=2**31 - 1, length=1e9, seed=2**63 - 1)


def test_the_schema_has_every_declared_setting_with_type_and_range():
    assert schema_properties(Settings) == {
        "name": {"type": "string", "pattern": "^[a-z]+$", "minLength": 1},
        "count": {"type": "integer", "minimum": 1},
        "length": {"type": "number", "exclusiveMinimum": 0},
        "ratio": {"type": "number", "minimum": 0, "maximum": 1},
        "limit": {"type": ["integer", "null"], "minimum": 0},
        "shape": {"enum": SHAPES},
        "colour": {"enum": ["red", "blue"]},
        "loud": {"type": "boolean"},
        "tidy": {"type": "boolean"},
        "place": {"type": ["string", "null"]},
        "seed": {"type": "integer", "minimum": 0},
    }
    assert required_names(Settings) == ["name"]
    assert list(declarations(Settings)) == list(schema_properties(Settings))


def test_options_have_help_unit_default_and_choices():
    parser = Parser(prog="tool")
    add_options(parser, Settings, {"two": "second", "one": "first"})
    lines = [" ".join(line.split()) for line in parser.format_help().splitlines()]
    assert lines.index("second:") < lines.index("first:")
    assert "--length X how long [s] (default: 2.0)" in lines
    assert "--ratio X part of 100 % (default: 0.5)" in lines
    assert "--limit N most (default: no limit)" in lines
    assert "--shape NAME of it: round, square, circle (default: round)" in lines
    assert "--loud make a noise" in lines
    assert "--no-tidy do not clean up" in lines
    assert "--place PATH where" in lines
    assert "--name" not in parser.format_help()
    options = parser.parse_args(["--count", "9", "--loud", "--ratio", "1", "--shape", "none"])
    assert (options.count, options.loud, options.ratio, options.limit) == (9, True, 1.0, None)
    assert options.shape == "none", "the dataclass refuses it, with the nearest name"


@pytest.mark.parametrize(
    ("name", "value", "arguments"),
    [
        ("count", 9, ["--count", "9"]),
        ("place", "-x", ["--place", "./-x"]),
        ("limit", None, []),
        ("loud", True, ["--loud"]),
        ("loud", False, []),
        ("tidy", True, []),
        ("tidy", False, ["--no-tidy"]),
    ],
)
def test_the_arguments_of_a_setting_give_it_its_value(name, value, arguments):
    assert setting_arguments(Settings, name, value) == arguments
    parser = Parser(prog="tool")
    add_options(parser, Settings, {"two": "second", "one": "first"})
    assert getattr(parser.parse_args(arguments), name) == ("./-x" if name == "place" else value)


def test_an_option_that_is_a_path_is_expanded(monkeypatch, capsys):
    monkeypatch.setenv("HOME", "/home/me")
    parser = Parser(prog="tool")
    add_options(parser, Settings, {"two": "second"})
    assert parser.parse_args(["--place", "~/x"]).place == "/home/me/x"
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args(["--place", "$NAMO_NOT_SET/x"])
    assert "the variable NAMO_NOT_SET is not set" in capsys.readouterr().err


def test_a_meaning_is_one_phrase():
    declared = declarations(Settings)
    assert declared["length"].meaning == "how long [s]"
    assert declared["limit"].meaning == "most; null: no limit"
    assert option_name("a_b") == "--a-b"
