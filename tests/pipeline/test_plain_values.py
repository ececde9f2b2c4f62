import pytest
import yaml

from namo.collection.config import CollectionConfig
from namo.errors import UsageError
from namo.pipeline.plain_values import require_plain_paths, with_plain_values
from namo.pipeline.run_plan import RunPlan
from namo.pipeline.settings import check_settings, collector_options
from tests.conftest import REPOSITORY

KEYS = ["output_dir", "xml_dir", "manifest", "ml_object_model", "ml_goal_model"]
BELOW = [
    ("scenes", "output_dir"),
    ("scenes", "templates"),
    ("learning", "output_dir"),
    ("learning", "manifest"),
    ("learning", "test_manifest"),
    ("learning", "compare_models"),
]


@pytest.fixture
def shipped():
    """The shipped settings."""
    settings = {}
    for name in ("config", "scenes", "learning", "benchmark"):
        settings |= yaml.safe_load((REPOSITORY / "config" / f"{name}.yaml").read_text())
    return settings


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def refusal(settings):
    with pytest.raises(UsageError) as caught:
        check_settings(with_plain_values(settings))
    return str(caught.value)


@pytest.mark.parametrize("given", ["~/x", "$HOME/x", "${HOME}/x"])
def test_every_path_is_expanded(shipped, home, given):
    settings = {**shipped, **dict.fromkeys(KEYS, given)}
    for section, key in BELOW:
        settings[section] = {**settings[section], key: given}
    settings["learning"] = {**settings["learning"], "collections": [given, "plain"]}
    plain = with_plain_values(settings)
    assert [plain[key] for key in KEYS] == [f"{home}/x"] * len(KEYS)
    assert [plain[section][key] for section, key in BELOW] == [f"{home}/x"] * len(BELOW)
    assert plain["learning"]["collections"] == [f"{home}/x", "plain"]


def test_the_run_and_its_jobs_mean_the_same_folder(shipped, home):
    run = RunPlan.from_config(shipped | {"output_dir": "~/x"})
    assert run.folder == home / "x"
    assert f"--output-dir {home}/x " in f"{run.options} "


def test_a_path_that_cannot_be_expanded_names_its_key(shipped):
    with pytest.raises(UsageError, match=r"configuration: xml_dir is '\$NAMO_NOT_SET/x'; the var"):
        with_plain_values(shipped | {"xml_dir": "$NAMO_NOT_SET/x"})
    learning = {**shipped["learning"], "collections": ["~no-such-user-here/x"]}
    with pytest.raises(UsageError, match=r"learning\.collections is '~no-such-user-here/x'"):
        with_plain_values(shipped | {"learning": learning})


