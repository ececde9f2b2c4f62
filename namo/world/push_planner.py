"""Which primitives bring a box to its goal, given what stands around it.

Best-first search over sequences of primitives (A* in the box's pose, Hart, Nilsson, Raphael 1968)
with the cost-to-go of the box's class as its heuristic. That table already knows the best sequence
in the open, so in the open the search walks straight to its end; obstacles make it look aside.
A candidate is checked only when it comes to the front: the robot must be able to take up the
contact, the box must not sweep through anything solid, and the robot must not end in a wall.
"""

from __future__ import annotations

import heapq
import math
import time
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats, Pose2D
from namo.scenes.grid import Mask
from namo.scenes.scene import Movable
from namo.world.cost_to_go import CONTACT_COST_STEPS
from namo.world.primitives import PrimitiveLibrary
from namo.world.reachability import Reachability

POSITION_TOLERANCE_M = 0.1
ANGLE_TOLERANCE_RAD = 0.2
PLAN_MARGIN = 0.9
"""Share of the tolerances a plan must meet; the rest is left for what the push does differently."""

SHOVE_COST_STEPS = 500.0
"""What sweeping into another movable costs a plan."""
SEEN_M, SEEN_RAD = 0.05, 0.1
"""Two ways to nearly the same pose are one: only the cheaper is followed."""
MAX_EXPANSIONS = 100
CHILDREN_KEPT = 40
WORTHWHILE_M = 0.02
"""A push that cannot end within tolerance must at least bring the box this much nearer."""


@dataclass(frozen=True)
class PlannedPush:
    """The first primitive of a plan.

    Attributes:
        contact: index of the contact point.
        travel: index of the robot's travel.
        complete: whether the plan it belongs to ends within tolerance.
    """

    contact: int
    travel: int
    complete: bool


