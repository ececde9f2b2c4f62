"""Determinism: whether the same state and push give the same bits after any history.

A pair is a state and a push. Each push is executed once right after its state was restored, and
again after other histories; the results are compared by the hash of the complete state and by the
outcome.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common import (
    Figures,
    argument_parser,
    scene_files,
    show_table,
    skipped,
    write_json,
)
from namo.geometry import Pose2D
from namo.scenes.reading import read_scene
from namo.strategies.goal_random import DISTANCE_M, RandomGoals, sample_goal
from namo.world.push import Push, PushOutcome
from namo.world.simulation import State
from namo.world.world import World

PAIRS = 40
OLD_MOVED_M = 0.001

HISTORIES = (
    "three other pushes before",
    "the same push before",
    "a fresh world",
    "a fresh process",
    "state saved again after restoring it",
    "100 loose physics steps and another world in between",
)


@dataclass(frozen=True)
class Result:
    """Result of a push: the hash of all bits of the state, and the outcome."""

    key: str
    outcome: PushOutcome
    poses: dict[str, Pose2D]

    def differs_m(self, other: Result) -> float:
        """Return the largest distance of a body between the two results (m)."""
        return max(pose.distance(other.poses[name]) for name, pose in self.poses.items())


def push_from(world: World, state: State, push: Push) -> Result:
    """Restore a state, push, and return the result."""
    world.restore(state)
    outcome = world.push(push, stop_at_open_goal=False)
    return Result(world.save().key, outcome, world.poses())


def push_elsewhere(path: Path, state: State, push: Push) -> Result:
    """Do the same in a world of its own, read from the scene file."""
    return push_from(World(read_scene(path)), state, push)


def draw_pairs(world: World, count: int, rng: np.random.Generator) -> list[tuple[State, Push]]:
    """Return states along a random walk of pushes, each with a push that moves something."""
    pairs: list[tuple[State, Push]] = []
    world.reset()
    for _ in range(20 * count):
        names = world.reachability().reachable_objects
        if len(pairs) == count or not names:
            break
        state, name = world.save(), str(rng.choice(names))
        goals = RandomGoals().propose(world, name, 1, rng)
        if goals and world.push(Push(name, goals[0]), stop_at_open_goal=False).moved:
            pairs.append((state, Push(name, goals[0])))
    return pairs


def other_pushes(world: World, count: int, rng: np.random.Generator) -> None:
    """Execute random pushes from the current state."""
    for _ in range(count):
        name = str(rng.choice([movable.name for movable in world.scene.movables]))
        goal = sample_goal(world.poses()[name], DISTANCE_M, rng)
        world.push(Push(name, goal), stop_at_open_goal=False)


def measure(scenes: Path, pairs: int) -> Figures:
    """Return the number of pairs that gave the same bits, by history."""
    paths = [path for path in scene_files(scenes, "rooms") if read_scene(path).movables]
    same = dict.fromkeys(HISTORIES, 0)
    differ_1mm = dict.fromkeys(HISTORIES, 0)
    total = 0
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        for index, path in enumerate(paths):
            rng = np.random.default_rng([0, index])
            world, other = World(read_scene(path)), World(read_scene(path))
            wanted = (pairs * (index + 1)) // len(paths) - (pairs * index) // len(paths)
            for state, push in draw_pairs(world, wanted, rng):
                elsewhere = pool.submit(push_elsewhere, path, state, push)
                first = push_from(world, state, push)
                results = {}
                other_pushes(world, 3, rng)
                results[HISTORIES[0]] = push_from(world, state, push)
                results[HISTORIES[1]] = push_from(world, state, push)
                results[HISTORIES[2]] = push_elsewhere(path, state, push)
                results[HISTORIES[3]] = elsewhere.result()
                world.restore(state)
                results[HISTORIES[4]] = push_from(world, world.save(), push)
                other_pushes(other, 1, rng)
                world.simulation.step(100)
                results[HISTORIES[5]] = push_from(world, state, push)
                for history, result in results.items():
                    same[history] += (result.key, result.outcome) == (first.key, first.outcome)
                    differ_1mm[history] += result.differs_m(first) > OLD_MOVED_M
                total += 1
    return {"pairs": total, "same_bits": same, "differ_by_more_than_1_mm": differ_1mm}


def show(figures: Figures) -> None:
    """Print the figures."""
    total = figures["pairs"]
    show_table(
        "The same state and push after another history",
        ("history", "same bits", "more than 1 mm apart"),
        (
            (history, f"{same} of {total}", figures["differ_by_more_than_1_mm"][history])
            for history, same in figures["same_bits"].items()
        ),
    )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--pairs", type=int, default=PAIRS, help="number of pairs of a state and a push"
    )
    arguments = parser.parse_args()
    if not skipped("determinism", arguments.scenes):
        figures = measure(arguments.scenes, arguments.pairs)
        show(figures)
        write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
