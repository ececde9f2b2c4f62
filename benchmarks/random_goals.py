"""What the order of random goals, and pushing on past them, would save in pushes and cost in time.

idfs, nearest_first and the goals that `RandomGoals` proposes, in four variants: as they are, the
farthest first, those with a complete plan of primitives first, and moved away from the box along
their direction, which pushes on past them until the robot's goal opens or the box gets stuck.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.common import (
    REPOSITORY,
    Figures,
    argument_parser,
    scene_files,
    show_table,
    skipped,
    write_json,
)
from namo.geometry import Pose2D
from namo.planning.idfs import IDFS
from namo.planning.planner import Budget
from namo.scenes.physics import with_physics
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst
from namo.world.world import World

ROOMS = ("r4_door1", "r4_door1_d3", "r4_door1_2deep", "r4_door1_rot", "r6_door2")
DEMO = REPOSITORY / "resources" / "scenes" / "demo"
DEMO_GROUPS = {
    "demo, one push": ("easy", "medium", "hard"),
    "demo, more pushes": ("two_pushes", "three_or_more"),
}
PUSHED_ON_M = 2.0
"""Distance of goals that are pushed past; no box of these scenes gets there in one push."""
SEARCH_PUSHES = 100

Rearrange = Callable[[World, str, list[Pose2D]], list[Pose2D]]
"""Takes the world, a movable and its random goals; returns the goals to push to, in order."""


def as_proposed(_world: World, _name: str, goals: list[Pose2D]) -> list[Pose2D]:
    """Return the goals as they are."""
    return goals


def farthest_first(world: World, name: str, goals: list[Pose2D]) -> list[Pose2D]:
    """Return the goals by distance from the movable, because a push passes the nearer ones."""
    return sorted(goals, key=world.poses()[name].distance, reverse=True)


def planned_first(world: World, name: str, goals: list[Pose2D]) -> list[Pose2D]:
    """Return first the goals with a complete plan of primitives; farthest first among equals."""
    reachability = world.reachability()
    usable = reachability.reachable_contacts(name)
    _, planner = world.primitives(name)

    def has_no_plan(goal: Pose2D) -> bool:
        planned = planner.plan(reachability, goal, usable)
        return planned is None or not planned.complete

    return sorted(farthest_first(world, name, goals), key=has_no_plan)


def pushed_on(world: World, name: str, goals: list[Pose2D]) -> list[Pose2D]:
    """Return the goals moved to `PUSHED_ON_M` from the movable."""
    pose = world.poses()[name]
    factors = [PUSHED_ON_M / pose.distance(goal) for goal in goals]
    return [
        Pose2D(pose.x + f * (goal.x - pose.x), pose.y + f * (goal.y - pose.y), goal.theta)
        for f, goal in zip(factors, goals, strict=True)
    ]


VARIANTS: dict[str, Rearrange] = {
    "as proposed": as_proposed,
    "farthest first": farthest_first,
    "planned first": planned_first,
    "pushed on": pushed_on,
}


class RearrangedGoals:
    """Random goals in another order, or moved."""

    def __init__(self, rearrange: Rearrange) -> None:
        """Take what happens to the goals."""
        self._rearrange, self._random = rearrange, RandomGoals()

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`."""
        return self._rearrange(world, name, self._random.propose(world, name, count, rng))


def measure_group(group: str, paths: list[Path], seeds: int) -> Iterable[Figures]:
    """Yield the figures of each variant: means over all searches in these scenes."""
    worlds = [World(with_physics(read_scene(path), "fast")) for path in paths]
    for world in worlds:
        world.prepare()
    for variant, rearrange in VARIANTS.items():
        planner = IDFS(NearestFirst(), RearrangedGoals(rearrange), max_goals_per_object=5)
        pushes, simulated_s, cpu_s, solved = [], 0.0, 0.0, 0
        for world in worlds:
            for seed in range(seeds):
                world.reset()
                began = time.process_time()
                result = planner.search(
                    world,
                    Budget(depth=5, seconds=600.0, pushes=SEARCH_PUSHES),
                    Streams.for_episode(seed, 0, 0),
                )
                cpu_s += time.process_time() - began
                steps = sum(record.outcome.physics_steps for record in result.pushes)
                simulated_s += steps * world.simulation.timestep_s
                pushes.append(len(result.pushes))
                solved += result.solved
        yield {
            "scenes": group,
            "variant": variant,
            "searches": len(pushes),
            "solved": solved,
            "pushes_per_search": float(np.mean(pushes)),
            "pushes_standard_error": float(np.std(pushes) / np.sqrt(len(pushes))),
            "simulated_s_per_search": simulated_s / len(pushes),
            "cpu_ms_per_search": 1e3 * cpu_s / len(pushes),
        }


def measure(scenes: Path, seeds: int, demo_scenes: int) -> Figures:
    """Return all figures of this benchmark."""
    files = {path.stem: path for path in scene_files(scenes, "rooms")}
    groups = {name: [files[name]] for name in ROOMS if name in files}
    records = [one for name, paths in groups.items() for one in measure_group(name, paths, seeds)]
    rows = pq.read_table(DEMO / "scenes.parquet", columns=["file", "difficulty"]).to_pylist()
    for group, classes in DEMO_GROUPS.items():
        paths = [DEMO / row["file"] for row in rows if row["difficulty"] in classes]
        records += measure_group(group, paths[:demo_scenes], seeds=1)
    return {"settings": {"seeds": seeds, "demo_scenes": demo_scenes}, "variants": records}


def show(figures: Figures) -> None:
    """Print the figures."""
    show_table(
        "Random goals: pushes and costs per search",
        ("scenes", "variant", "solved", "pushes", "+-", "simulated s", "CPU ms"),
        (
            (
                one["scenes"],
                one["variant"],
                f"{one['solved']} of {one['searches']}",
                one["pushes_per_search"],
                one["pushes_standard_error"],
                one["simulated_s_per_search"],
                one["cpu_ms_per_search"],
            )
            for one in figures["variants"]
        ),
    )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="searches per room and variant")
    parser.add_argument("--demo-scenes", type=int, default=100, help="scenes of each demo group")
    arguments = parser.parse_args()
    if not skipped("random_goals", arguments.scenes):
        figures = measure(arguments.scenes, arguments.seeds, arguments.demo_scenes)
        show(figures)
        write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
