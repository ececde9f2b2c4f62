import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namo.errors import UsageError
from namo.training.arms import read_arm
from namo.training.evaluation import evaluate
from namo.training.resampling import FLIPS, Interval
from tests.training.conftest import BUDGET, rows_of, searches, write_rows

SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "evaluate_models.py"


def compared(first, second, group="all"):
    evaluation = evaluate([first, second], first.name, BUDGET)
    return evaluation.groups[group].comparisons[second.name]


def intervals(evaluation):
    for group in evaluation.groups.values():
        for result in group.arms.values():
            yield from (result.solved, result.median_pushes)
            yield from (result.total_time_s, result.mean_time_s)
            yield from (result.mean_cpu_s, result.cpu_per_plan_s)
            yield from result.within_pushes.values()
            yield from result.within_seconds.values()
            curve = result.curve
            ends = zip(curve.estimate, curve.low, curve.high, strict=True)
            yield from itertools.starmap(Interval, ends)
        for found in group.comparisons.values():
            yield from found.difference.values()
            yield from (found.median_ratio, found.mean_ratio, found.time_ratio)
            yield from (found.cpu_ratio, found.cpu_per_plan_ratio)


def test_an_arm_does_not_differ_from_itself(arm, rng):
    pushes = searches(rng)
    found = compared(arm("a", pushes), arm("b", pushes))
    assert set(found.difference.values()) == {Interval(0.0, 0.0, 0.0)}
    assert all(found.not_below.values())
    assert found.p_value == 1.0
    assert found.mean_ratio == found.time_ratio == Interval(1.0, 1.0, 1.0)
    assert found.cpu_ratio == found.cpu_per_plan_ratio == Interval(1.0, 1.0, 1.0)
    assert found.median_ratio.estimate == 1.0


def test_arms_that_differ_by_chance_are_not_distinguished(arm, rng):
    found = compared(arm("a", searches(rng)), arm("b", searches(rng)))
    assert all(each.low <= 0.0 <= each.high for each in found.difference.values())
    assert found.mean_ratio.low < 1.0 < found.mean_ratio.high
    assert found.p_value > 0.05


def test_a_better_arm_is_found_better_and_a_worse_one_worse(arm, rng):
    slow, fast = arm("slow", searches(rng, mean=12.0)), arm("fast", searches(rng, mean=3.0))
    better, worse = compared(slow, fast), compared(fast, slow)
    assert better.difference[5].low > 0.0 > worse.difference[5].high
    assert better.not_below[5]
    assert not worse.not_below[5]
    for ratio in (better.median_ratio, better.mean_ratio, better.time_ratio):
        assert ratio.high < 1.0
    assert worse.mean_ratio.low > 1.0
    assert better.p_value == worse.p_value == 1.0 / (1.0 + FLIPS)


def test_fractions_match_direct_counts(arm, rng):
    pushes = searches(rng)
    evaluation = evaluate([arm("a", pushes)], "a", BUDGET)
    result = evaluation.groups["all"].arms["a"]
    assert list(result.within_pushes) == [1, 2, 5, 10, 30]
    for limit, fraction in result.within_pushes.items():
        assert fraction.estimate == pytest.approx(np.mean(pushes <= limit))
    for limit, fraction in result.within_seconds.items():
        solved_in_time = np.isfinite(pushes) & (0.1 * pushes <= limit + 1e-9)
        assert fraction.estimate == pytest.approx(np.mean(solved_in_time))
    assert result.solved.estimate == pytest.approx(np.mean(np.isfinite(pushes)))
    total = np.minimum(pushes, BUDGET).sum() * 0.1
    assert result.total_time_s.estimate == pytest.approx(total)
    assert result.mean_time_s.estimate == pytest.approx(total / pushes.size)
    assert result.curve.pushes[0] == 1
    assert result.curve.pushes[-1] == BUDGET
    wanted = [np.mean(pushes <= limit) for limit in result.curve.pushes]
    assert result.curve.estimate == pytest.approx(wanted)


