"""Goals that clear the way, as motion primitives and the push planner predict them.

A movable at another pose leaves another part of the way to the robot's goal
(`namo.world.blocked_way`); where it leaves nothing, the goal is open. Two kinds of poses are rated
by what they leave: those that a straight push leads to, which primitives predict well, and a fixed
pattern of poses around the movable, which may take several contacts: the push planner says whether
it has a plan that ends there.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from namo.geometry import Floats, Pose2D, wrap_angle
from namo.strategies.path_blocking import ELSEWHERE_FACTOR, P_LATER, rating_of
from namo.strategies.rated_candidates import StateCache, best_goals
from namo.strategies.strategy import RatedCandidates
from namo.world.blocked_way import RemainingWay
from namo.world.candidates import CandidatePushes, candidate_pushes
from namo.world.push_planner import ANGLE_TOLERANCE_RAD, POSITION_TOLERANCE_M
from namo.world.reachability import Reachability
from namo.world.world import World

P_OPENS = 0.8
"""Probability that a straight push opens the goal at a pose at which it is predicted to."""
P_OPENS_SHOVING = 0.4
"""The same where it would push another movable along, which primitives do not predict."""
P_COMPLETE = 0.8
"""Probability that a push gets to a pose to which the push planner has a complete plan."""
P_INCOMPLETE = 0.2
"""The same if its plan only gets nearer."""
SURE = 0.9
"""Where a straight push is rated as high as this the pattern is not needed, which takes time."""
SAMPLING_EXPONENT = 5
"""Samples of goals prefer high ratings by this much: in proportion to the odds it would be 1."""

PATTERN_POSES = 200
"""Size of the pattern of poses around a movable."""
PATTERN_M = (0.05, 1.2)
PATTERN_TURN_RAD = math.pi / 2
MAX_PLANNED = 24
"""Poses of the pattern for which a push is planned: evenly over those that clear the way most."""
PATTERN_DISCOUNT = 0.95
"""Factor on ratings per pose of the pattern: after failures something else may be worth a try."""


class ClearPathGoals:
    """Rates goals by what they leave of the way to the robot's goal; needs no model.

    A push passes through the poses of the shorter ones from its contact point, so of those from one
    contact point the farthest comes first. Pushes that move several movables at once are predicted
    poorly; `best_first` finds them by its random pushes.

    Attributes:
        random_share: fraction of the pushes of `best_first` that stay random, a ratio.
    """

    random_share = 0.2

    def __init__(self) -> None:
        """Start without ratings."""
        self._cache = StateCache[RatedCandidates]()

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`.

        Goals are sampled without replacement, with probabilities proportional to the odds of their
        ratings to the power `SAMPLING_EXPONENT`, so each keeps a chance (Gumbel-top-k: Kool, van
        Hoof & Welling 2019).
        """
        rated = list(self.best(world, name))
        odds = np.array([value / (1.0 - value) for _, value in rated])
        keys = SAMPLING_EXPONENT * np.log(np.maximum(odds, 1e-6)) + rng.gumbel(size=len(odds))
        order = np.argsort(-keys, kind="stable")
        return [rated[place][0] for place in order[:count].tolist()]

    def best(self, world: World, name: str) -> Iterator[tuple[Pose2D, float]]:
        """See `namo.strategies.strategy.RatingGoalStrategy`."""
        rated = self.rated(world, name)
        return heapq.merge(best_goals(rated), rated.further, key=lambda goal: -goal[1])

    def rated(self, world: World, name: str) -> RatedCandidates:
        """See `namo.strategies.strategy.RatingCandidatesStrategy`; the pattern is `further`."""
        return self._cache.get(world, name, lambda: _rate(world, name))


def _rate(world: World, name: str) -> RatedCandidates:
    reachability, way = world.reachability(), RemainingWay(world.reachability(), name)
    robot = reachability.poses["robot"]
    now = way.cost(reachability.poses[name], robot.x, robot.y)
    straight = _rate_straight(candidate_pushes(world, name), world, name, way, now)
    if straight.value.max(initial=0.0) >= SURE:
        return straight
    return replace(straight, further=tuple(_rate_pattern(world, name, way, now)))


