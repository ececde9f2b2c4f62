"""Replay a stored plan, record its motion, and compare the states with the stored ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from namo.geometry import Pose2D
from namo.results.record_types import PlanRecord
from namo.world.push import Push
from namo.world.recording import Recorder
from namo.world.world import World


@dataclass
class Replay:
    """The replay of a plan.

    Attributes:
        pushes: recorded motion of each replayed push; the last one includes the drive to the
            robot's goal.
        problem: where the replay diverged from the stored plan; None when it matches.
    """

    pushes: list[Recorder] = field(default_factory=list)
    problem: str | None = None


def replay(world: World, episode: PlanRecord) -> Replay:
    """Replay the plan of a solved episode, up to the first difference from the stored plan.

    Every state along the plan must equal the stored one to the last bit, and the robot's goal must
    be reachable at the end and not before.

    Args:
        world: of the episode's scene, under the physics it was collected with; its state changes.
        episode: an entry of `episode_results` with a solution.
    """
    done = Replay()
    world.reset()
    try:
        done.problem = _replay(world, episode, done.pushes)
    finally:
        world.observer = None
    return done


def _replay(world: World, episode: PlanRecord, pushes: list[Recorder]) -> str | None:
    """Append the motion of each push, and return the first difference."""
    plan, before = episode["action_sequence"] or [], episode["state_observations"]
    after = episode["post_action_state_observations"]
    if not len(plan) == len(before) == len(after) == episode["solution_depth"]:
        return "plan, states and length of the plan are inconsistent"
    movables = {movable.name for movable in world.scene.movables}
    for number, (action, start, end) in enumerate(zip(plan, before, after, strict=True), start=1):
        if world.observation() != start:
            return f"state before push {number} differs from the stored state"
        if world.reachability().goal_reachable:
            return f"goal is already reachable before push {number}"
        if action["object_id"] not in movables:
            return f"push {number} moves '{action['object_id']}', which is not in the scene"
        world.observer = recorder = Recorder(world)
        world.push(Push(action["object_id"], Pose2D(*action["target"])))
        recorder.finish()
        pushes.append(recorder)
        if world.observation() != end:
            return f"state after push {number} differs from the stored state"
    if not world.reachability().goal_reachable:
        return "goal is not reachable at the end of the plan"
    if pushes:
        pushes[-1].on_drive(world.scene.goal.x, world.scene.goal.y)
    return None
