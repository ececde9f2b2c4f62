import hashlib
import json
import shutil
from dataclasses import FrozenInstanceError

import pytest

from namo.collection.config import CollectionConfig
from namo.errors import UsageError
from namo.learning.bundle_files import CONFIG, WEIGHTS
from namo.planning.registry import PLANNERS, settings_of
from tests.conftest import random_bundle


def refusal(**settings):
    with pytest.raises(UsageError) as caught:
        CollectionConfig(**settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"algorithm": "idsf"}, ["algorithm 'idsf'", "did you mean 'idfs'?", "tree_idfs"]),
        ({"algorithm": ""}, ["algorithm ''", "expected one of: idfs"]),
        (
            {"object_strategy": "nearest"},
            ["object strategy 'nearest'", "did you mean 'nearest_first'?", "goal_proximity"],
        ),
        ({"goal_strategy": "gird"}, ["goal strategy 'gird'", "did you mean 'grid'?", "adaptive"]),
        ({"physics": "scenes"}, ["--physics is 'scenes'", "did you mean 'scene'?"]),
        ({"ml_device": "gpu"}, ["--ml-device is 'gpu'", "cuda, cpu, auto"]),
        ({"ml_samples": 0}, ["--ml-samples is 0", "integers from 1 up"]),
        ({"ml_random_share": 2.0}, ["--ml-random-share is 2.0", "0 to 1"]),
        ({"ml_random_share": -0.1}, ["--ml-random-share is -0.1", "0 to 1"]),
        ({"ml_random_share": float("nan")}, ["--ml-random-share is nan", "0 to 1"]),
        ({"episodes_per_env": 0}, ["--episodes-per-env is 0", "integers from 1 up"]),
        ({"max_goals_per_object": -2}, ["--max-goals-per-object is -2", "integers from 1 up"]),
        ({"max_terminal_checks": 0}, ["--max-terminal-checks is 0", "integers from 1 up"]),
        ({"max_depth": -1}, ["--max-depth is -1", "integers from 0 up"]),
        ({"seed": -1}, ["--seed is -1", "integers from 0 up"]),
        ({"max_pushes": -1}, ["--max-pushes is -1", "integers from 0 up"]),
        ({"search_timeout": 0.0}, ["--search-timeout is 0.0", "above zero"]),
        ({"search_timeout": -3.0}, ["--search-timeout is -3.0", "above zero"]),
        ({"search_timeout": float("inf")}, ["--search-timeout is inf", "finite"]),
        ({"search_timeout": float("nan")}, ["--search-timeout is nan", "finite"]),
    ],
)
def test_a_bad_value_is_refused_with_option_value_and_what_is_allowed(settings, said):
    message = refusal(**settings)
    assert [part for part in said if part not in message] == []


@pytest.mark.parametrize(
    "settings",
    [
        {"max_depth": 0},
        {"max_pushes": 0},
        {"max_pushes": None},
        {"seed": 0},
        {"ml_samples": 1},
        {"ml_random_share": 0.0},
        {"ml_random_share": 1.0},
    ],
)
def test_values_at_the_edge_are_taken(settings):
    config = CollectionConfig(**settings)
    assert {name: getattr(config, name) for name in settings} == settings


def test_the_old_name_of_the_algorithm_is_the_same_configuration():
    assert CollectionConfig(algorithm="standard_idfs") == CollectionConfig(algorithm="idfs")
    assert CollectionConfig(algorithm="standard_idfs").as_dict()["algorithm"] == "idfs"


@pytest.mark.parametrize(
    ("algorithm", "setting", "value"),
    [
        (algorithm, setting, value)
        for setting, value in {
            "object_strategy": "nearest_first",
            "goal_strategy": "primitive",
            "max_goals_per_object": 9,
            "episodes_per_env": 2,
        }.items()
        for algorithm in PLANNERS.targets
        if setting in settings_of(algorithm).ignored
    ],
)
def test_a_setting_that_the_algorithm_ignores_is_refused(algorithm, setting, value):
    option = f"--{setting.replace('_', '-')}"
    default = getattr(CollectionConfig(), setting)
    assert refusal(algorithm=algorithm, **{setting: value}) == (
        f"--algorithm {algorithm} has no use for {option} {value}; leave it at {option} {default}"
    )
    CollectionConfig(algorithm=algorithm)


@pytest.mark.parametrize("kind", ["object", "goal"])
def test_a_learned_strategy_needs_its_model(kind, tmp_path):
    message = refusal(**{f"{kind}_strategy": "ml"})
    assert f"--{kind}-strategy ml needs --ml-{kind}-model" in message


