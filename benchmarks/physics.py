"""Accuracy and cost of physics presets, and whether plans transfer between them.

Error: open-loop pushes of fixed duration from random contact points of the demo scenes, under each
preset and under a time step of 0.5 ms; the error is the distance between the final positions of the
box. Plans: those found under one preset are executed under the others, and count if they open the
robot's goal there.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from benchmarks.common import (
    Figures,
    argument_parser,
    percent,
    show_table,
    write_json,
)
from namo.errors import PhysicsError
from namo.geometry import Pose2D
from namo.planning.planner import Budget
from namo.planning.tree_idfs import TreeIDFS
from namo.scenes.physics import with_physics
from namo.scenes.presets import PHYSICS_PRESETS
from namo.scenes.reading import read_scene
from namo.scenes.scene import Scene
from namo.scenes.sources import environments_from
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst
from namo.world.primitives import push_along
from namo.world.push import Action
from namo.world.world import World

VARIANTS: Mapping[str, Mapping[str, str]] = {
    "RK4 10 ms": {"integrator": "RK4", "timestep": "0.01", "flag/sleep": "disable"},
    "implicitfast 10 ms": {**PHYSICS_PRESETS["fast"], "timestep": "0.01"},
    "fast (5 ms)": PHYSICS_PRESETS["fast"],
    "accurate (2 ms)": PHYSICS_PRESETS["accurate"],
    "implicitfast 1 ms": {**PHYSICS_PRESETS["fast"], "timestep": "0.001"},
}
REFERENCE = {**PHYSICS_PRESETS["fast"], "timestep": "0.0005", "flag/sleep": "disable"}
PUSH_S = 3.0
CONTROL_S = 0.05
PLAN_PUSHES = 60


def with_options(scene: Scene, options: Mapping[str, str]) -> Scene:
    """Return the scene with these MuJoCo options."""
    return replace(scene, options={**scene.options, **options}, xml="")


def push_open_loop(world: World, name: str, contact: int) -> tuple[Pose2D | None, float]:
    """Push from a contact point for `PUSH_S`; return the final pose of the box and the time (s).

    The pose is None if the simulation diverged.
    """
    world.reset()
    simulation = world.simulation
    points = world.static.contacts[name]
    simulation.place_robot(*world.poses()[name].to_world(points.positions[contact]).tolist())
    held = round(CONTROL_S / simulation.timestep_s)
    began = time.perf_counter()
    for _ in range(round(PUSH_S / CONTROL_S)):
        push_along(simulation, name, points.directions[contact], held)
    took = time.perf_counter() - began
    try:
        simulation.check_health(held * round(PUSH_S / CONTROL_S))
    except PhysicsError:
        return None, took
    return simulation.pose(name), took


def measure_errors(scenes: int, pushes: int) -> list[Figures]:
    """Return error and cost of every variant in the first demo scenes."""
    errors: dict[str, list[float]] = {name: [] for name in VARIANTS}
    took = dict.fromkeys(VARIANTS, 0.0)
    diverged = dict.fromkeys(VARIANTS, 0)
    for path in environments_from(None, None).paths[:scenes]:
        scene, rng = read_scene(path), np.random.default_rng(0)
        worlds = {name: World(with_options(scene, what)) for name, what in VARIANTS.items()}
        truth = World(with_options(scene, REFERENCE))
        reachability = truth.reachability()
        if not reachability.reachable_objects:
            continue
        for _ in range(pushes):
            name = str(rng.choice(reachability.reachable_objects))
            contact = int(rng.choice(np.flatnonzero(reachability.reachable_contacts(name))))
            expected, _ = push_open_loop(truth, name, contact)
            if expected is None:
                continue
            for variant, world in worlds.items():
                pose, seconds = push_open_loop(world, name, contact)
                took[variant] += seconds
                if pose is None:
                    diverged[variant] += 1
                else:
                    errors[variant].append(pose.distance(expected))
    return [
        {
            "variant": name,
            "pushes": len(errors[name]) + diverged[name],
            "diverged": diverged[name],
            "median_cm": 100 * float(np.median(errors[name])),
            "mean_cm": 100 * float(np.mean(errors[name])),
            "p95_cm": 100 * float(np.quantile(errors[name], 0.95)),
            "ms_per_simulated_second": 1e3
            * took[name]
            / PUSH_S
            / (len(errors[name]) + diverged[name]),
        }
        for name in VARIANTS
    ]


def find_plan(scene: Scene, seed: int) -> tuple[Action, ...]:
    """Return a plan that opens the goal; empty if none is found or needed."""
    world = World(scene)
    budget = Budget(depth=3, seconds=math.inf, pushes=PLAN_PUSHES)
    planner = TreeIDFS(NearestFirst(), RandomGoals(), max_goals_per_object=5)
    return planner.search(world, budget, Streams.for_episode(seed, 0, 0)).plan


def works(scene: Scene, plan: tuple[Action, ...]) -> bool:
    """Return whether a plan opens the robot's goal, at its end or on the way."""
    world = World(scene)
    for push in plan:
        world.push(push)
        if world.reachability().goal_reachable:
            return True
    return False


def measure_plans(scenes: int) -> list[Figures]:
    """Return how many plans of each preset open the goal under each other."""
    found = dict.fromkeys(PHYSICS_PRESETS, 0)
    kept = dict.fromkeys(itertools.product(PHYSICS_PRESETS, repeat=2), 0)
    for seed, path in enumerate(environments_from(None, None).paths[:scenes]):
        written = with_options(read_scene(path), VARIANTS["RK4 10 ms"])
        presets = {name: with_physics(written, name) for name in PHYSICS_PRESETS}
        for name, scene in presets.items():
            plan = find_plan(scene, seed)
            found[name] += bool(plan)
            for other, there in presets.items():
                kept[name, other] += bool(plan) and works(there, plan)
    return [
        {
            "found_under": name,
            "plans": found[name],
            **{other: kept[name, other] for other in PHYSICS_PRESETS},
        }
        for name in PHYSICS_PRESETS
    ]


def measure(scenes: int, pushes: int) -> Figures:
    """Return all figures of this benchmark."""
    return {"errors": measure_errors(scenes, pushes), "plans": measure_plans(scenes)}


def show(figures: Figures) -> None:
    """Print the figures."""
    show_table(
        f"Error of a push of {PUSH_S:g} s relative to a time step of 0.5 ms",
        ("options", "pushes", "diverged", "median cm", "mean cm", "95 % cm", "ms per simulated s"),
        ([*one.values()] for one in figures["errors"]),
    )
    show_table(
        "Plans found under one preset (`scene` is RK4 10 ms here) that open the goal under another",
        ("found under", "plans", *PHYSICS_PRESETS),
        (
            (
                one["found_under"],
                one["plans"],
                *(percent(one[other], one["plans"]) for other in PHYSICS_PRESETS),
            )
            for one in figures["plans"]
        ),
    )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--count", type=int, default=40, help="number of demo scenes")
    parser.add_argument("--pushes", type=int, default=5, help="pushes per scene, for the error")
    arguments = parser.parse_args()
    figures = measure(arguments.count, arguments.pushes)
    show(figures)
    write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
