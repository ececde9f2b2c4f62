"""Pushes per second of a search, and where its time goes.

idfs, nearest_first, random goals, under the scene's own physics and under `fast`. Where the goal is
open from the start, random pushes are timed instead.

Some pushes end without physics (no side to push from, nothing gained), so pushes that moved
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
from namo.world.push import Push, PushOutcome
from namo.world.world import World

SCENES = ("r4_door1", "r4_door1_d3", "r6_door2", "r7_four", "benchmark_env")
PRESETS = ("scene", "fast")
SEARCH_SECONDS = 10.0
SEARCH_PUSHES = 60
WALK_PUSHES = 8


@dataclass
class Tally:
    """Counters and times of one scene."""

    wall_s: float = 0.0
    outcomes: list[PushOutcome] = field(default_factory=list)
    searches: int = 0
    solved: int = 0


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
    """Return the figures of one scene under a physics preset."""
    world = World(with_physics(read_scene(path), preset))
    world.prepare()  # cost once per machine, not per push
    tally, spent = Tally(), np.zeros(3)
    for seed in range(searches):
        before = np.array(world.wall_times())
        time_search(world, seed, tally)
        spent += np.array(world.wall_times()) - before
    pushes = len(tally.outcomes)
    moved = sum(outcome.moved for outcome in tally.outcomes)
    return {
        "scene": path.stem,
        "physics": preset,
        "searches": tally.searches,
        "pushes": pushes,
        "pushes_that_moved": moved,
        "pushes_without_physics": sum(not o.physics_steps for o in tally.outcomes),
        "steps_per_push": sum(o.physics_steps for o in tally.outcomes) / pushes,
        "ms_per_push": 1e3 * tally.wall_s / pushes,
        "ms_per_push_that_moved": 1e3 * tally.wall_s / moved,
        "pushes_per_second": pushes / tally.wall_s,
        "moved_per_second": moved / tally.wall_s,
        "fraction_physics": spent[0] / tally.wall_s,
        "fraction_reachability": spent[1] / tally.wall_s,
        "fraction_planning": spent[2] / tally.wall_s,
        "solved": tally.solved,
    }


def measure(scenes: Path, searches: int) -> Figures:
    """Return all figures of this benchmark."""
    files = {path.stem: path for path in scene_files(scenes, "rooms", "reference")}
    records = [
        measure_scene(files[name], searches, preset)
        for preset in PRESETS
        for name in SCENES
        if name in files
    ]
    return {"settings": {"searches": searches}, "scenes": records}


def show(figures: Figures) -> None:
    """Print the figures."""
    show_table(
        "Simulated pushes, and their time by activity",
        (
            "scene",
            "preset",
            "solved",
            "pushes",
            "moved",
            "without physics",
            "steps per push",
            "ms per push",
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
                f"{one['solved']} of {one['searches']}",
                one["pushes"],
                one["pushes_that_moved"],
                one["pushes_without_physics"],
                one["steps_per_push"],
                one["ms_per_push"],
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
            for one in figures["scenes"]
        ),
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
