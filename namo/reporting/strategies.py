"""Comparisons: success by strategy, pushes by object and by kind, success of first pushes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from namo.binomial import EstimatedFraction, wilson_interval
from namo.reporting.episodes import Bools, Episodes, display_name
from namo.results.tables import open_table, require_values, row_groups
from namo.scenes.difficulty import EASY_FRACTION, MEDIUM_FRACTION, Difficulty
from namo.wording import counted

MAX_OBJECTS = 10
"""Objects that have a line of their own."""
BATCH_ROWS = 1 << 17
"""Rows of the pushes table to load at once."""
_FLAGS = ("moved", "goal_open", "on_plan")
"""Columns of the pushes table that are counted."""
RANDOM_FIRST_PUSH = {
    Difficulty.EASY.value: (EASY_FRACTION, 1.0),
    Difficulty.MEDIUM.value: (MEDIUM_FRACTION, EASY_FRACTION),
    Difficulty.HARD.value: (0.0, MEDIUM_FRACTION),
}
"""Bounds on the fraction of candidate pushes that open the goal at once, by the definition of each
difficulty class."""


@dataclass(frozen=True)
class EpisodeGroup:
    """Statistics of a group of episodes.

    Attributes:
        name: what the episodes have in common, as readable text.
        episodes: number of episodes.
        solved: number of solved ones.
        fraction: solved, with a confidence interval over environments, not episodes.
        median_pushes: simulated pushes of the solved ones; None if there are none.
        median_s: wall time of the solved ones (s), likewise.
    """

    name: str
    episodes: int
    solved: int
    fraction: EstimatedFraction
    median_pushes: float | None
    median_s: float | None


@dataclass(frozen=True)
class FirstPushSuccess:
    """How often the first push of an episode opens the goal, in scenes that one push can solve.

    Attributes:
        name: difficulty class.
        episodes: number of episodes.
        opened: number of those whose first push opened the goal.
        fraction: opened, with its confidence interval.
        random: bounds on the success probability of a random candidate push, 0 to 1: equal where
            it was measured for every scene, otherwise by the definition of the class.
    """

    name: str
    episodes: int
    opened: int
    fraction: EstimatedFraction
    random: tuple[float, float]

    @property
    def measured(self) -> bool:
        """Whether the success rate of a random push was measured."""
        return self.random[0] == self.random[1]

    @property
    def lift(self) -> str:
        """Ratio to the success rate of a random push, as a range where that was not measured."""
        lowest, highest = self.random
        if self.measured:
            return f"{self.fraction.estimate / highest:.1f}" if highest else "-"
        low = f"{self.fraction.estimate / highest:.1f}"
        return f"{low} to {self.fraction.estimate / lowest:.1f}" if lowest else f"> {low}"


@dataclass(frozen=True)
class PushGroup:
    """Pushes of a kind, or of an object of the only scene.

    Attributes:
        name: of the kind or the object, or how many other names the line sums up.
        pushes: simulated pushes.
        moved: pushes that moved something.
        opened: pushes that opened the robot's goal.
        on_plan: pushes that are part of a plan.
    """

    name: str
    pushes: int
    moved: int
    opened: int
    on_plan: int


def by_difficulty(episodes: Episodes) -> list[EpisodeGroup]:
    """Return the episodes grouped by difficulty class, easiest first."""
    groups = (
        _group(episodes, display_name(name), episodes.ran & (episodes.difficulty == code))
        for code, name in enumerate(episodes.classes)
    )
    return [group for group in groups if group.episodes]


def by_strategy(episodes: Episodes) -> list[EpisodeGroup]:
    """Return the episodes grouped by planner and strategies, the most frequent first."""
    groups = (
        _group(
            episodes,
            f"{planner}, objects {objects}, goals {goals}",
            episodes.ran & (episodes.strategy == code),
        )
        for code, (planner, objects, goals) in enumerate(episodes.strategies)
    )
    return sorted((each for each in groups if each.episodes), key=lambda each: -each.episodes)


def _group(episodes: Episodes, name: str, rows: Bools) -> EpisodeGroup:
    count, solved = int(rows.sum()), rows & episodes.solved
    found = int(solved.sum())
    trials = max(1, episodes.environments(rows))
    return EpisodeGroup(
        name,
        count,
        found,
        wilson_interval(found / count if count else 0.0, trials),
        float(np.median(episodes.pushes[solved])) if found else None,
        float(np.median(episodes.seconds[solved])) if found else None,
    )


def first_push_success(episodes: Episodes) -> list[FirstPushSuccess]:
    """Return the success of first pushes by difficulty class, beside that of random pushes."""
    found = []
    for name, bounds in RANDOM_FIRST_PUSH.items():
        if name not in episodes.classes:
            continue
        rows = episodes.ran & (episodes.difficulty == episodes.classes.index(name))
        count = int(rows.sum())
        if count:
            opened = int((rows & episodes.solved & (episodes.pushes == 1)).sum())
            fraction = wilson_interval(opened / count, episodes.environments(rows))
            measured = float(episodes.opening[rows].mean(dtype=np.float64))
            random = bounds if np.isnan(measured) else (measured, measured)
            found.append(FirstPushSuccess(display_name(name), count, opened, fraction, random))
    return found


def has_one_scene(scenes: Path) -> bool:
    """Return whether all environments have the same scene, so that a name is one object.

    Args:
        scenes: the scenes table of the collection.
    """
    found: set[str] = set()
    for rows in row_groups(scenes, ["scene_sha256"]):
        found.update(pc.unique(rows["scene_sha256"]).slice(0, 2).to_pylist())
        if len(found) > 1:
            return False
    return bool(found)


def pushes_by_object(pushes: Path) -> list[PushGroup]:
    """Return pushes by object name, the most frequent first, rare names summed up in one line."""
    counts_of: dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]] = defaultdict(
        lambda: np.zeros(4, np.int64)
    )
    with open_table(pushes, ["object_id"]) as file:
        for rows in file.iter_batches(BATCH_ROWS, columns=["object_id", *_FLAGS]):
            require_values(pushes, rows)
            names = rows["object_id"]
            indices, size = names.indices.to_numpy(), len(names.dictionary)
            counts = np.stack(
                [
                    np.bincount(indices, minlength=size),
                    *(
                        np.bincount(indices, rows[flag].to_numpy(zero_copy_only=False), size)
                        for flag in _FLAGS
                    ),
                ]
            )
            for name, column in zip(names.dictionary.to_pylist(), counts.T, strict=True):
                counts_of[name] += column.astype(np.int64)
    lines = sorted(
        (PushGroup(name, *counts.tolist()) for name, counts in counts_of.items()),
        key=lambda each: (-each.pushes, each.name),
    )
    listed, rest = lines[:MAX_OBJECTS], lines[MAX_OBJECTS:]
    if rest:
        total = np.sum([counts_of[each.name] for each in rest], axis=0)
        listed.append(PushGroup(counted(len(rest), "other name", "other names"), *total.tolist()))
    return listed


def pushes_by_kind(pushes: Path) -> list[PushGroup]:
    """Return straight pushes and pushes to a pose; nothing where none is straight."""
    counts = np.zeros((2, 4), np.int64)
    for rows in row_groups(pushes, ["contact", *_FLAGS]):
        straight = pc.is_valid(rows["contact"])
        for kind, chosen in enumerate((straight, pc.invert(straight))):
            flags = (chosen, *(pc.and_(chosen, rows[flag]) for flag in _FLAGS))
            counts[kind] += [pc.sum(flag).as_py() or 0 for flag in flags]
    if not counts[0, 0]:
        return []
    groups = zip(("straight", "to a pose"), counts.tolist(), strict=True)
    return [PushGroup(name, *numbers) for name, numbers in groups if numbers[0]]
