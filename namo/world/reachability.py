"""Where the robot can drive: the one definition that everything asks.

The robot's centre may be in every cell that is free on the conservative grid of
`namo.scenes.grid` and connected to the robot over eight neighbours. The robot's goal is reachable
when a reached cell lies within `GOAL_TOLERANCE_M` of it; an object when one of its contact points
is: the standoff in a reached cell, and the contact point itself clear of everything else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from namo.errors import SceneError
from namo.geometry import Floats, Pose2D, placed
from namo.scenes.footprint import FootprintSet
from namo.scenes.grid import SKIN_M, Grid, Mask, inflated, inside, perimeter
from namo.scenes.scene import GOAL_TOLERANCE_M, Scene
from namo.world.clearance import Solids, contacts_after, contacts_in_reach
from namo.world.contacts import contact_points
from namo.world.free_space import (
    NOWHERE,
    Connected,
    FreeSpace,
    Outlines,
    any_in_region,
    any_set,
    in_region,
    paint,
)
from namo.world.surroundings import KEPT, OutlineTable, Surroundings

PUSH_CONE_RAD = math.radians(60)

REACHED = 2
"""What a mask holds where the robot can get; 1 is blocked, 0 free but cut off."""


class StaticMap:
    """What reachability needs of a scene and does not change with its state.

    What stands around a movable is kept for when it is asked for again, so two threads must not
    share one.

    Attributes:
        scene: the scene.
        grid: over its bounds.
        clearance: how far the robot's centre keeps from everything: its radius and a skin (m).
        walls: mask of the cells in which the robot's centre would be too near a wall.
        solid_walls: mask of the cells that walls themselves cover.
        index: place of each movable in the file.
        inflated: outlines of the movables that the robot's centre must keep out of.
        solid: outlines of the movables themselves.
        contacts: of each movable.
        contact_points: standoffs (n, 2) and positions (n, 2) of the same, in its frame (m).
        perimeters: points (n, 2) along the border of each movable, in its frame (m).
        insides: points all over each movable, likewise.
        wall_footprints: for distances to walls.
        wall_solids: the same for compiled code.
        goal_cells: rows (n,) and columns (n,) of the cells within `GOAL_TOLERANCE_M` of the robot's
            goal.
    """

    def __init__(self, scene: Scene) -> None:
        """Draw the walls.

        Raises:
            SceneError: the scene is too large for the grid.
        """
        self.scene = scene
        try:
            self.grid = Grid.over(scene.bounds)
        except SceneError as error:
            raise SceneError(f"{scene.path or 'scene'}: {error}") from None
        radius = scene.robot.radius
        self.clearance = radius + SKIN_M
        self.walls, self.solid_walls = self.grid.blank(), self.grid.blank()
        for wall in scene.walls:
            self.grid.fill(self.walls, wall.pose, inflated(wall.footprint, self.clearance))
            self.grid.fill(self.solid_walls, wall.pose, inflated(wall.footprint, 0.0))
        self.index = {movable.name: place for place, movable in enumerate(scene.movables)}
        footprints = {movable.name: movable.footprint for movable in scene.movables}
        self.inflated = OutlineTable(self.grid, footprints.values(), self.clearance)
        self.solid = OutlineTable(self.grid, footprints.values(), 0.0)
        self.contacts = {name: contact_points(shape, radius) for name, shape in footprints.items()}
        self.contact_points = {
            name: (points.standoffs, points.positions) for name, points in self.contacts.items()
        }
        self.perimeters = {name: perimeter(shape) for name, shape in footprints.items()}
        self.insides = {name: inside(shape) for name, shape in footprints.items()}
        placed_walls = [(wall.pose, wall.footprint) for wall in scene.walls]
        self.wall_footprints, self.wall_solids = FootprintSet(placed_walls), Solids.of(placed_walls)
        self.goal_cells = self.grid.disc(scene.goal.x, scene.goal.y, GOAL_TOLERANCE_M)
        self._free = FreeSpace(self.grid, self.walls)
        self._kept: _Kept = {}  # by what they are drawn as
        self._same: _Kept = {}  # by the poses they are drawn for

    def fits(self, name: str, pose: Pose2D) -> bool:
        """Return whether a movable at a world pose stays inside the bounds and out of the walls.

        Raises:
            KeyError: the scene has no such movable.
        """
        return not any_set(self.solid_walls, self.insides[name], placed(pose), self.grid.frame)

    def forget(self) -> None:
        """Drop what is kept of states that were asked about; changes no answer."""
        self._kept.clear()
        self._same.clear()

    def around(self, name: str | None, poses: Floats) -> Surroundings:
        """Return what stands around a movable.

        Args:
            name: of the movable; None for all there is, with no movable left out.
            poses: (n, 3) of all movables: x, y (m), theta (rad), world frame.

        Raises:
            KeyError: the scene has no such movable.
        """
        others = poses
        if name is not None:
            others = poses.copy()
            others[self.index[name]] = 0.0
        # Boxes that sleep have the very same poses; others drift by less than can be drawn.
        placed_as = name, others.tobytes()
        if placed_as not in self._same:
            inflated, solid = self.inflated.placed(poses), self.solid.placed(poses)
            if name is not None:
                del inflated[self.index[name]], solid[self.index[name]]
            drawn_as = name, b"".join(one.pixels.tobytes() for one in (*inflated, *solid))
            if drawn_as not in self._kept:
                points = np.empty((0, 2)) if name is None else self.insides[name]
                around = Surroundings(self._free.and_more(inflated), points, solid)
                _keep(self._kept, drawn_as, around)
            _keep(self._same, placed_as, self._kept[drawn_as])
        return self._same[placed_as]


_Kept = dict[tuple[str | None, bytes], Surroundings]


def _keep(kept: _Kept, key: tuple[str | None, bytes], around: Surroundings) -> None:
    if len(kept) == KEPT:
        del kept[next(iter(kept))]
    kept[key] = around


class Reachability:
    """Answers about one state; every part is computed once, when first asked for.

    Attributes:
        static: of the scene.
        poses: world poses of the robot and all movables.
    """

    def __init__(
        self, static: StaticMap, poses: Mapping[str, Pose2D], moving: str | None = None
    ) -> None:
        """Remember what to answer about; nothing is computed yet.

        Args:
            static: of the scene.
            poses: world poses of the robot and all movables.
            moving: the movable by which this state probably differs from those asked about before
                and after it: what stands around it is then drawn once for all of them.
        """
        self.static = static
        self.poses = poses
        self._moving = moving
        self._contacts: dict[str, NDArray[np.bool_]] = {}
        self._around: dict[str | None, Surroundings] = {}

    @cached_property
    def _movables(self) -> Floats:
        """Poses (n, 3) of the movables, in file order."""
        return np.array([self.poses[name] for name in self.static.index]).reshape(-1, 3)

    def around(self, name: str | None) -> Surroundings:
        """Return what stands around a movable in this state; None for all there is.

        Raises:
            KeyError: the scene has no such movable.
        """
        if name not in self._around:
            self._around[name] = self.static.around(name, self._movables)
        return self._around[name]

    @cached_property
    def solids(self) -> Solids:
        """The movables, in file order."""
        movables = self.static.scene.movables
        return Solids.of((self.poses[one.name], one.footprint) for one in movables)

    @cached_property
    def connected(self) -> Connected:
        """The free cells and the robot's region among them."""
        x, y, _ = self.poses["robot"]
        return self.around(self._moving).free.connected(x, y, self._moving_outlines)

    @cached_property
    def _moving_outlines(self) -> Outlines | None:
        if self._moving is None:
            return None
        place = self.static.index[self._moving]
        return self.static.inflated.placed_alone(place, self.poses[self._moving])

    @cached_property
    def mask(self) -> Mask:
        """Cells of the grid: 0 free but not reached, 1 blocked, 2 reached."""
        mask = self.around(None).free.blocked.copy()
        if self.connected.region != NOWHERE:
            paint(mask, self.connected.runs, self.connected.region, REACHED)
        return mask

    def free_spot(self) -> tuple[float, float] | None:
        """Return where in the world a robot that may touch something can back off to (m).

        It is the centre of the cell from which its region is counted, its own or the nearest free
        one, so what it can reach stays the same. None for a robot that is wedged in.
        """
        if self.connected.region == NOWHERE:
            return None
        row, column = np.array(self.connected.row), np.array(self.connected.column)
        x, y = self.static.grid.centres(row, column).tolist()
        return x, y

    def with_robot_at(self, x: float, y: float) -> Reachability:
        """Return the same state with the robot at x, y (m) elsewhere in the region it can reach."""
        moved = Reachability(self.static, {**self.poses, "robot": Pose2D(x, y, 0.0)}, self._moving)
        row, column = (int(index) for index in self.static.grid.cells(np.array([x, y])))
        moved.connected = replace(self.connected, row=row, column=column)
        moved._around = self._around
        return moved

    @cached_property
    def goal_reachable(self) -> bool:
        """Whether the robot can drive to its goal."""
        return any_in_region(self.connected.runs, self.connected.region, *self.static.goal_cells)

    def reached(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return for world points (..., 2) (m) whether the robot's centre can get there, (...)."""
        inside = in_region(
            self.connected.runs,
            self.connected.region,
            points.reshape(-1, 2),
            self.static.grid.frame,
        )
        return inside.reshape(points.shape[:-1])

    def reachable_contacts(self, name: str) -> NDArray[np.bool_]:
        """Return which contact points (n,) of a movable the robot can take up.

        Raises:
            KeyError: the scene has no such movable.
        """
        if name not in self._contacts:
            static = self.static
            self._contacts[name] = contacts_in_reach(
                self.connected.runs,
                self.connected.region,
                static.contact_points[name],
                placed(self.poses[name]),
                static.grid.frame,
                static.wall_solids,
                self.solids,
                static.index[name],
                static.clearance,
            )
        return self._contacts[name]

    def contacts_after(
        self, name: str, pose: Pose2D, robot_x: float, robot_y: float
    ) -> NDArray[np.bool_]:
        """Return which contact points (n,) of a movable could be taken up after it was pushed.

        Args:
            name: of the movable.
            pose: where it would be, world frame.
            robot_x: where the robot would be (m).
            robot_y: likewise.

        Raises:
            KeyError: the scene has no such movable.
        """
        static = self.static
        free = self.around(name).free
        with free.trial(static.inflated.placed_alone(static.index[name], pose)) as trial:
            return contacts_after(
                trial,
                free.runs,
                (robot_x, robot_y),
                static.contact_points[name],
                placed(pose),
                static.grid.frame,
                static.wall_solids,
                self.solids,
                static.index[name],
                static.clearance,
            )

    def can_push_towards(self, name: str, goal: Pose2D) -> bool:
        """Return whether the robot can take up a contact that pushes roughly towards a goal.

        Roughly is within `PUSH_CONE_RAD` of the way from the movable to the goal. A box whose near
        side is out of reach cannot be brought there: it would have to be pulled.

        Args:
            name: of the movable.
            goal: wanted pose of it, world frame.

        Raises:
            KeyError: the scene has no such movable.
        """
        pose = self.poses[name]
        way = np.array([goal.x - pose.x, goal.y - pose.y])
        reachable = self.reachable_contacts(name)
        directions = pose.to_world(self.static.contacts[name].directions[reachable])
        along = (directions - np.array([pose.x, pose.y])) @ way
        return bool((along >= math.cos(PUSH_CONE_RAD) * math.hypot(*way)).any())

    @cached_property
    def reachable_objects(self) -> tuple[str, ...]:
        """Names of the movables with a reachable contact point, in file order."""
        return tuple(name for name in self.static.index if self.reachable_contacts(name).any())
