"""Where the robot can drive: the one definition that everything asks.

The robot's centre may be in every cell that is free on the conservative grid of
`namo.scenes.grid` and connected to the robot over eight neighbours. The robot's goal is reachable
when a reached cell lies within `GOAL_TOLERANCE_M` of it; an object when one of its contact points
is: the standoff in a reached cell, and the contact point itself clear of everything else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from namo.geometry import Pose2D
from namo.scenes.footprint import FootprintSet
from namo.scenes.grid import SKIN_M, Grid, Mask, inflated, inside, perimeter
from namo.scenes.regions import BACK_OFF_M
from namo.scenes.scene import GOAL_TOLERANCE_M, Scene
from namo.world.contacts import contact_points

PUSH_CONE_RAD = math.radians(60)

REACHED = 2
"""What a mask holds where the robot can get; 1 is blocked, 0 free but cut off."""
_FLOOD = 8 | cv2.FLOODFILL_MASK_ONLY | (REACHED << 8)  # eight neighbours


class StaticMap:
    """What reachability needs of a scene and does not change with its state.

    Attributes:
        scene: the scene.
        grid: over its bounds.
        walls: mask of the cells in which the robot would touch a wall.
        solid_walls: mask of the cells that walls themselves cover.
    """

    def __init__(self, scene: Scene) -> None:
        """Draw the walls.

        Raises:
            SceneError: the scene is too large for the grid.
        """
        self.scene = scene
        self.grid = Grid.over(scene.bounds)
        radius = scene.robot.radius
        self.walls, self.solid_walls = self.grid.blank(), self.grid.blank()
        for wall in scene.walls:
            self.grid.fill(self.walls, wall.pose, inflated(wall.footprint, radius + SKIN_M))
            self.grid.fill(self.solid_walls, wall.pose, inflated(wall.footprint, 0.0))
        self.index = {movable.name: place for place, movable in enumerate(scene.movables)}
        footprints = {movable.name: movable.footprint for movable in scene.movables}
        self.solid_outlines = {name: inflated(shape, 0.0) for name, shape in footprints.items()}
        self.outlines = {
            name: inflated(shape, radius + SKIN_M) for name, shape in footprints.items()
        }
        self.contacts = {name: contact_points(shape, radius) for name, shape in footprints.items()}
        self.perimeters = {name: perimeter(shape) for name, shape in footprints.items()}
        self.insides = {name: inside(shape) for name, shape in footprints.items()}
        self.wall_footprints = FootprintSet((wall.pose, wall.footprint) for wall in scene.walls)
        self.goal_cells = self._goal_cells()
        self._unused_image = np.zeros((self.grid.rows, self.grid.columns), np.uint8)

    def _goal_cells(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        goal = np.array([self.scene.goal.x, self.scene.goal.y])
        row, column = (int(index) for index in self.grid.cells(goal))
        span = math.ceil(GOAL_TOLERANCE_M / self.grid.resolution)
        rows, columns = np.mgrid[-span : span + 1, -span : span + 1].reshape(2, -1)
        rows, columns = rows + row, columns + column
        distances = np.hypot(*(self.grid.centres(rows, columns) - goal).T)
        near = distances <= GOAL_TOLERANCE_M
        near &= (rows > 0) & (rows <= self.grid.rows)
        near &= (columns > 0) & (columns <= self.grid.columns)
        return rows[near], columns[near]

    def fits(self, name: str, pose: Pose2D) -> bool:
        """Return whether a movable at a pose stays inside the bounds and out of the walls."""
        cells = self.grid.cells(pose.to_world(self.insides[name]))
        return not self.solid_walls[cells].any()

    def flood(self, mask: Mask, row: int, column: int) -> None:
        """Mark every free cell connected to the given free cell as reached, in place."""
        # The image is uniform and unused: only the mask steers the fill.
        cv2.floodFill(self._unused_image, mask, (column - 1, row - 1), 0, 0, 0, _FLOOD)


class Reachability:
    """Answers about one state; every part is computed once, when first asked for.

    Attributes:
        static: of the scene.
        poses: world poses of the robot and all movables.
    """

    def __init__(self, static: StaticMap, poses: Mapping[str, Pose2D]) -> None:
        """Remember what to answer about; nothing is computed yet."""
        self.static = static
        self.poses = poses
        self._contacts: dict[str, NDArray[np.bool_]] = {}

    @cached_property
    def mask(self) -> Mask:
        """Cells of the grid: 0 free but not reached, 1 blocked, 2 reached."""
        static = self.static
        mask = static.walls.copy()
        for name, outline in static.outlines.items():
            static.grid.fill(mask, self.poses[name], outline)
        seed = self._seed(mask)
        if seed is not None:
            static.flood(mask, *seed)
        return mask

    def _seed(self, mask: Mask) -> tuple[int, int] | None:
        robot = np.array(self.poses["robot"][:2])
        row, column = (int(index) for index in self.static.grid.cells(robot))
        if mask[row, column] != 1:
            return row, column
        return self._nearest_free(mask, robot, row, column)

    def _nearest_free(
        self, mask: Mask, point: NDArray[np.float64], row: int, column: int
    ) -> tuple[int, int] | None:
        span = int(BACK_OFF_M / self.static.grid.resolution) + 1
        top, left = max(row - span, 0), max(column - span, 0)
        free = np.nonzero(mask[top : row + span + 1, left : column + span + 1] != 1)
        rows, columns = free[0] + top, free[1] + left
        distance = np.hypot(*(self.static.grid.centres(rows, columns) - point).T)
        if not distance.size or distance.min() > BACK_OFF_M:
            return None
        best = int(distance.argmin())
        return int(rows[best]), int(columns[best])

    def after(self, name: str, pose: Pose2D, robot: Pose2D) -> Reachability:
        """Return the reachability of the same state with one movable and the robot elsewhere."""
        return Reachability(self.static, {**self.poses, name: pose, "robot": robot})

    def free_spot(self) -> tuple[float, float] | None:
        """Return where a robot that may touch something can back off to (m).

        It is the centre of the cell from which its region was flooded, its own or the nearest free
        one, so what it can reach stays the same. None for a robot that is wedged in.
        """
        seed = self._seed(self.mask)
        if seed is None:
            return None
        x, y = self.static.grid.centres(np.array(seed[0]), np.array(seed[1])).tolist()
        return x, y

    def with_robot_at(self, x: float, y: float) -> Reachability:
        """Return the same state with the robot elsewhere in the region it can reach."""
        moved = Reachability(self.static, {**self.poses, "robot": Pose2D(x, y, 0.0)})
        moved.mask = self.mask
        return moved

    @cached_property
    def goal_reachable(self) -> bool:
        """Whether the robot can drive to its goal."""
        return bool((self.mask[self.static.goal_cells] == REACHED).any())

    def reached(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return for world points (..., 2) whether the robot's centre can get there."""
        return np.asarray(self.mask[self.static.grid.cells(points)] == REACHED)

    def reachable_contacts(self, name: str) -> NDArray[np.bool_]:
        """Return which contact points (n,) of a movable the robot can take up."""
        if name not in self._contacts:
            self._contacts[name] = self._find_contacts(name)
        return self._contacts[name]

    def _find_contacts(self, name: str) -> NDArray[np.bool_]:
        contacts = self.static.contacts[name]
        pose = self.poses[name]
        reachable = self.reached(pose.to_world(contacts.standoffs))
        if reachable.any():
            reachable[reachable] = self._clear(name, pose.to_world(contacts.positions[reachable]))
        return reachable

    def can_push_towards(self, name: str, goal: Pose2D) -> bool:
        """Return whether the robot can take up a contact that pushes roughly towards a goal.

        Roughly is within `PUSH_CONE_RAD` of the way from the movable to the goal. A box whose near
        side is out of reach cannot be brought there: it would have to be pulled.
        """
        pose = self.poses[name]
        way = np.array([goal.x - pose.x, goal.y - pose.y])
        reachable = self.reachable_contacts(name)
        directions = pose.to_world(self.static.contacts[name].directions[reachable])
        along = (directions - np.array([pose.x, pose.y])) @ way
        return bool((along >= math.cos(PUSH_CONE_RAD) * math.hypot(*way)).any())

    @cached_property
    def _movables(self) -> FootprintSet:
        movables = self.static.scene.movables
        return FootprintSet((self.poses[one.name], one.footprint) for one in movables)

    def _clear(self, name: str, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether the robot at these points (n, 2) touches nothing but the named box."""
        radius = self.static.scene.robot.radius + SKIN_M
        to_movables = self._movables.distances(points)
        to_movables[:, self.static.index[name]] = np.inf
        to_walls = self.static.wall_footprints.distances(points)
        return np.asarray((to_movables >= radius).all(1) & (to_walls >= radius).all(1))

    @cached_property
    def reachable_objects(self) -> tuple[str, ...]:
        """Names of the movables with a reachable contact point, in file order."""
        return tuple(name for name in self.static.index if self.reachable_contacts(name).any())
