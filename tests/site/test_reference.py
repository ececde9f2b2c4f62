"""The reference pages that are generated from the code."""

from __future__ import annotations

import re

import pytest
import yaml

import namo
from hooks import MAKERS, made
from namo.certification.settings import SceneSetSettings
from namo.collection.config import CollectionConfig
from namo.commands.main import COMMANDS, make_parser
from namo.declared_settings import declarations
from namo.errors import UsageError
from namo.pipeline.settings import pipeline_schema
from namo.results.tables import DATA_TABLES
from namo.training.benchmark_settings import BenchmarkSettings
from namo.training.learning_settings import LearningSettings
from namo.training.settings import TrainingSettings
from reference import links
from reference.api import search_settings
from reference.columns import SCHEMAS, columns
from reference.command_line import commands, options_of, scripts, spelling, subcommands
from reference.markdown import fenced, paragraphs, prose, table
from reference.parts import REGISTRIES, parts
from reference.settings import describe_rule, read_commented, settings
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def described():
    """The reference of the command line by its headings."""
    pieces = re.split(r"^###? (.*)$", commands(REPOSITORY), flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def test_every_command_and_every_script_is_described(described):
    assert {f"namo {name}" for name in COMMANDS} <= described.keys()
    written = {path.name for path in (REPOSITORY / "workflow" / "scripts").glob("*.py")}
    lines = described["Scripts of the pipeline"]
    assert written == set(re.findall(r"^\| `(\w+\.py)` \|", lines, re.MULTILINE))
    assert "| `sequential_ml_collection.py` | [`namo collect`](#namo-collect) |" in lines
    assert "| `make_scenes.py` | [`namo scenes generate`](#namo-scenes-generate) |" in lines


def test_every_option_has_a_line(described):
    for name, parser, _ in subcommands(make_parser()):
        assert options_of(parser)
        for action in options_of(parser):
            assert f"| `{spelling(action)}` |" in described[name]


def test_an_option_shows_its_default_and_choices_once(described):
    assert (
        "| `--max-depth N` | maximum plan length \\[pushes\\] | `5` |" in described["namo collect"]
    )
    (line,) = (one for one in described["namo scenes generate"].splitlines() if "`--family" in one)
    assert "`room`, `row`, `corridor`" in line


def test_old_names_of_options_are_not_shown(described):
    assert "--recollect" in described["namo verify"]
    assert "--redo" not in described["namo verify"]


def test_a_script_that_calls_no_command_is_named(tmp_path):
    folder = tmp_path / "workflow" / "scripts"
    folder.mkdir(parents=True)
    (folder / "hidden.py").write_text("")
    with pytest.raises(UsageError, match=r"hidden\.py: calls no command of namo"):
        scripts(tmp_path)


def test_every_setting_of_a_collection_has_a_line():
    text = settings(REPOSITORY, "config")
    for name in pipeline_schema()["properties"].keys() - {"scenes", "learning", "benchmark"}:
        assert f"| `{name}` |" in text
    for declared in declarations(CollectionConfig).values():
        assert prose(declared.meaning) in text
    assert "| `chunk_size` | `6` | a whole number from 1 | environments per chunk" in text
    assert "`best_first`, `hybrid`" in text


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("scenes", SceneSetSettings.__dataclass_fields__),
        ("learning", LearningSettings.__dataclass_fields__),
        ("benchmark", BenchmarkSettings.__dataclass_fields__),
        ("learning", [f"training.{name}" for name in TrainingSettings.__dataclass_fields__]),
    ],
)
def test_every_setting_of_another_stage_has_a_line(file, names):
    text = settings(REPOSITORY, file)
    for name in names:
        assert f"| `{name}` |" in text
        assert len(re.findall(rf"^\| `{re.escape(name)}` \|", text, re.MULTILINE)) == 1


@pytest.mark.parametrize("name", ["config", "scenes", "learning", "benchmark"])
def test_every_setting_has_its_value_and_a_comment(name):
    path = REPOSITORY / "config" / f"{name}.yaml"
    content = yaml.safe_load(path.read_text())
    for setting in read_commented(path).settings:
        value = content
        for part in setting.names:
            value = value[part]
        assert setting.value == value
    assert read_commented(path).intro


