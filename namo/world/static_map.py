"""What reachability needs of a scene and does not change with its state.

The walls on the grid, the shapes and contact points of the movables, and a small cache of the
obstacles around a movable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from namo.errors import SceneError, UnknownMovableError
from namo.geometry import Floats, Pose2D, placed
from namo.scenes.footprint import FootprintSet
from namo.scenes.grid import SKIN_M, Grid, inflated, inside, perimeter
from namo.scenes.regions import BACK_OFF_M
from namo.scenes.scene import GOAL_TOLERANCE_M, Scene
from namo.world.clearance import Solids, SolidTable
from namo.world.contacts import contact_points
from namo.world.free_space import FreeSpace
from namo.world.goal_distance import RowMinima, goal_distances, row_minima
from namo.world.grid_lookup import any_set
from namo.world.obstacle_map import ObstacleMap
from namo.world.outlines import OutlineTable

MAX_CACHED_MAPS = 4
"""Obstacle maps that are kept for reuse; the oldest is dropped first."""

Value = TypeVar("Value")


class ByMovable(dict[str, Value]):
    """A table by the name of a movable; looking up any other name is an `UnknownMovableError`."""

    def __missing__(self, name: str) -> NoReturn:
        raise UnknownMovableError(name, list(self))


class StaticMap:
    """What reachability needs of a scene and does not change with its state.

    Not thread-safe, because obstacle maps are cached and reused: every thread needs its own.

    Attributes:
        scene: the scene.
        grid: over its bounds.
        inflation: how far the robot's centre keeps from everything: its radius, a skin, and the
            clearance of the scene (m).
        walls: mask of the cells in which the robot's centre would be too close to a wall.
        solid_walls: mask of the cells that walls themselves cover.
        index: position of each movable in the file.
        inflated: outlines of the movables that the robot's centre must stay out of.
        solid: outlines of the movables themselves.
        solids: the movables, to be placed in the world for compiled code.
        contacts: contact points of each movable.
        contact_points: standoffs (n, 2) and positions (n, 2) of the same, in its frame (m).
        perimeters: points (n, 2) along the border of each movable, in its frame (m).
        insides: points (n, 2) that cover each movable, likewise.
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
        self.inflation = radius + SKIN_M + scene.clearance
        self.walls, self.solid_walls = self.grid.blank(), self.grid.blank()
        for wall in scene.walls:
            self.grid.fill(self.walls, wall.pose, inflated(wall.footprint, self.inflation))
            self.grid.fill(self.solid_walls, wall.pose, inflated(wall.footprint, 0.0))
        self.index = ByMovable((one.name, place) for place, one in enumerate(scene.movables))
        footprints = {movable.name: movable.footprint for movable in scene.movables}
        self.inflated = OutlineTable(self.grid, footprints.values(), self.inflation)
        self.solid = OutlineTable(self.grid, footprints.values(), 0.0)
        self.solids = SolidTable(footprints.values())
        self.contacts = ByMovable(
            (name, contact_points(shape, radius, scene.clearance))
            for name, shape in footprints.items()
        )
        self.contact_points = ByMovable(
            (name, (points.standoffs, points.positions)) for name, points in self.contacts.items()
        )
        self.perimeters = ByMovable((name, perimeter(shape)) for name, shape in footprints.items())
        self.insides = ByMovable((name, inside(shape)) for name, shape in footprints.items())
        placed_walls = [(wall.pose, wall.footprint) for wall in scene.walls]
        self.wall_footprints, self.wall_solids = FootprintSet(placed_walls), Solids.of(placed_walls)
        self.goal_cells = self.grid.disc(scene.goal.x, scene.goal.y, GOAL_TOLERANCE_M)
        self._free = FreeSpace(self.grid, self.walls, back_off_m=BACK_OFF_M + scene.clearance)
        self._by_outlines: _Cache = {}
        self._by_poses: _Cache = {}

    @cached_property
    def goal_distances(self) -> NDArray[np.int32]:
        """Distances to the robot's goal, (rows + 2, columns + 2); see `goal_distance`."""
        plain = np.ones(self.walls.shape, np.int32)
        return goal_distances(self.walls, plain, *self.goal_cells)

    @cached_property
    def goal_distance_minima(self) -> RowMinima:
        """The least of `goal_distances` in each row."""
        return row_minima(self.goal_distances)

    def fits(self, name: str, pose: Pose2D) -> bool:
        """Return whether a movable at a world pose stays inside the bounds and out of the walls.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        return not any_set(self.solid_walls, self.insides[name], placed(pose), self.grid.frame)

    def clear_cache(self) -> None:
        """Drop the cached obstacle maps; changes no result."""
        self._by_outlines.clear()
        self._by_poses.clear()

    def free_among(self, names: Iterable[str], poses: Mapping[str, Pose2D]) -> FreeSpace:
        """Return where the robot's centre can be among the walls and some of the movables.

        Args:
            names: of these movables.
            poses: world poses of theirs, and of any others.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        places = ((self.index[name], poses[name]) for name in names)
        return self._free.with_obstacles(self.inflated.placed_alone(*place) for place in places)

    def obstacles_excluding(self, name: str | None, poses: Floats) -> ObstacleMap:
        """Return the obstacles around a movable.

        Args:
            name: of the movable; None to include every movable.
            poses: (n, 3) of all movables: x, y (m), theta (rad), world frame.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        others = poses
        if name is not None:
            others = poses.copy()
            others[self.index[name]] = 0.0
        # Sleeping boxes keep exactly the same poses; others drift by less than the grid resolves.
        # So maps are looked up by poses first, which is cheap, and then by what would be drawn.
        by_poses = name, others.tobytes()
        if by_poses not in self._by_poses:
            inflated, solid = self.inflated.placed(poses), self.solid.placed(poses)
            if name is not None:
                del inflated[self.index[name]], solid[self.index[name]]
            by_outlines = name, b"".join(one.pixels.tobytes() for one in (*inflated, *solid))
            if by_outlines not in self._by_outlines:
                points = np.empty((0, 2)) if name is None else self.insides[name]
                obstacles = ObstacleMap(self._free.with_obstacles(inflated), points, solid)
                _store(self._by_outlines, by_outlines, obstacles)
            _store(self._by_poses, by_poses, self._by_outlines[by_outlines])
        return self._by_poses[by_poses]


_Cache = dict[tuple[str | None, bytes], ObstacleMap]


def _store(cache: _Cache, key: tuple[str | None, bytes], obstacles: ObstacleMap) -> None:
    if len(cache) == MAX_CACHED_MAPS:
        del cache[next(iter(cache))]
    cache[key] = obstacles
