import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import namo
from namo.collection.status import status_of
from namo.reporting.report import write_report
from namo.results import tables
from namo.results.assemble import assemble
from namo.results.merge_collections import merge_collections
from namo.results.parts import finished_parts
from namo.results.schema import FILES, METRICS, PUSHES
from namo.results.tables import DATA_TABLES, TABLES
from namo.results.verify import Verification
from tests.collecting import SOURCE

DESIGNED = """
env_id env_index episode_id episode xml_file scene_sha256 difficulty algorithm object_strategy
goal_strategy seed success solution_found solution_depth termination nodes_expanded
pushes_simulated physics_steps terminal_checks max_depth_reached search_time_ms physics_time_ms
reachability_time_ms inference_time_ms inference_calls kept error_message hostname chunk
schema_version
"""


@pytest.mark.parametrize("schema", [METRICS, PUSHES, FILES], ids=["metrics", "pushes", "files"])
def test_every_field_has_a_description_and_a_unit(schema):
    for field in schema:
        assert set(field.metadata) == {b"description", b"unit"}, field.name
        assert field.metadata[b"description"].strip(), field.name


@pytest.mark.parametrize("schema", [METRICS, PUSHES, FILES], ids=["metrics", "pushes", "files"])
def test_schemas_describe_their_rows_and_name_their_version(schema):
    assert schema.metadata[b"what"]
    assert int(schema.metadata[b"schema_version"]) >= 1
    assert len(set(schema.names)) == len(schema.names)


def test_metrics_has_the_columns_of_the_design():
    assert set(DESIGNED.split()) <= set(METRICS.names)


def test_files_has_the_columns_of_the_design():
    assert {"path", "bytes", "sha256", "rows"} <= set(FILES.names)


def test_times_and_lengths_have_their_units():
    for schema in (METRICS, PUSHES):
        for field in schema:
            unit = field.metadata[b"unit"].decode()
            if field.name.endswith("_ms"):
                assert unit == "ms"
            if field.name.endswith("_theta"):
                assert unit == "rad"
            if field.name.endswith(("_x", "_y")):
                assert unit == "m"


def test_no_column_is_without_a_type():
    for schema in (METRICS, PUSHES, FILES):
        assert pa.null() not in schema.types


class OtherDescriptions(pq.ParquetWriter):
    """Writes tables as a version with other descriptions of the same columns would."""

    def __init__(self, where, schema, **options):
        fields = [field.with_metadata({"description": "other", "unit": ""}) for field in schema]
        super().__init__(
            where, pa.schema(fields, {**schema.metadata, b"what": b"other"}), **options
        )


def described(path):
    return [field.metadata for field in pq.read_schema(path)]


@pytest.fixture
def described_otherwise(rig, tmp_path, monkeypatch):
    """A collection of two rooms whose tables carry other descriptions."""
    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 1))
    monkeypatch.setattr(tables.pq, "ParquetWriter", OtherDescriptions)
    collection = rig.collect_and_merge(scenes, tmp_path / "out", rig.config())
    monkeypatch.undo()
    return collection


def test_a_collection_with_other_descriptions_opens_reports_and_verifies(described_otherwise):
    output = described_otherwise.output
    (part,) = finished_parts(output)
    for path, schema in (
        *((part.table(name), schema) for name, schema in TABLES.items()),
        *((output / f"{name}.parquet", schema) for name, schema in DATA_TABLES.items()),
    ):
        assert described(path) == [{b"description": b"other", b"unit": b""}] * len(schema)
    opened = namo.load(output)
    assert opened.episodes.num_rows == 2
    assert len([*opened.records()]) == 2
    (episode_id,) = opened.episodes.slice(0, 1)["episode_id"].to_pylist()
    assert opened.episode(episode_id).id == episode_id
    assert [*Verification(output).problems()] == []
    assert status_of(output).done == 2
    write_report(output)


def test_a_collection_with_other_descriptions_merges_and_gets_those_of_this_version(
    rig, described_otherwise, tmp_path
):
    output, content = described_otherwise.output, described_otherwise.content()
    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 1, 6))
    rig.collect(scenes, tmp_path / "more", rig.config(), (1, 3))
    assemble(tmp_path / "more", "host", *SOURCE)
    merged = merge_collections([output, tmp_path / "more"], tmp_path / "all")
    assert merged.taken == {output: 2, tmp_path / "more": 1}
    assert [*Verification(tmp_path / "all").problems()] == []
    assemble(output, "host", *SOURCE)
    assert described_otherwise.content() == content
    for folder in (output, tmp_path / "all"):
        for name, schema in DATA_TABLES.items():
            assert described(folder / f"{name}.parquet") == [field.metadata for field in schema]


def test_a_resumed_chunk_with_other_descriptions_collects_nothing_again(rig, described_otherwise):
    collection = described_otherwise
    assert rig.collect(collection.scenes, collection.output, rig.config()).resumed == 2
