"""Carry out a stored plan again and compare what happens with what was stored."""

from __future__ import annotations

from typing import Any

from namo.geometry import Pose2D
from namo.world.push import Push
from namo.world.world import World

Record = dict[str, Any]


def replay_problem(world: World, episode: Record) -> str | None:
    """Return what of a solved episode does not happen again; None when all of it does.

    Every state along the plan has to be the stored one to the last bit, and the robot's goal
    reachable at its end and not before.

    Args:
        world: of the episode's scene, under the physics it was collected with; changed.
        episode: an entry of `episode_results` with a solution.
    """
    world.reset()
    plan, before = episode["action_sequence"], episode["state_observations"]
    after = episode["post_action_state_observations"]
    if not len(plan) == len(before) == len(after) == episode["solution_depth"]:
        return "the plan, its states and its length do not fit together"
    movables = {movable.name for movable in world.scene.movables}
    for number, (action, start, end) in enumerate(zip(plan, before, after, strict=True), start=1):
        if world.observation() != start:
            return f"before push {number} the state is another"
        if world.reachability().goal_reachable:
            return f"the goal is reachable before push {number} already"
        if action["object_id"] not in movables:
            return f"push {number} is of {action['object_id']}, which the scene does not have"
        world.push(Push(action["object_id"], Pose2D(*action["target"])))
        if world.observation() != end:
            return f"after push {number} the state is another"
    if not world.reachability().goal_reachable:
        return "the goal is not reachable at the end of the plan"
    return None
