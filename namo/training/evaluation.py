"""Paired comparison of search methods over collections of the same scenes.

An arm is one collection; its episodes are paired with those of the other arms by environment and
episode index, which also fixes the random streams. A search that found no plan is right-censored:
the pushes it would have needed are unknown but above its budget. So the comparison uses fractions
solved within a number of pushes, and medians, which are robust to censoring, and no means of
pushes.

All arms share the bootstrap resamples of the scenes (`namo.training.resampling`). There is no
correction for multiple comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from namo.errors import UsageError
from namo.geometry import Floats
from namo.scenes.difficulty import Difficulty
from namo.training.arms import ArmEpisodes, require_pairs
from namo.training.resampling import (
    CONFIDENCE,
    FLIPS,
    RESAMPLES,
    Bootstrap,
    Interval,
    interval,
    intervals,
    percentile_bounds,
    ratio,
    sign_flip_p,
)

WITHIN_PUSHES = (1, 2, 5, 10, 30, 100, 300)
WITHIN_SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
SEED = 0
CURVE_POINTS = 120
"""Maximum number of points of a curve, evenly spaced in the logarithm of the pushes."""
UNSOLVED_BUDGETS = 2.0
"""Imputed cost of an unsolved search where a number is needed, in budgets."""
ONE_PUSH, ALL = "one_push", "all"


@dataclass(frozen=True)
class SolvedCurve:
    """Fraction solved (0 to 1) by number of pushes, with a confidence band."""

    pushes: tuple[int, ...]
    estimate: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class ArmResult:
    """Results of an arm in a group of scenes.

    Attributes:
        solved: fraction of the searches that found a plan, 0 to 1.
        closed: fraction of the searches that ended since nothing was left to try, 0 to 1.
        within_pushes: number of simulated pushes -> fraction solved within it.
        within_seconds: wall time (s) -> fraction solved within it.
        median_pushes: smallest number of pushes within which half of all searches were solved.
        total_time_s: wall time of all searches, unsolved ones included.
        mean_time_s: wall time per search, likewise.
        mean_cpu_s: processor time per search, likewise; all None where a search has none stored.
        cpu_per_plan_s: processor time of all searches, unsolved ones included, per search that was
            solved; likewise, and all None where none was solved.
        curve: `within_pushes` at many numbers of pushes, for plotting.
    """

    solved: Interval
    closed: Interval
    within_pushes: dict[int, Interval]
    within_seconds: dict[float, Interval]
    median_pushes: Interval
    total_time_s: Interval
    mean_time_s: Interval
    mean_cpu_s: Interval
    cpu_per_plan_s: Interval
    curve: SolvedCurve


@dataclass(frozen=True)
class Comparison:
    """Paired comparison of an arm with the baseline.

    Attributes:
        difference: number of pushes -> difference of the fractions solved within it, arm minus
            baseline, -1 to 1.
        not_below: number of pushes -> whether the upper end of that difference is at least 0, that
            is, the arm is not significantly worse. With few scenes this is weak evidence.
        median_ratio: median pushes, arm over baseline.
        mean_ratio: geometric mean of pushes, arm over baseline; see `p_value`.
        time_ratio: total wall time, arm over baseline.
        cpu_ratio: total processor time, likewise.
        cpu_per_plan_ratio: `ArmResult.cpu_per_plan_s`, likewise.
        p_value: probability from a two-sided sign-flip permutation test on the paired differences
            of the scenes' mean log(pushes). An unsolved search is imputed as twice the budget: more
            than any solved search, but only by log(2), so that a few unsolved searches do not
            dominate. Goals that are open from the start, 0 pushes, count as 1.
    """

    difference: dict[int, Interval]
    not_below: dict[int, bool]
    median_ratio: Interval
    mean_ratio: Interval
    time_ratio: Interval
    cpu_ratio: Interval
    cpu_per_plan_ratio: Interval
    p_value: float

    @property
    def below(self) -> tuple[int, ...]:
        """Numbers of pushes within which the arm solved fewer, by an interval below 0."""
        return tuple(limit for limit, holds in self.not_below.items() if not holds)

    @property
    def above(self) -> tuple[int, ...]:
        """Numbers of pushes within which the arm solved more, by an interval above 0."""
        return tuple(k for k, each in self.difference.items() if each.low and each.low > 0.0)


@dataclass(frozen=True)
class SceneGroup:
    """Results in the scenes of one or several difficulty classes.

    Attributes:
        scenes: number of distinct scenes.
        episodes: number of episodes per arm.
        arms: name of the arm -> results.
        comparisons: name -> comparison, for all arms but the baseline.
    """

    scenes: int
    episodes: int
    arms: dict[str, ArmResult]
    comparisons: dict[str, Comparison]


@dataclass(frozen=True)
class Evaluation:
    """Results of all arms in all groups of scenes.

    Attributes:
        baseline: name of the arm that the others are compared with.
        folders: name of the arm -> folder, in the order given.
        max_pushes: budget of a search (simulated pushes).
        groups: non-empty groups: difficulty classes, easiest first, then `one_push` (easy, medium
            and hard together) and `all`.
        left_out: index of an environment that failed -> names of the arms in which it did; its
            episodes count in no arm.
    """

    baseline: str
    folders: dict[str, str]
    max_pushes: int
    groups: dict[str, SceneGroup]
    left_out: dict[int, list[str]]

    def record(self) -> dict[str, Any]:
        """Return all results and the parameters of the method as JSON values."""
        method = {
            "confidence": CONFIDENCE,
            "resamples": RESAMPLES,
            "flips": FLIPS,
            "seed": SEED,
            "unsolved_counts_as_pushes": UNSOLVED_BUDGETS * self.max_pushes,
        }
        return {"method": method, **asdict(self)}


def evaluate(arms: Sequence[ArmEpisodes], baseline: str, max_pushes: int) -> Evaluation:
    """Compare arms; deterministic.

    Args:
        arms: at least one, with distinct names.
        baseline: name of the arm that the others are compared with.
        max_pushes: budget of the searches (simulated pushes), at least 1.

    Raises:
        UsageError: a name is duplicate or unknown, the episodes of the arms do not match, no
            environment was collected in all of them, or a search simulated more pushes than the
            budget.
    """
    by_name = {arm.name: arm for arm in arms}
    if len(by_name) < len(arms):
        names = [arm.name for arm in arms]
        raise UsageError(f"--arm {next(n for n in names if names.count(n) > 1)}: given twice")
    if baseline not in by_name:
        raise UsageError(
            f"--baseline {baseline}: not an arm; expected one of: {', '.join(by_name)}"
        )
    if max_pushes < 1:
        raise UsageError(f"--max-pushes {max_pushes}: at least 1")
    failed = sorted(frozenset[int]().union(*(arm.failed for arm in arms)))
    left_out = {index: [arm.name for arm in arms if index in arm.failed] for index in failed}
    arms = [arm.without(failed) for arm in arms]
    by_name = {arm.name: arm for arm in arms}
    if not by_name[baseline].pairs.num_rows:
        raise UsageError(f"--arm {baseline}: every environment failed in one of the arms")
    for arm in arms:
        require_pairs(arm, by_name[baseline])
        if arm.pushes.max() > max_pushes:
            raise UsageError(
                f"--max-pushes {max_pushes}: a search of arm {arm.name} simulated "
                f"{arm.pushes.max():.0f}; give the budget that the searches had"
            )
    pairs = by_name[baseline].pairs
    scenes = np.array(pairs["scene_sha256"].to_pylist())
    difficulties = np.array([name or "" for name in pairs["difficulty"].to_pylist()])
    groups = {}
    for number, (name, classes) in enumerate(_classes(difficulties).items()):
        rows = np.flatnonzero(np.isin(difficulties, classes))
        if rows.size:
            rng = np.random.default_rng([SEED, number])
            groups[name] = _group(arms, baseline, max_pushes, rows, scenes[rows], rng)
    folders = {arm.name: str(arm.folder) for arm in arms}
    return Evaluation(baseline, folders, max_pushes, groups, left_out)


def _classes(found: NDArray[np.str_]) -> Mapping[str, list[str]]:
    """Return the classes of every group, in order; scenes without a class are only in `all`."""
    known = [difficulty.value for difficulty in Difficulty]
    others = sorted(set(found.tolist()) - {*known, ""})  # a manifest may define its own classes
    one_push = [Difficulty.EASY.value, Difficulty.MEDIUM.value, Difficulty.HARD.value]
    single = {name: [name] for name in (*known, *others)}
    return {**single, ONE_PUSH: one_push, ALL: [*known, *others, ""]}


@dataclass(frozen=True, eq=False)
class _Replicates:
    """Statistics of an arm for comparisons: the estimate, then one row per resample (R rows)."""

    within: Floats  # (R, K)
    median: Floats
    time_s: Floats
    cpu_s: Floats
    cpu_per_plan_s: Floats
    scene_log_pushes: Floats  # (S,)


def _group(
    arms: Sequence[ArmEpisodes],
    baseline: str,
    max_pushes: int,
    rows: NDArray[np.int64],
    scenes: NDArray[np.str_],
    rng: np.random.Generator,
) -> SceneGroup:
    bootstrap = Bootstrap(scenes, rng)
    results, replicates = {}, {}
    for arm in arms:
        results[arm.name], replicates[arm.name] = _arm(arm, max_pushes, rows, bootstrap)
    reference = replicates.pop(baseline)
    differences = [
        other.scene_log_pushes - reference.scene_log_pushes for other in replicates.values()
    ]
    p_values = sign_flip_p(np.array(differences).reshape(-1, bootstrap.size), rng)
    comparisons = {
        name: _comparison(other, reference, bootstrap, float(p))
        for (name, other), p in zip(replicates.items(), p_values, strict=True)
    }
    return SceneGroup(bootstrap.size, rows.size, results, comparisons)


def _arm(
    arm: ArmEpisodes, max_pushes: int, rows: NDArray[np.int64], bootstrap: Bootstrap
) -> tuple[ArmResult, _Replicates]:
    solved, pushes, seconds = arm.solved[rows], arm.pushes[rows], arm.seconds[rows]
    limits = np.array([limit for limit in WITHIN_PUSHES if limit <= max_pushes], np.float64)
    curve = np.unique(np.geomspace(1.0, max_pushes, CURVE_POINTS).round())
    levels = np.unique(np.concatenate([limits, curve, pushes[solved]]))
    fractions = bootstrap.within(pushes, solved, levels)
    within = fractions[:, np.searchsorted(levels, limits)]
    half = fractions >= 0.5
    median = np.where(half.any(axis=1), levels[half.argmax(axis=1)], np.inf)
    by_time = bootstrap.within(seconds, solved, np.array(WITHIN_SECONDS))
    time_s, cpu_s = bootstrap.total(seconds), bootstrap.total(arm.cpu_s[rows])
    plans = bootstrap.total(solved.astype(np.float64))
    cpu_per_plan_s = np.divide(cpu_s, plans, out=np.full_like(cpu_s, np.inf), where=plans > 0.0)
    bounds = percentile_bounds(fractions[:, np.searchsorted(levels, curve)])
    result = ArmResult(
        solved=interval(fractions[:, -1]),
        closed=interval(bootstrap.total(arm.closed[rows].astype(np.float64)) / bootstrap.episodes),
        within_pushes=dict(zip(limits.astype(int).tolist(), intervals(within), strict=True)),
        within_seconds=dict(zip(WITHIN_SECONDS, intervals(by_time), strict=True)),
        median_pushes=interval(median),
        total_time_s=interval(time_s),
        mean_time_s=interval(time_s / bootstrap.episodes),
        mean_cpu_s=interval(cpu_s / bootstrap.episodes),
        cpu_per_plan_s=interval(cpu_per_plan_s),
        curve=SolvedCurve(
            tuple(curve.astype(int).tolist()), *(tuple(line.tolist()) for line in bounds)
        ),
    )
    imputed = np.where(solved, np.maximum(pushes, 1.0), UNSOLVED_BUDGETS * max_pushes)
    log_pushes = bootstrap.scene_means(np.log(imputed))
    return result, _Replicates(within, median, time_s, cpu_s, cpu_per_plan_s, log_pushes)


def _comparison(
    arm: _Replicates, baseline: _Replicates, bootstrap: Bootstrap, p_value: float
) -> Comparison:
    limits = WITHIN_PUSHES[: arm.within.shape[1]]
    difference = dict(zip(limits, intervals(arm.within - baseline.within), strict=True))
    log_ratios = bootstrap.mean_of_scenes(arm.scene_log_pushes - baseline.scene_log_pushes)
    return Comparison(
        difference=difference,
        not_below={
            k: found.high is not None and found.high >= 0.0 for k, found in difference.items()
        },
        median_ratio=ratio(arm.median, baseline.median),
        mean_ratio=interval(np.exp(log_ratios)),
        time_ratio=ratio(arm.time_s, baseline.time_s),
        cpu_ratio=ratio(arm.cpu_s, baseline.cpu_s),
        cpu_per_plan_ratio=ratio(arm.cpu_per_plan_s, baseline.cpu_per_plan_s),
        p_value=p_value,
    )