def _rate_straight(
    candidates: CandidatePushes, world: World, name: str, way: RemainingWay, now: float
) -> RatedCandidates:
    numbers = np.flatnonzero(candidates.possible)
    costs = np.full(candidates.possible.shape, np.inf)
    goals = candidates.goals().reshape(-1, 3)
    standoffs = world.static.contacts[name].standoffs
    for number in numbers.tolist():
        pose = Pose2D(*goals[number].tolist())
        robot = pose.to_world(standoffs[number // len(candidates.travels)])
        costs.flat[number] = way.cost(pose, *robot.tolist())
    opens = np.where(candidates.shoves, P_OPENS_SHOVING, P_OPENS) * (costs == 0.0)
    opens = 1.0 - np.cumprod(1.0 - opens, axis=1)  # at this pose or on the way to it
    later = _later(costs, now)
    return RatedCandidates(candidates, numbers, opens.flat[numbers], later.flat[numbers])


def _rate_pattern(
    world: World, name: str, way: RemainingWay, now: float
) -> list[tuple[Pose2D, float]]:
    """Return goals and values of the poses of the pattern, best first."""
    reachability, planner = world.reachability(), world.primitives(name)[1]
    cost, clear = _clear_poses(reachability, name, way, now)
    if len(clear) > MAX_PLANNED:
        clear = [clear[place * len(clear) // MAX_PLANNED] for place in range(MAX_PLANNED)]
    usable = reachability.reachable_contacts(name)
    value = 1.0 if cost == 0.0 else float(_later(np.array(cost), now))
    rated = []
    for goal in clear:
        planned = planner.plan(reachability, goal, usable)
        if planned is not None:
            arrives = P_COMPLETE if planned.complete else P_INCOMPLETE
            rated.append((goal, value * arrives * _share_as_clear(way, goal, reachability, cost)))
    rated.sort(key=lambda one: -one[1])
    return [(goal, value * PATTERN_DISCOUNT**place) for place, (goal, value) in enumerate(rated)]


def _share_as_clear(
    way: RemainingWay, goal: Pose2D, reachability: Reachability, cost: float
) -> float:
    """Return the share of the poses where a push to a goal may end that clear the way as well.

    Args:
        way: without the movable.
        goal: of the pattern.
        reachability: of the state.
        cost: what the goal itself leaves of the way (m).
    """
    robot = reachability.poses["robot"]
    ends = (Pose2D(goal.x + x, goal.y + y, wrap_angle(goal.theta + turn)) for x, y, turn in _ENDS)
    return sum(way.cost(end, robot.x, robot.y) <= cost for end in ends) / len(_ENDS)


def _clear_poses(
    reachability: Reachability, name: str, way: RemainingWay, now: float
) -> tuple[float, list[Pose2D]]:
    """Return what the best poses of the pattern leave of the way (m), and these, nearest first.

    Nothing if the movable is not in the way.
    """
    static, robot, pose = reachability.static, reachability.poses["robot"], reachability.poses[name]
    others = reachability.obstacles_excluding(name)
    clear: list[Pose2D] = []
    least = now
    for x, y, turn in _PATTERN.tolist():
        goal = Pose2D(pose.x + x, pose.y + y, wrap_angle(pose.theta + turn))
        if static.fits(name, goal) and others.is_clear(goal):
            cost = way.cost(goal, robot.x, robot.y)
            if cost < least:
                clear, least = [], cost
            if cost == least < now:
                clear.append(goal)
    return least, clear


def _later(costs: Floats, now: float) -> Floats:
    """Return the values of candidates that do not open the goal by the cost of the rest (m)."""
    values = P_LATER * rating_of(costs)
    return np.where(costs < now, values, ELSEWHERE_FACTOR * values)


def _ends() -> list[tuple[float, float, float]]:
    """Return displacements x, y (m), theta (rad) of ends around a goal, itself first."""
    angles = [math.pi / 3 * number for number in range(6)]
    turns = [ANGLE_TOLERANCE_RAD / 2, -ANGLE_TOLERANCE_RAD / 2] * 3
    return [(0.0, 0.0, 0.0)] + [
        (POSITION_TOLERANCE_M * math.cos(angle), POSITION_TOLERANCE_M * math.sin(angle), turn)
        for angle, turn in zip(angles, turns, strict=True)
    ]


def _pattern() -> Floats:
    """Return displacements (n, 3) x, y (m), theta (rad), the nearest first."""
    # A Kronecker sequence: covers all three dimensions evenly.
    ratio = 1.2207440846057596
    fractions = np.arange(1, PATTERN_POSES + 1)[:, None] / ratio ** np.arange(1, 4) % 1.0
    distance = np.sort(PATTERN_M[0] + (PATTERN_M[1] - PATTERN_M[0]) * fractions[:, 0])
    order = np.argsort(fractions[:, 0], kind="stable")
    direction = 2.0 * math.pi * fractions[order, 1]
    turn = PATTERN_TURN_RAD * (2.0 * fractions[order, 2] - 1.0)
    return np.stack([distance * np.cos(direction), distance * np.sin(direction), turn], axis=1)


_PATTERN = _pattern()
_ENDS = _ends()
