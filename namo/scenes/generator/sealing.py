"""Seal goals: turn the boxes around the region of a goal into something that nothing can move.

Such a scene is impossible by construction. What surrounds the region stays in place, whatever
happens to the other boxes, so the robot cannot enter it.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from namo.scenes.grid import Grid
from namo.scenes.regions import blocked_cells, free_regions, regions_of
from namo.scenes.scene import GOAL_TOLERANCE_M, Movable, Scene, Wall

HEAVY_KG = 50.0
NARROWER_M = 0.06
"""A seal also closes for a robot whose radius is smaller by this much (m): a search can then show
that no pushing helps, see `namo.world.seal`."""


def sealed(scene: Scene, seal: str) -> Scene | None:
    """Return a scene with the boxes around the region of its goal turned into a seal.

    Args:
        scene: whose goal is out of reach at the start.
        seal: "walls" or "weight".

    Returns:
        None where the robot, or one a little narrower, would come within the tolerance of the goal.
    """
    around = _boxes_around_goal(scene)
    if _is_within_tolerance(scene, around):
        return None
    if seal == "weight":
        heavy = {box.name for box in around}
        boxes = (
            replace(box, mass=HEAVY_KG) if box.name in heavy else box for box in scene.movables
        )
        return replace(scene, movables=tuple(boxes))
    first = len(scene.walls) + 1
    walls = (
        Wall(f"wall_{number}", box.pose, box.footprint, box.half_z, box.z)
        for number, box in enumerate(around, start=first)
    )
    others = tuple(box for box in scene.movables if box not in around)
    return replace(scene, walls=(*scene.walls, *walls), movables=others)


def _boxes_around_goal(scene: Scene) -> list[Movable]:
    """Return the boxes that border the free region of the goal."""
    radius = scene.robot.radius
    regions = free_regions(scene.bounds, (*scene.walls, *scene.movables), radius)
    goal = regions.at(np.array([scene.goal.x, scene.goal.y]))
    beside = cv2.dilate((regions.labels == goal).astype(np.uint8), np.ones((3, 3), np.uint8)) != 0
    return [
        box
        for box in scene.movables
        if (beside & (blocked_cells(regions.grid, [box], radius) != 0)).any()
    ]


def _is_within_tolerance(scene: Scene, seal: list[Movable]) -> bool:
    """Return whether the goal can be reached, or nearly so, when only its seal is left."""
    grid, radius = Grid.over(scene.bounds), max(scene.robot.radius - NARROWER_M, 0.0)
    regions = regions_of(grid, blocked_cells(grid, (*scene.walls, *seal), radius))
    start = regions.at(np.array([scene.robot.x, scene.robot.y]))
    rows, columns = np.nonzero(regions.labels == start)
    points = grid.centres(rows, columns)
    distance = np.linalg.norm(points - np.array([scene.goal.x, scene.goal.y]), axis=1)
    return bool((distance <= GOAL_TOLERANCE_M + 2 * grid.resolution).any())