@pytest.mark.parametrize("key", ["max_pushes", "hostname", "xml_dir", "manifest", "split"])
def test_the_word_null_is_null_where_null_is_allowed(shipped, key):
    plain = with_plain_values(shipped | {key: "null"})
    assert plain[key] is None
    check_settings(plain)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("seed", None, "seed is null; it must be a whole number from 0"),
        ("seed", "null", 'seed is "null"; it must be a whole number from 0'),
        ("max_pushes", "many", 'max_pushes is "many"; it must be a whole number or null from 0'),
        ("search_timeout", None, "search_timeout is null; it must be a number above 0"),
        ("watch_scenes", "yes", 'watch_scenes is "yes"; it must be true or false'),
        ("output_dir", None, "output_dir is null; it must be text"),
        (
            "output_dir",
            2026,
            'output_dir is 2026; it must be text; put it in quotes in a file ("2026"), and write '
            "./NAME for a path on the command line",
        ),
        (
            "manifest",
            1.5,
            'manifest is 1.5; it must be text or null; put it in quotes in a file ("1',
        ),
        ("hostname", 7, 'hostname is 7; it must be text or null; put it in quotes in a file ("7")'),
    ],
)
def test_a_value_of_a_wrong_type_says_what_it_must_be(shipped, key, value, said):
    assert refusal(shipped | {key: value}).startswith(f"configuration: {said}")


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("seed", 2**63, "0 to 9223372036854775807"),
        ("max_depth", 2**31, "0 to 2147483647"),
        ("max_pushes", 10**30, "0 to 2147483647"),
        ("ml_samples", 10**6, "1 to 100000"),
        ("search_timeout", 1e300, "numbers above 0, to 1e+09"),
        ("chunk_size", 2**63, "1 to 2147483647"),
        ("threads", 5000, "1 to 1024"),
        ("mem_mb", 2**40, "100 to 2147483647"),
        ("runtime", 2**40, "1 to 2147483647"),
        ("end_idx", 2**63, "-1 to 2147483647"),
        ("start_idx", 2**63, "0 to 2147483647"),
    ],
)
def test_a_number_that_is_too_large_is_refused_before_anything_is_written(
    shipped, home, key, value, allowed
):
    out = str(home / "out")
    with pytest.raises(UsageError) as caught:
        RunPlan.from_config(shipped | {"output_dir": out, key: value})
    assert str(caught.value) == f"--{key.replace('_', '-')} is {value}; allowed: {allowed}"
    assert list(home.iterdir()) == []


def test_the_largest_seed_is_taken(shipped):
    assert check_settings(shipped | {"seed": 2**63 - 1}).seed == 2**63 - 1
    assert CollectionConfig(seed=2**63 - 1).seed == 2**63 - 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output_dir": "a{b}"}, r"output_dir is 'a\{b\}'; .* must not hold \{ \}"),
        ({"output_dir": "a<b>"}, "output_dir is 'a<b>'; .* must not hold < >"),
        ({"output_dir": "-out"}, "output_dir is '-out'; .* write the whole path"),
        ({"output_dir": "a\x1b[2J"}, r"output_dir is 'a\\x1b\[2J'"),
        ({"scenes": {"output_dir": "{x}"}}, r"scenes\.output_dir is '\{x\}'"),
        ({"learning": {"output_dir": "<x>"}}, r"learning\.output_dir is '<x>'"),
    ],
)
def test_a_folder_that_snakemake_would_read_as_a_pattern_is_refused(shipped, changes, message):
    with pytest.raises(UsageError, match=f"configuration: {message}"):
        require_plain_paths(shipped | changes)
    require_plain_paths(shipped)


def test_scenes_with_patterns_in_their_names_count_through_their_checksums(shipped, rooms, home):
    from namo.scenes.writing import write_scene

    folder = home / "in{x}"
    for name in ("a", "b<y>"):
        write_scene(rooms.room(), folder / f"{name}.xml")
    write_scene(rooms.room(), home / "plain" / "c.xml")
    settings = shipped | {"output_dir": str(home / "o"), "xml_dir": str(folder), "end_idx": -1}
    run = RunPlan.from_config(settings)
    (chunk,) = run.chunks
    assert run.scenes_of(chunk) == []
    before = run.unlisted_scenes_of(chunk)
    assert [one.split("=")[0] for one in before.split()] == ["a.xml", "b<y>.xml"]
    (folder / "b<y>.xml").write_text("<mujoco/>")
    assert run.unlisted_scenes_of(chunk) != before
    plain = RunPlan.from_config(settings | {"xml_dir": str(home / "plain")})
    assert plain.unlisted_scenes_of(chunk) == ""
    assert plain.scenes_of(chunk) == [str(home / "plain" / "c.xml")]
    unwatched = RunPlan.from_config(settings | {"watch_scenes": False})
    assert unwatched.unlisted_scenes_of(chunk) == ""


def test_paths_that_look_like_options_reach_the_collector(shipped):
    text = collector_options(shipped | {"xml_dir": "-in", "split": "-a"}, "label")
    assert "--xml-dir ./-in" in text
    assert "--split=-a" in text
