from pathlib import Path

import pytest

from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.stored import (
    stored_collector,
    stored_config,
    stored_environment,
    stored_rows,
)
from namo.errors import ResultFileError, UsageError

FOLDER = Path("out")


def settings(**changes):
    return CollectionConfig().as_dict() | changes


def test_the_settings_of_a_collection_are_those_it_was_made_with():
    assert stored_config(settings(seed=7), FOLDER) == CollectionConfig(seed=7)


def test_plug_ins_are_not_settings():
    found = stored_config(settings(plug_ins={"algorithm": "tools:Mine (tools 1.0)"}), FOLDER)
    assert found == CollectionConfig()


def test_settings_of_another_version_are_named():
    stored = settings(speed=1)
    del stored["seed"]
    with pytest.raises(ResultFileError) as caught:
        stored_config(stored, FOLDER)
    assert str(caught.value) == "out: its settings differ in seed, speed; another version wrote it"


def test_a_value_that_is_not_allowed_says_which_plug_ins_made_it():
    stored = settings(algorithm="mine")
    with pytest.raises(UsageError) as caught:
        stored_config(stored, FOLDER)
    said = str(caught.value)
    made_with = {"algorithm": "tools:Mine (tools 1.0)", "goal_strategy": "more:Goals (more 2.0)"}
    with pytest.raises(UsageError) as caught:
        stored_config({**stored, "plug_ins": made_with}, FOLDER)
    assert str(caught.value) == (
        f"out: {said}; it was collected with tools:Mine (tools 1.0), more:Goals (more 2.0)"
    )


def test_a_collector_has_the_planner_and_the_settings_of_the_collection():
    collector = stored_collector(settings(max_pushes=3), FOLDER, "again {}".format)
    assert collector.config == CollectionConfig(max_pushes=3)
    assert collector.rerun_command(5) == "again 5"
    with pytest.raises(ResultFileError, match=r"^out: its settings differ in"):
        stored_collector({}, FOLDER, "again {}".format)


def test_rows_identify_environments_by_number_once_and_in_order(several):
    metrics = several.output / "metrics.parquet"
    rows = stored_rows(metrics, [1, 0, 99])
    assert list(rows) == [0, 1]
    first = {row["env_index"]: row for row in reversed(several.table("metrics"))}
    names = {"env_index", "env_id", "xml_file", "scene_sha256", "difficulty", "opening_fraction"}
    assert rows[1].keys() == names
    assert rows == {number: {name: first[number][name] for name in names} for number in rows}
    with pytest.raises(ResultFileError, match="is missing"):
        stored_rows(several.output / "none.parquet", [0])


def test_the_environment_of_a_row_has_its_scene_difficulty_and_fraction():
    row = {
        "env_index": 3,
        "xml_file": "scenes/a.xml",
        "difficulty": "hard",
        "opening_fraction": 0.25,
    }
    assert stored_environment(row, "host") == Environment(
        3, Path("scenes/a.xml"), "host", "hard", opening_fraction=0.25
    )
