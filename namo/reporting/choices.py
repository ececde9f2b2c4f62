"""What searches chose: strategies against each other, objects, and how good the first push was."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from namo.reporting.searches import Bools, Searches
from namo.reporting.statistics import Share, wilson
from namo.scenes.difficulty import EASY_FRACTION, MEDIUM_FRACTION, Difficulty

SHOWN_OBJECTS = 10
BATCH = 1 << 17
"""Rows of the pushes table that are looked at together."""
RANDOM_FIRST_PUSH = {
    Difficulty.EASY.value: (EASY_FRACTION, 1.0),
    Difficulty.MEDIUM.value: (MEDIUM_FRACTION, EASY_FRACTION),
    Difficulty.HARD.value: (0.0, MEDIUM_FRACTION),
}
"""Share of all candidate pushes that open the goal at once: what the class says of a scene."""


@dataclass(frozen=True)
class Group:
    """Some searches together.

    Attributes:
        name: what they have in common, in words.
        searches: how many.
        solved: how many of them found a plan.
        share: of them, with an interval that counts environments, not searches.
        median_pushes: simulated by the solved ones; None where none is.
        median_s: wall time of the solved ones (s), likewise.
    """

    name: str
    searches: int
    solved: int
    share: Share
    median_pushes: float | None
    median_s: float | None


@dataclass(frozen=True)
class FirstPush:
    """How often the first push of a search opens the goal, in scenes where one push can.

    Attributes:
        name: difficulty class.
        searches: how many.
        opened: how many of them with their first push.
        share: of them, with its interval.
        random: between which shares a random candidate push lies, by the class.
    """

    name: str
    searches: int
    opened: int
    share: Share
    random: tuple[float, float]

    @property
    def lift(self) -> str:
        """How many times as often as a random push, between which bounds."""
        least, most = self.random
        low = f"{self.share.estimate / most:.1f}"
        return f"{low} to {self.share.estimate / least:.1f}" if least else f"over {low}"


@dataclass(frozen=True)
class ObjectChoice:
    """The pushes of objects of a name.

    Attributes:
        name: of the objects; of all others together where it says so.
        pushes: simulated.
        moved: of these, how many moved something.
        opened: how many opened the robot's goal.
        on_plan: how many are part of a plan.
    """

    name: str
    pushes: int
    moved: int
    opened: int
    on_plan: int


def by_difficulty(searches: Searches) -> list[Group]:
    """Return the searches by class of their scenes, easiest first."""
    groups = (
        _group(searches, in_words(name), searches.ran & (searches.difficulty == code))
        for code, name in enumerate(searches.classes)
    )
    return [group for group in groups if group.searches]


def by_strategy(searches: Searches) -> list[Group]:
    """Return the searches by planner and strategies, the most frequent first."""
    groups = (
        _group(
            searches,
            f"{planner}, objects {objects}, goals {goals}",
            searches.ran & (searches.strategy == code),
        )
        for code, (planner, objects, goals) in enumerate(searches.strategies)
    )
    return sorted((each for each in groups if each.searches), key=lambda each: -each.searches)


def in_words(name: str) -> str:
    """Return a difficulty class, or another name of the tables, as people write it."""
    return name.replace("_", " ") or "class not known"


def _group(searches: Searches, name: str, rows: Bools) -> Group:
    number, solved = int(rows.sum()), rows & searches.solved
    found = int(solved.sum())
    share = wilson(found / number if number else 0.0, max(1, searches.environments(rows)))
    return Group(
        name,
        number,
        found,
        share,
        float(np.median(searches.pushes[solved])) if found else None,
        float(np.median(searches.seconds[solved])) if found else None,
    )


def first_pushes(searches: Searches) -> list[FirstPush]:
    """Return how good the first pushes were, against what a random one would be."""
    found = []
    for name, random in RANDOM_FIRST_PUSH.items():
        if name not in searches.classes:
            continue
        rows = searches.ran & (searches.difficulty == searches.classes.index(name))
        number = int(rows.sum())
        if number:
            opened = int((rows & searches.solved & (searches.pushes == 1)).sum())
            share = wilson(opened / number, searches.environments(rows))
            found.append(FirstPush(in_words(name), number, opened, share, random))
    return found


def object_choices(pushes: Path) -> list[ObjectChoice]:
    """Return the pushes by name of the object, the most frequent first, the rest in one line."""
    counted: dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]] = defaultdict(
        lambda: np.zeros(4, np.int64)
    )
    flags = ("moved", "goal_open", "on_plan")
    with pq.ParquetFile(pushes, read_dictionary=["object_id"]) as file:
        for rows in file.iter_batches(BATCH, columns=["object_id", *flags]):
            names = rows["object_id"]
            place, size = names.indices.to_numpy(), len(names.dictionary)
            counts = np.stack(
                [
                    np.bincount(place, minlength=size),
                    *(
                        np.bincount(place, rows[flag].to_numpy(zero_copy_only=False), size)
                        for flag in flags
                    ),
                ]
            )
            for name, column in zip(names.dictionary.to_pylist(), counts.T, strict=True):
                counted[name] += column.astype(np.int64)
    lines = sorted(
        (ObjectChoice(name, *counts.tolist()) for name, counts in counted.items()),
        key=lambda each: (-each.pushes, each.name),
    )
    shown, rest = lines[:SHOWN_OBJECTS], lines[SHOWN_OBJECTS:]
    if rest:
        total = np.sum([counted[each.name] for each in rest], axis=0)
        shown.append(ObjectChoice(f"{len(rest)} other names", *total.tolist()))
    return shown
