"""Whether no pushing can open a goal, as a search claims: exact geometry, and masses and friction.

It shares no code with `namo.world.seal`, whose claims it checks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import shapely

from namo.scenes.regions import BACK_OFF_M
from namo.scenes.scene import GOAL_TOLERANCE_M, Scene, Solid
from namo.world.held import HELD_FACTOR
from namo.world.seal import NUDGE_M, YIELD_M

GRAVITY = 9.81
"""Of scenes that name no other (m/s²)."""
QUARTER_SEGMENTS = 32
"""Corners of a quarter of a circle."""


def sealed_problem(scene: Scene, sealed_by: Sequence[str]) -> str | None:
    """Return what is wrong with the claim that no pushing can open the goal; None for nothing.

    Args:
        scene: under the conditions of the search, which started where the scene starts.
        sealed_by: the movables that close the goal with the walls.
    """
    by_name = {movable.name: movable for movable in scene.movables}
    if unknown := [name for name in sealed_by if name not in by_name]:
        return f"the goal is said to be sealed by {unknown[0]}, which the scene does not have"
    down = -float(scene.options.get("gravity", f"0 0 {-GRAVITY}").split()[2])
    for name in sealed_by:
        friction = max(by_name[name].friction[0], scene.floor_friction[0])
        holds = friction * by_name[name].mass * down
        if holds < HELD_FACTOR * scene.robot.max_force:
            return (
                f"the goal is said to be sealed by {name}, but {holds:.3g} N may move it and the "
                f"robot has {scene.robot.max_force:.3g} N; expected {HELD_FACTOR:g} times as much"
            )
    if _is_separated(scene, [by_name[name] for name in sealed_by]):
        return None
    what = f"walls and {', '.join(sealed_by)}" if sealed_by else "walls alone"
    return f"no pushing is said to open the goal, but {what} leave the robot a way to it"


def _is_separated(scene: Scene, held: Sequence[Solid]) -> bool:
    """Return whether a robot among nothing but walls and some movables cannot get to its goal."""
    cut = (BACK_OFF_M + scene.clearance) / 2.0
    if cut >= scene.robot.radius:
        return False
    closest = math.sqrt(scene.robot.radius**2 - cut**2) - YIELD_M
    obstacles: list[tuple[Solid, float]] = [(wall, closest) for wall in scene.walls]
    obstacles += [(solid, closest - NUDGE_M) for solid in held]
    drawn = [
        shapely.Polygon(solid.corners()).buffer(around, quad_segs=QUARTER_SEGMENTS)
        for solid, around in obstacles
    ]
    bounds = scene.bounds
    room = shapely.box(bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max)
    free = shapely.get_parts(room.difference(shapely.union_all(drawn)))
    robot, goal = (shapely.Point(each.x, each.y) for each in (scene.robot, scene.goal))
    here = [part for part in free if part.intersects(robot)]
    return bool(here) and all(part.distance(goal) > GOAL_TOLERANCE_M for part in here)
