import pyarrow as pa
import pytest

from namo.results.schema import FILES, METRICS, PUSHES

DESIGNED = """
env_id env_index episode_id episode xml_file scene_sha256 difficulty algorithm object_strategy
goal_strategy seed success solution_found solution_depth termination nodes_expanded
pushes_simulated physics_steps terminal_checks max_depth_reached search_time_ms physics_time_ms
reachability_time_ms inference_time_ms inference_calls kept error_message hostname chunk
schema_version
"""


@pytest.mark.parametrize("schema", [METRICS, PUSHES, FILES], ids=["metrics", "pushes", "files"])
def test_every_field_says_what_it_holds_and_in_which_unit(schema):
    for field in schema:
        assert set(field.metadata) == {b"description", b"unit"}, field.name
        assert field.metadata[b"description"].strip(), field.name


@pytest.mark.parametrize("schema", [METRICS, PUSHES, FILES], ids=["metrics", "pushes", "files"])
def test_the_table_says_what_a_row_is_and_which_version_wrote_it(schema):
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
