"""Carry out a stored plan again, see what it looks like, and compare it with what was stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from namo.geometry import Pose2D
from namo.world.push import Push
from namo.world.recording import Recorder
from namo.world.world import World

Record = dict[str, Any]


@dataclass
class Replay:
    """What happened when a plan was carried out again.

    Attributes:
        pushes: what each push that was carried out looked like; with the last one goes the drive
            to the robot's goal.
        problem: what did not happen as it was stored; None when all of it did.
    """

    pushes: list[Recorder] = field(default_factory=list)
    problem: str | None = None


def replay(world: World, episode: Record) -> Replay:
    """Carry out the plan of a solved episode, as far as it happens as it was stored.

    Every state along the plan has to be the stored one to the last bit, and the robot's goal
    reachable at its end and not before.

    Args:
        world: of the episode's scene, under the physics it was collected with; changed.
        episode: an entry of `episode_results` with a solution.
    """
    done = Replay()
    world.reset()
    try:
        done.problem = _carry_out(world, episode, done.pushes)
    finally:
        world.observer = None
    return done


def _carry_out(world: World, episode: Record, pushes: list[Recorder]) -> str | None:
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
        world.observer = recorder = Recorder(world)
        world.push(Push(action["object_id"], Pose2D(*action["target"])))
        recorder.finish()
        pushes.append(recorder)
        if world.observation() != end:
            return f"after push {number} the state is another"
    if not world.reachability().goal_reachable:
        return "the goal is not reachable at the end of the plan"
    if pushes:
        pushes[-1].on_drive(world.scene.goal.x, world.scene.goal.y)
    return None
