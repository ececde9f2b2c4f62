import importlib.metadata
import shlex
import shutil

import pytest
import yaml

from namo import plug_ins
from namo.collection.config import CollectionConfig
from namo.commands.main import make_parser
from namo.errors import UsageError
from namo.pipeline.settings import (
    RENAMED_KEYS,
    PipelineSettings,
    check_settings,
    collector_options,
    pipeline_schema,
    pipeline_settings,
    with_models,
    with_new_keys,
)
from namo.planning.registry import PLANNERS, settings_of
from namo.shipped import shipped_folder
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES


@pytest.fixture
def shipped(rig, monkeypatch):
    """The settings as they are shipped; their paths start at the repository."""
    monkeypatch.chdir(rig.repository)
    settings = {}
    for name in ("config", "scenes", "learning", "benchmark"):
        settings |= yaml.safe_load((rig.repository / "config" / f"{name}.yaml").read_text())
    return settings


def refusal(settings):
    with pytest.raises(UsageError) as caught:
        check_settings(settings)
    return str(caught.value)


def arguments_of(text):
    """The arguments that the collector is given by a line of options."""
    return make_parser().parse_args(
        ["collect", *shlex.split(text), "--start-idx", "0", "--end-idx", "1"]
    )


def parsed(text):
    """The configuration that the collector makes of a line of options."""
    options = arguments_of(text)
    return CollectionConfig(**{name: getattr(options, name) for name in CollectionConfig.names()})


def test_the_shipped_settings_pass(shipped):
    config = check_settings(shipped)
    unused = dict.fromkeys(("ml_object_model", "ml_goal_model"))
    assert config.as_dict() == {name: shipped[name] for name in CollectionConfig.names()} | unused


def test_the_shipped_settings_hold_every_key(shipped):
    assert set(shipped) == set(pipeline_schema()["properties"])


def test_every_setting_of_a_collection_can_be_set():
    assert set(CollectionConfig.names()) <= set(pipeline_schema()["properties"])


def test_an_unknown_key_names_the_nearest(shipped):
    message = refusal(shipped | {"max_dept": 3, "sede": 1})
    assert "unknown key 'max_dept'; did you mean 'max_depth'?" in message
    assert "unknown key 'sede'; did you mean 'seed'?" in message


def test_unknown_keys_that_are_not_text_are_named(shipped):
    message = refusal(shipped | {None: 1, 2: 3})
    assert "unknown key 'None'; expected one of: " in message
    assert "unknown key '2'; expected one of: " in message


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("algorithm", PLANNERS),
        ("object_strategy", OBJECT_STRATEGIES),
        ("goal_strategy", GOAL_STRATEGIES),
    ],
)
def test_names_come_from_the_registries(shipped, key, registry, models):
    for name in registry.names():
        ignored = settings_of(name).ignored if key == "algorithm" else ()
        defaults = {each: getattr(CollectionConfig(), each) for each in ignored}
        config = check_settings(shipped | models | {key: name} | defaults)
        assert getattr(config, key) == registry.canonical(name)
    message = refusal(shipped | {key: "none"})
    assert f"{key} is 'none'" in message
    assert ", ".join(registry.names()) in message


def test_a_misspelt_name_offers_the_nearest(shipped):
    message = refusal(shipped | {"algorithm": "tree_idsf"})
    assert "algorithm is 'tree_idsf'; did you mean 'tree_idfs'?" in message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("output_dir", ""),
        ("output_dir", None),
        ("hostname", "a/b"),
        ("hostname", ""),
        ("hostname", 7),
        ("start_idx", -1),
        ("end_idx", -2),
        ("chunk_size", 0),
        ("chunk_size", 1.5),
        ("watch_scenes", "yes"),
        ("max_failed_fraction", 1.1),
        ("max_failed_fraction", -0.1),
        ("threads", 0),
        ("workers", 0),
        ("worker_mem_mb", 0),
        ("episodes_per_env", 0),
        ("max_depth", -1),
        ("max_goals_per_object", 0),
        ("search_timeout", 0),
        ("search_timeout", "60"),
        ("search_timeout", float("nan")),
        ("max_pushes", -1),
        ("max_pushes", "300"),
        ("max_terminal_checks", 0),
        ("filter_minimum_length", 1),
        ("seed", -1),
        ("seed", True),
        ("physics", "moon"),
        ("ml_samples", 0),
        ("ml_device", "gpu"),
        ("ml_random_share", 1.5),
        ("ml_random_share", "0.2"),
        ("trust_model_code", 1),
        ("ml_goal_model", 7),
        ("mem_mb", 0),
        ("runtime", 0),
    ],
)
def test_a_bad_value_names_its_key(shipped, key, value):
    message = refusal(shipped | {key: value})
    assert key in message.replace("-", "_")


@pytest.mark.parametrize(
    ("key", "value"), [("seed", 1.0), ("chunk_size", 2.0), ("max_depth", 3.0), ("max_pushes", 9.0)]
)
def test_a_whole_number_with_a_point_is_refused_like_any_other_real(shipped, key, value):
    assert key in refusal(shipped | {key: value})


def test_several_wrong_settings_are_named_together(shipped):
    message = refusal(shipped | {"seed": -1, "chunk_size": 0, "colour": 1})
    assert all(key in message for key in ("seed", "chunk_size", "colour"))


