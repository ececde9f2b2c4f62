"""Which primitives bring a box to its goal, given the obstacles around it.

Best-first search over sequences of primitives (A* over the box's pose, Hart, Nilsson, Raphael 1968)
with the cost-to-go of the box's class as its heuristic. That table already holds the best sequence
in free space, so without obstacles the search goes straight to the goal. A primitive is checked
only when it comes to the front of the open list: the robot must reach the contact point, the box
must not sweep through anything solid, and the robot must not end in a wall.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats, Pose2D, placed, wrap_angle
from namo.portable_math import cos, matrix_product, sin
from namo.scenes.grid import Frame
from namo.scenes.scene import Movable
from namo.world.cost_to_go import CONTACT_COST_STEPS
from namo.world.primitives import PrimitiveLibrary
from namo.world.push_search import EXPAND, FOUND, PlanSearch, SearchLimits, add_node, advance
from namo.world.reachability import Reachability
from namo.world.sweeps import ObstacleMasks, PrimitiveTable, all_overlaps, all_surcharges

POSITION_TOLERANCE_M = 0.1
ANGLE_TOLERANCE_RAD = 0.2
PLAN_MARGIN = 0.9
"""Fraction of the tolerances a plan must meet; the rest absorbs execution errors of the push."""

SHOVE_COST_STEPS = 500.0
"""Cost of sweeping into another movable, in a plan."""
DUPLICATE_M, DUPLICATE_RAD = 0.05, 0.1
"""Poses that are equal after rounding to these steps are duplicates: the first one is expanded."""
MAX_EXPANSIONS = 100
MAX_CHILDREN = 40
MIN_PROGRESS_M = 0.02
"""A push that cannot end within tolerance must at least bring the box this much closer."""


_LIMITS = SearchLimits(
    SHOVE_COST_STEPS,
    PLAN_MARGIN * POSITION_TOLERANCE_M,
    PLAN_MARGIN * ANGLE_TOLERANCE_RAD,
    DUPLICATE_M,
    DUPLICATE_RAD,
    MAX_CHILDREN,
    MAX_EXPANSIONS,
)


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


class PushPlanner:
    """Plans pushes of one movable with the primitives of its class."""

    def __init__(
        self, movable: Movable, library: PrimitiveLibrary, perimeter: Floats, contacts: Floats
    ) -> None:
        """Scale the library to the movable.

        Args:
            movable: the box.
            library: of its class.
            perimeter: (n, 2) points along the border of the box, in its frame (m).
            contacts: (contacts, 2) contact positions of the robot, in the frame of the box (m).
        """
        self._movable = movable
        moves = library.scaled(movable)
        self._travels = moves.shape[1]
        # Border of the box (contacts, travels, points, 2) and centre of the robot (contacts,
        # travels, 2) at the end of every primitive, in the frame of the box before the push.
        c, s = cos(moves[..., 2]), sin(moves[..., 2])
        rotations = np.stack([np.stack([c, s], -1), np.stack([-s, c], -1)], axis=-2)
        at_contact = matrix_product(contacts[:, None, None, :], rotations)
        self._table = PrimitiveTable(
            moves=np.concatenate([moves, c[..., None], s[..., None]], axis=-1).reshape(-1, 5),
            prices=library.steps.ravel() + CONTACT_COST_STEPS,
            swept=matrix_product(perimeter, rotations) + moves[..., None, :2],
            followed=at_contact[..., 0, :] + moves[..., :2],
            cost_to_go=library.cost_to_go.table,
            size=library.size,
        )

    def plan(
        self,
        reachability: Reachability,
        goal: Pose2D,
        usable: NDArray[np.bool_],
        deadline: float = math.inf,
    ) -> PlannedPush | None:
        """Return the first primitive of the best plan found.

        Plans avoid walls, and other movables where possible: shoving one box with another is
        allowed, because some passages open only that way, but it costs. If no plan ends within
        tolerance, the result is the single primitive that ends closest to the goal.

        Args:
            reachability: of the present state.
            goal: target pose of the box, world frame.
            usable: (contacts,) which contact points the robot can reach now.
            deadline: value of `time.monotonic()` (s) after which to stop searching.

        Returns:
            None if no sequence brings the box closer to its goal.
        """
        name, table = self._movable.name, self._table
        frame, masks = reachability.static.grid.frame, self._masks(reachability)
        start = reachability.poses[name]
        search = PlanSearch.of(MAX_EXPANSIONS + 1, *table.followed.shape[:2])
        add_node(search, *start, 0.0)
        wanted = float(goal.x), float(goal.y), wrap_angle(goal.theta)
        usable_at_start = usable
        while True:
            outcome, which = advance(search, table, masks, frame, _LIMITS, wanted, usable)
            if outcome == FOUND:
                return self._planned(which, complete=True)
            if outcome != EXPAND or time.monotonic() > deadline:
                break
            x, y, theta, _, _, _, *robot = search.nodes[which].item()[:8]
            usable = reachability.contacts_after(name, Pose2D(x, y, theta), *robot)
        clear = np.isfinite(self.surcharges(start, masks, frame))
        clear &= usable_at_start[:, None]
        nearest = self._nearest_in_one(start, goal, clear.ravel())
        return None if nearest is None else self._planned(nearest, complete=False)

    def _nearest_in_one(self, start: Pose2D, goal: Pose2D, clear: NDArray[np.bool_]) -> int | None:
        """Return the single primitive that ends closest to the goal, if any makes progress."""
        wanted = start.relative(goal)
        moves = self._table.moves
        turn = np.abs(_wrapped(wanted.theta - moves[:, 2]))
        left = np.hypot(wanted.x - moves[:, 0], wanted.y - moves[:, 1])
        worth = clear & (left < math.hypot(wanted.x, wanted.y) - MIN_PROGRESS_M)
        if not worth.any():
            return None
        return int(np.where(worth, left + self._table.size * turn, np.inf).argmin())

    def _planned(self, primitive: int, *, complete: bool) -> PlannedPush:
        contact, travel = divmod(primitive, self._travels)
        return PlannedPush(contact, travel, complete)

    def _masks(self, reachability: Reachability) -> ObstacleMasks:
        static = reachability.static
        others = reachability.obstacles_excluding(self._movable.name).others
        return ObstacleMasks(static.solid_walls, static.walls, others)

    def surcharges_in(self, reachability: Reachability) -> Floats:
        """Return `surcharges` (contacts, travels) from the present pose (physics steps)."""
        pose = reachability.poses[self._movable.name]
        return self.surcharges(pose, self._masks(reachability), reachability.static.grid.frame)

    def overlaps_in(self, reachability: Reachability) -> Floats:
        """Return how far into walls primitives (contacts, travels) lead from the present pose.

        Each as the fraction (0 to 1) of its border; see `namo.world.sweeps.all_overlaps`.
        """
        static, pose = reachability.static, reachability.poses[self._movable.name]
        return all_overlaps(self._table, placed(pose), static.solid_walls, static.grid.frame)

    def surcharges(self, pose: Pose2D, masks: ObstacleMasks, frame: Frame) -> Floats:
        """Return what primitives (contacts, travels) cost besides their own physics steps.

        Also in physics steps; infinite where box or robot would sweep into a wall.

        Args:
            pose: of the box at the start, world frame.
            masks: of the obstacles around it.
            frame: of their grid.
        """
        return all_surcharges(self._table, placed(pose), masks, frame, SHOVE_COST_STEPS)


def _wrapped(angles: Floats) -> Floats:
    wrapped: Floats = np.remainder(angles + math.pi, 2 * math.pi) - math.pi
    return wrapped


def within_tolerance(pose: Pose2D, goal: Pose2D, factor: float = 1.0) -> bool:
    """Return whether a box is at its goal, within `factor` times the tolerances."""
    return (
        pose.distance(goal) <= factor * POSITION_TOLERANCE_M
        and pose.turn(goal) <= factor * ANGLE_TOLERANCE_RAD
    )


def equivalent_goals(poses: Floats, goal: Pose2D) -> NDArray[np.bool_]:
    """Return for which poses (n, 3) (m, m, rad) a box at `goal` is within tolerance, (n,)."""
    near = np.hypot(poses[:, 0] - goal.x, poses[:, 1] - goal.y) <= POSITION_TOLERANCE_M
    turned = np.abs(np.remainder(poses[:, 2] - goal.theta + math.pi, 2.0 * math.pi) - math.pi)
    alike: NDArray[np.bool_] = near & (turned <= ANGLE_TOLERANCE_RAD)
    return alike
