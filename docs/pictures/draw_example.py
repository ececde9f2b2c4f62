"""Draw `example.svg`, the picture in the README: a plan of two pushes, found and replayed.

python docs/pictures/draw_example.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from namo.geometry import Floats, Pose2D
from namo.planning.idfs import IDFS
from namo.planning.planner import Budget
from namo.scenes.reading import read_scene
from namo.scenes.scene import Solid
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst
from namo.world.reachability import REACHED
from namo.world.world import World

HERE = Path(__file__).parent
INDEX = 37
SCENE = HERE.parents[1] / "resources" / "scenes" / "demo" / "scene_0000037.xml"
PIXELS_PER_M = 60
GAP_PX, CAPTION_PX, MARGIN_PX = 30, 34, 12


def main() -> None:
    """Search, replay and draw."""
    world = World(read_scene(SCENE))
    planner = IDFS(NearestFirst(), RandomGoals(), max_goals_per_object=5)
    result = planner.search(world, Budget(), Streams.for_episode(0, INDEX, 0))
    world.reset()
    panels = [_panel(world, "start: a box stands in the way")]
    for number, push in enumerate(result.plan, start=1):
        before = world.poses()[push.object_name]
        outcome = world.push(push)
        caption = f"push {number}: {outcome.status.value.replace('_', ' ')}"
        panels.append(_panel(world, caption, push.object_name, before))
    bounds = world.scene.bounds
    width = (bounds.x_max - bounds.x_min) * PIXELS_PER_M
    height = (bounds.y_max - bounds.y_min) * PIXELS_PER_M
    full_width = len(panels) * width + (len(panels) - 1) * GAP_PX + 2 * MARGIN_PX
    full_height = height + CAPTION_PX + 2 * MARGIN_PX
    body = "\n".join(
        f'<g transform="translate({MARGIN_PX + i * (width + GAP_PX):.0f} {MARGIN_PX})">{panel}</g>'
        for i, panel in enumerate(panels)
    )
    (HERE / "example.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full_width:.0f} {full_height:.0f}" '
        f'font-family="sans-serif" font-size="15">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _panel(world: World, caption: str, moved: str = "", moved_from: Pose2D | None = None) -> str:
    """Return the drawing of the present state as SVG elements."""
    scene, poses = world.scene, world.poses()
    parts = [_region(world)]
    parts += [_polygon(world, wall.corners(), 'fill="#3d4450"') for wall in scene.walls]
    for box in scene.movables:
        if box.name == moved and moved_from is not None:
            ghost = 'fill="none" stroke="#c77d1e" stroke-width="1.5" stroke-dasharray="5 4"'
            parts.append(_polygon(world, _corners(box, moved_from), ghost))
        style = 'fill="#f0a63c" stroke="#8a560f" stroke-width="1.5"'
        parts.append(_polygon(world, _corners(box, poses[box.name]), style))
    goal = _pixels(world, np.array([[scene.goal.x, scene.goal.y]]))[0]
    parts.append(
        f'<circle cx="{goal[0]:.1f}" cy="{goal[1]:.1f}" r="{scene.goal.radius * PIXELS_PER_M:.1f}" '
        'fill="none" stroke="#1d8a4a" stroke-width="3"/>'
    )
    robot = _pixels(world, np.array([poses["robot"][:2]]))[0]
    parts.append(
        f'<circle cx="{robot[0]:.1f}" cy="{robot[1]:.1f}" '
        f'r="{scene.robot.radius * PIXELS_PER_M:.1f}" fill="#2f6fd0"/>'
    )
    bounds = scene.bounds
    centre = (bounds.x_max - bounds.x_min) * PIXELS_PER_M / 2
    below = (bounds.y_max - bounds.y_min) * PIXELS_PER_M + 26
    parts.append(
        f'<text x="{centre:.0f}" y="{below:.0f}" text-anchor="middle" fill="#222">{caption}</text>'
    )
    return "".join(parts)


def _region(world: World) -> str:
    """Return the region the robot can reach, as one SVG path."""
    reached = (world.reachability().mask == REACHED).astype(np.uint8)
    contours, _ = cv2.findContours(reached, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    loops = []
    for contour in contours:
        columns, rows = contour[:, 0, 0], contour[:, 0, 1]
        points = _pixels(world, world.static.grid.centres(rows, columns))
        loops.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
    return f'<path d="{"".join(loops)}" fill="#cfe3fb" fill-rule="evenodd"/>'


def _corners(box: Solid, pose: Pose2D) -> Floats:
    local = box.pose.to_local(box.corners())
    return pose.to_world(local)


def _polygon(world: World, corners: Floats, style: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _pixels(world, corners))
    return f'<polygon points="{points}" {style}/>'


def _pixels(world: World, points: Floats) -> Floats:
    """Return world points (n, 2) as picture coordinates, y downwards."""
    bounds = world.scene.bounds
    return np.stack(
        [
            (points[:, 0] - bounds.x_min) * PIXELS_PER_M,
            (bounds.y_max - points[:, 1]) * PIXELS_PER_M,
        ],
        axis=-1,
    )


if __name__ == "__main__":
    main()
