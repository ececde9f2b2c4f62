import pyarrow as pa
import pytest

from namo.errors import UsageError
from namo.results.where import parse_where

TABLE = pa.table(
    {
        "number": [0, 1, 2, 3],
        "depth": pa.array([1, 2, None, -4], pa.int32()),
        "kind": ["easy", "hard", None, "open"],
        "solved": [True, True, False, True],
        "replayed": [True, False, None, True],
        "share": [0.5, 0.1, 0.0, 1.0],
    }
)


def kept(text):
    return TABLE.filter(parse_where(text, TABLE.schema).expression)["number"].to_pylist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("solved", [0, 1, 3]),
        ("not solved", [2]),
        ("solved == False", [2]),
        ("depth == 2", [1]),
        ("2 > depth", [0, 3]),
        ("depth == -4", [3]),
        ("depth != 2", [0, 3]),
        ("not depth == 2", [0, 3]),
        ("depth is None", [2]),
        ("depth is not None and replayed", [0, 3]),
        ("kind in ('easy', 'open')", [0, 3]),
        ("kind not in ['easy']", [1, 3]),
        ("0.1 <= share < 1", [0, 1]),
        ("share == 1 or depth == 1 and solved", [0, 3]),
        ("(share == 1 or depth == 1) and kind == 'open'", [3]),
        ("number > depth", [3]),
        ("  kind == 'hard'  ", [1]),
    ],
)
def test_a_condition_keeps_the_rows_for_which_it_is_true(text, expected):
    assert kept(text) == expected


def test_a_condition_says_which_columns_it_reads():
    assert parse_where("solved and depth > 1 or solved", TABLE.schema).columns == (
        "solved",
        "depth",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "invalid syntax"),
        ("depth = 2", "invalid syntax"),
        ("dept == 2", "'dept' is no column; did you mean 'depth'"),
        ("depth", "'depth' is int32, neither true nor false"),
        ("depth == 'two'", "int32"),
        ("kind == 2", "string"),
        ("kind in 'easy'", "after 'in' must be a list of values"),
        ("kind in ('easy', None)", "'None' is no value"),
        ("depth is 2", "after 'is' must be None"),
        ("depth == None", "'None' is no value"),
        ("depth + 1 == 2", r"'depth \+ 1' is no value"),
        ("__import__('os').system('true')", "is no condition"),
        ("depth == open('x')", r"\"open\('x'\)\" is no value"),
        ("[solved for solved in ()]", "is no condition"),
        ("not " * 20000 + "solved", "--where"),
    ],
)
def test_anything_else_is_refused_and_nothing_is_run(text, said):
    with pytest.raises(UsageError, match=said):
        parse_where(text, TABLE.schema)
