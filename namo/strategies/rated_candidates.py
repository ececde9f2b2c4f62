"""Candidate pushes of a movable in a state with their ratings, and their order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats, Pose2D
from namo.world.candidates import CandidatePushes
from namo.world.push_planner import equivalent_goals, within_tolerance
from namo.world.world import World

MAX_CACHED_RATINGS = 1024
"""Ratings kept per world, for when a state is visited again."""

Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class RatedCandidates:
    """The feasible candidates of a movable and their ratings.

    Attributes:
        candidates: all candidates of the movable.
        numbers: (n,) indices of the feasible ones.
        value: (n,) probability that the candidate leads to the robot's goal.
        p_later: (n,) probability of the same if it does not open the goal itself.
    """

    candidates: CandidatePushes
    numbers: NDArray[np.int64]
    value: Floats
    p_later: Floats

    def distinct_goals(self, positions: list[int], count: int) -> list[Pose2D]:
        """Return goals, at most `count`, without those within tolerance of an earlier one.

        Args:
            positions: of the candidates in `numbers`.
            count: how many.
        """
        goals: list[Pose2D] = []
        for position in positions:
            if len(goals) == count:
                break
            goal = self.candidates.goal(int(self.numbers[position]))
            if not any(within_tolerance(goal, other) for other in goals):
                goals.append(goal)
        return goals

    def best(self) -> Iterator[tuple[Pose2D, float]]:
        """Yield goals and values, best first.

        A push passes through the end poses of the shorter ones from the same contact point and
        stops where the goal opens. So a failed push implies that none of those opens the goal.
        """
        contact, travel = np.divmod(self.numbers, len(self.candidates.travels))
        goals = self.candidates.goals().reshape(-1, 3)[self.numbers]
        values = self.value.copy()
        for _ in range(len(values)):
            best = int(values.argmax())
            if values[best] < 0.0:  # only goals within tolerance of an earlier one are left
                return
            goal = self.candidates.goal(int(self.numbers[best]))
            yield goal, float(values[best])
            passed = (contact == contact[best]) & (travel <= travel[best])
            values[passed] = np.minimum(values[passed], self.p_later[passed])
            values[equivalent_goals(goals, goal)] = -1.0


class StateCache(Generic[Value]):
    """Values by world and state; the oldest of a world are evicted first."""

    def __init__(self) -> None:
        self._cached: WeakKeyDictionary[World, OrderedDict[Hashable, Value]] = WeakKeyDictionary()

    def get(self, world: World, about: Hashable, compute: Callable[[], Value]) -> Value:
        """Return the value cached for the state of a world, computed now if it is new."""
        cached = self._cached.setdefault(world, OrderedDict())
        key = about, tuple(world.reachability().poses.values())
        if key not in cached:
            cached[key] = compute()
            if len(cached) > MAX_CACHED_RATINGS:
                cached.popitem(last=False)
        return cached[key]
