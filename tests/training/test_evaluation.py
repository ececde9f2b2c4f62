import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namo.errors import ResultFileError, UsageError
from namo.results.schema import METRICS
from namo.training.arms import read_arm
from namo.training.evaluation import evaluate
from namo.training.resampling import FLIPS, Interval

BUDGET = 30
SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "evaluate_models.py"


def rows_of(pushes, *, difficulty="easy", seconds_per_push=0.1):
    """Return rows of metrics for pushes (scenes, episodes); infinite where nothing was found."""
    pushes = np.asarray(pushes, float)
    names = [difficulty] * len(pushes) if isinstance(difficulty, str | None) else difficulty
    return [
        {
            "env_index": scene,
            "episode": episode,
            "scene_sha256": f"{scene:064x}",
            "difficulty": names[scene],
            "seed": 0,
            "physics": "scene",
            "solution_found": bool(np.isfinite(needed)),
            "pushes_simulated": int(min(needed, BUDGET)),
            "search_time_ms": 1000.0 * seconds_per_push * min(needed, BUDGET),
            "termination": "solved" if np.isfinite(needed) else "pushes",
        }
        for (scene, episode), needed in np.ndenumerate(pushes)
    ]


def write_rows(folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    names = rows[0] if rows else rows_of([[1]])[0]
    table = pa.Table.from_pylist(rows, pa.schema([METRICS.field(name) for name in names]))
    pq.write_table(table, folder / "metrics.parquet")
    return folder


@pytest.fixture
def arm(tmp_path):
    """Makes an arm of pushes (scenes, episodes), or of rows."""

    def make(name, pushes=None, *, rows=None, **options):
        rows = rows_of(pushes, **options) if rows is None else rows
        return read_arm(name, write_rows(tmp_path / name, rows))

    return make


def searches(rng, scenes=40, episodes=3, mean=6.0):
    needed = rng.geometric(1.0 / mean, size=(scenes, episodes)).astype(float)
    return np.where(needed <= BUDGET, needed, np.inf)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def compared(first, second, group="all"):
    evaluation = evaluate([first, second], first.name, BUDGET)
    return evaluation.groups[group].comparisons[second.name]


def intervals(evaluation):
    for group in evaluation.groups.values():
        for result in group.arms.values():
            yield from (result.solved, result.median_pushes)
            yield from (result.total_time_s, result.mean_time_s)
            yield from result.within_pushes.values()
            yield from result.within_seconds.values()
            curve = result.curve
            ends = zip(curve.estimate, curve.low, curve.high, strict=True)
            yield from itertools.starmap(Interval, ends)
        for found in group.comparisons.values():
            yield from found.difference.values()
            yield from (found.median_ratio, found.mean_ratio, found.time_ratio)


def test_an_arm_does_not_differ_from_itself(arm, rng):
    pushes = searches(rng)
    found = compared(arm("a", pushes), arm("b", pushes))
    assert set(found.difference.values()) == {Interval(0.0, 0.0, 0.0)}
    assert all(found.not_below.values())
    assert found.p_value == 1.0
    assert found.mean_ratio == found.time_ratio == Interval(1.0, 1.0, 1.0)
    assert found.median_ratio.estimate == 1.0


def test_arms_that_differ_by_chance_are_not_told_apart(arm, rng):
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


def test_shares_are_those_of_a_plain_count(arm, rng):
    pushes = searches(rng)
    evaluation = evaluate([arm("a", pushes)], "a", BUDGET)
    result = evaluation.groups["all"].arms["a"]
    assert list(result.within_pushes) == [1, 2, 5, 10, 30]
    for limit, share in result.within_pushes.items():
        assert share.estimate == pytest.approx(np.mean(pushes <= limit))
    for limit, share in result.within_seconds.items():
        solved_in_time = np.isfinite(pushes) & (0.1 * pushes <= limit + 1e-9)
        assert share.estimate == pytest.approx(np.mean(solved_in_time))
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
def test_intervals_hold_their_estimates(pushes, tmp_path_factory):
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


def test_an_interval_is_as_wide_as_theory_has_it(arm, rng):
    solved = rng.random((600, 1)) < 0.3
    evaluation = evaluate([arm("a", np.where(solved, 1.0, np.inf))], "a", BUDGET)
    share = evaluation.groups["all"].arms["a"].within_pushes[1]
    wanted = 2 * 1.96 * np.sqrt(solved.mean() * (1 - solved.mean()) / 600)
    assert share.high - share.low == pytest.approx(wanted, rel=0.1)


def test_more_episodes_of_the_same_kind_do_not_narrow_intervals(arm, rng):
    pushes = searches(rng, episodes=1)
    once = evaluate([arm("a", pushes)], "a", BUDGET).groups["all"].arms["a"]
    often = evaluate([arm("b", np.repeat(pushes, 5, axis=1))], "b", BUDGET).groups["all"].arms["b"]
    assert often.within_pushes == once.within_pushes
    assert often.median_pushes == once.median_pushes


def test_a_scene_that_is_listed_twice_is_one_scene(arm, rng):
    rows = rows_of(searches(rng, scenes=4))
    for row in rows:
        row["scene_sha256"] = f"{row['env_index'] % 2:064x}"
    group = evaluate([arm("a", rows=rows)], "a", BUDGET).groups["all"]
    assert (group.scenes, group.episodes) == (2, 12)


def test_a_median_that_lies_beyond_the_budget_is_not_given(arm):
    pushes = np.full((10, 1), np.inf)
    pushes[:4] = 3.0
    few, half = arm("few", pushes), arm("half", np.where(np.arange(10)[:, None] < 5, 9.0, np.inf))
    group = evaluate([few, half], "few", BUDGET).groups["all"]
    assert group.arms["few"].median_pushes.estimate is None
    assert group.arms["half"].median_pushes.estimate == 9.0
    assert group.arms["half"].median_pushes.high is None
    assert group.comparisons["half"].median_ratio == Interval(None, None, None)


def test_nothing_solved_is_no_obstacle(arm):
    nothing = np.full((5, 2), np.inf)
    found = compared(arm("a", nothing), arm("b", nothing))
    assert found.p_value == 1.0
    assert found.median_ratio.estimate is None


def test_a_ratio_whose_upper_end_is_beyond_the_budget_has_no_bound(arm):
    half = np.where(np.arange(10)[:, None] < 5, 9.0, np.inf)
    found = compared(arm("a", np.full((10, 1), 3.0)), arm("b", half))
    assert found.median_ratio == Interval(3.0, 3.0, None)


def test_an_unsolved_search_counts_as_twice_the_budget_in_the_mean(arm):
    found = compared(arm("a", [[1.0], [1.0]]), arm("b", [[np.inf], [np.inf]]))
    assert found.mean_ratio.estimate == pytest.approx(2 * BUDGET)


def test_p_values_are_those_of_all_sign_flips(arm, rng):
    a, b = searches(rng, scenes=8, mean=8.0), searches(rng, scenes=8, mean=4.0)
    logs = [np.log(np.where(np.isfinite(each), each, 2 * BUDGET)).mean(axis=1) for each in (a, b)]
    difference = logs[1] - logs[0]
    signs = np.array(list(itertools.product([-1, 1], repeat=8)))
    sums = np.abs(signs @ difference)
    exact = np.mean(sums >= np.abs(difference.sum()) - 1e-9)
    assert 0.01 < exact < 0.9
    assert compared(arm("a", a), arm("b", b)).p_value == pytest.approx(exact, abs=0.02)


def test_groups_stand_in_the_order_of_difficulty(arm):
    names = ["not_found", "hard", "mine", "two_pushes", "easy", None]
    evaluation = evaluate([arm("a", np.ones((6, 1)), difficulty=names)], "a", BUDGET)
    sizes = {name: group.scenes for name, group in evaluation.groups.items()}
    assert list(sizes) == ["easy", "hard", "two_pushes", "not_found", "mine", "one_push", "all"]
    assert sizes["one_push"] == 2
    assert sizes["all"] == 6


def test_scenes_without_a_class_are_in_all_alone(arm):
    evaluation = evaluate([arm("a", np.ones((3, 1)), difficulty=None)], "a", BUDGET)
    assert list(evaluation.groups) == ["all"]


def test_neither_rows_nor_arms_need_an_order(arm, rng):
    a, b = searches(rng), searches(rng, mean=3.0)
    rows = rows_of(b)
    rng.shuffle(rows)
    ordered = evaluate([arm("a", a), arm("b", b)], "a", BUDGET)
    mixed = evaluate([arm("b", rows=rows), arm("a", a)], "a", BUDGET)
    assert mixed.groups == ordered.groups


def test_the_record_is_json_and_the_same_every_time(arm, rng):
    a, b = arm("a", searches(rng)), arm("b", np.full((40, 3), np.inf))
    first, second = (
        json.dumps(evaluate([a, b], "a", BUDGET).record(), allow_nan=False) for _ in range(2)
    )
    assert first == second
    median = json.loads(first)["groups"]["all"]["arms"]["b"]["median_pushes"]
    assert median == {"estimate": None, "low": None, "high": None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.pop(3), "--arm b: lacks.* environment 1 episode 1"),
        (lambda rows: rows.append(rows[-1] | {"episode": 2}), "b: has, .* environment 3 episode 2"),
        (lambda rows: rows[2].update(scene_sha256="f"), "scene_sha256 of environment 1 episode 0"),
        (lambda rows: rows[2].update(seed=5), "seed of environment 1 episode 0 is 5, in arm a 0"),
        (lambda rows: rows[2].update(physics="fast"), "physics of environment 1"),
        (lambda rows: rows[2].update(difficulty=None), "difficulty of environment 1 .* is None"),
    ],
)
def test_arms_that_do_not_pair_off_are_refused(arm, change, message):
    rows = rows_of(np.ones((4, 2)))
    change(rows)
    with pytest.raises(UsageError, match=message):
        evaluate([arm("a", np.ones((4, 2))), arm("b", rows=rows)], "a", BUDGET)


