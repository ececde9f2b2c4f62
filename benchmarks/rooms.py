"""Which rooms are solved, how fast, and whether replays reproduce their solutions.

Every search and every replay runs in a process of its own. A solution counts as reproduced when,
replayed from the scene file, every state it passes through equals the stored one to the last bit
and the robot's goal is reachable at its end.

Three scenes are not what their names suggest, and the evidence is printed: `r7_four` has no
solution, `r4_36walls` has one, and in `benchmark_env` the goal is reachable from the start.
"""

from __future__ import annotations

import itertools
import multiprocessing
import statistics
from collections import Counter, deque
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import (
    Figures,
    argument_parser,
    console,
    scene_files,
    show_table,
    skipped,
    write_json,
)
from namo.geometry import Pose2D
from namo.planning.idfs import IDFS
from namo.planning.planner import Budget
from namo.scenes.footprint import FootprintSet, overlap_depth
from namo.scenes.reading import read_scene
from namo.scenes.scene import Scene
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst
from namo.world.primitives import push_along
from namo.world.push import Action
from namo.world.reachability import REACHED, Reachability
from namo.world.static_map import StaticMap
from namo.world.world import Observation, World

DEPTH = 5
GOALS_PER_OBJECT = 5
WEDGED_PUSH_S = 30.0
WEDGED_IN_A_ROW = 40


@dataclass(frozen=True)
class Run:
    """One search.

    Attributes:
        path: of the scene file.
        seed: of the run.
        termination: why it ended.
        plan: the pushes of the solution.
        states: observations along the plan, the start first; empty unless solved.
        pushes: simulated pushes.
        seconds: wall time of the search.
        reproduced: whether a replay in a fresh process gave the same states; None unless solved.
    """

    path: Path
    seed: int
    termination: str
    plan: tuple[Action, ...]
    states: tuple[Observation, ...]
    pushes: int
    seconds: float
    reproduced: bool | None = None


def search_once(path: Path, environment: int, seed: int, seconds: float) -> Run:
    """Search one scene with idfs, nearest_first and random goals."""
    world = World(read_scene(path))
    planner = IDFS(NearestFirst(), RandomGoals(), GOALS_PER_OBJECT)
    result = planner.search(
        world,
        Budget(depth=DEPTH, seconds=seconds),
        Streams.for_episode(seed, environment, 0),
    )
    return Run(
        path,
        seed,
        result.termination.value,
        result.plan,
        tuple(result.states[number] for number in result.plan_states),
        len(result.pushes),
        result.search_s,
    )


def replay(run: Run) -> Run:
    """Return the run with `reproduced` set, from a replay of the scene file alone."""
    world = World(read_scene(run.path))
    same = world.observation() == run.states[0]
    for push, state in zip(run.plan, run.states[1:], strict=True):
        world.push(push)
        same = same and world.observation() == state
    return replace(run, reproduced=same and world.reachability().goal_reachable)


def run_rooms(files: list[Path], seeds: int, seconds: float, jobs: int) -> list[Run]:
    """Search every scene with every seed, each in a fresh process."""
    context = multiprocessing.get_context("spawn")
    runs: list[Run] = []
    with ProcessPoolExecutor(jobs, context, max_tasks_per_child=1) as pool:
        waiting: set[Future[Run]] = {
            pool.submit(search_once, path, environment, seed, seconds)
            for environment, path in enumerate(files)
            for seed in range(seeds)
        }
        while waiting:
            done = next(as_completed(waiting))
            waiting.remove(done)
            run = done.result()
            if run.states and run.reproduced is None:
                waiting.add(pool.submit(replay, run))
                continue
            runs.append(run)
            console.print(
                f"{run.path.stem} seed {run.seed}: {run.termination}, {len(run.plan)} in the plan, "
                f"{run.pushes} pushes, {run.seconds:.2f} s"
                + ("" if run.reproduced is None else f", reproduced: {run.reproduced}"),
                highlight=False,
            )
    return sorted(runs, key=lambda run: (files.index(run.path), run.seed))


def summarise(runs: list[Run]) -> list[Figures]:
    """Return one record per scene."""
    records = []
    for path, group in itertools.groupby(runs, key=lambda run: run.path):
        of_scene = list(group)
        solved = [run for run in of_scene if run.termination == "solved"]
        records.append(
            {
                "scene": path.stem,
                "runs": len(of_scene),
                "solved": len(solved),
                "terminations": [run.termination for run in of_scene],
                "plan_lengths": [len(run.plan) for run in solved],
                "pushes": [run.pushes for run in of_scene],
                "seconds": [round(run.seconds, 3) for run in of_scene],
                "reproduced": sum(run.reproduced is True for run in solved),
            }
        )
    return records


