import shlex
import shutil

import pytest
import yaml

from namo.collection.command_line import build_parser
from namo.collection.config import CollectionConfig
from namo.collection.settings import check_settings, collector_options, with_models
from namo.errors import UsageError
from namo.planning.registry import PLANNERS
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES


@pytest.fixture
def schema(rig):
    path = rig.repository / "workflow" / "schemas" / "config.schema.yaml"
    return yaml.safe_load(path.read_text())


@pytest.fixture
def shipped(rig, monkeypatch):
    """The settings as they are shipped; their paths start at the repository."""
    monkeypatch.chdir(rig.repository)
    settings = {}
    for name in ("config", "scenes", "learning"):
        settings |= yaml.safe_load((rig.repository / "config" / f"{name}.yaml").read_text())
    return settings


def refusal(settings, schema):
    with pytest.raises(UsageError) as caught:
        check_settings(settings, schema)
    return str(caught.value)


def parsed(text):
    """The configuration that the collector makes of a line of options."""
    options = build_parser().parse_args([*shlex.split(text), "--start-idx", "0", "--end-idx", "1"])
    return CollectionConfig(**{name: getattr(options, name) for name in CollectionConfig.names()})


def test_the_shipped_settings_pass(shipped, schema):
    config = check_settings(shipped, schema)
    assert config.as_dict() == {name: shipped[name] for name in CollectionConfig.names()}


def test_schema_and_shipped_settings_have_the_same_keys(shipped, schema):
    assert set(shipped) == set(schema["properties"])


def test_every_setting_of_a_collection_can_be_set(schema):
    assert set(CollectionConfig.names()) <= set(schema["properties"])


def test_an_unknown_key_names_the_nearest(shipped, schema):
    message = refusal(shipped | {"max_dept": 3, "sede": 1}, schema)
    assert "unknown key 'max_dept'; did you mean 'max_depth'?" in message
    assert "unknown key 'sede'; did you mean 'seed'?" in message


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("algorithm", PLANNERS),
        ("object_strategy", OBJECT_STRATEGIES),
        ("goal_strategy", GOAL_STRATEGIES),
    ],
)
def test_names_come_from_the_registries(shipped, schema, key, registry, models):
    for name in registry.names():
        config = check_settings(shipped | models | {key: name}, schema)
        assert getattr(config, key) == registry.canonical(name)
    message = refusal(shipped | {key: "none"}, schema)
    assert f"{key} is 'none'" in message
    assert ", ".join(registry.names()) in message


def test_a_misspelt_name_offers_the_nearest(shipped, schema):
    message = refusal(shipped | {"algorithm": "tree_idsf"}, schema)
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
        ("max_failed_share", 1.1),
        ("max_failed_share", -0.1),
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
def test_a_bad_value_names_its_key(shipped, schema, key, value):
    message = refusal(shipped | {key: value}, schema)
    assert key in message.replace("-", "_")


@pytest.mark.parametrize(
    ("key", "value"), [("seed", 1.0), ("chunk_size", 2.0), ("max_depth", 3.0), ("max_pushes", 9.0)]
)
def test_a_whole_number_with_a_point_is_refused_like_any_other_real(shipped, schema, key, value):
    assert key in refusal(shipped | {key: value}, schema)


def test_several_wrong_settings_are_named_together(shipped, schema):
    message = refusal(shipped | {"seed": -1, "chunk_size": 0, "colour": 1}, schema)
    assert all(key in message for key in ("seed", "chunk_size", "colour"))


@pytest.mark.parametrize("key", ["output_dir", "start_idx", "end_idx", "chunk_size", "algorithm"])
def test_a_missing_key_is_named(shipped, schema, key):
    del shipped[key]
    assert f"'{key}' is a required property" in refusal(shipped, schema)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"filter_minimum_length": True, "max_pushes": None, "max_depth": 0, "seed": 12345},
        {"algorithm": "standard_idfs", "object_strategy": "farthest_first"},
        {"goal_strategy": "adaptive", "search_timeout": 0.125, "ml_device": "auto"},
        {"object_strategy": "random", "ml_samples": 5, "ml_random_share": 0.125},
        {"goal_strategy": "primitive", "trust_model_code": True},
        {"max_terminal_checks": 7, "max_goals_per_object": 2, "episodes_per_env": 3},
    ],
)
def test_the_collector_gets_the_same_configuration(shipped, schema, changes, models, tmp_path):
    model = tmp_path / "a model's folder"
    shutil.copytree(models["ml_goal_model"], model)
    settings = shipped | models | {"ml_goal_model": str(model)} | changes
    options = collector_options(with_models(settings, tmp_path), "host")
    assert parsed(options) == check_settings(settings, schema)


def test_a_model_that_no_strategy_asks_is_left_out(shipped, schema, models):
    settings = shipped | models | {"object_strategy": "nearest_first"}
    config = check_settings(settings, schema)
    assert config.ml_object_model is None
    assert config.ml_goal_model == models["ml_goal_model"]


def test_models_are_found_where_the_run_starts_or_else_beside_the_pipeline(models, tmp_path):
    here, home = tmp_path / "here", tmp_path / "home"
    shutil.copytree(models["ml_goal_model"], home / "model")
    here.mkdir()
    settings = {"goal_strategy": "ml", "ml_goal_model": "model"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        assert with_models(settings, home)["ml_goal_model"] == str(home / "model")
        shutil.copytree(home / "model", here / "model")
        assert with_models(settings, home)["ml_goal_model"] == "model"
        missing = with_models(settings | {"ml_goal_model": "none"}, home)
        assert missing["ml_goal_model"] == "none", "what is not there is named as it was given"


def test_a_model_that_is_not_there_is_named(shipped, schema):
    message = refusal(shipped | {"goal_strategy": "ml", "ml_goal_model": "no/model"}, schema)
    assert "--ml-goal-model: no/model: no such folder" in message


def test_places_reach_the_collector_whatever_they_hold(shipped):
    settings = shipped | {"output_dir": "out put; rm -rf $HOME", "xml_dir": "rä 'ume'"}
    text = collector_options(settings, "my.host-1")
    options = build_parser().parse_args([*shlex.split(text), "--start-idx", "0", "--end-idx", "1"])
    assert str(options.output_dir) == settings["output_dir"]
    assert str(options.xml_dir) == settings["xml_dir"]
    assert (options.manifest, options.hostname) == (None, "my.host-1")
