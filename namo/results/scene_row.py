"""The geometry of a scene as a table row: enough to draw it without its file."""

from __future__ import annotations

from namo.results.reach_columns import UNKNOWN_REACH
from namo.results.record_types import SceneColumns
from namo.results.schema import DRAWING_DECIMALS
from namo.scenes.scene import GOAL_TOLERANCE_M, Scene


def scene_columns(scene: Scene) -> SceneColumns:
    """Return the columns of the scenes table that the scene decides (m, rad).

    What the robot reaches takes a world; until there is one, it is not known.
    """
    bounds, robot, goal = scene.bounds, scene.robot, scene.goal
    return {
        "bounds": _short(bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max),
        "robot": _short(robot.x, robot.y, robot.radius),
        "goal": _short(goal.x, goal.y, GOAL_TOLERANCE_M),
        "walls": [_short(*wall.corners().ravel().tolist()) for wall in scene.walls],
        "movables": [movable.name for movable in scene.movables],
        "outlines": [
            _short(*movable.footprint.outline.ravel().tolist()) for movable in scene.movables
        ],
        "poses": _short(*(value for movable in scene.movables for value in movable.pose)),
        **UNKNOWN_REACH,
    }


def _short(*values: float) -> list[float]:
    return [round(value, DRAWING_DECIMALS) for value in values]