def wedged(scene: Scene, name: str = "obstacle_1_movable") -> Figures:
    """Return why `r7_four` cannot be solved: the box in its only way cannot be moved out of it.

    The box overlaps a wall beside a gap narrower than itself. The physics pushes it into that gap
    within the first steps, where it jams between two walls. From then on this pushes with all of
    the robot's force from every contact point where the robot does not overlap a wall, whether
    or not it could drive there: each time from the jammed state, then in random sequence. Every
    0.05 s it checks whether the goal would be reachable if no other box existed.
    """
    world = World(scene)
    simulation, static = world.simulation, world.static
    box, robot = scene.movable(name), Pose2D(scene.robot.x, scene.robot.y, 0.0)
    contacts = static.contacts[name]
    period = round(0.05 / simulation.timestep_s)
    simulation.step(round(1.0 / simulation.timestep_s))
    simulation.stop()
    jammed_state, jammed = world.save(), simulation.pose(name)
    farthest, turned, opened = 0.0, 0.0, False

    def push(contact: int, seconds: float) -> bool:
        nonlocal farthest, turned, opened
        place = simulation.pose(name).to_world(contacts.positions[contact])
        if static.wall_footprints.distances(place[None]).min() < scene.robot.radius:
            return False
        simulation.place_robot(*place.tolist())
        for _ in range(round(seconds / (period * simulation.timestep_s))):
            push_along(simulation, name, contacts.directions[contact], period)
            pose = simulation.pose(name)
            farthest = max(farthest, pose.distance(jammed))
            turned = max(turned, pose.turn(jammed))
            here = Reachability(static, {"robot": robot, name: pose})
            opened = opened or here.goal_reachable
        simulation.stop()
        return True

    tried = 0
    for contact in range(len(contacts.positions)):
        world.restore(jammed_state)
        tried += push(contact, WEDGED_PUSH_S)
    from_start_m, from_start_rad = farthest, turned
    world.restore(jammed_state)
    order = np.random.default_rng(0).integers(len(contacts.positions), size=WEDGED_IN_A_ROW)
    in_sequence = sum(push(int(contact), WEDGED_PUSH_S / 3) for contact in order)
    overlaps = {
        wall.name: overlap_depth(box.pose, box.footprint, wall.pose, wall.footprint)
        for wall in scene.walls
    }
    alone = {"robot": robot, name: box.pose}
    return {
        "box": name,
        "size_m": np.ptp(box.footprint.outline, axis=0).tolist(),
        "overlap_with_walls_m": {wall: depth for wall, depth in overlaps.items() if depth > 0},
        "goal_reachable_without_any_box": Reachability(static, {"robot": robot}).goal_reachable,
        "goal_reachable_with_this_box_alone": Reachability(static, alone).goal_reachable,
        "pushed_out_of_the_wall_m": jammed.distance(box.pose),
        "contact_points_tried": tried,
        "seconds_each": WEDGED_PUSH_S,
        "farthest_m": from_start_m,
        "turned_rad": from_start_rad,
        "pushes_in_sequence": in_sequence,
        "farthest_in_sequence_m": farthest,
        "goal_reachable_on_the_way": opened,
    }


def open_start(scene: Scene) -> Figures:
    """Return the evidence that the robot can drive to its goal without pushing anything.

    Puts the robot on every cell of its region and counts MuJoCo's contacts of the robot with
    anything but the floor; takes a shortest path through the region and measures its clearance.
    """
    world = World(scene)
    simulation, static = world.simulation, world.static
    model, data = simulation.model, simulation.data
    reachability = world.reachability()
    rows, columns = np.nonzero(reachability.mask == REACHED)
    touching = 0
    robot_geom = model.geom("robot").id
    floor = {i for i in range(model.ngeom) if model.geom_type[i] == mujoco.mjtGeom.mjGEOM_PLANE}
    for x, y in static.grid.centres(rows, columns).tolist():
        simulation.place_robot(x, y)
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        pairs = data.contact.geom
        mine = pairs[(pairs == robot_geom).any(axis=1)]
        others = set(mine.ravel().tolist()) - {robot_geom} - floor
        touching += bool(others)
    path = _shortest_path(reachability)
    solids = FootprintSet((one.pose, one.footprint) for one in (*scene.walls, *scene.movables))
    return {
        "goal_reachable_at_start": reachability.goal_reachable,
        "cells_of_the_region": len(rows),
        "cells_with_contact": touching,
        "path_m": float(np.hypot(*np.diff(path, axis=0).T).sum()) if len(path) else None,
        "least_clearance_m": float(solids.distances(path).min() - scene.robot.radius)
        if len(path)
        else None,
    }


