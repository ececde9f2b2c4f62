"""Where the robot can drive: the one definition that planners, skill and strategies share.

The robot's centre may be in every cell that is free on the conservative grid of
`namo.scenes.grid` and connected to the robot over eight neighbours. The robot's goal is reachable
when a reached cell lies within `GOAL_TOLERANCE_M` of it. A movable is reachable when one of its
contact points is: its standoff lies in a reached cell, and the robot at the contact point touches
nothing else. All of this is asked of a robot that is wider by the clearance of the scene.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats, Pose2D, placed
from namo.scenes.grid import Mask
from namo.world.clearance import Solids, contacts_after, reachable_contacts
from namo.world.drive_costs import DriveCosts
from namo.world.free_runs import NO_REGION, any_in_region, cells_in_region, in_region, paint
from namo.world.free_space import Connected
from namo.world.goal_distance import CUT_OFF, STEP, nearest_in_region
from namo.world.obstacle_map import ObstacleMap
from namo.world.outlines import Outlines
from namo.world.static_map import StaticMap

PUSH_CONE_RAD = math.radians(60)

REACHED = 2
"""Mask value of a cell that the robot can reach; 1 is blocked, 0 is free but not connected."""


class Reachability:
    """What the robot can reach in one state; every part is computed once, on first use.

    Attributes:
        static: of the scene.
        poses: world poses of the robot and all movables.
    """

    def __init__(
        self, static: StaticMap, poses: Mapping[str, Pose2D], moving: str | None = None
    ) -> None:
        """Describe a state; nothing is computed yet.

        Args:
            static: of the scene.
            poses: world poses of the robot and all movables.
            moving: the movable by which this state probably differs from the ones queried before
                and after it; the obstacles around it are then drawn once for all of them.
        """
        self.static = static
        self.poses = poses
        self._moving = moving
        self._contacts: dict[str, NDArray[np.bool_]] = {}
        self._obstacles: dict[str | None, ObstacleMap] = {}

    @cached_property
    def _movable_poses(self) -> Floats:
        """Poses (n, 3) of the movables, in file order."""
        return np.array([self.poses[name] for name in self.static.index]).reshape(-1, 3)

    def obstacles_excluding(self, name: str | None) -> ObstacleMap:
        """Return the obstacles around a movable in this state; None to include every movable.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        if name not in self._obstacles:
            self._obstacles[name] = self.static.obstacles_excluding(name, self._movable_poses)
        return self._obstacles[name]

    @cached_property
    def solids(self) -> Solids:
        """The movables, in file order."""
        return self.static.solids.placed(self._movable_poses)

    @cached_property
    def connected(self) -> Connected:
        """The free cells and the robot's region among them."""
        x, y, _ = self.poses["robot"]
        free = self.obstacles_excluding(self._moving).free
        return free.connected(x, y, self._moving_outlines)

    @cached_property
    def _moving_outlines(self) -> Outlines | None:
        if self._moving is None:
            return None
        place = self.static.index[self._moving]
        return self.static.inflated.placed_alone(place, self.poses[self._moving])

    @cached_property
    def mask(self) -> Mask:
        """Cells of the grid: 0 free but not reached, 1 blocked, 2 reached."""
        mask = self.obstacles_excluding(None).free.blocked.copy()
        if self.connected.region != NO_REGION:
            paint(mask, self.connected.runs, self.connected.region, REACHED)
        return mask

    def free_spot(self) -> tuple[float, float] | None:
        """Return where in the world a robot that may touch something can back off to (m).

        It is the centre of the cell that represents the robot, its own or the nearest free one, so
        backing off does not change what is reachable. None if the robot is wedged in.
        """
        if self.connected.region == NO_REGION:
            return None
        return self.static.grid.centre(self.connected.row, self.connected.column)

    def with_robot_at(self, x: float, y: float) -> Reachability:
        """Return the same state with the robot at x, y (m), which must be in its region."""
        moved = Reachability(self.static, {**self.poses, "robot": Pose2D(x, y, 0.0)}, self._moving)
        row, column = self.static.grid.cell(x, y)
        moved.connected = Connected(self.connected.runs, row, column, self.connected.region)
        moved._obstacles = self._obstacles
        return moved

    @cached_property
    def drive(self) -> DriveCosts:
        """What drives through movables cost."""
        return DriveCosts(self.static, self.poses)

    @cached_property
    def goal_reachable(self) -> bool:
        """Whether the robot can drive to its goal."""
        return any_in_region(self.connected.runs, self.connected.region, *self.static.goal_cells)

    @property
    def reached_area(self) -> float:
        """Area of the cells that the robot can reach (m²)."""
        cells = cells_in_region(self.connected.runs, self.connected.region)
        return float(cells * self.static.grid.resolution**2)

    @property
    def goal_gap(self) -> float | None:
        """Drive from the cells that the robot can reach to its goal, through movables (m).

        0 exactly when the goal is reachable; None when walls alone cut it off, and for a robot that
        is wedged in.
        """
        static, connected = self.static, self.connected
        least, _, _ = nearest_in_region(
            static.goal_distances, static.goal_distance_minima, connected.runs, connected.region
        )
        return None if least == CUT_OFF else least / STEP * self.static.grid.resolution

    def reached(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which world points (..., 2) (m) the robot's centre can reach, (...)."""
        inside = in_region(
            self.connected.runs,
            self.connected.region,
            points.reshape(-1, 2),
            self.static.grid.frame,
        )
        return inside.reshape(points.shape[:-1])

    def reachable_contacts(self, name: str) -> NDArray[np.bool_]:
        """Return which contact points (n,) of a movable the robot can reach.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        if name not in self._contacts:
            static = self.static
            self._contacts[name] = reachable_contacts(
                self.connected.runs,
                self.connected.region,
                static.contact_points[name],
                placed(self.poses[name]),
                static.grid.frame,
                static.wall_solids,
                self.solids,
                static.index[name],
                static.inflation,
            )
        return self._contacts[name]

    def contacts_after(
        self, name: str, pose: Pose2D, robot_x: float, robot_y: float
    ) -> NDArray[np.bool_]:
        """Return which contact points (n,) of a movable the robot could reach after a push.

        Args:
            name: of the movable.
            pose: where the push would leave it, world frame.
            robot_x: where the push would leave the robot (m).
            robot_y: likewise.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        static = self.static
        free = self.obstacles_excluding(name).free
        outlines = static.inflated.placed_alone(static.index[name], pose)
        with free.with_temporary_obstacle(outlines) as obstacle:
            return contacts_after(
                obstacle,
                free.runs,
                (robot_x, robot_y),
                static.contact_points[name],
                placed(pose),
                static.grid.frame,
                static.wall_solids,
                self.solids,
                static.index[name],
                static.inflation,
                free.back_off_m,
            )

    def can_push_towards(self, name: str, goal: Pose2D) -> bool:
        """Return whether the robot can reach a contact that pushes roughly towards a goal.

        Roughly means within `PUSH_CONE_RAD` of the direction from the movable to the goal. A box
        whose near side is out of reach cannot be pushed there; it would have to be pulled.

        Args:
            name: of the movable.
            goal: target pose of it, world frame.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        reachable = self.reachable_contacts(name)
        pose = self.poses[name]
        way = np.array([goal.x - pose.x, goal.y - pose.y])
        directions = pose.to_world(self.static.contacts[name].directions[reachable])
        along = ((directions - np.array([pose.x, pose.y])) * way).sum(axis=1)
        return bool((along >= math.cos(PUSH_CONE_RAD) * math.hypot(*way)).any())

    @cached_property
    def reachable_objects(self) -> tuple[str, ...]:
        """Names of the movables with a reachable contact point, in file order."""
        return tuple(name for name in self.static.index if self.reachable_contacts(name).any())
