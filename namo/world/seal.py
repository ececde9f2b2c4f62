"""Whether no pushing can open the robot's goal: what nothing moves keeps the robot from it.

A relaxation in which every movable is gone that could be pushed at all. The robot may then be
wherever it would not overlap a wall, or a movable that is held in place. If it cannot get from here
to a cell from which its goal counts as reached, no sequence of pushes of any kind leads there. The
answer is for the physical robot, although planners drive with a skin and a clearance: while it
pushes, the robot may go through gaps through which it would not drive.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from namo.geometry import Pose2D
from namo.scenes.grid import RESOLUTION_M, Grid, inflated
from namo.scenes.regions import BACK_OFF_M
from namo.scenes.scene import GOAL_TOLERANCE_M, Scene
from namo.world.reachability import Reachability
from namo.world.static_map import StaticMap
from namo.world.zones import ROUNDING

FINE_M = RESOLUTION_M / 2.0
"""Side of the cells; with larger ones, what the robot hardly fits through would stay open."""
MAX_FINE_CELLS = 4_000_000
"""Larger scenes are drawn with cells of `RESOLUTION_M`."""
YIELD_M = 0.005
"""How far the robot may press into soft contacts."""
NUDGE_M = 0.01
"""How far a movable that is held in place may be nudged by being run into, many times."""


@dataclass(frozen=True)
class Seal:
    """Why no pushing can open the robot's goal.

    Attributes:
        held: names of the movables that close the goal with the walls, since the robot is far too
            weak for them; empty where walls alone do.
        taken: names of all others, which do not matter.
    """

    held: tuple[str, ...]
    taken: tuple[str, ...]


def seal_of(reachability: Reachability, held: tuple[str, ...]) -> Seal | None:
    """Return why no pushing can open the goal from a state; None if it might.

    None too for a robot that is wedged in, of which nothing is claimed.

    Args:
        reachability: of the state.
        held: names of the movables that nothing moves, see `namo.world.held`.
    """
    if reachability.goal_reachable or not reachability.reached_area:
        return None
    poses = reachability.poses
    names = [*reachability.static.index]
    closings: list[tuple[str, ...]] = [held] if held else []
    if reachability.goal_gap is None:  # else walls leave a drive, even with skin and clearance
        closings.insert(0, ())
    for closing in closings:
        if _is_shut(reachability.static, poses, closing):
            return Seal(closing, tuple(name for name in names if name not in closing))
    return None


def _is_shut(static: StaticMap, poses: Mapping[str, Pose2D], held: Collection[str]) -> bool:
    """Return whether walls and some movables keep the robot from every cell near its goal."""
    scene = static.scene
    is_small = static.grid.rows * static.grid.columns <= MAX_FINE_CELLS
    grid = Grid.over(scene.bounds, FINE_M if is_small else RESOLUTION_M)
    reach = closest_m(scene) - ROUNDING * grid.resolution
    if reach - NUDGE_M <= 0.0:  # too small a robot to draw obstacles smaller than they are
        return False
    mask = grid.blank()
    for wall in scene.walls:
        grid.fill(mask, wall.pose, inflated(wall.footprint, reach))
    for name in held:
        grid.fill(mask, poses[name], inflated(scene.movable(name).footprint, reach - NUDGE_M))
    _, labels = cv2.connectedComponents((mask == 0).astype(np.uint8), connectivity=8)
    goal = grid.disc(scene.goal.x, scene.goal.y, GOAL_TOLERANCE_M + grid.resolution)
    here = labels[grid.cells(np.array(poses["robot"][:2]))]
    return bool(here) and not (labels[goal] == here).any()


def closest_m(scene: Scene) -> float:
    """Return how close the robot's centre comes to anything, negative where that is not known (m).

    After a push the robot goes straight to the nearest free cell, which may cut a corner.
    """
    cut = (BACK_OFF_M + scene.clearance) / 2.0
    squared = scene.robot.radius**2 - cut**2
    return math.sqrt(squared) - YIELD_M if squared > 0.0 else -1.0