def _shortest_path(reachability: Reachability) -> NDArray[np.float64]:
    """Return a path (n, 2) over reached cells from the robot to its goal (m); empty without one."""
    static, mask = reachability.static, reachability.mask
    row, column = static.grid.cells(np.array(reachability.poses["robot"][:2]))
    start = int(row), int(column)
    goals = set(zip(*(index.tolist() for index in static.goal_cells), strict=True))
    before: dict[tuple[int, int], tuple[int, int] | None] = {start: None}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        if here in goals:
            path = []
            at: tuple[int, int] | None = here
            while at is not None:
                path.append(at)
                at = before[at]
            cells = np.array(path[::-1])
            return static.grid.centres(cells[:, 0], cells[:, 1])
        for step in itertools.product((-1, 0, 1), repeat=2):
            there = here[0] + step[0], here[1] + step[1]
            if there not in before and mask[there] == REACHED:
                before[there] = here
                queue.append(there)
    return np.zeros((0, 2))


def doors(scene: Scene, other: Scene) -> Figures:
    """Return how `r4_36walls` differs from `r4_door1`: the same door, and additional walls."""
    added = [wall for wall in scene.walls if wall.pose not in {w.pose for w in other.walls}]
    static, start = StaticMap(scene), Pose2D(scene.robot.x, scene.robot.y, 0.0)
    return {
        "same_movables": scene.movables == other.movables,
        "same_robot_and_goal": (scene.robot, scene.goal) == (other.robot, other.goal),
        "added_walls": len(added),
        "largest_added_wall_m": max(
            float(np.ptp(wall.footprint.outline, axis=0).max()) for wall in added
        ),
        "goal_reachable_without_any_box": Reachability(static, {"robot": start}).goal_reachable,
    }


def measure(scenes: Path, seeds: int, seconds: float, jobs: int) -> Figures:
    """Return all figures of this benchmark."""
    files = scene_files(scenes, "rooms", "reference")
    by_name = {path.stem: path for path in files}
    figures: Figures = {
        "settings": {"seeds": seeds, "seconds": seconds, "depth": DEPTH, "goals": GOALS_PER_OBJECT}
    }
    if "r7_four" in by_name:
        figures["r7_four"] = wedged(read_scene(by_name["r7_four"]))
    if {"r4_36walls", "r4_door1"} <= set(by_name):
        pair = (read_scene(by_name[name]) for name in ("r4_36walls", "r4_door1"))
        figures["r4_36walls"] = doors(*pair)
    if "benchmark_env" in by_name:
        figures["benchmark_env"] = open_start(read_scene(by_name["benchmark_env"]))
    figures["rooms"] = summarise(run_rooms(files, seeds, seconds, jobs))
    return figures


def show(figures: Figures) -> None:
    """Print the figures."""
    for name in ("r7_four", "r4_36walls", "benchmark_env"):
        if name in figures:
            show_table(f"{name}: evidence", ("what", "value"), figures[name].items())
    show_table(
        "idfs, nearest_first, random goals",
        ("scene", "solved", "ended as", "plan", "pushes", "median s", "max s", "reproduced"),
        (
            (
                room["scene"],
                f"{room['solved']}/{room['runs']}",
                ", ".join(f"{n} {what}" for what, n in Counter(room["terminations"]).items()),
                _list(room["plan_lengths"]),
                _list(room["pushes"]),
                statistics.median(room["seconds"]),
                max(room["seconds"]),
                f"{room['reproduced']}/{room['solved']}" if room["solved"] else None,
            )
            for room in figures["rooms"]
        ),
    )
    solved = sum(room["solved"] for room in figures["rooms"])
    reproduced = sum(room["reproduced"] for room in figures["rooms"])
    console.print(f"Reproduced solutions: {reproduced} of {solved}", highlight=False)


def _list(values: list[int]) -> str:
    return " ".join(str(value) for value in values) or "-"


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="searches per scene, seeds 0, 1, ...")
    parser.add_argument("--seconds", type=float, default=60.0, help="time budget of a search")
    parser.add_argument("--jobs", type=int, default=1, help="parallel searches")
    arguments = parser.parse_args()
    if not skipped("rooms", arguments.scenes):
        figures = measure(arguments.scenes, arguments.seeds, arguments.seconds, arguments.jobs)
        show(figures)
        write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
