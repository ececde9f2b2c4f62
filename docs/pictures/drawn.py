"""Top-down pictures of scenes as small SVG files, for light and dark pages.

The colours are those of the report and follow the colour scheme of the page that shows the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from namo.geometry import Floats, Pose2D
from namo.scenes import palette
from namo.scenes.grid import Mask
from namo.scenes.scene import Scene, Solid
from namo.world.reachability import REACHED
from namo.world.static_map import StaticMap

HERE = Path(__file__).parent
DEMO = HERE.parents[1] / "resources" / "scenes" / "demo"

_FILLED = {
    "page": (palette.PAGE, "#1d2127"),
    "ink": (palette.INK, palette.DARK_INK),
    "faint": ("#626a76", "#9aa3af"),
    "tile": ("#f1f1ef", "#2a3038"),
    "accent": ("#dbe8fb", "#24406b"),
    "floor": (palette.FLOOR, "#2b313a"),  # in the dark on a lighter page than the report's
    "free": ("#dcdfe4", "#3d4550"),
    "reached": (palette.REACHED, "#27476f"),
    "wall": (palette.WALL, palette.DARK_WALL),
    "robot": (palette.ROBOT, palette.DARK_ROBOT),
}
_OUTLINED = {
    "movable": (
        palette.MOVABLE,
        palette.DARK_MOVABLE,
        palette.MOVABLE_EDGE,
        palette.DARK_MOVABLE_EDGE,
    ),
}
_EDGED = {
    "edge": ("#b9bec7", "#66728a"),
}
_DRAWN = {
    "ghost": ("#c77d1e", "#f7cf90", "stroke-width:1.5;stroke-dasharray:5 4"),
    "end": ("#c77d1e", "#f7cf90", "stroke-width:1"),
    "goal": (palette.GOAL, palette.DARK_GOAL, "stroke-width:3"),
    "line": ("#626a76", "#9aa3af", "stroke-width:1.5"),
    "plan": (palette.GOAL, palette.DARK_GOAL, "stroke-width:3"),
    "contact": ("#2f6fd0", "#8fbcff", "stroke-width:1.5"),
    "away": ("#8d94a0", "#7b8492", "stroke-width:1.2"),
}


def write_picture(path: Path, width: float, height: float, body: str, label: str) -> None:
    """Write a picture.

    Args:
        path: the file.
        width: of the picture (pixels).
        height: of the picture (pixels).
        body: SVG elements; their classes determine the colours.
        label: description for screen readers.
    """
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{label}" '
        f'font-family="system-ui, sans-serif" font-size="15">\n<style>{_style()}</style>\n'
        f'<rect class="page" width="100%" height="100%" rx="6"/>\n{body}\n</svg>\n',
        encoding="utf-8",
    )


def _style() -> str:
    light: list[str] = []
    dark: list[str] = []
    for name, pair in _FILLED.items():
        for rules, colour in zip((light, dark), pair, strict=True):
            rules.append(f".{name}{{fill:{colour}}}")
    for name, (*fills, edge, dark_edge) in _OUTLINED.items():
        light.append(f".{name}{{fill:{fills[0]};stroke:{edge};stroke-width:1.5}}")
        dark.append(f".{name}{{fill:{fills[1]};stroke:{dark_edge}}}")
    for name, (edge, dark_edge) in _EDGED.items():
        light.append(f".{name}{{stroke:{edge}}}")
        dark.append(f".{name}{{stroke:{dark_edge}}}")
    for name, (colour, dark_colour, rest) in _DRAWN.items():
        light.append(f".{name}{{fill:none;stroke:{colour};{rest}}}")
        dark.append(f".{name}{{stroke:{dark_colour}}}")
    light.append(".name{font-weight:600}.small{font-size:13.5px}")
    return "".join(light) + f"@media (prefers-color-scheme:dark){{{''.join(dark)}}}"


def text(x: float, y: float, words: str, kind: str = "ink", anchor: str = "middle") -> str:
    """Return a line of text with its baseline at y (pixels)."""
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{words}</text>'


def moved_to(x: float, y: float, body: str) -> str:
    """Return elements translated by x, y (pixels)."""
    return f'<g transform="translate({x:.0f} {y:.0f})">{body}</g>'


class Plan:
    """Draws states of one scene.

    Attributes:
        scale: pixels per metre.
        width: of a picture (pixels).
        height: of a picture (pixels).
    """

    def __init__(self, scene: Scene, pixels_per_m: float) -> None:
        self._scene, self.scale = scene, pixels_per_m
        self._static = StaticMap(scene)
        bounds = scene.bounds
        self.width = (bounds.x_max - bounds.x_min) * pixels_per_m
        self.height = (bounds.y_max - bounds.y_min) * pixels_per_m

    def floor(self) -> str:
        """Return the floor, below everything else."""
        return f'<rect class="floor" width="{self.width:.0f}" height="{self.height:.0f}"/>'

    def region(self, mask: Mask, kind: str = "reached") -> str:
        """Return the reachable region of a reachability mask."""
        return self.outline((mask == REACHED).astype(np.uint8), kind)

    def outline(self, cells: Mask, kind: str) -> str:
        """Return the outline of the nonzero cells."""
        contours, _ = cv2.findContours(cells, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        loops = []
        for contour in contours:
            loop = cv2.approxPolyDP(contour, 0.7, closed=True)[:, 0].astype(np.intp)
            if len(loop) > 2:
                points = self.pixels(self._static.grid.centres(loop[:, 1], loop[:, 0]))
                loops.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
        return f'<path class="{kind}" fill-rule="evenodd" d="{"".join(loops)}"/>'

    def walls(self) -> str:
        """Return the walls."""
        return (
            f'<path class="wall" d="{self._path(wall.corners() for wall in self._scene.walls)}"/>'
        )

    def box(self, box: Solid, pose: Pose2D, kind: str = "movable") -> str:
        """Return a movable at a pose."""
        return f'<path class="{kind}" d="{self._path([_corners(box, pose)])}"/>'

    def boxes(self, poses: Mapping[str, Pose2D]) -> str:
        """Return all movables at their poses."""
        return "".join(self.box(box, poses[box.name]) for box in self._scene.movables)

    def goal(self) -> str:
        """Return the robot's goal."""
        goal = self._scene.goal
        return self.circle(goal.x, goal.y, goal.radius * self.scale, "goal")

    def robot(self, x: float, y: float) -> str:
        """Return the robot."""
        return self.circle(x, y, self._scene.robot.radius * self.scale, "robot")

    def state(self, poses: Mapping[str, Pose2D], mask: Mask, ghost: str = "") -> str:
        """Return everything of a state.

        Args:
            poses: of robot and movables.
            mask: of its reachability.
            ghost: elements to draw below the movables.
        """
        robot = poses["robot"]
        parts = [self.floor(), self.region(mask), self.walls(), ghost, self.boxes(poses)]
        return "".join([*parts, self.goal(), self.robot(robot.x, robot.y)])

    def circle(self, x: float, y: float, pixels: float, kind: str) -> str:
        """Return a circle around a point of the scene (m)."""
        ((x, y),) = self.pixels(np.array([[x, y]]))
        return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{pixels:.1f}"/>'

    def line(self, points: Floats, kind: str) -> str:
        """Return a line through points (n, 2) of the scene (m)."""
        return f'<path class="{kind}" d="{self._path([points]).removesuffix("Z")}"/>'

    def pixels(self, points: Floats) -> Floats:
        """Return points (n, 2) of the scene (m) in pixels of the picture, y downwards."""
        bounds = self._scene.bounds
        x, y = points[:, 0] - bounds.x_min, bounds.y_max - points[:, 1]
        return np.stack([x, y], axis=-1) * self.scale

    def _path(self, loops: Iterable[Floats]) -> str:
        return "".join(
            "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in self.pixels(loop)) + "Z" for loop in loops
        )