@pytest.mark.parametrize("kind", ["object", "goal"])
def test_a_model_needs_its_learned_strategy(kind, tmp_path):
    message = refusal(**{f"ml_{kind}_model": str(tmp_path)})
    assert f"--ml-{kind}-model is '{tmp_path}'" in message
    assert f"--{kind}-strategy ml" in message


@pytest.mark.parametrize("kind", ["object", "goal"])
def test_a_model_that_is_not_there_is_named(kind, tmp_path):
    missing = tmp_path / "model"
    settings = {f"{kind}_strategy": "ml", f"ml_{kind}_model": str(missing)}
    model = "a model is a folder with config.json and model.safetensors"
    assert refusal(**settings) == f"--ml-{kind}-model: {missing}: no such folder; {model}"
    missing.mkdir()
    assert refusal(**settings) == f"--ml-{kind}-model: {missing}: has no config.json; {model}"
    (missing / "config.json").touch()
    assert refusal(**settings) == f"--ml-{kind}-model: {missing}: has no model.safetensors; {model}"


def test_a_learned_strategy_with_its_model_is_a_configuration(tmp_path):
    path = str(random_bundle(tmp_path / "model", "object"))
    config = CollectionConfig(object_strategy="ml", ml_object_model=path)
    assert config.as_dict()["ml_object_model"] == path


def test_what_decides_results_tells_models_by_what_they_are_and_not_by_where(tmp_path):
    def decisive(path):
        return CollectionConfig(goal_strategy="ml", ml_goal_model=str(path)).decisive

    first = random_bundle(tmp_path / "first", "goal", seed=0)
    same = shutil.copytree(first, tmp_path / "elsewhere")
    other = random_bundle(tmp_path / "other", "goal", seed=1)
    assert decisive(first) == decisive(same)
    assert "ml_device" in decisive(first)
    assert "ml_device" not in CollectionConfig().decisive, "no model has it"
    assert decisive(first) != decisive(other)
    assert decisive(first) | {"ml_goal_model": decisive(other)["ml_goal_model"]} == decisive(other)


def test_settings_cannot_be_changed_and_are_plain_values():
    config = CollectionConfig()
    with pytest.raises(FrozenInstanceError):
        config.seed = 1
    assert list(config.as_dict()) == CollectionConfig.names()
    assert CollectionConfig(**config.as_dict()) == config


def test_refined_plans_are_minimal_plans():
    with pytest.raises(UsageError, match=r"--refine .* --no-smooth .* omit one of them"):
        CollectionConfig(refine=True, smooth=False)


@pytest.mark.parametrize(
    ("settings", "known"),
    [
        ({}, "de3d0b7fdbf4ef2ee254fca16b746227822cf8eea4e3d3673519e37f9678c5f8"),
        (
            {"algorithm": "standard_idfs"},
            "de3d0b7fdbf4ef2ee254fca16b746227822cf8eea4e3d3673519e37f9678c5f8",
        ),
        (
            {
                "algorithm": "tree_idfs",
                "object_strategy": "nearest_first",
                "goal_strategy": "grid",
                "ml_samples": 5,
                "ml_random_share": 0.5,
                "trust_model_code": True,
                "episodes_per_env": 2,
                "max_depth": 3,
                "max_goals_per_object": 2,
                "search_timeout": 60.0,
                "max_terminal_checks": 9,
                "max_pushes": 300,
                "filter_minimum_length": True,
                "smooth": False,
                "seed": 7,
                "physics": "fast",
                "clearance": 0.02,
            },
            "984b6a7734bbbf5b95d41414ba40265093f5d6844beb7b63b204e0415b30cd8d",
        ),
        (
            {
                "algorithm": "best_first",
                "object_strategy": "ml",
                "goal_strategy": "ml",
                "ml_object_model": "object",
                "ml_goal_model": "goal",
                "ml_device": "cpu",
            },
            "1412fde15e4d620a059a57e5f386b16de03b35eee971dcc825cd8b847b00c38a",
        ),
    ],
    ids=["defaults", "alias", "every setting", "models"],
)
def test_the_fingerprint_of_a_configuration_does_not_change(settings, known, tmp_path, monkeypatch):
    """Another one would have finished environments collected again."""
    monkeypatch.chdir(tmp_path)
    for kind in ("object", "goal"):
        (tmp_path / kind).mkdir()
        for name in (CONFIG, WEIGHTS):
            (tmp_path / kind / name).write_text(f"{name} of the {kind} model")
    text = json.dumps(CollectionConfig(**settings).decisive)
    assert hashlib.sha256(text.encode()).hexdigest() == known
