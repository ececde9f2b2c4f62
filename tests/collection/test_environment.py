import pytest

from namo.collection.environment import Environment
from namo.version import RESULTS_VERSION


def test_names_follow_label_and_index(rig):
    environment = Environment(12, rig.room(0), "my-host")
    assert environment.env_id == "my-host_env_000012"
    assert environment.file_name == "my-host_env_000012_results.pkl"


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"max_depth": 4},
        {"algorithm": "tree_idfs"},
        {"search_timeout": 299.0},
        {"filter_minimum_length": True},
        {"ml_random_share": 0.5},
        {"ml_samples": 8},
    ],
)
def test_every_setting_is_part_of_the_fingerprint(rig, change):
    environment = Environment(0, rig.room(0), "host")
    first = environment.fingerprint(rig.config(), "hash")
    assert environment.fingerprint(rig.config(), "hash") == first
    assert environment.fingerprint(rig.config(**change), "hash") != first


def test_scene_index_and_version_are_part_of_the_fingerprint(rig, monkeypatch):
    environment, config = Environment(0, rig.room(0), "host"), rig.config()
    first = environment.fingerprint(config, "hash")
    assert environment.fingerprint(config, "other") != first
    assert Environment(1, rig.room(0), "host").fingerprint(config, "hash") != first
    monkeypatch.setattr("namo.results.fingerprint.RESULTS_VERSION", RESULTS_VERSION + 1)
    assert environment.fingerprint(config, "hash") != first
