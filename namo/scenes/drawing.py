"""Draw a scene from above into matplotlib axes, from its footprints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple

import cv2
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.patches import Circle, PathPatch, Polygon
from matplotlib.path import Path as Outline
from matplotlib.transforms import Bbox, TransformedBbox

from namo.geometry import Floats
from namo.scenes.grid import Grid, Mask
from namo.scenes.inspection import robot_region
from namo.scenes.palette import FLOOR, GOAL, MOVABLE, MOVABLE_EDGE, REACHED, ROBOT, WALL
from namo.scenes.regions import blocked_cells, regions_of
from namo.scenes.scene import Bounds, Scene

SMALLEST_MARK = 0.022
"""Minimum radius of robot and goal as a fraction of the view, so that they are visible."""
OPEN_MARGIN = 0.06
"""Margin around a scene without a room, as a fraction of its size."""
_UNDER_EVERYTHING, _UNDER_WALLS, _ON_FLOOR, _ON_TOP = range(4)


def view_of(scene: Scene) -> Bounds:
    """Return the rectangle of everything visible, with a margin if there is no room (m)."""
    points = [
        *(solid.corners() for solid in (*scene.walls, *scene.movables)),
        *(
            np.array([(disc.x, disc.y)]) + sign * disc.radius
            for disc in (scene.robot, scene.goal)
            for sign in (-1.0, 1.0)
        ),
    ]
    corners = np.concatenate(points)
    low, high = corners.min(axis=0), corners.max(axis=0)
    if scene.room is None:
        margin = OPEN_MARGIN * float((high - low).max())
        low, high = low - margin, high + margin
    return Bounds(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def draw_scene(axes: Axes, scene: Scene) -> None:
    """Draw a scene in metres; the axes keep their limits.

    It shows the floor (light, blue where the robot can get at the start), walls, movables, the
    robot as a disc and its goal as a ring. Robot and goal have a minimum size, so that they are
    visible in a large plan.

    Args:
        axes: to draw into; line widths depend on their limits.
        scene: to draw.

    Raises:
        SceneError: the scene is too large for the collector's grid.
    """
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    smallest = SMALLEST_MARK * max(right - left, top - bottom)
    pixels_per_m = axes.get_window_extent().width / (right - left)
    points_per_m = pixels_per_m * 72.0 / axes.figure.dpi
    _draw_floor(axes, scene)
    for wall in scene.walls:
        # The thin edge closes seams between adjacent walls. Snapping to pixels would give equal
        # walls of a large plan different thicknesses.
        shape = Polygon(wall.corners(), fc=WALL, ec=WALL, lw=0.3, snap=False, zorder=_ON_FLOOR)
        axes.add_patch(shape)
    edge = float(np.clip(0.02 * points_per_m, 0.3, 0.9))
    for movable in scene.movables:
        axes.add_patch(
            Polygon(
                movable.corners(),
                fc=MOVABLE,
                ec=MOVABLE_EDGE,
                lw=edge,
                joinstyle="miter",
                zorder=_ON_FLOOR,
            )
        )
    ring = float(np.clip(0.05 * points_per_m, 0.9, 1.8))
    goal, robot = scene.goal, scene.robot
    for centre, radius, style in (
        ((goal.x, goal.y), goal.radius, {"fc": "none", "ec": GOAL, "lw": ring}),
        ((robot.x, robot.y), robot.radius, {"fc": ROBOT, "ec": "white", "lw": 0.4}),
    ):
        axes.add_patch(Circle(centre, max(radius, smallest), zorder=_ON_TOP, **style))


def _draw_floor(axes: Axes, scene: Scene) -> None:
    regions, robots = robot_region(scene, (*scene.walls, *scene.movables))
    grid = regions.grid
    if (room := scene.room) is not None:
        floor = _path([np.array(shapely.box(*astuple(room)).exterior.coords[:-1])])
    else:
        floor = _outline(_indoors(scene, grid), grid)
    patches = [axes.add_patch(PathPatch(floor, fc=FLOOR, lw=0, zorder=_UNDER_EVERYTHING))]
    if robots:
        # The area swept by the robot's body, up to the walls it can touch, from which the grid
        # stays a cell away; walls and movables are drawn over the excess.
        outside = (regions.labels != robots).astype(np.uint8)
        distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        swept = (distance - 1.5 <= scene.robot.radius / grid.resolution).astype(np.uint8)
        reached = PathPatch(_outline(swept, grid), fc=REACHED, lw=0, zorder=_UNDER_WALLS)
        patches.append(axes.add_patch(reached))
    view = Bbox.from_extents(*astuple(view_of(scene)))
    for patch in patches:  # open floor extends beyond the view
        patch.set_clip_box(TransformedBbox(view, axes.transData))


def _indoors(scene: Scene, grid: Grid) -> Mask:
    """Return the cells that walls separate from the border of the grid; all if there are none."""
    regions = regions_of(grid, blocked_cells(grid, scene.walls, 0.0))
    labels = regions.labels
    sides = labels[1], labels[-2], labels[:, 1], labels[:, -2]
    outdoors = np.zeros(len(regions.cells), bool)
    outdoors[np.concatenate(sides)] = True
    outdoors[0] = False
    indoors = (~outdoors[labels]).astype(np.uint8)
    robot = regions.at(np.array([scene.robot.x, scene.robot.y]))
    return np.ones_like(indoors) if outdoors[robot] else indoors


def _outline(mask: Mask, grid: Grid) -> Outline:
    """Return the outline of the set cells, with holes in the opposite orientation (m)."""
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    loops = [cv2.approxPolyDP(contour, 0.7, closed=True)[:, 0] for contour in contours]
    rings = [loop.astype(np.intp) for loop in loops if len(loop) > 2]
    return _path(grid.centres(ring[:, 1], ring[:, 0]) for ring in rings)


def _path(loops: Iterable[Floats]) -> Outline:
    vertices, codes = [np.empty((0, 2))], [np.empty(0, np.uint8)]
    for loop in loops:
        vertices += [loop, loop[:1]]
        kinds = np.full(len(loop) + 1, Outline.LINETO, np.uint8)
        kinds[0], kinds[-1] = Outline.MOVETO, Outline.CLOSEPOLY
        codes.append(kinds)
    return Outline(np.concatenate(vertices), np.concatenate(codes))
