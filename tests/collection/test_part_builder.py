import pyarrow as pa
import pytest

from namo.collection.part_builder import PartBuilder
from namo.results.records import file_entry
from namo.results.tables import TABLES


@pytest.fixture(scope="module")
def source(rig, tmp_path_factory):
    """Three environments, the last one broken, with their records. Read only."""
    folder = tmp_path_factory.mktemp("source")
    scenes = rig.copy_rooms(folder / "scenes", (0, 1))
    (scenes / "99.xml").write_text("<mujoco/>")
    rig.collect(scenes, folder / "out", rig.config())
    return rig.environments(scenes), rig.opened(folder / "out", scenes)


def built(source, order, resumed=()):
    environments, collection = source
    builder = PartBuilder(collection.output, environments)
    for index in order:
        builder.add(environments[index], collection.record(index), resumed=index in resumed)
    return builder


def rows(builder):
    tables = builder.tables("000000-000003")
    assert tables.keys() == TABLES.keys()
    return {name: pa.concat_tables([*each]).to_pylist() for name, each in tables.items()}


def test_rows_are_in_order_of_the_environments_whatever_the_order_of_work(source):
    assert rows(built(source, (2, 0, 1))) == rows(built(source, (0, 1, 2)))


def test_tables_hold_what_the_records_hold(source):
    _, collection = source
    found, records = rows(built(source, (0, 1, 2))), collection.records()
    metrics = [row for record in records for row in record["metrics"]]
    assert found["metrics"] == [{**row, "chunk": "000000-000003"} for row in metrics]
    assert [row["env_index"] for row in found["scenes"]] == [0, 1]
    assert len(found["pushes"]) == sum(len(record["pushes"]["push"]) for record in records)
    assert len(found["plans"]) == sum(len(record["plans"]["step"]) for record in records)
    assert found["files"] == [
        file_entry(path, collection.output, len(record["episode_results"]))
        for path, record in zip(collection.files(), records, strict=True)
    ]


def test_the_metadata_count_the_added_environments(rig, source):
    builder = built(source, (0, 1, 2), resumed=(1,))
    metadata = builder.metadata(rig.config(), [], 4, began_unix_s=5.0, duration_s=6.0)
    work_s = sum(record["processing_time"] for record in source[1].records())
    assert (metadata["start"], metadata["end"], metadata["environments"]) == (0, 3, 3)
    assert (metadata["resumed"], list(metadata["failed"])) == (1, ["2"])
    assert "99.xml" in metadata["failed"]["2"]
    assert metadata["work_s"] == pytest.approx(work_s)
    assert metadata["config"] == rig.config().as_dict()
    assert (metadata["generation"], metadata["began_unix_s"], metadata["duration_s"]) == (4, 5, 6)
    assert metadata["peak_memory_bytes"] > 0
