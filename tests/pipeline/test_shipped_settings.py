"""Settings of a module are those given, over the shipped ones."""

import yaml

from namo.pipeline.shipped_settings import over_shipped
from namo.shipped import shipped_folder


def shipped(name):
    return yaml.safe_load((shipped_folder() / "config" / f"{name}.yaml").read_text())


def test_without_any_they_are_those_of_all_four_files():
    expected = {}
    for name in ("config", "scenes", "learning", "benchmark"):
        expected |= shipped(name)
    assert over_shipped({}) == expected


def test_a_given_value_replaces_the_shipped_one_and_what_is_given_stays():
    given = {"end_idx": 3, "split": None, "benchmark": {"scenes_per_class": 2}}
    settings = over_shipped(given)
    assert given == {"end_idx": 3, "split": None, "benchmark": {"scenes_per_class": 2}}
    assert (settings["end_idx"], settings["seed"]) == (3, shipped("config")["seed"])
    assert settings["benchmark"] == shipped("benchmark")["benchmark"] | {"scenes_per_class": 2}


def test_mappings_are_merged_key_by_key():
    settings = over_shipped({"learning": {"training": {"threads": 7}}})
    whole = shipped("learning")["learning"]
    assert settings["learning"] == whole | {"training": whole["training"] | {"threads": 7}}


def test_an_unknown_key_stays_for_the_check_to_name():
    assert over_shipped({"no_such": 1})["no_such"] == 1
