"""Draw the pictures of docs/concepts.md from demo scenes, using the project's own world and search.

python docs/pictures/draw_concepts.py
"""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq

from drawn import (
    DEMO,
    HERE,
    Plan,
    demo_scene,
    moved_to,
    side_by_side,
    text,
    windowed,
    write_picture,
)
from namo.geometry import Pose2D
from namo.planning.planner import Budget
from namo.planning.tree_idfs import TreeIDFS
from namo.scenes.difficulty import Difficulty
from namo.scenes.reading import read_scene
from namo.scenes.scene import GOAL_TOLERANCE_M
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst
from namo.world.candidates import candidate_pushes
from namo.world.push import Push
from namo.world.reachability import Reachability
from namo.world.recording import Recorder
from namo.world.world import World

ROOM, MAZE = 45, 29
"""Demo scenes, by the number in their names."""


def main() -> None:
    """Draw all pictures into the folder of this file."""
    draw_reachability()
    draw_pushes()
    draw_search()
    draw_difficulty()


def draw_reachability() -> None:
    """Draw a scene, its free space, and the part of it that the robot can reach."""
    world = World(read_scene(demo_scene(ROOM)))
    plan = Plan(world.scene, 62)
    mask = world.reachability().mask
    poses = world.poses()
    robot, goal = poses["robot"], world.scene.goal
    things = plan.walls() + plan.boxes(poses)
    ends = plan.goal() + plan.robot(robot.x, robot.y)
    near = plan.circle(goal.x, goal.y, GOAL_TOLERANCE_M * plan.scale, "goal")
    panels = [
        (plan.floor() + things + ends, "the scene"),
        (
            plan.floor()
            + plan.outline((mask != 1).astype(np.uint8), "free")
            + plan.region(mask)
            + things
            + near
            + plan.circle(robot.x, robot.y, 3.5, "robot"),
            "free space: reachable, and cut off",
        ),
    ]
    width, height, body = side_by_side(panels, plan.width, plan.height)
    label = "A room with boxes, and the free space of the robot: a part it reaches, a part cut off"
    write_picture(HERE / "reachability.svg", width, height, body, label)


def draw_pushes() -> None:
    """Draw the contact points of a box, the primitives of one of them, and a push."""
    world = World(read_scene(demo_scene(ROOM)))
    reachability = world.reachability()
    name = reachability.reachable_objects[0]
    box, pose = world.scene.movable(name), reachability.poses[name]
    plan = Plan(world.scene, 110)
    before = plan.state(reachability.poses, reachability.mask)
    candidates = candidate_pushes(world, name)
    contact = int(candidates.possible.sum(axis=1).argmax())
    goals = candidates.goals()[contact][candidates.possible[contact]]
    world.observer = recorder = Recorder(world)
    outcome = world.push(Push(name, Pose2D(*goals[-1].tolist())))
    recorder.finish()
    after = world.reachability()
    way = np.array([frame[:2] for frame in recorder.frames])
    at = pose.to_world(world.static.contacts[name].positions[contact : contact + 1])
    panels = [
        (before + _contacts(plan, reachability, name), "contact points"),
        (
            before
            + "".join(plan.box(box, Pose2D(*goal), "end") for goal in goals.tolist())
            + plan.robot(*at[0].tolist()),
            "primitives of one of them",
        ),
        (
            plan.state(after.poses, after.mask, plan.box(box, pose, "ghost"))
            + plan.line(way, "contact"),
            f"a push: {_spaced(outcome.status)}",
        ),
    ]
    centre = np.array([pose.x + 0.25, pose.y - 0.25])
    side = 250.0
    shown = [(windowed(plan, panel, centre, side), caption) for panel, caption in panels]
    width, height, body = side_by_side(shown, side, side)
    label = "A box with its contact points, where primitives from one of them lead, and a push"
    write_picture(HERE / "pushes.svg", width, height, body, label)


