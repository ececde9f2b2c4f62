"""The goals of rated candidates in order, and a cache of ratings by state."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from namo.geometry import Pose2D
from namo.strategies.strategy import RatedCandidates, RatingCandidatesStrategy
from namo.world.push_planner import equivalent_goals, within_tolerance
from namo.world.world import World

MAX_CACHED_RATINGS = 1024
"""Ratings kept per world, for when a state is visited again."""

Value = TypeVar("Value")


def distinct_goals(rated: RatedCandidates, positions: list[int], count: int) -> list[Pose2D]:
    """Return the goals of candidates without those within tolerance of an earlier one.

    Args:
        rated: the candidates.
        positions: of those in question, in order.
        count: how many goals at most.
    """
    goals: list[Pose2D] = []
    for position in positions:
        if len(goals) == count:
            break
        goal = rated.candidates.goal(int(rated.numbers[position]))
        if not any(within_tolerance(goal, other) for other in goals):
            goals.append(goal)
    return goals


def best_goals(
    strategy: RatingCandidatesStrategy, world: World, name: str
) -> Iterator[tuple[Pose2D, float]]:
    """Yield goals, world poses, each with the probability that it leads on, best first.

    Those of the candidates and the further ones; see `namo.strategies.strategy.RatingGoalStrategy`.

    Args:
        strategy: that rates them.
        world: in the state in question; not changed, and not read after this call.
        name: of the movable.
    """
    rated = strategy.rated(world, name).of_poses()
    further = strategy.further(world, name) if rated.needed_further > 0.0 else ()
    return heapq.merge(_best_candidates(rated), further, key=lambda goal: -goal[1])


def _best_candidates(rated: RatedCandidates) -> Iterator[tuple[Pose2D, float]]:
    """Yield the goals of the candidates and their values, best first.

    A push passes through the end poses of the shorter ones from the same contact point and stops
    where the goal opens. So a failed push implies that none of those opens the goal.
    """
    contact, travel = np.divmod(rated.numbers, len(rated.candidates.travels))
    goals = rated.candidates.goals().reshape(-1, 3)[rated.numbers]
    values, p_later = rated.value, rated.p_later
    for _ in range(len(values)):
        best = int(values.argmax())
        if values[best] < 0.0:  # only goals within tolerance of an earlier one are left
            return
        goal = rated.candidates.goal(int(rated.numbers[best]))
        yield goal, float(values[best])
        passed = (contact == contact[best]) & (travel <= travel[best])
        values[passed] = np.minimum(values[passed], p_later[passed])
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