@dataclass(frozen=True, order=True)
class _Candidate:
    """A primitive waiting to be looked at: cheapest first, first come first among equals."""

    priority: float
    order: int
    spent: float = field(compare=False)
    primitive: int = field(compare=False)
    parent: Pose2D = field(compare=False)
    first: int | None = field(compare=False)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What stands around a box in one state, as masks."""

    reachability: Reachability
    movable: Movable

    @cached_property
    def others(self) -> Mask:
        """Cells covered by other movables."""
        static = self.reachability.static
        mask = np.zeros_like(static.solid_walls)
        for name, outline in static.solid_outlines.items():
            if name != self.movable.name:
                static.grid.fill(mask, self.reachability.poses[name], outline)
        return mask

    def leaves_room(self, pose: Pose2D) -> bool:
        """Return whether the box at a pose would be clear of the other movables."""
        static = self.reachability.static
        cells = static.grid.cells(pose.to_world(static.insides[self.movable.name]))
        return not self.others[cells].any()


class PushPlanner:
    """Plans for one movable with the primitives of its class."""

    def __init__(
        self, movable: Movable, library: PrimitiveLibrary, perimeter: Floats, contacts: Floats
    ) -> None:
        """Scale the library to the movable.

        Args:
            movable: the box.
            library: of its class.
            perimeter: (n, 2) points along the border of the box, in its frame (m).
            contacts: (contacts, 2) where the robot stands to push, in the frame of the box (m).
        """
        self._movable = movable
        self._library = library
        self._moves = library.scaled(movable)
        self._travels = library.steps.shape[1]
        self._prices = library.steps.ravel() + CONTACT_COST_STEPS
        self._contact_of = np.repeat(np.arange(len(contacts)), self._travels)
        # Border of the box (contacts, travels, points, 2) and centre of the robot (contacts,
        # travels, 2) at the end of every primitive, in the frame the box had before.
        c, s = np.cos(self._moves[..., 2]), np.sin(self._moves[..., 2])
        rotations = np.stack([np.stack([c, s], -1), np.stack([-s, c], -1)], axis=-2)
        self._swept = perimeter @ rotations + self._moves[..., None, :2]
        at_contact = contacts[:, None, None, :] @ rotations
        self._followed = at_contact[..., 0, :] + self._moves[..., :2]

    def plan(
        self,
        around: Surroundings,
        goal: Pose2D,
        usable: NDArray[np.bool_],
        deadline: float = math.inf,
    ) -> PlannedPush | None:
        """Return the first primitive of the best plan found.

        Plans keep clear of walls, and where they can of other movables: shoving one box with
        another is how some doors open, but costs. When no plan ends within tolerance, the single
        primitive that gets nearest.

        Args:
            around: what stands around the box in the present state.
            goal: wanted pose of the box, world frame.
            usable: (contacts,) which contact points the robot can take up now.
            deadline: value of `time.monotonic()` after which to stop looking.

        Returns:
            None when no sequence brings the box nearer to its goal.
        """
        start = around.reachability.poses[self._movable.name]
        usable_moves = usable[self._contact_of]
        surcharge = self._surcharge(around, start, usable_moves)
        heap = self._children(start, goal, surcharge, 0.0, None, 0)
        seen = set()
        nearest = self._nearest_in_one(start, goal, np.isfinite(surcharge))
        for expansions in range(1, MAX_EXPANSIONS + 1):
            if not heap or time.monotonic() > deadline:
                break
            candidate = heapq.heappop(heap)
            end = candidate.parent.compose(self._move(candidate.primitive))
            first = candidate.primitive if candidate.first is None else candidate.first
            if within_tolerance(end, goal, PLAN_MARGIN):
                return self._planned(first, complete=True)
            place = (round(end.x / SEEN_M), round(end.y / SEEN_M), round(end.theta / SEEN_RAD))
            if place in seen:
                continue
            seen.add(place)
            later = self._reachability_after(around, candidate, end)
            usable_moves = later.reachable_contacts(self._movable.name)[self._contact_of]
            surcharge = self._surcharge(around, end, usable_moves)
            order = CHILDREN_KEPT * expansions
            for child in self._children(end, goal, surcharge, candidate.spent, first, order):
                heapq.heappush(heap, child)
        return None if nearest is None else self._planned(nearest, complete=False)

    def _nearest_in_one(self, start: Pose2D, goal: Pose2D, clear: NDArray[np.bool_]) -> int | None:
        """Return the primitive that alone brings the box nearest to its goal, if any does."""
        wanted = start.relative(goal)
        moves = self._moves.reshape(-1, 3)
        turn = np.abs(_wrapped(wanted.theta - moves[:, 2]))
        left = np.hypot(wanted.x - moves[:, 0], wanted.y - moves[:, 1])
        worth = clear & (left < math.hypot(wanted.x, wanted.y) - WORTHWHILE_M)
        if not worth.any():
            return None
        return int(np.where(worth, left + self._library.size * turn, np.inf).argmin())

    def _planned(self, primitive: int, *, complete: bool) -> PlannedPush:
        contact, travel = divmod(primitive, self._travels)
        return PlannedPush(contact, travel, complete)

    def _move(self, primitive: int) -> Pose2D:
        return Pose2D(*self._moves.reshape(-1, 3)[primitive].tolist())

    def _children(
        self,
        pose: Pose2D,
        goal: Pose2D,
        surcharge: Floats,
        spent: float,
        first: int | None,
        order: int,
    ) -> list[_Candidate]:
        """Return the most promising primitives from a pose of the box, best first."""
        moves = self._moves.reshape(-1, 3)
        wanted = pose.relative(goal)
        # What is left to do after each move: inverse(move) * wanted, for all moves at once.
        c, s = np.cos(moves[:, 2]), np.sin(moves[:, 2])
        dx, dy = wanted.x - moves[:, 0], wanted.y - moves[:, 1]
        turn = _wrapped(wanted.theta - moves[:, 2])
        left = np.stack([c * dx + s * dy, c * dy - s * dx, turn], axis=-1)
        prices = spent + self._prices + surcharge
        priorities = prices + self._library.cost_to_go(left)
        best = np.argsort(priorities, kind="stable")[:CHILDREN_KEPT]
        return [
            _Candidate(
                float(priorities[primitive]),
                order + rank,
                float(prices[primitive]),
                primitive,
                pose,
                first,
            )
            for rank, primitive in enumerate(best.tolist())
            if priorities[primitive] < np.inf
        ]

    def _reachability_after(
        self, around: Surroundings, candidate: _Candidate, end: Pose2D
    ) -> Reachability:
        """Return what the robot can reach once it has pushed the box to where a primitive ends."""
        followed = self._followed.reshape(-1, 2)[candidate.primitive]
        x, y = candidate.parent.to_world(followed).tolist()
        return around.reachability.after(self._movable.name, end, Pose2D(x, y, 0.0))

    def _surcharge(self, around: Surroundings, pose: Pose2D, usable: NDArray[np.bool_]) -> Floats:
        """Return what primitives (n,) cost besides their steps, from a pose of the box.

        Infinite where the contact cannot be taken up or box or robot would sweep into a wall.
        """
        static = around.reachability.static
        swept = static.grid.cells(pose.to_world(self._swept))
        hit = static.solid_walls[swept].any(axis=-1)
        hit |= static.walls[static.grid.cells(pose.to_world(self._followed))] != 0
        hit |= ~usable.reshape(hit.shape)
        shoved = around.others[swept].any(axis=-1)
        # A longer travel from the same contact passes through all the shorter ones.
        hit = np.logical_or.accumulate(hit, axis=1)
        shoved = np.logical_or.accumulate(shoved, axis=1)
        surcharge: Floats = np.where(hit, np.inf, SHOVE_COST_STEPS * shoved).ravel()
        return surcharge


def _wrapped(angles: Floats) -> Floats:
    wrapped: Floats = np.remainder(angles + math.pi, 2 * math.pi) - math.pi
    return wrapped


def within_tolerance(pose: Pose2D, goal: Pose2D, share: float = 1.0) -> bool:
    """Return whether a box counts as having arrived, or by `share` more strictly."""
    return (
        pose.distance(goal) <= share * POSITION_TOLERANCE_M
        and pose.turn(goal) <= share * ANGLE_TOLERANCE_RAD
    )
