import numpy as np
import pytest

from namo.errors import ResultFileError, UsageError
from namo.training.arms import read_arm
from namo.training.evaluation import evaluate
from namo.training.evaluation_text import evaluation_text
from tests.training.conftest import BUDGET, rows_of


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda rows: rows.pop(3),
            "--arm b: missing episodes that arm a has: environment 1 episode 1",
        ),
        (
            lambda rows: rows.append(rows[-1] | {"episode": 2}),
            "b: extra episodes that arm a does not have: environment 3 episode 2",
        ),
        (lambda rows: rows[2].update(scene_sha256="f"), "scene_sha256 of environment 1 episode 0"),
        (lambda rows: rows[2].update(seed=5), "seed of environment 1 episode 0 is 5, in arm a 0"),
        (lambda rows: rows[2].update(physics="fast"), "physics of environment 1"),
        (lambda rows: rows[2].update(clearance=0.01), "clearance of environment 1"),
        (lambda rows: rows[2].update(difficulty=None), "difficulty of environment 1 .* is None"),
    ],
)
def test_arms_with_other_episodes_are_refused(arm, change, message):
    rows = rows_of(np.ones((4, 2)))
    change(rows)
    with pytest.raises(UsageError, match=message):
        evaluate([arm("a", np.ones((4, 2))), arm("b", rows=rows)], "a", BUDGET)


def test_only_a_few_of_many_missing_episodes_are_named(arm):
    with pytest.raises(UsageError, match=r"environment 1 episode 0, .* and 14 more"):
        evaluate([arm("a", np.ones((20, 1))), arm("b", np.ones((1, 1)))], "a", BUDGET)


def test_an_environment_that_failed_in_one_arm_counts_in_none(arm):
    rows = rows_of(np.ones((4, 2)))
    rows[4].update(termination="error", solution_found=False, search_time_ms=None)
    found = evaluate([arm("a", np.ones((4, 2))), arm("b", rows=rows)], "a", BUDGET)
    assert found.left_out == {2: ["b"]}
    assert found.groups["all"].episodes == 6
    kept = np.ones((4, 2))[:3]
    alone = evaluate([arm("a", kept), arm("b", kept)], "a", BUDGET)
    assert found.groups["all"].arms == alone.groups["all"].arms
    assert "failed in those in brackets: environment 2 (b)." in evaluation_text(found)
    assert "Left out" not in evaluation_text(alone)


def test_arms_without_a_common_environment_are_refused(arm):
    rows = rows_of(np.ones((2, 1)))
    for row in rows:
        row.update(termination="error")
    with pytest.raises(UsageError, match="--arm b: all environments failed"):
        arm("b", rows=rows)
    one, other = rows_of(np.ones((2, 1))), rows_of(np.ones((2, 1)))
    one[0]["termination"] = other[1]["termination"] = "error"
    with pytest.raises(UsageError, match="every environment failed in one of the arms"):
        evaluate([arm("a", rows=one), arm("b", rows=other)], "a", BUDGET)


def test_a_folder_without_a_collection_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"--arm b: .*metrics.parquet: no such file"):
        read_arm("b", tmp_path)


def test_an_empty_collection_is_refused(arm):
    with pytest.raises(UsageError, match="no episodes"):
        arm("b", rows=[])


def test_a_damaged_table_is_reported(arm, tmp_path):
    (tmp_path / "metrics.parquet").write_bytes(b"PAR1 not quite")
    with pytest.raises(ResultFileError, match="cannot be read as Parquet"):
        read_arm("b", tmp_path)


def test_a_table_without_a_column_is_reported(arm):
    rows = [{k: v for k, v in row.items() if k != "termination"} for row in rows_of([[1.0]])]
    with pytest.raises(ResultFileError, match="has no column termination"):
        arm("b", rows=rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pushes_simulated": None}, "pushes_simulated is null in 1 rows"),
        ({"search_time_ms": np.nan}, "search_time_ms has non-finite values"),
        ({"env_index": 1}, "two rows of the same environment"),
    ],
)
def test_inconsistent_rows_are_reported(arm, change, message):
    rows = rows_of(np.ones((2, 1)))
    rows[0].update(change)
    with pytest.raises(ResultFileError, match=message):
        arm("b", rows=rows)