def test_comments_continue_on_the_lines_below(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text(
        "# Two settings.\n#   run --them\n\n# ---- first ----\na: 1  # one\n  # and more\n"
        "# ---- then ----\nb:  # two\n  c: {d: 2}\n"
    )
    file = read_commented(path)
    assert file.intro == ["Two settings.", "  run --them"]
    assert [(one.names, one.comment) for one in file.settings] == [
        (("a",), "one and more"),
        (("b",), "two"),
        (("b", "c"), ""),
    ]
    assert list(file.sections) == ["", "first", "then"]
    assert [one.below for one in file.settings] == [False, True, False]


def test_a_line_that_is_not_a_setting_is_named(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("a: 1\nb:\n  - 2\n")
    with pytest.raises(UsageError, match="line 3: neither a setting nor a comment"):
        read_commented(path)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"type": "integer", "minimum": -1}, "a whole number from -1"),
        ({"type": "number", "minimum": 0, "maximum": 1}, "a number from 0 to 1"),
        ({"type": "number", "exclusiveMinimum": 0}, "a number above 0"),
        ({"type": ["string", "null"], "pattern": "^a$"}, "text as in `^a$`, or null"),
        ({"enum": ["one", "two"]}, "`one`, `two`"),
    ],
)
def test_rules_are_described_in_words(rule, words):
    assert describe_rule(rule) == words


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_column_has_a_line_with_its_meaning(name):
    lines = columns(name).splitlines()[2:]
    assert len(lines) == len(SCHEMAS[name])
    for line, field in zip(lines, SCHEMAS[name], strict=True):
        assert line.startswith(f"| `{field.name}` | `{field.type}` |")
        assert not line.endswith("|  |")


def test_every_table_of_a_collection_is_described():
    assert DATA_TABLES.keys() <= SCHEMAS.keys()
    page = (REPOSITORY / "docs" / "files.md").read_text()
    for name in SCHEMAS:
        assert f"<!-- made from the code: columns {name} -->" in page


@pytest.mark.parametrize("kind", REGISTRIES)
def test_every_part_has_a_heading_and_words(kind):
    text = parts(kind)
    pieces = re.split(r"^### (.*)$", text, flags=re.MULTILINE)
    headings, words = pieces[1::2], pieces[2::2]
    names = re.findall(r"`([^`]+)`", "".join(headings))
    assert sorted(names) == sorted(REGISTRIES[kind].names())
    for said in words:
        assert len(said.split("\n\nIn [")[0].strip()) > 20


def ask(request):
    """What the generator of a request returns."""
    return made(re.match(r"(?P<what>\w+) ?(?P<which>.*)", request))


def test_constants_named_in_a_text_are_listed_with_their_values():
    assert "`DISTANCE_M` is `(0.3, 1.0)`. `TURN_RAD` is `0.785`." in parts("goal strategy")


@pytest.mark.parametrize(
    "asked",
    [
        *("nothing of_this", "columns nothing", "parts nothing", "settings nothing"),
        *("api nothing", "api World nothing"),
    ],
)
def test_an_unknown_placeholder_is_named(asked):
    page = f"<!-- made from the code: {asked} -->"
    match = re.search(r"(?P<what>\w+) (?P<which>.+) -->", page)
    with pytest.raises(UsageError, match="nothing"):
        made(match)


def test_every_public_name_is_in_the_reference_once():
    page = (REPOSITORY / "docs" / "api.md").read_text()
    requests = re.findall(r"^<!-- made from the code: ((?:api|search_settings).*) -->$", page, re.M)
    described = [re.match(r"::: namo\.(\w+)", ask(request))[1] for request in requests]
    assert sorted(described) == sorted({*namo.__all__} - {"__version__"})
    assert "`namo.__version__`" in page


def test_every_setting_of_a_search_is_described_with_its_default():
    lines = search_settings("").splitlines()
    for name in namo.SearchSettings.__annotations__:
        assert any(line.startswith(f"| `{name}` |") for line in lines), name
    assert "| `algorithm` | `'hybrid'` | " in search_settings("")


def test_every_generator_is_used_by_a_page():
    asked = set()
    for page in (REPOSITORY / "docs").glob("*.md"):
        asked.update(re.findall(r"<!-- made from the code: (\w+)", page.read_text()))
    assert asked == MAKERS.keys()


def test_special_characters_are_escaped():
    assert prose("a*b* <c> | `<d> | *`\n  {e}") == r"a\*b\* &lt;c&gt; \| `<d> | *` &#123;e&#125;"
    assert paragraphs("One\nline.\n\n    code *here*\n\nTwo.") == (
        "One line.\n\n```text\ncode *here*\n```\n\nTwo."
    )
    assert fenced("```\n").startswith("````text\n")
    assert table(["a", "b"], [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


@pytest.mark.parametrize(
    ("page", "link", "rewritten"),
    [
        ("a.md", "[c](../config/config.yaml)", "[c](repository/config/config.yaml.md)"),
        ("a.md", "[c](../namo)", "c"),
        ("a.md", "[c](../CHANGELOG.md)", "[c](changelog.md)"),
        ("a.md", "[c](../README.md#more)", "[c](index.md#more)"),
        ("a.md", "[c](scenes.md#x)", "[c](scenes.md#x)"),
        ("a.md", "[c](../not/there.yaml)", "[c](../not/there.yaml)"),
        ("a.md", "![c](../LICENSE)", "![c](../LICENSE)"),
        ("a.md", "[c](https://example.org)", "[c](https://example.org)"),
        ("contributing.md", "[c](docs/scenes.md)", "[c](scenes.md)"),
        ("contributing.md", "[c](config/config.yaml)", "[c](repository/config/config.yaml.md)"),
    ],
)
def test_links_work_in_the_repository_and_in_the_site(page, link, rewritten):
    assert links.with_site_links(link, page, REPOSITORY) == rewritten
