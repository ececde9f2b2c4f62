"""Which way of searching is better: collections of the same scenes, compared pair by pair.

An arm is a collection; its episodes pair off with those of the other arms by environment and number
of the episode, which also fixes the random numbers. A search that found no plan is censored: it
would have needed more pushes than it was given, nobody knows how many. So shares solved within a
number of pushes and medians are compared, which need not know, and no means of pushes.

Episodes of a scene are alike, so it is scenes that are drawn again in the bootstrap, each with all
its episodes, and the same ones for all arms. Intervals are percentiles and hold for one number at a
time; nothing is corrected for looking at many. Where all scenes agree (all solved, say) an interval
has no width, although another scene might have differed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from namo.errors import ResultFileError, UsageError
from namo.geometry import Floats
from namo.planning.planner import Termination
from namo.scenes.difficulty import Difficulty

WITHIN_PUSHES = (1, 2, 5, 10, 30, 100, 300)
WITHIN_SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
CONFIDENCE = 0.95
RESAMPLES, FLIPS, SEED = 2000, 9999, 0
CURVE_POINTS = 120
"""A curve has at most this many points, evenly spread over the logarithm of the pushes."""
UNSOLVED_BUDGETS = 2.0
"""What an unsolved search counts where a number is needed, in budgets."""
ONE_PUSH, ALL = "one_push", "all"
SHOWN_PAIRS = 5

_KEYS = ["env_index", "episode"]
_SAME = ["scene_sha256", "seed", "physics", "difficulty"]
_MEASURED = ["solution_found", "pushes_simulated", "search_time_ms", "termination"]
_MAY_BE_NULL = {"difficulty"}


@dataclass(frozen=True, eq=False)
class Arm:
    """A collection, one row an episode, in the order of environments and episodes.

    Attributes:
        name: what it is called in the results.
        folder: where its `metrics.parquet` is.
        pairs: columns that have to agree between arms (n rows).
        solved: whether a plan was found, (n,) bool.
        pushes: simulated pushes, (n,).
        seconds: wall time of the search (s), (n,).
    """

    name: str
    folder: Path
    pairs: pa.Table = field(repr=False)
    solved: NDArray[np.bool_] = field(repr=False)
    pushes: Floats = field(repr=False)
    seconds: Floats = field(repr=False)


@dataclass(frozen=True)
class Interval:
    """A number with the ends of its interval.

    None stands for what lies beyond the budget (medians) or is not defined (ratios); the upper end
    of a ratio is None where it has no bound.
    """

    estimate: float | None
    low: float | None
    high: float | None


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
            means of log(pushes): how often differences as large come about when each scene's sign
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


def read_arm(name: str, folder: Path) -> Arm:
    """Read the episodes of a collection.

    Raises:
        UsageError: there is no collection, it is empty, or some of its environments failed.
        ResultFileError: the table is damaged or lacks something.
    """
    path = folder / "metrics.parquet"
    if not path.is_file():
        raise UsageError(f"--arm {name}: {path}: no such file; an arm is a merged collection")
    try:
        columns = pq.read_schema(path).names
        absent = [column for column in (*_KEYS, *_SAME, *_MEASURED) if column not in columns]
        if absent:
            raise ResultFileError(f"{path}: has no column {', '.join(absent)}")
        table = pq.read_table(path, columns=[*_KEYS, *_SAME, *_MEASURED])
    except (OSError, pa.ArrowException) as error:
        raise ResultFileError(f"{path}: cannot be read as Parquet: {error}") from error
    if not table.num_rows:
        raise UsageError(f"--arm {name}: {path} has no episodes")
    failed = table.filter(pc.equal(table["termination"], Termination.ERROR.value))
    if failed.num_rows:
        which = _some(
            f"environment {index}" for index in pc.unique(failed["env_index"]).to_pylist()
        )
        raise UsageError(f"--arm {name}: {which} failed in {path}; collect again, or leave out")
    for column in table.column_names:
        if column not in _MAY_BE_NULL and table[column].null_count:
            raise ResultFileError(f"{path}: {column} is null in {table[column].null_count} rows")
    table = table.sort_by([(key, "ascending") for key in _KEYS])
    keys = _key_rows(table)
    if len(set(keys)) < len(keys):
        raise ResultFileError(f"{path}: has two rows of the same environment and episode")
    seconds = table["search_time_ms"].to_numpy().astype(np.float64) / 1000.0
    if not np.isfinite(seconds).all():
        raise ResultFileError(f"{path}: search_time_ms is not finite everywhere")
    solved = table["solution_found"].to_numpy()
    pushes = table["pushes_simulated"].to_numpy().astype(np.float64)
    return Arm(name, folder, table.select([*_KEYS, *_SAME]), solved, pushes, seconds)


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
        _require_pairs(arm, by_name[baseline])
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


def _require_pairs(arm: Arm, baseline: Arm) -> None:
    """Refuse an arm that has not the very episodes of the baseline.

    Raises:
        UsageError: with the first few that are missing, too many or different.
    """
    own, wanted = _key_rows(arm.pairs), _key_rows(baseline.pairs)
    for what, keys in (
        (f"lacks, but arm {baseline.name} has", set(wanted) - set(own)),
        (f"has, but arm {baseline.name} lacks", set(own) - set(wanted)),
    ):
        if keys:
            which = _some(f"environment {index} episode {n}" for index, n in sorted(keys))
            raise UsageError(f"--arm {arm.name}: {what}, {which}; arms are compared in pairs")
    for column in _SAME:
        theirs = baseline.pairs[column].to_pylist()
        for key, value, other in zip(own, arm.pairs[column].to_pylist(), theirs, strict=True):
            if value != other:
                raise UsageError(
                    f"--arm {arm.name}: {column} of environment {key[0]} episode {key[1]} is "
                    f"{value}, in arm {baseline.name} {other}; arms are compared in pairs"
                )


def _key_rows(table: pa.Table) -> list[tuple[int, int]]:
    return list(zip(*(table[key].to_pylist() for key in _KEYS), strict=True))


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - SHOWN_PAIRS} more" if len(listed) > SHOWN_PAIRS else ""
    return ", ".join(listed[:SHOWN_PAIRS]) + more


def _classes(found: NDArray[np.str_]) -> Mapping[str, list[str]]:
    """Return the classes of every group, in order; scenes without a class are in `all` alone."""
    known = [difficulty.value for difficulty in Difficulty]
    others = sorted(set(found.tolist()) - {*known, ""})  # a manifest may have classes of its own
    one_push = [Difficulty.EASY.value, Difficulty.MEDIUM.value, Difficulty.HARD.value]
    single = {name: [name] for name in (*known, *others)}
    return {**single, ONE_PUSH: one_push, ALL: [*known, *others, ""]}


class _Sample:
    """Scenes drawn again and again: sums over episodes in the scenes as they are, then as drawn.

    What it returns has R = 1 + RESAMPLES rows; row 0 is the estimate.
    """

    def __init__(self, scenes: NDArray[np.str_], rng: np.random.Generator) -> None:
        _, scene = np.unique(scenes, return_inverse=True)
        self.scene, self.size = scene, int(scene.max()) + 1
        self.per_scene = np.bincount(scene)
        drawn = rng.integers(self.size, size=(RESAMPLES, self.size))
        drawn += self.size * np.arange(RESAMPLES)[:, None]
        times = np.bincount(drawn.ravel(), minlength=RESAMPLES * self.size)
        ones = np.ones((1, self.size), np.float32)
        # Single precision is exact here for counts, up to 16 million episodes, and twice as fast.
        drawn_times = times.reshape(RESAMPLES, self.size).astype(np.float32)
        self._weights = np.concatenate([ones, drawn_times])
        self.episodes = self._weights @ self.per_scene.astype(np.float64)

    def total(self, values: Floats) -> Floats:
        """Return the sums (R,) of a value (n,) an episode."""
        return np.asarray(self._weights @ np.bincount(self.scene, values, self.size))

    def scene_means(self, values: Floats) -> Floats:
        """Return the mean (S,) over the episodes of each scene, of a value (n,) an episode."""
        return np.asarray(np.bincount(self.scene, values, self.size) / self.per_scene)

    def mean_of_scenes(self, values: Floats) -> Floats:
        """Return the means (R,) of a value (S,) a scene."""
        return np.asarray(self._weights @ values / self.size)

    def within(self, cost: Floats, solved: NDArray[np.bool_], levels: Floats) -> Floats:
        """Return the shares (R, V) of episodes solved at a cost (n,) of at most each level (V,)."""
        place = np.searchsorted(levels, cost)
        counted = solved & (place < len(levels))
        cells = self.scene[counted] * len(levels) + place[counted]
        table = np.bincount(cells, minlength=self.size * len(levels)).astype(np.float32)
        table = table.reshape(self.size, len(levels)).cumsum(axis=1)
        return np.asarray((self._weights @ table) / self.episodes[:, None])


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
    sample = _Sample(scenes, rng)
    results, replicates = {}, {}
    for arm in arms:
        results[arm.name], replicates[arm.name] = _arm(arm, max_pushes, rows, sample)
    reference = replicates.pop(baseline)
    differences = [
        other.scene_log_pushes - reference.scene_log_pushes for other in replicates.values()
    ]
    p_values = _sign_flip_p(np.array(differences).reshape(-1, sample.size), rng)
    comparisons = {
        name: _comparison(other, reference, sample, float(p))
        for (name, other), p in zip(replicates.items(), p_values, strict=True)
    }
    return Group(sample.size, rows.size, results, comparisons)


def _arm(
    arm: Arm, max_pushes: int, rows: NDArray[np.int64], sample: _Sample
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
    drawn = _ends(shares[:, np.searchsorted(levels, curve)])
    result = ArmResult(
        solved=_interval(shares[:, -1]),
        within_pushes=dict(zip(limits.astype(int).tolist(), _intervals(within), strict=True)),
        within_seconds=dict(zip(WITHIN_SECONDS, _intervals(by_time), strict=True)),
        median_pushes=_interval(median),
        total_time_s=_interval(time_s),
        mean_time_s=_interval(time_s / sample.episodes),
        curve=Curve(tuple(curve.astype(int).tolist()), *(tuple(line.tolist()) for line in drawn)),
    )
    counted = np.where(solved, np.maximum(pushes, 1.0), UNSOLVED_BUDGETS * max_pushes)
    return result, _Replicates(within, median, time_s, sample.scene_means(np.log(counted)))


def _comparison(
    arm: _Replicates, baseline: _Replicates, sample: _Sample, p_value: float
) -> Comparison:
    limits = WITHIN_PUSHES[: arm.within.shape[1]]
    difference = dict(zip(limits, _intervals(arm.within - baseline.within), strict=True))
    logarithms = sample.mean_of_scenes(arm.scene_log_pushes - baseline.scene_log_pushes)
    return Comparison(
        difference=difference,
        not_below={
            k: found.high is not None and found.high >= 0.0 for k, found in difference.items()
        },
        median_ratio=_ratio(arm.median, baseline.median),
        mean_ratio=_interval(np.exp(logarithms)),
        time_ratio=_ratio(arm.time_s, baseline.time_s),
        p_value=p_value,
    )


def _sign_flip_p(differences: Floats, rng: np.random.Generator) -> Floats:
    """Return the p-values (A,) of differences (A, S): two-sided, of their means, by sign flips."""
    arms, scenes = differences.shape
    observed = np.abs(differences.sum(axis=1)) * (
        1.0 - 1e-9
    )  # sums of another order differ in bits
    at_least = np.zeros(arms)
    block = max(1, 2**21 // scenes)
    for start in range(0, FLIPS, block):
        flips = rng.integers(2, size=(min(block, FLIPS - start), scenes), dtype=np.int8)
        sums = (2.0 * flips - 1.0) @ differences.T
        at_least += (np.abs(sums) >= observed).sum(axis=0)
    return np.asarray((1.0 + at_least) / (1.0 + FLIPS))


def _ratio(arm: Floats, baseline: Floats) -> Interval:
    """Return the interval of a ratio of replicates (R,); all None where it is not defined.

    A resample without a ratio, both medians beyond the budget, counts against us at both ends.
    """
    if not (np.isfinite(arm[0]) and np.isfinite(baseline[0]) and baseline[0] > 0.0):
        return Interval(None, None, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = arm / baseline
    low = _interval(np.where(np.isnan(ratio), 0.0, ratio))
    high = _interval(np.where(np.isnan(ratio), np.inf, ratio))
    return Interval(low.estimate, low.low, high.high)


def _ends(replicates: Floats) -> Floats:
    """Return estimate, lower and upper end (3, K) of replicates (R, K); row 0 is the estimate.

    Ends are replicates themselves, the next ones outwards, so that infinite ones do no harm. They
    hold the estimate also where all replicates are the same but for rounding.
    """
    estimate, drawn = replicates[0], np.sort(replicates[1:], axis=0)
    outside = int((1.0 - CONFIDENCE) / 2.0 * (len(drawn) - 1))
    low, high = drawn[outside], drawn[len(drawn) - 1 - outside]
    return np.stack([estimate, np.minimum(low, estimate), np.maximum(high, estimate)])


def _intervals(replicates: Floats) -> list[Interval]:
    ends = _ends(replicates).T.tolist()
    return [Interval(*(end if np.isfinite(end) else None for end in each)) for each in ends]


def _interval(replicates: Floats) -> Interval:
    return _intervals(replicates[:, None])[0]
