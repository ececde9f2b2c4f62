"""A scene as a table row: its geometry, enough to draw it without its file, and its remarks."""

from __future__ import annotations

from namo.results.reach_columns import UNKNOWN_REACH
from namo.results.record_types import SceneColumns, SceneRemark
from namo.results.schema import DRAWING_DECIMALS
from namo.scenes.inspection import inspect_scene
from namo.scenes.scene import GOAL_TOLERANCE_M, Scene


def scene_columns(scene: Scene) -> SceneColumns:
    """Return the columns of the scenes table that depend on the scene alone (m, rad).

    Remarks are left to `scene_remarks`, which simulates, and what the robot reaches to
    `reach_columns`, which takes a world; until then they are not known.
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
        "remarks": None,
        **UNKNOWN_REACH,
    }


def scene_remarks(scene: Scene) -> list[SceneRemark]:
    """Return what is odd about a scene; notes are left out.

    Raises:
        SceneError: the scene is too large for the grid of the collector.
    """
    odd = [remark for remark in inspect_scene(scene) if not remark.is_note]
    return [{"kind": remark.kind.value, "text": remark.text} for remark in odd]


def _short(*values: float) -> list[float]:
    return [round(value, DRAWING_DECIMALS) for value in values]
