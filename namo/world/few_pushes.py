"""Which straight pushes might begin a way to open the robot's goal in a few: a relaxation.

Nothing is simulated. A push takes away its movable and all others that it may get to; the robot is
then anywhere near the contact point, and wherever it can drive from there. What was not taken away
stands where it stood, and is pushed only from contact points that the robot can get to. What is
away may be anywhere within reach of its pushes so far, and in nobody's way. If no sequence of so
many of these pushes opens the goal, then no such sequence of real ones does.

This rests on a premise about physics: no straight push moves a movable farther than
`reach_of_push` says, directly or not, or takes the robot farther from the contact point than its
travel and `MARGIN_M`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats
from namo.scenes.grid import Cells, Grid
from namo.scenes.regions import Labels, regions_of
from namo.world.free_runs import NO_REGION
from namo.world.outlines import OutlineTable
from namo.world.reachability import Reachability
from namo.world.static_map import StaticMap

MARGIN_M = 0.25
"""How much farther than the robot travels it may get, or a movable may slide (m)."""
STILL_M = 0.001
"""Movables in place are drawn smaller by this (m): what nobody touches creeps by much less."""


def reach_of_push(travel: float, radius: float) -> float:
    """Return how far a straight push can move the centre of any movable (m).

    As far as the robot travels or, where the pushed movable is caught and turns about a corner,
    from one side of that corner to the other; and `MARGIN_M`.

    Args:
        travel: of the robot at most (m).
        radius: of the pushed movable about its centre (m).
    """
    return max(travel, 2.0 * radius) + MARGIN_M


class FewPushes:
    """What the relaxation needs of a scene."""

    def __init__(self, static: StaticMap, travels: Mapping[str, float]) -> None:
        """Measure the movables.

        Args:
            static: of the scene.
            travels: how far the robot travels at most with each movable (m).
        """
        movables = static.scene.movables
        footprints = [one.footprint for one in movables]
        self.static = static
        self.contacts = [static.contact_points[one.name] for one in movables]
        self.outlines = OutlineTable(static.grid, footprints, static.inflation - STILL_M)
        self.radii = [_radius(footprint.outline) for footprint in footprints]
        self.contact_radii = [_radius(standoffs) for standoffs, _ in self.contacts]
        farthest = [travels[one.name] for one in movables]
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
        self._scene, here = scene, reachability.connected
        self._poses = [reachability.poses[name] for name in scene.static.index]
        self._drawn: dict[frozenset[int], Labels] = {}
        self._known: dict[tuple[_After, int], bool] = {}
        centres = np.array([pose[:2] for pose in self._poses]).reshape(-1, 2)
        apart = np.linalg.norm(centres[:, None] - centres, axis=2)
        self._gaps = (apart - np.add.outer(scene.radii, scene.radii)).tolist()
        in_place = (0.0,) * len(self._poses)
        is_wedged_in = here.region == NO_REGION
        region = 0 if is_wedged_in else int(self._labels(in_place)[here.row, here.column])
        self._start = _After(in_place, frozenset({region} - {0}))

    def might_open(self, name: str, pushes: int) -> NDArray[np.bool_]:
        """Return for each contact point (n,) of a movable whether a push there might begin a way.

        Args:
            name: of the movable.
            pushes: of the way at most, this one included; at least 1.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        movable = self._scene.static.index[name]
        positions = self._scene.contacts[movable][1]
        ends = self._from_contacts(self._start, movable, positions)
        return np.array([self._opens(end, pushes - 1) for end in ends], np.bool_)

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
                around = after.away[movable] + scene.contact_radii[movable] + grid.resolution
                if here[grid.disc(pose.x, pose.y, around)].any():
                    reach = around + scene.strays[movable]
                    yield from self._ends(after, movable, np.array([[pose.x, pose.y]]), reach)
            else:
                standoffs, positions = scene.contacts[movable]
                near = _cells_near(grid, pose.to_world(standoffs), grid.resolution)
                touched = here[near].any(axis=1)
                if touched.any():
                    yield from {*self._from_contacts(after, movable, positions[touched])}

    def _from_contacts(self, after: _After, movable: int, positions: Floats) -> list[_After]:
        """Return what may come of pushing a movable in place from contact points (n, 2) (m)."""
        points = self._poses[movable].to_world(positions)
        return self._ends(after, movable, points, self._scene.strays[movable])

    def _ends(self, after: _After, movable: int, points: Floats, reach: float) -> list[_After]:
        """Return what may come of pushes that leave the robot within reach (m) of points (n, 2)."""
        away = self._shoved(after.away, movable)
        near = self._labels(away)[_cells_near(self._scene.static.grid, points, reach)]
        return [_After(away, frozenset(np.unique(one).tolist()) - {0}) for one in near]

    def _shoved(self, away: tuple[float, ...], movable: int) -> tuple[float, ...]:
        """Return how far each movable may have been moved after one more push (m)."""
        reach, moved, left = self._scene.moves[movable], {movable}, [movable]
        while left:
            one = left.pop()
            for other, gap in enumerate(self._gaps[one]):
                if other not in moved and gap <= away[one] + away[other] + reach:
                    moved.add(other)
                    left.append(other)
        return tuple(by + reach if place in moved else by for place, by in enumerate(away))

    def _labels(self, away: tuple[float, ...]) -> Labels:
        """Return the labels of the free regions among the movables in place; 0 where blocked."""
        still = frozenset(place for place, by in enumerate(away) if not by)
        if still not in self._drawn:
            blocked = self._scene.static.walls.copy()
            for place in still:
                self._scene.outlines.placed_alone(place, self._poses[place]).draw(blocked)
            self._drawn[still] = regions_of(self._scene.static.grid, blocked).labels
        return self._drawn[still]


def _radius(points: Floats) -> float:
    """Return the greatest distance of points (n, 2) from the origin (m)."""
    return float(np.linalg.norm(points, axis=1).max(initial=0.0))


def _cells_near(grid: Grid, points: Floats, reach: float) -> tuple[Cells, Cells]:
    """Return rows and columns, each (n, k), of all cells within reach (m) of points (n, 2) (m).

    Those of a few cells that are farther away are among them.
    """
    rows, columns = grid.cells(points)
    span = math.ceil(reach / grid.resolution) + 1
    offsets = np.mgrid[-span : span + 1, -span : span + 1].reshape(2, -1)
    down, across = offsets[:, np.hypot(*offsets) <= span]
    near = rows[:, None] + down, columns[:, None] + across
    last_row, last_column = grid.rows + 1, grid.columns + 1  # blocked, as is all that is outside
    return np.clip(near[0], 0, last_row), np.clip(near[1], 0, last_column)
