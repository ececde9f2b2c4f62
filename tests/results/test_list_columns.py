import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.errors import ResultFileError
from namo.results.list_columns import list_problem
from namo.results.schema import PLANS, PUSHES, SCENES
from namo.results.tables import read_table

SCHEMAS = {"pushes": PUSHES, "plans": PLANS, "scenes": SCENES}
SQUARE = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
ROWS = {
    "pushes": {
        "object_names": ["a", "b"],
        "poses_before": [0.0] * 9,
        "poses_after": [0.0] * 9,
    },
    "plans": {"moved": ["a"], "robot": [0.0] * 4, "poses": [0.0] * 6},
    "scenes": {
        "bounds": [0.0] * 4,
        "robot": [0.0] * 3,
        "goal": [0.0] * 3,
        "walls": [SQUARE, SQUARE[:6]],
        "movables": ["a", "b"],
        "outlines": [SQUARE, SQUARE],
        "poses": [0.0] * 6,
        "remarks": [{"kind": "too heavy", "text": "'a' needs 29 N"}],
    },
}


def table(name, *rows):
    schema = pa.schema([SCHEMAS[name].field(column) for column in ROWS[name]])
    return pa.Table.from_pylist(rows, schema)


@pytest.mark.parametrize("name", ROWS)
def test_nothing_is_wrong_with_rows_of_different_lengths(name):
    empty = {"remarks": None, "moved": [], "poses": [], "walls": [], "movables": [], "outlines": []}
    empty |= {"object_names": [], "poses_before": [0.0] * 3, "poses_after": [0.0] * 3}
    other = {column: empty.get(column, values) for column, values in ROWS[name].items()}
    assert list_problem(name, table(name, ROWS[name], other)) is None
    assert list_problem(name, table(name)) is None
    assert list_problem(name, table(name, ROWS[name]).to_batches()[0]) is None


@pytest.mark.parametrize(
    ("name", "column", "values", "problem"),
    [
        ("pushes", "poses_before", [0.0] * 8, "a list of length 8; allowed: 3 for each of 'object"),
        ("pushes", "poses_after", [0.0] * 6, "a list of length 6; allowed: 3 for each of 'object"),
        ("pushes", "object_names", ["a", None], "a list with null"),
        ("plans", "robot", [0.0] * 3, "a list of length 3; allowed: 2 for each frame"),
        ("plans", "robot", [], "a list of length 0; allowed: 2 for each frame"),
        ("plans", "poses", [0.0] * 3, "a list of length 3; allowed: 3 for each of 'moved' in"),
        ("plans", "poses", [0.0] * 5 + [float("nan")], "a list with a number that is not finite"),
        ("scenes", "bounds", [0.0] * 5, "a list of length 5; allowed: 4"),
        ("scenes", "goal", [0.0, 0.0, None], "a list with null"),
        ("scenes", "walls", [SQUARE, None], "a list with null"),
        ("scenes", "walls", [SQUARE, SQUARE[:7]], "a list of length 7; allowed: 2 for each of 3"),
        ("scenes", "remarks", [{"kind": "too heavy", "text": None}], "a list with null"),
        ("scenes", "outlines", [SQUARE], "a list of length 1; allowed: one for each of 'movables'"),
        ("scenes", "outlines", [SQUARE, [0.0] * 4], "a list of length 4; allowed: 2 for each of 3"),
        ("scenes", "poses", [0.0] * 9, "a list of length 9; allowed: 3 for each of 'movables'"),
    ],
)
def test_a_wrong_list_is_named_with_its_file(tmp_path, name, column, values, problem):
    path = tmp_path / f"{name}.parquet"
    pq.write_table(table(name, ROWS[name], ROWS[name] | {column: values}), path)
    with pytest.raises(ResultFileError) as raised:
        read_table(path)
    assert f"{path}: column '{column}' holds {problem}" in str(raised.value)