def _corners(box: Solid, pose: Pose2D) -> Floats:
    return pose.to_world(box.pose.to_local(box.corners()))


def side_by_side(
    panels: Sequence[tuple[str, str]], width: float, height: float, gap: float = 30
) -> tuple[float, float, str]:
    """Return width, height and body of a picture of panels with captions below them.

    Args:
        panels: (elements, caption) of each.
        width: of a panel (pixels).
        height: of a panel (pixels).
        gap: between panels (pixels).
    """
    margin, caption_height = 12.0, 34.0
    body = [
        moved_to(
            margin + index * (width + gap),
            margin,
            panel + text(width / 2, height + 26, caption),
        )
        for index, (panel, caption) in enumerate(panels)
    ]
    full_width = len(panels) * (width + gap) - gap + 2 * margin
    return full_width, height + caption_height + 2 * margin, "\n".join(body)


def windowed(plan: Plan, body: str, centre: Floats, side: float) -> str:
    """Return a square part of a picture.

    Args:
        plan: that drew the picture.
        body: its elements.
        centre: (2,) centre of the part in the scene (m).
        side: of the part (pixels).
    """
    ((x, y),) = plan.pixels(centre[None])
    return (
        f'<svg width="{side:.0f}" height="{side:.0f}" viewBox="{x - side / 2:.0f} '
        f'{y - side / 2:.0f} {side:.0f} {side:.0f}">{body}</svg>'
    )


def demo_scene(number: int) -> Path:
    """Return the file of a demo scene by the number in its name."""
    return DEMO / f"scene_{number:07d}.xml"