def test_of_many_missing_pairs_a_few_are_named(arm):
    with pytest.raises(UsageError, match=r"environment 1 episode 0, .* and 14 more"):
        evaluate([arm("a", np.ones((20, 1))), arm("b", np.ones((1, 1)))], "a", BUDGET)


def test_failed_environments_are_refused_by_number(arm):
    rows = rows_of(np.ones((4, 1)))
    rows[2].update(termination="error", solution_found=False)
    with pytest.raises(UsageError, match="--arm b: environment 2 failed"):
        arm("b", rows=rows)


def test_a_folder_without_a_collection_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"--arm b: .*metrics.parquet: no such file"):
        read_arm("b", tmp_path)


def test_an_empty_collection_is_refused(arm):
    with pytest.raises(UsageError, match="no episodes"):
        arm("b", rows=[])


def test_a_damaged_table_is_told(arm, tmp_path):
    (tmp_path / "metrics.parquet").write_bytes(b"PAR1 not quite")
    with pytest.raises(ResultFileError, match="cannot be read as Parquet"):
        read_arm("b", tmp_path)


def test_a_table_without_a_column_is_told(arm):
    rows = [{k: v for k, v in row.items() if k != "termination"} for row in rows_of([[1.0]])]
    with pytest.raises(ResultFileError, match="has no column termination"):
        arm("b", rows=rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pushes_simulated": None}, "pushes_simulated is null in 1 rows"),
        ({"search_time_ms": np.nan}, "search_time_ms is not finite"),
        ({"env_index": 1}, "two rows of the same environment"),
    ],
)
def test_rows_that_make_no_sense_are_told(arm, change, message):
    rows = rows_of(np.ones((2, 1)))
    rows[0].update(change)
    with pytest.raises(ResultFileError, match=message):
        arm("b", rows=rows)


def test_wrong_usage_is_told(arm):
    a = arm("a", [[20.0]])
    with pytest.raises(UsageError, match="--arm a: is given twice"):
        evaluate([a, a], "a", BUDGET)
    with pytest.raises(UsageError, match="--baseline c: is none of the arms: a"):
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
    assert len(list(output.iterdir())) == 3


@pytest.mark.parametrize(
    ("content", "given", "code", "message"),
    [
        (None, "a={}", 2, "no such file"),
        (None, "{}", 2, "should be NAME=FOLDER"),
        (b"no table", "a={}", 1, "cannot be read as Parquet"),
    ],
)
def test_the_script_tells_what_is_wrong_and_writes_nothing(tmp_path, content, given, code, message):
    if content is not None:
        (tmp_path / "metrics.parquet").write_bytes(content)
    output = tmp_path / "out"
    done = script("--arm", given.format(tmp_path), "--output", output, "--max-pushes", 10)
    assert done.returncode == code
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert not output.exists()
