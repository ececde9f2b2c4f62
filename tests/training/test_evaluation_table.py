import numpy as np

from namo.binomial import wilson_interval
from namo.training.arms import read_arm
from namo.training.evaluation import evaluate
from namo.training.evaluation_table import evaluation_markdown
from tests.training.conftest import BUDGET, rows_of, write_rows


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_a_row_has_the_fractions_solved_with_an_interval_over_scenes(tmp_path):
    pushes = {"random": np.array([[1, 9], [9, 9], [1, 1]]), "other": np.ones((3, 2))}
    arms = [
        read_arm(
            name,
            write_rows(
                tmp_path / name,
                rows_of(each, difficulty=["rooms_2", "rooms_2", "impossible"]),
            ),
        )
        for name, each in pushes.items()
    ]
    head, _, *rows = cells(evaluation_markdown(evaluate(arms, "random", BUDGET)))
    assert head[2:5] == ["within 1", "5", "30 pushes, %"]
    found = {(row[0], row[1]): row for row in rows}
    rooms = found["2 rooms 2", "random"]
    low, high = (100 * end for end in (wilson_interval(0.25, 2).low, wilson_interval(0.25, 2).high))
    assert rooms[2] == f"25 [{low:.0f}, {high:.0f}]"
    assert rooms[4].startswith("100 [")
    assert rooms[5:9] == ["0", "9", "0.7", "1.4"]
    assert found["", "other"][8:10] == ["0.2", "0.14 [0.11, 0.20]"]
    assert rooms[-2:] == ["", ""]
    assert 0.0 < float(found["", "other"][-2]) <= 1.0
    assert head[-1] == "solves more (+), fewer (-) than random within"
    assert [row[-1] for row in rows if row[1] == "other"] == ["neither", "+1 +2 +5"]
    assert [row[0] for row in rows] == ["1 impossible", "", "2 rooms 2", ""]


def test_pushes_within_which_an_arm_solves_more_or_fewer_are_listed(arm):
    slow, fast = arm("slow", np.full((9, 1), 9.0)), arm("fast", np.full((9, 1), 2.0))
    assert cells(evaluation_markdown(evaluate([slow, fast], "slow", BUDGET)))[-1][-1] == "+2 +5"
    assert cells(evaluation_markdown(evaluate([slow, fast], "fast", BUDGET)))[2][-1] == "-2 -5"


def test_searches_that_close_are_counted_apart_from_those_that_run_out(tmp_path):
    rows = rows_of([[1.0], [np.inf], [np.inf], [np.inf]], difficulty=None)
    rows[1]["termination"] = "exhausted"
    arm = read_arm("a", write_rows(tmp_path / "a", rows))
    (row,) = cells(evaluation_markdown(evaluate([arm], "a", BUDGET)))[2:]
    assert row[:2] == ["4 all", "a"]
    assert row[5] == "25"
