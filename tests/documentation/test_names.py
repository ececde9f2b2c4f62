"""Names in backticks exist: commands, targets, options, files, modules."""

import argparse
import importlib
import re
import shlex

import pytest
from snakemake.cli import get_argument_parser

from namo.commands.main import make_parser
from namo.commands.plug_ins import REGISTRIES
from tests.conftest import REPOSITORY
from tests.documentation.pages import INSTRUCTIONS, PAGES, read, spans

FOREIGN_OPTIONS = {
    "--gpus": "SLURM's",
    "--gres": "SLURM's",
    "--distribution": "SLURM's",
    "--scenes": "of benchmarks",
}
MADE_LATER = {"benchmarks/results.json": "by make bench"}
ENVIRONMENTS = {"namo/Push-v0"}
"""Their ids in Gymnasium, which look like files."""
ENTRY_POINTS = {registry.group for registry in REGISTRIES}
"""Groups of them, which look like modules."""
FOLDERS = r"(namo|tests|docs|workflow|config|profiles|resources|benchmarks|examples|envs|\.ci)/"
"""Folders of the repository; `results/...` is written by runs."""


def words_of(page, program):
    """The mentions of a program in the prose of a page, split into words, without its name."""
    lists = [shlex.split(span) for span in spans(read(page)) if re.match(r"[\w./]+ ", span)]
    return [words[1:] for words in lists if words[0].removeprefix(".venv/bin/") == program]


def groups_of(parser):
    return [act for act in parser._actions if isinstance(act, argparse._SubParsersAction)]


def subparser(parser, words):
    """The parser of a command, and the words that follow its name."""
    for group in groups_of(parser):
        if words and not words[0].startswith("-"):
            assert words[0] in group.choices, f"no command '{words[0]}'"
            return subparser(group.choices[words[0]], words[1:])
    return parser, words


def options_of(parser):
    """All options of a parser and of its commands."""
    return set(parser._option_string_actions).union(
        *(options_of(command) for group in groups_of(parser) for command in group.choices.values())
    )


def option_names(words):
    return {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_namo_and_their_options_exist(page):
    for words in words_of(page, "namo"):
        parser, rest = subparser(make_parser(), words)
        assert option_names(rest) <= options_of(parser), f"namo {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES)
def test_targets_of_snakemake_exist(page):
    files = (REPOSITORY / "Snakefile", *(REPOSITORY / "workflow" / "rules").glob("*.smk"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    rules = set(re.findall(r"^rule (\w+):", text, re.MULTILINE))
    for words in words_of(page, "snakemake"):
        named = get_argument_parser().parse_known_args(words)[0].targets
        assert set(named) <= rules, f"snakemake {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES)
def test_targets_of_make_exist(page):
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", text, re.MULTILINE))
    for words in words_of(page, "make"):
        assert {word for word in words if "=" not in word} <= targets, f"make {' '.join(words)}"


def test_benchmarks_take_the_options_that_pages_name(monkeypatch, capsys):
    named = [(page, words) for page in INSTRUCTIONS for words in words_of(page, "python")]
    assert named
    for page, words in named:
        assert words[0] == "-m", f"{page}: python {' '.join(words)}"
        module = importlib.import_module(words[1])
        monkeypatch.setattr("sys.argv", [words[1], "--help"])
        with pytest.raises(SystemExit) as ended:
            module.main()
        assert ended.value.code == 0
        said = capsys.readouterr().out
        assert all(option in said for option in option_names(words[2:])), f"{page}: {words}"


@pytest.mark.parametrize("page", PAGES)
def test_options_exist(page):
    known = options_of(make_parser()) | options_of(get_argument_parser()) | FOREIGN_OPTIONS.keys()
    named = {
        span.split()[0].partition("=")[0] for span in spans(read(page)) if span.startswith("--")
    }
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES)
def test_files_exist(page):
    named = [span for span in spans(read(page)) if re.match(FOLDERS, span)]
    missing = [
        name
        for name in named
        if "<" not in name
        and name not in ENVIRONMENTS | MADE_LATER.keys()
        and not [*REPOSITORY.glob(name.rstrip("/"))]
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_modules_and_what_is_in_them_exist(page):
    for span in spans(read(page)):
        match = re.fullmatch(r"(namo(?:\.\w+)+)(?:\(.*\))?", span)
        if match and span not in ENTRY_POINTS:
            assert exists(match[1]), f"{page}: {span}"


def exists(name):
    """Whether a dotted name leads to a module, or to something in one."""
    module, _, rest = name.partition(".")
    found = importlib.import_module(module)
    for part in rest.split("."):
        module = f"{module}.{part}"
        if not hasattr(found, part):
            try:
                importlib.import_module(module)
            except ModuleNotFoundError:
                return False
        found = getattr(found, part)
    return True


def test_a_name_that_does_not_exist_is_found():
    assert exists("namo.scenes.footprint.footprint_of")
    assert not exists("namo.scenes.footprint.nothing_of")
    assert not exists("namo.scenes.nothing")
    with pytest.raises(AssertionError, match="no command 'bake'"):
        subparser(make_parser(), ["scenes", "bake"])
    _, rest = subparser(make_parser(), ["scenes", "check", "FOLDER", "--sheet"])
    assert rest == ["FOLDER", "--sheet"]
