"""Files hold exactly the keys that their types declare, in every record of a real collection."""

import json

import pytest

from namo.results.metadata_types import (
    FileEntry,
    ModelUseRecord,
    ModelUseTotal,
    PartMarker,
    RunEnvironments,
    RunFile,
    RunHost,
    RunModel,
)
from namo.results.parts import finished_parts
from namo.results.record_types import (
    Action,
    AlgorithmStats,
    EnvironmentRecord,
    EpisodeRecord,
    ErrorRecord,
    MetricsRow,
    ObjectInfo,
    SceneReference,
    SceneRow,
)
from namo.results.schema import FILES, METRICS, SCENES
from namo.results.summary_types import (
    CollectionMetadata,
    Distribution,
    Failure,
    FilteringStats,
    MinimalPlans,
    ModelStats,
    PerformanceStats,
    Summary,
)


def require_keys(values, kind):
    """Make sure that dicts have the keys of their type, and that there is one to look at."""
    values = list(values)
    assert values
    optional = {
        name
        for name, annotation in kind.__annotations__.items()
        if not kind.__total__ or "NotRequired" in str(annotation)
    }
    for value in values:
        assert kind.__annotations__.keys() - optional <= value.keys() <= {*kind.__annotations__}


def test_records_of_environments_have_the_declared_keys(collected):
    records = collected.records()
    episodes = [episode for record in records for episode in record["episode_results"]]
    require_keys(records, EnvironmentRecord)
    require_keys(episodes, EpisodeRecord)
    require_keys((each["algorithm_stats"] for each in episodes), AlgorithmStats)
    require_keys((action for each in episodes for action in each["action_sequence"] or ()), Action)
    objects = [info for each in episodes for info in each["static_object_info"].values()]
    require_keys(objects, ObjectInfo)
    require_keys((record["error"] for record in records if record["error"]), ErrorRecord)
    require_keys((row for record in records for row in record["metrics"]), MetricsRow)
    require_keys((record["scene"] for record in records if record["scene"]), SceneRow)


def test_every_key_of_a_row_is_a_column():
    assert {*MetricsRow.__annotations__, "chunk"} == {*METRICS.names}
    assert {*SceneRow.__annotations__} == {*SCENES.names}
    assert {*FileEntry.__annotations__} == {*FILES.names}


@pytest.mark.parametrize("kind", [EnvironmentRecord, MetricsRow, SceneRow])
def test_records_and_rows_name_their_scene(kind):
    assert SceneReference.__annotations__.items() <= kind.__annotations__.items()


def test_markers_and_run_files_have_the_declared_keys(collected):
    require_keys((part.metadata() for part in finished_parts(collected.output)), PartMarker)
    run = json.loads((collected.output / "run.json").read_text())
    require_keys([run], RunFile)
    require_keys([run["environments"]], RunEnvironments)
    require_keys([run["host"]], RunHost)
    require_keys(collected.table("manifest"), FileEntry)


def test_summaries_have_the_declared_keys(collected):
    summary = collected.summary()
    require_keys([summary], Summary)
    require_keys([summary["collection_metadata"]], CollectionMetadata)
    require_keys([summary["performance_stats"]], PerformanceStats)
    require_keys([summary["performance_stats"]["minimal_plans"]], MinimalPlans)
    require_keys([summary["performance_stats"]["search_time_ms"]], Distribution)
    assert {*summary["performance_stats"]["search_time_ms"]} == {*Distribution.__annotations__}
    require_keys([summary["filtering_stats"]], FilteringStats)
    require_keys([summary["model_stats"]], ModelStats)
    require_keys(summary["failures"], Failure)


def test_the_use_of_models_has_the_declared_keys(rig, models, tmp_path):
    scenes = rig.copy_rooms(tmp_path / "scenes", (0,))
    config = rig.config(**models, algorithm="best_first", max_pushes=2)
    collection = rig.collect_and_merge(scenes, tmp_path / "out", config)
    (part,) = finished_parts(collection.output)
    require_keys(part.metadata()["models_preloaded"], ModelUseRecord)
    require_keys(collection.summary()["model_stats"]["models"], ModelUseTotal)
    run = json.loads((collection.output / "run.json").read_text())
    require_keys(run["models"].values(), RunModel)
