"""Which way of searching is better: collections of the same scenes, compared pair by pair.

An arm is a collection; its episodes pair off with those of the other arms by environment and number
of the episode, which also fixes the random numbers. A search that found no plan is censored: it
would have needed more pushes than it was given, nobody knows how many. So shares solved within a
number of pushes and medians are compared, which need not know, and no means of pushes.

The same scenes are drawn again for all arms (`namo.training.resampling`); nothing is corrected for
looking at many numbers.
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
from namo.training.arms import Arm, require_pairs
from namo.training.resampling import (
    CONFIDENCE,
    FLIPS,
    RESAMPLES,
    Interval,
    Sample,
    ends,
    interval,
    intervals,
    ratio,
    sign_flip_p,
)

WITHIN_PUSHES = (1, 2, 5, 10, 30, 100, 300)
WITHIN_SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
SEED = 0
CURVE_POINTS = 120
"""A curve has at most this many points, evenly spread over the logarithm of the pushes."""
UNSOLVED_BUDGETS = 2.0
"""What an unsolved search counts where a number is needed, in budgets."""
ONE_PUSH, ALL = "one_push", "all"


@dataclass(frozen=True)
class Curve:
    """Share solved (0 to 1) within numbers of pushes, with a band; one entry a number."""

    pushes: tuple[int, ...]
    estimate: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class ArmResult:
    """How an arm did in a group of scenes.

    Attributes:
        solved: share of the searches that found a plan at all, 0 to 1.
        within_pushes: share solved within so many simulated pushes.
        within_seconds: share solved within so many seconds.
        median_pushes: least number within which half of all searches were solved.
        total_time_s: wall time of all searches, unsolved ones too.
        mean_time_s: the same for one search.
        curve: `within_pushes` for many numbers, to draw.
    """

    solved: Interval
    within_pushes: dict[int, Interval]
    within_seconds: dict[float, Interval]
    median_pushes: Interval
    total_time_s: Interval
    mean_time_s: Interval
    curve: Curve


@dataclass(frozen=True)
class Comparison:
    """An arm against the baseline, pair by pair.

    Attributes:
        difference: share solved within so many pushes, arm less baseline, -1 to 1.
        not_below: whether the upper end of that difference is 0 or more: the arm is not shown to be
            below the baseline. Few scenes show little.
        median_ratio: median pushes, arm over baseline.
        mean_ratio: geometric mean of pushes, arm over baseline; see `p_value`.
        time_ratio: total wall time, arm over baseline.
        p_value: of a two-sided sign-flip permutation test on the differences between the scenes'
            means of log(pushes): the probability of differences as large when each scene's sign
            is a coin's throw. An unsolved search counts as twice the budget: it needs some number,
            one beyond all that solved searches can have, and in the logarithm one step beyond them,
            so that a few unsolved searches do not outweigh all solved ones.
            Goals that are open from the start, 0 pushes, count as 1.
    """

    difference: dict[int, Interval]
    not_below: dict[int, bool]
    median_ratio: Interval
    mean_ratio: Interval
    time_ratio: Interval
    p_value: float


@dataclass(frozen=True)
class Group:
    """The scenes of a difficulty class, or of several.

    Attributes:
        scenes: how many different ones.
        episodes: of each arm.
        arms: results by name of the arm.
        comparisons: by name, of all arms but the baseline.
    """

    scenes: int
    episodes: int
    arms: dict[str, ArmResult]
    comparisons: dict[str, Comparison]


@dataclass(frozen=True)
class Evaluation:
    """All arms in all groups of scenes.

    Attributes:
        baseline: name of the arm the others are compared to.
        folders: of the arms, by name, in the order they were given.
        max_pushes: budget of a search (simulated pushes).
        groups: those that have scenes: difficulty classes, easiest first, then `one_push` (easy,
            medium and hard together) and `all`.
    """

    baseline: str
    folders: dict[str, str]
    max_pushes: int
    groups: dict[str, Group]

    def record(self) -> dict[str, Any]:
        """Return everything as dicts, lists and numbers for JSON, and how it was computed."""
        method = {
            "confidence": CONFIDENCE,
            "resamples": RESAMPLES,
            "flips": FLIPS,
            "seed": SEED,
            "unsolved_counts_as_pushes": UNSOLVED_BUDGETS * self.max_pushes,
        }
        return {"method": method, **asdict(self)}


def evaluate(arms: Sequence[Arm], baseline: str, max_pushes: int) -> Evaluation:
    """Compare arms; the same arms give the same numbers.

    Args:
        arms: at least one, named differently.
        baseline: name of the one that the others are compared to.
        max_pushes: budget of the searches (simulated pushes), at least 1.

    Raises:
        UsageError: a name is given twice or unknown, the episodes of arms do not pair off, or a
            search simulated more pushes than the budget.
    """
    by_name = {arm.name: arm for arm in arms}
    if len(by_name) < len(arms):
        names = [arm.name for arm in arms]
        raise UsageError(f"--arm {next(n for n in names if names.count(n) > 1)}: is given twice")
    if baseline not in by_name:
        raise UsageError(f"--baseline {baseline}: is none of the arms: {', '.join(by_name)}")
    if max_pushes < 1:
        raise UsageError(f"--max-pushes {max_pushes}: a search has at least 1")
    for arm in arms:
        require_pairs(arm, by_name[baseline])
        if arm.pushes.max() > max_pushes:
            raise UsageError(
                f"--max-pushes {max_pushes}: a search of arm {arm.name} simulated "
                f"{arm.pushes.max():.0f}; it is the budget that the searches had"
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
    return Evaluation(baseline, folders, max_pushes, groups)


def _classes(found: NDArray[np.str_]) -> Mapping[str, list[str]]:
    """Return the classes of every group, in order; scenes without a class are in `all` alone."""
    known = [difficulty.value for difficulty in Difficulty]
    others = sorted(set(found.tolist()) - {*known, ""})  # a manifest may have classes of its own
    one_push = [Difficulty.EASY.value, Difficulty.MEDIUM.value, Difficulty.HARD.value]
    single = {name: [name] for name in (*known, *others)}
    return {**single, ONE_PUSH: one_push, ALL: [*known, *others, ""]}


@dataclass(frozen=True, eq=False)
class _Replicates:
    """What comparisons need of an arm: an estimate, then one value a resample (R rows)."""

    within: Floats  # (R, K)
    median: Floats
    time_s: Floats
    scene_log_pushes: Floats  # (S,)


def _group(
    arms: Sequence[Arm],
    baseline: str,
    max_pushes: int,
    rows: NDArray[np.int64],
    scenes: NDArray[np.str_],
    rng: np.random.Generator,
) -> Group:
    sample = Sample(scenes, rng)
    results, replicates = {}, {}
    for arm in arms:
        results[arm.name], replicates[arm.name] = _arm(arm, max_pushes, rows, sample)
    reference = replicates.pop(baseline)
    differences = [
        other.scene_log_pushes - reference.scene_log_pushes for other in replicates.values()
    ]
    p_values = sign_flip_p(np.array(differences).reshape(-1, sample.size), rng)
    comparisons = {
        name: _comparison(other, reference, sample, float(p))
        for (name, other), p in zip(replicates.items(), p_values, strict=True)
    }
    return Group(sample.size, rows.size, results, comparisons)


def _arm(
    arm: Arm, max_pushes: int, rows: NDArray[np.int64], sample: Sample
) -> tuple[ArmResult, _Replicates]:
    solved, pushes, seconds = arm.solved[rows], arm.pushes[rows], arm.seconds[rows]
    limits = np.array([limit for limit in WITHIN_PUSHES if limit <= max_pushes], np.float64)
    curve = np.unique(np.geomspace(1.0, max_pushes, CURVE_POINTS).round())
    levels = np.unique(np.concatenate([limits, curve, pushes[solved]]))
    shares = sample.within(pushes, solved, levels)
    within = shares[:, np.searchsorted(levels, limits)]
    half = shares >= 0.5
    median = np.where(half.any(axis=1), levels[half.argmax(axis=1)], np.inf)
    by_time = sample.within(seconds, solved, np.array(WITHIN_SECONDS))
    time_s = sample.total(seconds)
    drawn = ends(shares[:, np.searchsorted(levels, curve)])
    result = ArmResult(
        solved=interval(shares[:, -1]),
        within_pushes=dict(zip(limits.astype(int).tolist(), intervals(within), strict=True)),
        within_seconds=dict(zip(WITHIN_SECONDS, intervals(by_time), strict=True)),
        median_pushes=interval(median),
        total_time_s=interval(time_s),
        mean_time_s=interval(time_s / sample.episodes),
        curve=Curve(tuple(curve.astype(int).tolist()), *(tuple(line.tolist()) for line in drawn)),
    )
    counted = np.where(solved, np.maximum(pushes, 1.0), UNSOLVED_BUDGETS * max_pushes)
    return result, _Replicates(within, median, time_s, sample.scene_means(np.log(counted)))


def _comparison(
    arm: _Replicates, baseline: _Replicates, sample: Sample, p_value: float
) -> Comparison:
    limits = WITHIN_PUSHES[: arm.within.shape[1]]
    difference = dict(zip(limits, intervals(arm.within - baseline.within), strict=True))
    logarithms = sample.mean_of_scenes(arm.scene_log_pushes - baseline.scene_log_pushes)
    return Comparison(
        difference=difference,
        not_below={
            k: found.high is not None and found.high >= 0.0 for k, found in difference.items()
        },
        median_ratio=ratio(arm.median, baseline.median),
        mean_ratio=interval(np.exp(logarithms)),
        time_ratio=ratio(arm.time_s, baseline.time_s),
        p_value=p_value,
    )
