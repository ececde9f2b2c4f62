"""Pushes and episodes per second, compared with the previous system on this machine.

The cost of the previous system is derived from records: the number of MuJoCo steps per action, and
that at least 88 % of its time went into them. So the scene's own steps are timed, with the robot
pushing a box, alternating with our searches, and
previous seconds per action = steps per action x seconds per step / 0.9.

Ours run under the scene's own physics and under `fast`; the previous system had only the former. It
needed 6.2 pushes per episode in the three rooms that it solved.

"Physics alone" is the speed-up if nothing but MuJoCo's stepping took time: an upper bound for these
pushes.

Some of our pushes end without physics (no side to push from, nothing gained), so pushes that moved
something are also counted separately.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.common import (
    Figures,
    argument_parser,
    console,
    percent,
    scene_files,
    show_table,
    skipped,
    write_json,
)
from namo.planning.idfs import IDFS
from namo.planning.planner import Budget
from namo.scenes.physics import with_physics
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst
from namo.world.primitives import push_along
from namo.world.push import Push, PushOutcome
from namo.world.world import World

PREVIOUS_STEPS = {
    "r4_door1": 2415,
    "r4_door1_d3": 1806,
    "r6_door2": 2377,
    "r7_four": 1508,
    "benchmark_env": 2016,
}
"""MuJoCo steps per action of the previous system, by scene."""
YARDSTICKS = ("r4_door1", "r4_door1_d3", "r6_door2")
PREVIOUS_FRACTION_IN_STEPS = 0.9
PREVIOUS_PUSHES_PER_EPISODE = 6.2
PRESETS = ("scene", "fast")
PREVIOUS_CONTACT_STEPS = 250
"""MuJoCo steps of one of its pushes from a contact point."""
STEP_BLOCK = 500
"""Minimum number of steps timed between two searches."""
SEARCH_SECONDS = 10.0
SEARCH_PUSHES = 60
WALK_PUSHES = 8


@dataclass
class Tally:
    """Counters and times of one scene."""

    step_s: float = 0.0
    steps: int = 0
    contacts: int = 0
    wall_s: float = 0.0
    outcomes: list[PushOutcome] = field(default_factory=list)
    searches: int = 0
    solved: int = 0


def time_steps(world: World, rng: np.random.Generator, tally: Tally) -> None:
    """Time plain steps of the scene while the robot pushes a box from reachable contact points."""
    simulation = world.simulation
    done = 0
    while done < STEP_BLOCK:
        world.reset()
        name = str(rng.choice(world.reachability().reachable_objects))
        usable = np.flatnonzero(world.reachability().reachable_contacts(name))
        contact = int(rng.choice(usable))
        points = world.static.contacts[name]
        pose = world.poses()[name]
        simulation.place_robot(*pose.to_world(points.positions[contact]).tolist())
        began = time.perf_counter()
        push_along(simulation, name, points.directions[contact], PREVIOUS_CONTACT_STEPS)
        tally.step_s += time.perf_counter() - began
        tally.steps += PREVIOUS_CONTACT_STEPS
        tally.contacts += int(simulation.data.ncon)
        done += PREVIOUS_CONTACT_STEPS
    world.reset()


def time_search(world: World, seed: int, tally: Tally) -> None:
    """Search from the start; if the goal is open there, make a random walk of pushes instead."""
    world.reset()
    tally.searches += 1
    if world.reachability().goal_reachable:
        _walk(world, seed, tally)
        return
    planner = IDFS(NearestFirst(), RandomGoals(), max_goals_per_object=5)
    budget = Budget(depth=5, seconds=SEARCH_SECONDS, pushes=SEARCH_PUSHES)
    began = time.perf_counter()
    result = planner.search(world, budget, Streams.for_episode(seed, 0, 0))
    tally.wall_s += time.perf_counter() - began
    tally.outcomes += [record.outcome for record in result.pushes]
    tally.solved += result.solved


def _walk(world: World, seed: int, tally: Tally) -> None:
    rng = np.random.default_rng(seed)
    began = time.perf_counter()
    for _ in range(WALK_PUSHES):
        names = world.reachability().reachable_objects
        name = str(rng.choice(names))
        for goal in RandomGoals().propose(world, name, 1, rng):
            tally.outcomes.append(world.push(Push(name, goal), stop_at_open_goal=False))
            world.save()
    tally.wall_s += time.perf_counter() - began


def measure_scene(path: Path, searches: int, preset: str) -> Figures:
    """Return the figures of one scene; steps of the previous system and our searches alternate."""
    scene = read_scene(path)
    plain, world = World(scene), World(with_physics(scene, preset))
    world.prepare()  # cost once per machine, not per push
    rng, tally = np.random.default_rng(0), Tally()
    spent = np.zeros(3)
    for seed in range(searches):
        time_steps(plain, rng, tally)
        before = np.array(world.wall_times())
        time_search(world, seed, tally)
        spent += np.array(world.wall_times()) - before
    pushes = len(tally.outcomes)
    moved = sum(outcome.moved for outcome in tally.outcomes)
    step_s = tally.step_s / tally.steps
    previous_s = PREVIOUS_STEPS[path.stem] * step_s / PREVIOUS_FRACTION_IN_STEPS
    return {
        "scene": path.stem,
        "physics": preset,
        "searches": tally.searches,
        "step_us": 1e6 * step_s,
        "mujoco_contacts": tally.contacts / (tally.steps / PREVIOUS_CONTACT_STEPS),
        "previous_ms_per_push": 1e3 * previous_s,
        "pushes": pushes,
        "pushes_that_moved": moved,
        "pushes_without_physics": sum(not o.physics_steps for o in tally.outcomes),
        "steps_per_push": sum(o.physics_steps for o in tally.outcomes) / pushes,
        "ms_per_push": 1e3 * tally.wall_s / pushes,
        "ms_per_push_that_moved": 1e3 * tally.wall_s / moved,
        "pushes_per_second": pushes / tally.wall_s,
        "moved_per_second": moved / tally.wall_s,
        "ratio": previous_s * pushes / tally.wall_s,
        "ratio_moved": previous_s * moved / tally.wall_s,
        "fraction_physics": spent[0] / tally.wall_s,
        "fraction_reachability": spent[1] / tally.wall_s,
        "fraction_planning": spent[2] / tally.wall_s,
        "solved": tally.solved,
        "episodes_ratio": PREVIOUS_PUSHES_PER_EPISODE * previous_s * tally.solved / tally.wall_s
        if path.stem in YARDSTICKS
        else None,
    }


def measure(scenes: Path, searches: int) -> Figures:
    """Return all figures of this benchmark."""
    files = {path.stem: path for path in scene_files(scenes, "rooms", "reference")}
    records = [
        measure_scene(files[name], searches, preset)
        for preset in PRESETS
        for name in PREVIOUS_STEPS
        if name in files
    ]
    return {"settings": {"searches": searches}, "scenes": records}


def show(figures: Figures) -> None:
    """Print the figures."""
    scenes = figures["scenes"]
    show_table(
        "Simulated pushes, compared with the previous system",
        (
            "scene",
            "physics",
            "RK4 step µs",
            "previous ms per push",
            "ours ms per push",
            "speed-up",
            "physics alone",
            "speed-up, moved only",
            "episodes solved",
            "speed-up",
        ),
        (
            (
                one["scene"],
                one["physics"],
                one["step_us"],
                one["previous_ms_per_push"],
                one["ms_per_push"],
                one["ratio"],
                one["ratio"] / one["fraction_physics"],
                one["ratio_moved"],
                f"{one['solved']} of {one['searches']}",
                one["episodes_ratio"],
            )
            for one in scenes
        ),
    )
    show_table(
        "Our pushes, and their time by piece",
        (
            "scene",
            "physics",
            "pushes",
            "moved",
            "without physics",
            "steps per push",
            "pushes/s",
            "moved/s",
            "physics",
            "reach",
            "planning",
            "other",
        ),
        (
            (
                one["scene"],
                one["physics"],
                one["pushes"],
                one["pushes_that_moved"],
                one["pushes_without_physics"],
                one["steps_per_push"],
                one["pushes_per_second"],
                one["moved_per_second"],
                percent(one["fraction_physics"], 1),
                percent(one["fraction_reachability"], 1),
                percent(one["fraction_planning"], 1),
                percent(
                    1
                    - one["fraction_physics"]
                    - one["fraction_reachability"]
                    - one["fraction_planning"],
                    1,
                ),
            )
            for one in scenes
        ),
    )
    for preset in PRESETS:
        lowest = min(
            one["ratio"]
            for one in scenes
            if one["scene"] in YARDSTICKS and one["physics"] == preset
        )
        console.print(
            f"{preset}: minimum over {', '.join(YARDSTICKS)}: {lowest:.1f} times the pushes per "
            "second of the previous system",
            highlight=False,
        )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--searches", type=int, default=40, help="searches per scene")
    arguments = parser.parse_args()
    if not skipped("throughput", arguments.scenes):
        figures = measure(arguments.scenes, arguments.searches)
        show(figures)
        write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
