import pytest

from namo.errors import UsageError
from namo.exporting.planned import count_kinds, max_movables, omission_lines
from tests.exporting.conftest import rewrite_metrics


def test_every_episode_is_of_one_kind(collection):
    kinds = count_kinds(collection.folder)
    assert kinds.total() == collection.episodes.num_rows
    assert kinds["plan"] >= 3
    assert (kinds["open"], kinds["failed"]) == (2, 1)
    assert omission_lines(kinds)[-1] == "1 episode left out: the environment failed"


def test_a_plan_whose_replay_diverged_has_no_recorded_motion(copied):
    def diverge(rows):
        planned = [row for row in rows if row["solution_depth"]]
        planned[0]["replayed"] = False

    before = count_kinds(copied.folder)
    rewrite_metrics(copied, diverge)
    assert count_kinds(copied.folder) == before
    recorded = count_kinds(copied.folder, recorded=True)
    assert (recorded["plan"], recorded["diverged"]) == (before["plan"] - 1, 1)
    assert any("replay of the plan diverged" in line for line in omission_lines(recorded))


def test_a_collection_without_plans_is_refused(copied):
    def unsolve(rows):
        for row in rows:
            row["solution_depth"] = None

    rewrite_metrics(copied, unsolve)
    with pytest.raises(UsageError, match="no episode has a plan with a push"):
        count_kinds(copied.folder)


def test_the_largest_number_of_movables_is_that_of_any_scene(collection):
    assert max_movables(collection.folder) == max(
        len(row["movables"]) for row in collection.scenes.to_pylist()
    )
