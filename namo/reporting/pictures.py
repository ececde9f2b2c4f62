"""Pictures of scenes, worlds and plans that stand alone: `namo.draw`, and what notebooks show."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from namo.reporting.plan_svg import draw_plan
from namo.reporting.scene_shapes import SceneShapes
from namo.reporting.state_svg import StateDrawings
from namo.reporting.style import drawing_style
from namo.results.episode import Episode, Plan
from namo.results.scene_row import scene_columns
from namo.scenes.scene import Scene
from namo.wording import counted
from namo.world.world import World

MAX_WIDTH_PX, MAX_HEIGHT_PX = 480.0, 360.0
"""A picture is as large as fits into this; programs may show it at any size."""


@dataclass(frozen=True)
class Drawing:
    """A picture, also in a notebook.

    Attributes:
        label: what it shows, for those who do not see it.
        svg: the SVG file as text.
    """

    label: str
    svg: str = field(repr=False)

    def save(self, path: str | Path) -> None:
        """Write the picture to an SVG file.

        Args:
            path: of the file, which is replaced.

        Raises:
            OSError: it cannot be written.
        """
        Path(path).write_text(self.svg, encoding="utf-8")

    def _repr_svg_(self) -> str:
        return self.svg


def draw(shown: Scene | World | Episode | Plan) -> Drawing:
    """Draw something from above.

    - A `Scene` at its start: walls, movables, robot and goal, and in blue the floor that the robot
      reaches.
    - A `World` in its present state, likewise; dashed outlines show where movables have left.
    - A `Plan`, or the plan of an `Episode`: the scene at its start, dashed outlines where each push
      leaves what it moves, and the path of the robot; without pushes, the scene.

    Args:
        shown: what to draw.

    Raises:
        TypeError: it is something else.
    """
    match shown:
        case Episode():
            return draw(shown.plan)
        case Plan():
            label = f"Plan of {counted(len(shown), 'push', 'pushes')}" if shown else "No pushes"
            return _picture(draw_plan(shown.scene, shown.steps.to_pylist(), label).svg, label)
        case Scene():
            poses = [value for movable in shown.movables for value in movable.pose]
            return _state(shown, [shown.robot.x, shown.robot.y, 0.0, *poses], "at its start")
        case World():
            flat = [value for pose in shown.poses().values() for value in pose]
            return _state(shown.scene, flat, "in its present state")
    raise TypeError(
        f"a {type(shown).__name__} cannot be drawn; expected Scene, World, Episode or Plan"
    )


def _state(scene: Scene, poses: list[float], when: str) -> Drawing:
    """Return the picture of a state: poses of robot and movables, x, y, theta (m, m, rad)."""
    row = scene_columns(scene)
    movables = counted(len(scene.movables), "movable", "movables")
    label = f"Scene with {movables} {when}"
    drawings = StateDrawings(row, SceneShapes(row, scene.clearance), "alone")
    return _picture(drawings.draw(poses, label), label)


def _picture(drawn: Markup, label: str) -> Drawing:
    """Return a drawing of the page as a file of its own."""
    head, body = str(drawn).split(">", 1)
    _, _, width, height = map(int, head.split('viewBox="')[1].split('"')[0].split())
    scale = min(MAX_WIDTH_PX / width, MAX_HEIGHT_PX / height)
    size = f'width="{scale * width:.0f}" height="{scale * height:.0f}"'
    alone = f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" {size} '
    head = head.replace("<svg ", alone)
    return Drawing(label, f"{head}><style>{drawing_style()}</style>{body}\n")
