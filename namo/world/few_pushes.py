"""Which straight pushes might begin a way to open the robot's goal in a few: a relaxation.

Nothing is simulated. A push takes away its movable and all others that it may get to; the robot is
then anywhere near the contact point, and wherever it can drive from there. What was not taken away
stands where it stood, and is pushed only from contact points that the robot can get to. What is
away may be anywhere within reach of its pushes so far, and in nobody's way. If no sequence of so
many of these pushes opens the goal, then no such sequence of real ones does.

This rests on a premise about physics: a straight push moves its movable by no more than
`reach_of_push` says, another by no more than what is left of that way when it is touched, and the
robot by no more than its travel and `MARGIN_M`; nothing goes through walls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from namo.geometry import Floats
from namo.scenes.footprint import Footprint, FootprintSet, overlap_depth
from namo.scenes.grid import Cells, Grid, Mask, inflated
from namo.scenes.regions import Labels, regions_of
from namo.world.free_runs import NO_REGION
from namo.world.held import sliding_frictions
from namo.world.outlines import OutlineTable
from namo.world.reachability import Reachability
from namo.world.seal import closest_m
from namo.world.world import World
from namo.world.zones import ROUNDING, FlatCells, covered_by_walls, zone_around

MARGIN_M = 0.15
"""How much farther than the robot travels it may get, or a movable may slide (m)."""
MAX_STRENGTH = 8.0
"""A robot with more times the force that slides a movable may fling it: nothing is claimed then."""
STILL_M = 0.001
"""Movables in place are drawn smaller by this (m): what nobody touches creeps by much less."""
PRESSED_M = 0.005
"""How far movables may be pressed into walls and each other (m). One that overlaps more is thrown
out by the physics, nobody knows how far."""


def reach_of_push(travel: float, radius: float) -> float:
    """Return how far a straight push can move the centre of its movable (m).

    As far as the robot travels or, where the movable is caught at a corner and turns about it, from
    one side of that corner to the other; and `MARGIN_M`. In the benchmark scenes the way of a
    pushed movable is at most 7 cm longer than that of the robot.

    Args:
        travel: of the robot at most (m).
        radius: of the pushed movable about its centre (m).
    """
    return max(travel, 2.0 * radius) + MARGIN_M


class FewPushes:
    """What the relaxation needs of a scene."""

    def __init__(self, world: World) -> None:
        """Measure the movables.

        Args:
            world: of the scene; its state does not matter.

        Raises:
            SceneError: see `World.primitives`.
            OSError: likewise.
        """
        static, movables = world.static, world.scene.movables
        frictions = sliding_frictions(world.simulation).values()
        most = MAX_STRENGTH * min(frictions, default=math.inf)
        self.is_gentle = world.scene.robot.max_force <= most and not world.simulation.model.npair
        footprints = [one.footprint for one in movables]
        self.static, self.solid_walls = static, covered_by_walls(static)
        self.contacts = [static.contact_points[one.name] for one in movables]
        self.outlines = OutlineTable(static.grid, footprints, static.inflation - STILL_M)
        close = closest_m(static.scene) - ROUNDING * static.grid.resolution
        self.tight_walls, self.tight_outlines = self.solid_walls, None
        if close > 0.0:  # else the robot is too small to draw obstacles smaller than they are
            self.tight_outlines = OutlineTable(static.grid, footprints, close)
            self.tight_walls = np.zeros_like(static.walls)
            for wall in static.scene.walls:
                static.grid.fill(self.tight_walls, wall.pose, inflated(wall.footprint, close))
        self.radii = [_radius(footprint.outline) for footprint in footprints]
        self.cores = [_core(footprint) for footprint in footprints]
        self.contact_radii = [_radius(standoffs) for standoffs, _ in self.contacts]
        farthest = [float(world.primitives(one.name)[0].travels.max()) for one in movables]
        self.moves = [reach_of_push(*both) for both in zip(farthest, self.radii, strict=True)]
        self.strays = [travel + MARGIN_M + static.scene.clearance for travel in farthest]

    def ahead_of(self, reachability: Reachability) -> PushesAhead:
        """Return the relaxation from a state."""
        return PushesAhead(self, reachability)


class _After(NamedTuple):
    """What is known after some pushes.

    Attributes:
        away: how far each movable may have been moved (m), 0 if it is in place.
        regions: labels of the free regions, among what is in place, that the robot may be in.
    """

    away: tuple[float, ...]
    regions: frozenset[int]


class PushesAhead:
    """What may come of pushing from one state."""

    def __init__(self, scene: FewPushes, reachability: Reachability) -> None:
        """Start at a state.

        Args:
            scene: what is needed of it.
            reachability: of the state.
        """
        self._scene, self._reachability = scene, reachability
        self._poses = [reachability.poses[name] for name in scene.static.index]
        self._drawn: dict[tuple[float, ...], Labels] = {}
        self._tight_masks: dict[tuple[float, ...], Mask] = {}
        self._zones: dict[tuple[int, float], FlatCells] = {}
        self._known: dict[tuple[_After, int], bool] = {}
        centres = np.array([pose[:2] for pose in self._poses]).reshape(-1, 2)
        self._apart = np.linalg.norm(centres[:, None] - centres, axis=2)
        shapes = [one.footprint for one in scene.static.scene.movables]
        placed = zip(self._poses, shapes, strict=True)
        self._off = FootprintSet(placed).distances(centres)
        self._is_sure = scene.is_gentle and not self._overlaps()
        in_place, here = (0.0,) * len(self._poses), reachability.connected
        regions = {0}
        if here.region != NO_REGION:
            regions.add(int(self._labels(in_place)[here.row, here.column]))
        self._start = _After(in_place, frozenset(regions - {0}))

    def might_open(self, name: str, pushes: int) -> NDArray[np.bool_]:
        """Return which contact points (n,) of a movable, of those in reach, might begin a way.

        Args:
            name: of the movable.
            pushes: of the way at most, the one from the contact included; at least 1.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        might = self._reachability.reachable_contacts(name).copy()
        if not self._is_sure:
            return might
        in_reach = np.flatnonzero(might)
        ends = self._from_contacts(self._start, self._scene.static.index[name], in_reach)
        might[in_reach] = [self._opens(end, pushes - 1) for end in ends]
        return might

    def farthest_moves(self, name: str) -> dict[str, float]:
        """Return how far each movable may get when one is pushed straight (m), 0 if not touched.

        Args:
            name: of the one that the robot pushes.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        names = self._scene.static.index
        if not self._is_sure:
            return dict.fromkeys(names, math.inf)
        return dict(zip(names, self._shoved(self._start.away, names[name]), strict=True))

    def _opens(self, after: _After, left: int) -> bool:
        """Return whether the goal is open after some pushes, or might be after so many more."""
        key = after, left
        if key not in self._known:
            goal = self._labels(after.away)[self._scene.static.goal_cells]
            self._known[key] = not after.regions.isdisjoint(goal.tolist()) or (
                left > 0 and any(self._opens(end, left - 1) for end in self._next(after))
            )
        return self._known[key]

    def _next(self, after: _After) -> Iterator[_After]:
        """Yield what may come of every push that the robot might then make."""
        scene, grid = self._scene, self._scene.static.grid
        here = np.isin(self._labels(after.away), [*after.regions])
        for movable, pose in enumerate(self._poses):
            if after.away[movable]:
                around = after.away[movable] + scene.contact_radii[movable]
                if here.flat[self._zone(movable, around)].any():
                    zone = self._zone(movable, around + scene.strays[movable])
                    yield from self._ends(after, movable, [zone])
            else:
                near = _cells_beside(grid, pose.to_world(scene.contacts[movable][0]))
                touched = np.flatnonzero(here[near].any(axis=1))
                yield from {*self._from_contacts(after, movable, touched)}

    def _from_contacts(
        self, after: _After, movable: int, contacts: NDArray[np.intp]
    ) -> list[_After]:
        """Return what may come of pushing a movable in place from some of its contacts (n,)."""
        scene, grid = self._scene, self._scene.static.grid
        points = self._poses[movable].to_world(scene.contacts[movable][1][contacts])
        tight = self._tight(self._shoved(after.away, movable))
        cells = np.ravel_multi_index(grid.cells(points), tight.shape)
        near = (
            zone_around(grid, tight, cell, (x, y), scene.strays[movable])
            for cell, (x, y) in zip(cells[:, None], points.tolist(), strict=True)
        )
        return self._ends(after, movable, near)

    def _ends(self, after: _After, movable: int, zones: Iterable[FlatCells]) -> list[_After]:
        """Return what may come of pushes of a movable that leave the robot in some zone each."""
        away = self._shoved(after.away, movable)
        labels = self._labels(away)
        regions = (np.unique(labels.flat[zone]).tolist() for zone in zones)
        return [_After(away, frozenset(one) - {0}) for one in regions]

    def _shoved(self, away: tuple[float, ...], movable: int) -> tuple[float, ...]:
        """Return how far each movable may have been moved after one more push (m)."""
        scene = self._scene
        ways, left = {movable: scene.moves[movable]}, {*range(len(away))}
        while left & ways.keys():
            one = max(left & ways.keys(), key=lambda place: ways[place])
            left.remove(one)
            swept = np.zeros(scene.solid_walls.size, np.bool_)
            swept[self._zone(one, away[one] + ways[one] + scene.radii[one])] = True
            for other in left:
                way = ways[one] - max(self._gap(one, other, away), 0.0)
                by = away[other]
                standing = self._zone(other, by + scene.radii[other] if by else 0.0)
                if way > ways.get(other, 0.0) and swept[standing].any():
                    ways[other] = way
        return tuple(by + ways.get(place, 0.0) for place, by in enumerate(away))

    def _gap(self, one: int, other: int, away: tuple[float, ...]) -> float:
        """Return how far a movable has to move at least before it touches another (m)."""
        if away[other]:
            gap = self._apart[one, other] - self._scene.radii[other] - away[other]
        else:
            gap = self._off[one, other]
        return float(gap - self._scene.radii[one] - away[one])

    def _overlaps(self) -> bool:
        """Return whether a movable overlaps a wall or another by more than `PRESSED_M`."""
        static, radii = self._scene.static, self._scene.radii
        walls = [(wall.pose, wall.footprint) for wall in static.scene.walls]
        shapes = [one.footprint for one in static.scene.movables]
        movables = list(zip(self._poses, shapes, strict=True))
        centres = np.array([pose[:2] for pose in self._poses]).reshape(-1, 2)
        near_walls = static.wall_footprints.distances(centres) < np.reshape(radii, (-1, 1))
        near = np.triu(self._off < np.reshape(radii, (-1, 1)), 1)
        pairs = [(movables[i], walls[j]) for i, j in np.argwhere(near_walls).tolist()]
        pairs += [(movables[i], movables[j]) for i, j in np.argwhere(near).tolist()]
        return any(overlap_depth(*one, *other) > PRESSED_M for one, other in pairs)

    def _zone(self, movable: int, reach: float) -> FlatCells:
        """Return the cells within reach (m) of where a movable stands; 0 for those it covers."""
        key = movable, reach
        if key not in self._zones:
            pose, scene = self._poses[movable], self._scene
            if reach:
                own, at = self._zone(movable, 0.0), (pose.x, pose.y)
                self._zones[key] = zone_around(scene.static.grid, scene.solid_walls, own, at, reach)
            else:
                covered = np.zeros_like(scene.solid_walls)
                scene.static.solid.placed_alone(movable, pose).draw(covered)
                self._zones[key] = np.flatnonzero(covered)
        return self._zones[key]

    def _tight(self, away: tuple[float, ...]) -> Mask:
        """Return the mask of the cells in which the robot would overlap what is in place."""
        if away not in self._tight_masks:
            outlines, blocked = self._scene.tight_outlines, self._scene.tight_walls.copy()
            for place, (by, pose) in enumerate(zip(away, self._poses, strict=True)):
                if outlines is not None and not by:
                    outlines.placed_alone(place, pose).draw(blocked)
            self._tight_masks[away] = blocked
        return self._tight_masks[away]

    def _labels(self, away: tuple[float, ...]) -> Labels:
        """Return the labels of the free regions among the movables in place; 0 where blocked."""
        if away not in self._drawn:
            scene, grid = self._scene, self._scene.static.grid
            blocked = scene.static.walls.copy()
            for place, (by, pose) in enumerate(zip(away, self._poses, strict=True)):
                core = scene.cores[place] + scene.static.inflation - by
                if not by:
                    scene.outlines.placed_alone(place, pose).draw(blocked)
                elif core > 0.0:  # moved by so little, it still covers this
                    blocked[grid.disc(pose.x, pose.y, core)] = 1
            self._drawn[away] = regions_of(grid, blocked).labels
        return self._drawn[away]


def _radius(points: Floats) -> float:
    """Return the greatest distance of points (n, 2) from the origin (m)."""
    return float(np.linalg.norm(points, axis=1).max(initial=0.0))


def _core(footprint: Footprint) -> float:
    """Return the radius of a disc around the centre of a footprint within it (m)."""
    outline = shapely.Polygon(footprint.outline)
    centre = shapely.Point(0.0, 0.0)
    return float(outline.exterior.distance(centre)) if outline.covers(centre) else 0.0


def _cells_beside(grid: Grid, points: Floats) -> tuple[Cells, Cells]:
    """Return rows and columns, each (n, 9), of the cells of points (n, 2) (m) and beside them."""
    rows, columns = grid.cells(points)
    down, across = np.mgrid[-1:2, -1:2].reshape(2, -1)
    return (
        np.clip(rows[:, None] + down, 0, grid.rows + 1),
        np.clip(columns[:, None] + across, 0, grid.columns + 1),
    )
