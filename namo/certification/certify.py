"""Measure the difficulty of a scene with the reachability and push skill of the collector.

First every candidate push is tried: each reachable contact point of each reachable movable, with
every length of its motion primitives. The fraction that opens the robot's goal decides between easy
and hard. If none does, the collector's planner searches within a budget of pushes: for one
closed-loop push, which may use several contact points, with many goals; then for plans of more
pushes, shortest first. Budgets count pushes, never seconds, so the same scene gets the same figures
on every run.
"""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass, replace

from namo.certification.effort import Effort
from namo.planning.planner import Budget
from namo.planning.tree_idfs import TreeIDFS
from namo.scenes.difficulty import Difficulty, difficulty_of
from namo.scenes.scene import Scene
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst
from namo.world.world import World

ONE_PUSH_GOALS = 20
"""Goals per movable in the search for one closed-loop push."""
GOALS_PER_OBJECT = 5
"""Goals per movable in the search for longer plans."""


@dataclass(frozen=True)
class Certificate:
    """The measured difficulty of a scene.

    Attributes:
        difficulty: its class.
        pushes_needed: fewest pushes found that open the goal, 0 if it is open; None if no plan was
            found within the budget.
        opening_share: fraction of candidate pushes that open the goal; None if it is open.
        candidate_pushes: number of candidate pushes.
        opening_pushes: number of candidate pushes that open the goal.
        searched_pushes: pushes simulated by the searches that followed.
    """

    difficulty: Difficulty
    pushes_needed: int | None
    opening_share: float | None
    candidate_pushes: int
    opening_pushes: int
    searched_pushes: int


def certify(scene: Scene, effort: Effort, threads: int = 1) -> Certificate:
    """Measure the difficulty of a scene.

    Args:
        scene: simulated with its own options.
        effort: budget of the searches, and the clearance to leave.
        threads: pushes to simulate in parallel; results do not change.

    Raises:
        SceneError: MuJoCo refuses the scene, or it is too large for the grid.
    """
    world = World(replace(scene, clearance=effort.clearance), threads=threads)
    if world.reachability().goal_reachable:
        return _certificate(0, (0, 0), 0)
    candidates, opening = _candidate_pushes(world)
    if opening:
        return _certificate(1, (candidates, opening), 0)
    searched = 0
    for depth, goals in ((1, ONE_PUSH_GOALS), (effort.depth, GOALS_PER_OBJECT)):
        world.reset()
        result = TreeIDFS(NearestFirst(), RandomGoals(), goals).search(
            world,
            Budget(depth, seconds=math.inf, terminal_checks=2**62, pushes=effort.pushes),
            Streams.for_episode(effort.seed, 0, 0),
        )
        searched += result.simulations
        if result.solved:
            return _certificate(len(result.plan), (candidates, opening), searched)
    return _certificate(None, (candidates, opening), searched)


def _certificate(
    pushes_needed: int | None, straight: tuple[int, int], searched: int
) -> Certificate:
    candidates, opening = straight
    fraction = None
    if pushes_needed != 0:
        fraction = opening / candidates if candidates else 0.0
    return Certificate(
        difficulty_of(pushes_needed, fraction),
        pushes_needed,
        fraction,
        candidates,
        opening,
        searched,
    )


def _candidate_pushes(world: World) -> tuple[int, int]:
    """Return the number of candidate pushes, and of those that open the goal."""
    reachability = world.reachability()
    contacts = [
        (name, contact)
        for name in reachability.reachable_objects
        for contact in reachability.reachable_contacts(name).nonzero()[0].tolist()
    ]
    with closing(world.pool.map_pushes(world, _travels, contacts)) as counted:
        counts = list(counted)
    return sum(travels for travels, _ in counts), sum(opening for _, opening in counts)


def _travels(world: World, at: tuple[str, int]) -> tuple[int, int]:
    """Return the number of travels from a contact at the start, and of those that open the goal."""
    name, contact = at
    travels = len(world.primitives(name)[0].travels)
    results = world.straight_from(world.simulation.start, name, contact)
    # Also where the robot got stuck: what counts is, as in a plan, that its goal is open then.
    return travels, travels - len(results) + 1 if results[-1].after.goal_open else 0