def _contacts(plan: Plan, reachability: Reachability, name: str) -> str:
    points = reachability.static.contacts[name]
    pose, can = reachability.poses[name], reachability.reachable_contacts(name)
    radius = reachability.static.scene.robot.radius
    drawn = []
    for at, way, reached in zip(points.positions, points.directions, can, strict=True):
        foot = pose.to_world(np.array([at, at + radius * way]))
        kind = "contact" if reached else "away"
        ((x, y),) = foot[:1]
        drawn += [plan.line(foot, kind), plan.circle(x, y, 5, "robot" if reached else kind)]
    return "".join(drawn)


def draw_search() -> None:
    """Draw the states of a short search as a tree."""
    scene = read_scene(demo_scene(MAZE))
    world = World(scene)
    planner = TreeIDFS(NearestFirst(), RandomGoals(), max_goals_per_object=3)
    result = planner.search(world, Budget(), Streams.for_episode(0, MAZE, 0))
    plan = Plan(scene, 27)
    across, down = plan.width + 110, plan.height + 46
    depths = {0: 0} | {push.next_state: push.depth for push in result.pushes}
    places: dict[int, tuple[float, float]] = {}
    for depth in sorted(set(depths.values())):
        column = [state for state, at in depths.items() if at == depth]
        for row, state in enumerate(column):
            places[state] = depth * across, row * down
    on_plan = set(zip(result.plan_states, result.plan_states[1:], strict=False))
    lines = [
        _edge(
            plan,
            places[push.state],
            places[push.next_state],
            (push.state, push.next_state) in on_plan,
        )
        for push in result.pushes
    ]
    ended = {push.next_state: _spaced(push.outcome.status) for push in result.pushes}
    states = []
    for state, (x, y) in places.items():
        poses = {
            key.removesuffix("_pose"): Pose2D(*pose) for key, pose in result.states[state].items()
        }
        mask = Reachability(world.static, poses).mask
        caption = f"state {state}: {ended.get(state, 'start')}"
        drawn = plan.state(poses, mask) + text(plan.width / 2, plan.height + 20, caption)
        states.append(moved_to(x, y, drawn))
    width = max(x for x, _ in places.values()) + plan.width
    height = max(y for _, y in places.values()) + down
    body = moved_to(22, 12, "\n".join([*lines, *states]))
    label = "The states of a search as a tree, two pushes deep; the last opens the goal"
    write_picture(HERE / "search.svg", width + 44, height + 12, body, label)


def _edge(plan: Plan, start: tuple[float, float], end: tuple[float, float], on_plan: bool) -> str:
    """Return the curve that connects two states."""
    x, y = start[0] + plan.width, start[1] + plan.height / 2
    x_end, y_end = end[0], end[1] + plan.height / 2
    middle = (x + x_end) / 2
    kind = "plan" if on_plan else "line"
    curve = (
        f"M{x:.0f} {y:.0f}C{middle:.0f} {y:.0f} {middle:.0f} {y_end:.0f} {x_end:.0f} {y_end:.0f}"
    )
    return f'<path class="{kind}" d="{curve}"/>'


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def draw_difficulty() -> None:
    """Draw a demo scene of each solvable difficulty class, preferring mazes."""
    rows = pq.read_table(DEMO / "scenes.parquet").to_pylist()
    rows.sort(key=lambda row: (row["family"] != "maze", row["free_area_m2"]))
    height, gap, drawn = 150.0, 26.0, []
    x = 12.0
    for difficulty in Difficulty:
        if difficulty is Difficulty.NOT_FOUND:
            continue
        row = next(row for row in rows if row["difficulty"] == difficulty)
        scene = read_scene(DEMO / row["file"])
        bounds = scene.bounds
        plan = Plan(scene, height / max(bounds.y_max - bounds.y_min, bounds.x_max - bounds.x_min))
        world = World(scene)
        words = text(plan.width / 2, height + 24, _spaced(difficulty))
        at = (height - plan.height) / 2
        state = moved_to(0, at, plan.state(world.poses(), world.reachability().mask))
        drawn.append(moved_to(x, 12, state + words))
        x += plan.width + gap
    label = "Demo scenes of growing difficulty, from one whose goal is open to one of three pushes"
    write_picture(HERE / "difficulty.svg", x - gap + 12, height + 58, "\n".join(drawn), label)


if __name__ == "__main__":
    main()