@settings(max_examples=25, deadline=None)
@given(
    pushes=st.lists(
        st.tuples(*[st.sampled_from([0.0, 1.0, 2.0, 7.0, 30.0, np.inf])] * 4),
        min_size=1,
        max_size=8,
    )
)
def test_intervals_include_their_estimates(pushes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("arms")
    both = np.array(pushes)
    arms = [
        read_arm(name, write_rows(folder / name, rows_of(half)))
        for name, half in (("a", both[:, :2]), ("b", both[:, 2:]))
    ]
    for low, estimate, high in (
        (each.low, each.estimate, each.high) for each in intervals(evaluate(arms, "a", BUDGET))
    ):
        if estimate is not None:
            assert low <= estimate
            assert high is None or estimate <= high


def test_the_width_of_an_interval_matches_theory(arm, rng):
    solved = rng.random((600, 1)) < 0.3
    evaluation = evaluate([arm("a", np.where(solved, 1.0, np.inf))], "a", BUDGET)
    fraction = evaluation.groups["all"].arms["a"].within_pushes[1]
    wanted = 2 * 1.96 * np.sqrt(solved.mean() * (1 - solved.mean()) / 600)
    assert fraction.high - fraction.low == pytest.approx(wanted, rel=0.1)


def test_duplicate_episodes_do_not_narrow_intervals(arm, rng):
    pushes = searches(rng, episodes=1)
    once = evaluate([arm("a", pushes)], "a", BUDGET).groups["all"].arms["a"]
    often = evaluate([arm("b", np.repeat(pushes, 5, axis=1))], "b", BUDGET).groups["all"].arms["b"]
    assert often.within_pushes == once.within_pushes
    assert often.median_pushes == once.median_pushes


def test_a_scene_listed_twice_counts_once(arm, rng):
    rows = rows_of(searches(rng, scenes=4))
    for row in rows:
        row["scene_sha256"] = f"{row['env_index'] % 2:064x}"
    group = evaluate([arm("a", rows=rows)], "a", BUDGET).groups["all"]
    assert (group.scenes, group.episodes) == (2, 12)


def test_processor_time_counts_unsolved_searches_with_what_they_spent(arm):
    quick = arm("quick", [[2.0], [4.0], [np.inf], [6.0]], cpu_per_push=1.0)
    slow = arm("slow", [[6.0], [6.0], [6.0], [6.0]], cpu_per_push=2.0)
    group = evaluate([slow, quick], "slow", BUDGET).groups["all"]
    assert group.arms["quick"].mean_cpu_s.estimate == pytest.approx((2 + 4 + BUDGET + 6) / 4)
    assert group.arms["quick"].cpu_per_plan_s.estimate == pytest.approx((2 + 4 + BUDGET + 6) / 3)
    assert group.arms["slow"].cpu_per_plan_s == Interval(12.0, 12.0, 12.0)
    found = group.comparisons["quick"]
    assert found.cpu_ratio.estimate == pytest.approx((12 + BUDGET) / 48)
    assert found.cpu_per_plan_ratio.estimate == pytest.approx((12 + BUDGET) / 36)


@pytest.mark.parametrize("known", ["column", "one row", "no column"])
def test_processor_time_that_a_search_lacks_is_none(arm, known):
    rows = rows_of([[1.0], [3.0]])
    for row in rows[known == "one row" :]:
        row["search_cpu_time_ms"] = None
        if known == "no column":
            del row["search_cpu_time_ms"]
    group = evaluate([arm("a", [[1.0], [2.0]]), arm("b", rows=rows)], "a", BUDGET).groups["all"]
    unknown = Interval(None, None, None)
    assert group.arms["b"].mean_cpu_s == group.arms["b"].cpu_per_plan_s == unknown
    assert group.comparisons["b"].cpu_ratio == unknown
    assert group.arms["a"].mean_cpu_s.estimate == pytest.approx(0.3)


def test_processor_time_per_plan_is_none_where_none_was_found(arm):
    result = evaluate([arm("a", [[np.inf], [np.inf]])], "a", BUDGET).groups["all"].arms["a"]
    assert result.cpu_per_plan_s == Interval(None, None, None)
    assert result.mean_cpu_s.estimate == pytest.approx(0.2 * BUDGET)


def test_a_median_beyond_the_budget_is_none(arm):
    pushes = np.full((10, 1), np.inf)
    pushes[:4] = 3.0
    few, half = arm("few", pushes), arm("half", np.where(np.arange(10)[:, None] < 5, 9.0, np.inf))
    group = evaluate([few, half], "few", BUDGET).groups["all"]
    assert group.arms["few"].median_pushes.estimate is None
    assert group.arms["half"].median_pushes.estimate == 9.0
    assert group.arms["half"].median_pushes.high is None
    assert group.comparisons["half"].median_ratio == Interval(None, None, None)


def test_arms_without_any_solution_can_be_compared(arm):
    unsolved = np.full((5, 2), np.inf)
    found = compared(arm("a", unsolved), arm("b", unsolved))
    assert found.p_value == 1.0
    assert found.median_ratio.estimate is None


def test_a_ratio_whose_upper_end_is_beyond_the_budget_is_unbounded(arm):
    half = np.where(np.arange(10)[:, None] < 5, 9.0, np.inf)
    found = compared(arm("a", np.full((10, 1), 3.0)), arm("b", half))
    assert found.median_ratio == Interval(3.0, 3.0, None)


def test_an_unsolved_search_counts_as_twice_the_budget_in_the_mean(arm):
    found = compared(arm("a", [[1.0], [1.0]]), arm("b", [[np.inf], [np.inf]]))
    assert found.mean_ratio.estimate == pytest.approx(2 * BUDGET)


def test_p_values_match_the_exact_test(arm, rng):
    a, b = searches(rng, scenes=8, mean=8.0), searches(rng, scenes=8, mean=4.0)
    logs = [np.log(np.where(np.isfinite(each), each, 2 * BUDGET)).mean(axis=1) for each in (a, b)]
    difference = logs[1] - logs[0]
    signs = np.array(list(itertools.product([-1, 1], repeat=8)))
    sums = np.abs(signs @ difference)
    exact = np.mean(sums >= np.abs(difference.sum()) - 1e-9)
    assert 0.01 < exact < 0.9
    assert compared(arm("a", a), arm("b", b)).p_value == pytest.approx(exact, abs=0.02)


def test_groups_are_ordered_by_difficulty(arm):
    names = ["not_found", "hard", "mine", "two_pushes", "easy", None]
    evaluation = evaluate([arm("a", np.ones((6, 1)), difficulty=names)], "a", BUDGET)
    sizes = {name: group.scenes for name, group in evaluation.groups.items()}
    assert list(sizes) == ["easy", "hard", "two_pushes", "not_found", "mine", "one_push", "all"]
    assert sizes["one_push"] == 2
    assert sizes["all"] == 6


def test_scenes_without_a_class_are_only_in_all(arm):
    evaluation = evaluate([arm("a", np.ones((3, 1)), difficulty=None)], "a", BUDGET)
    assert list(evaluation.groups) == ["all"]


def test_the_order_of_rows_and_arms_does_not_matter(arm, rng):
    a, b = searches(rng), searches(rng, mean=3.0)
    rows = rows_of(b)
    rng.shuffle(rows)
    ordered = evaluate([arm("a", a), arm("b", b)], "a", BUDGET)
    mixed = evaluate([arm("b", rows=rows), arm("a", a)], "a", BUDGET)
    assert mixed.groups == ordered.groups


def test_the_record_is_json_and_deterministic(arm, rng):
    a, b = arm("a", searches(rng)), arm("b", np.full((40, 3), np.inf))
    first, second = (
        json.dumps(evaluate([a, b], "a", BUDGET).record(), allow_nan=False) for _ in range(2)
    )
    assert first == second
    median = json.loads(first)["groups"]["all"]["arms"]["b"]["median_pushes"]
    assert median == {"estimate": None, "low": None, "high": None}


def test_invalid_arguments_are_named(arm):
    a = arm("a", [[20.0]])
    with pytest.raises(UsageError, match="--arm a: given twice"):
        evaluate([a, a], "a", BUDGET)
    with pytest.raises(UsageError, match="--baseline c: not an arm; expected one of: a"):
        evaluate([a], "c", BUDGET)
    with pytest.raises(UsageError, match="--max-pushes 0"):
        evaluate([a], "a", 0)
    with pytest.raises(UsageError, match="--max-pushes 10: a search of arm a simulated 20"):
        evaluate([a], "a", 10)


def script(*arguments):
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_script_writes_numbers_text_and_figure(tmp_path, rng):
    for name in "ab":
        write_rows(tmp_path / name, rows_of(searches(rng)))
    arms = [part for name in "ab" for part in ("--arm", f"{name}={tmp_path / name}")]
    output = tmp_path / "out"
    done = script(*arms, "--baseline", "b", "--output", output, "--max-pushes", BUDGET)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (output / "evaluation.txt").read_text()
    assert list(json.loads((output / "evaluation.json").read_text())["folders"]) == ["a", "b"]
    assert (output / "evaluation.svg").read_bytes().startswith(b"<?xml")
    assert (output / "evaluation.md").read_text().startswith("| scenes |")
    assert len(list(output.iterdir())) == 4


@pytest.mark.parametrize(
    ("content", "given", "code", "message"),
    [
        (None, "a={}", 2, "no such file"),
        (None, "{}", 2, "should be NAME=DIR"),
        (b"no table", "a={}", 1, "cannot be read as Parquet"),
    ],
)
def test_the_script_reports_errors_and_writes_nothing(tmp_path, content, given, code, message):
    if content is not None:
        (tmp_path / "metrics.parquet").write_bytes(content)
    output = tmp_path / "out"
    done = script("--arm", given.format(tmp_path), "--output", output, "--max-pushes", 10)
    assert done.returncode == code
    assert done.stderr.startswith("namo evaluate: error: ")
    assert message in done.stderr
    assert not output.exists()
