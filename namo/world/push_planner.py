"""Which primitives bring a box to its goal, given what stands around it.

Best-first search over sequences of primitives (A* in the box's pose, Hart, Nilsson, Raphael 1968)
with the cost-to-go of the box's class as its heuristic. That table already knows the best sequence
in the open, so in the open the search walks straight to its end; obstacles make it look aside.
A candidate is checked only when it comes to the front: the robot must be able to take up the
contact, the box must not sweep through anything solid, and the robot must not end in a wall.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats, Pose2D, placed, wrap_angle
from namo.scenes.grid import Frame
from namo.scenes.scene import Movable
from namo.world.cost_to_go import CONTACT_COST_STEPS
from namo.world.primitives import PrimitiveLibrary
from namo.world.push_search import (
    EXPAND,
    FOUND,
    Masks,
    PlanSearch,
    PrimitiveTable,
    Rules,
    advance,
    begin,
    look_up,
)
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


_RULES = Rules(
    SHOVE_COST_STEPS,
    PLAN_MARGIN * POSITION_TOLERANCE_M,
    PLAN_MARGIN * ANGLE_TOLERANCE_RAD,
    SEEN_M,
    SEEN_RAD,
    CHILDREN_KEPT,
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
        moves = library.scaled(movable)
        self._travels = moves.shape[1]
        # Border of the box (contacts, travels, points, 2) and centre of the robot (contacts,
        # travels, 2) at the end of every primitive, in the frame the box had before.
        c, s = np.cos(moves[..., 2]), np.sin(moves[..., 2])
        rotations = np.stack([np.stack([c, s], -1), np.stack([-s, c], -1)], axis=-2)
        at_contact = contacts[:, None, None, :] @ rotations
        self._table = PrimitiveTable(
            moves=np.concatenate([moves, c[..., None], s[..., None]], axis=-1).reshape(-1, 5),
            prices=library.steps.ravel() + CONTACT_COST_STEPS,
            swept=perimeter @ rotations + moves[..., None, :2],
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

        Plans keep clear of walls, and where they can of other movables: shoving one box with
        another is how some doors open, but costs. When no plan ends within tolerance, the single
        primitive that gets nearest.

        Args:
            reachability: of the present state.
            goal: wanted pose of the box, world frame.
            usable: (contacts,) which contact points the robot can take up now.
            deadline: value of `time.monotonic()` (s) after which to stop looking.

        Returns:
            None when no sequence brings the box nearer to its goal.
        """
        name, table = self._movable.name, self._table
        frame, masks = reachability.static.grid.frame, self._masks(reachability)
        start = reachability.poses[name]
        search = PlanSearch.of(MAX_EXPANSIONS + 1, *table.followed.shape[:2])
        begin(search, *start, 0.0)
        wanted = float(goal.x), float(goal.y), wrap_angle(goal.theta)
        usable_at_first = usable
        while True:
            outcome, which = advance(search, table, masks, frame, _RULES, wanted, usable)
            if outcome == FOUND:
                return self._planned(which, complete=True)
            if outcome != EXPAND or time.monotonic() > deadline:
                break
            x, y, theta, _, _, _, *robot = search.nodes[which].item()[:8]
            usable = reachability.contacts_after(name, Pose2D(x, y, theta), *robot)
        clear = np.isfinite(self.surcharges(start, masks, frame))
        clear &= usable_at_first[:, None]
        nearest = self._nearest_in_one(start, goal, clear.ravel())
        return None if nearest is None else self._planned(nearest, complete=False)

    def _nearest_in_one(self, start: Pose2D, goal: Pose2D, clear: NDArray[np.bool_]) -> int | None:
        """Return the primitive that alone brings the box nearest to its goal, if any does."""
        wanted = start.relative(goal)
        moves = self._table.moves
        turn = np.abs(_wrapped(wanted.theta - moves[:, 2]))
        left = np.hypot(wanted.x - moves[:, 0], wanted.y - moves[:, 1])
        worth = clear & (left < math.hypot(wanted.x, wanted.y) - WORTHWHILE_M)
        if not worth.any():
            return None
        return int(np.where(worth, left + self._table.size * turn, np.inf).argmin())

    def _planned(self, primitive: int, *, complete: bool) -> PlannedPush:
        contact, travel = divmod(primitive, self._travels)
        return PlannedPush(contact, travel, complete)

    def _masks(self, reachability: Reachability) -> Masks:
        static = reachability.static
        others = reachability.around(self._movable.name).others
        return Masks(static.solid_walls, static.walls, others)

    def surcharges_in(self, reachability: Reachability) -> Floats:
        """Return `surcharges` (contacts, travels) of the movable where it is (physics steps)."""
        pose = reachability.poses[self._movable.name]
        return self.surcharges(pose, self._masks(reachability), reachability.static.grid.frame)

    def surcharges(self, pose: Pose2D, masks: Masks, frame: Frame) -> Floats:
        """Return what primitives (contacts, travels) cost besides their own physics steps.

        Also in physics steps; infinite where box or robot would sweep into a wall.

        Args:
            pose: of the box that they start from, world frame.
            masks: of what stands around it.
            frame: of their grid.
        """
        surcharges = np.empty(self._table.followed.shape[:2])
        for contact, row in enumerate(surcharges):
            look_up(row, self._table, contact, placed(pose), masks, frame, SHOVE_COST_STEPS)
        return surcharges


def _wrapped(angles: Floats) -> Floats:
    wrapped: Floats = np.remainder(angles + math.pi, 2 * math.pi) - math.pi
    return wrapped


def within_tolerance(pose: Pose2D, goal: Pose2D, share: float = 1.0) -> bool:
    """Return whether a box counts as having arrived, or within `share` of the tolerances."""
    return (
        pose.distance(goal) <= share * POSITION_TOLERANCE_M
        and pose.turn(goal) <= share * ANGLE_TOLERANCE_RAD
    )


def twins(poses: Floats, goal: Pose2D) -> NDArray[np.bool_]:
    """Return which poses (n, 3) (m, m, rad) a box at `goal` counts as having arrived at, (n,)."""
    near = np.hypot(poses[:, 0] - goal.x, poses[:, 1] - goal.y) <= POSITION_TOLERANCE_M
    turned = np.abs(np.remainder(poses[:, 2] - goal.theta + math.pi, 2.0 * math.pi) - math.pi)
    alike: NDArray[np.bool_] = near & (turned <= ANGLE_TOLERANCE_RAD)
    return alike