@pytest.mark.parametrize("key", ["output_dir", "start_idx", "end_idx", "chunk_size", "algorithm"])
def test_a_missing_key_is_named(shipped, key):
    del shipped[key]
    assert f"'{key}' is a required property" in refusal(shipped)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "filter_minimum_length": True,
            "smooth": False,
            "max_pushes": None,
            "max_depth": 0,
            "seed": 12345,
        },
        {"algorithm": "standard_idfs", "object_strategy": "farthest_first"},
        {"goal_strategy": "adaptive", "search_timeout": 0.125, "ml_device": "auto"},
        {"object_strategy": "random", "ml_samples": 5, "ml_random_share": 0.125},
        {"goal_strategy": "primitive", "trust_model_code": True},
        {"max_terminal_checks": 7, "max_goals_per_object": 2, "episodes_per_env": 3},
    ],
)
def test_the_collector_gets_the_same_configuration(shipped, changes, models, tmp_path):
    model = tmp_path / "a model's folder"
    shutil.copytree(models["ml_goal_model"], model)
    settings = shipped | models | {"ml_goal_model": str(model)} | changes
    options = collector_options(with_models(settings), "host")
    assert parsed(options) == check_settings(settings)


def test_a_model_that_no_strategy_asks_is_left_out(shipped, models):
    settings = shipped | models | {"object_strategy": "nearest_first"}
    config = check_settings(settings)
    assert config.ml_object_model is None
    assert config.ml_goal_model == models["ml_goal_model"]


def test_models_of_a_run_are_found_here_or_else_among_the_shipped_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {"goal_strategy": "ml", "ml_goal_model": "resources/models/goal"}
    asked = with_models(settings)["ml_goal_model"]
    assert asked == str(shipped_folder() / "resources" / "models" / "goal")


def test_a_model_that_is_not_there_is_named(shipped):
    message = refusal(shipped | {"goal_strategy": "ml", "ml_goal_model": "no/model"})
    assert "--ml-goal-model: no/model: no such folder" in message


def test_places_reach_the_collector_whatever_they_hold(shipped):
    settings = shipped | {"output_dir": "out put; rm -rf $HOME", "xml_dir": "rä 'ume'"}
    text = collector_options(settings, "my.host-1")
    options = arguments_of(text)
    assert str(options.output_dir) == settings["output_dir"]
    assert str(options.xml_dir) == settings["xml_dir"]
    assert (options.manifest, options.hostname) == (None, "my.host-1")


def test_old_keys_count_and_are_noted(shipped):
    notes = []
    settings = with_new_keys(shipped | {"max_failed_share": 0.25}, notes.append)
    assert settings["max_failed_fraction"] == 0.25
    assert set(settings) == set(shipped)
    assert notes == [
        "note: max_failed_share is now max_failed_fraction; the old name goes away with the next "
        "version"
    ]
    assert not RENAMED_KEYS.keys() & shipped.keys()
    assert with_new_keys(shipped, notes.append) == shipped
    assert len(notes) == 1


def test_a_bad_value_under_an_old_key_names_the_new_one(shipped):
    settings = with_new_keys(shipped | {"max_failed_share": 2}, lambda _: None)
    assert "max_failed_fraction" in refusal(settings)


def test_the_settings_of_a_run_are_the_shipped_ones(shipped):
    settings = pipeline_settings(shipped)
    assert settings == PipelineSettings(
        output_dir="results/demo",
        start_idx=0,
        end_idx=24,
        chunk_size=6,
        watch_scenes=True,
        max_failed_fraction=0.5,
        mem_mb=2000,
        runtime=240,
    )


def test_a_job_asks_for_a_core_per_worker_and_memory_for_each(shipped):
    for workers, threads, what, cores, memory in (
        (1, 1, "threads", 1, 2000),
        (1, 3, "threads", 3, 2000),
        (4, 1, "workers", 4, 2000 + 3 * 500),
    ):
        settings = pipeline_settings(shipped | {"workers": workers, "threads": threads})
        assert (settings.cores_for, settings.cores) == (what, cores)
        assert settings.memory_mb(settings.cores) == memory
    assert settings.memory_mb(2) == 2000 + 500, "where the run has fewer cores"


def test_workers_and_threads_together_are_refused(shipped):
    with pytest.raises(UsageError, match="workers is 2 and threads is 3; one of them must be 1"):
        pipeline_settings(shipped | {"workers": 2, "threads": 3})


def test_the_schema_says_what_it_said_when_it_was_a_file():
    properties = pipeline_schema()["properties"]
    assert properties["hostname"] == {
        "type": ["string", "null"],
        "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$",
    }
    assert properties["search_timeout"] == {"type": "number", "exclusiveMinimum": 0}
    assert properties["ml_random_share"] == {"type": "number", "minimum": 0, "maximum": 1}
    assert properties["max_pushes"] == {"type": ["integer", "null"], "minimum": 0}
    assert properties["ml_goal_model"] == {"type": ["string", "null"]}
    assert properties["trust_model_code"] == {"type": "boolean"}
    assert properties["xml_dir"] == {"type": ["string", "null"], "minLength": 1}
    assert properties["end_idx"] == {"type": "integer", "minimum": -1}
    assert properties["physics"] == {"enum": ["scene", "fast", "accurate"]}


def test_a_plug_in_is_a_name_like_others_and_own_names_need_no_look_for_any(
    shipped, install, monkeypatch
):
    install("tools_a", "1.0", {"namo.planners": {"mine": "tools_a:Mine"}}, "")
    assert check_settings(shipped | {"algorithm": "mine"}).algorithm == "mine"
    assert check_settings(shipped | {"algorithm": "tools_a:Mine"}).algorithm == "tools_a:Mine"
    assert "did you mean 'mine'?" in refusal(shipped | {"algorithm": "mime"})
    plug_ins.installed.cache_clear()
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: pytest.fail("looked"))
    check_settings(shipped)
