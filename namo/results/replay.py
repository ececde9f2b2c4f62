"""Replay stored pushes, record their motion, and compare the states with the stored ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from types import MappingProxyType

from namo.errors import ResultFileError
from namo.results.actions import PUSH_COLUMNS, push_in, push_of
from namo.results.collected_scenes import CollectedScenes
from namo.results.record_types import (
    Columns,
    EpisodePlan,
    Observation,
    PlanRecord,
    SceneReference,
)
from namo.results.searched_environment import observation_of
from namo.scenes.conditions import Conditions
from namo.world.push import Action, PushOutcome
from namo.world.recording import Recorder
from namo.world.world import World


@dataclass
class Replay:
    """The replay of a plan, or of the pushes that lead to a simulated push, and of that push.

    Attributes:
        pushes: recorded motion of each replayed push; the last one includes the drive to the
            robot's goal, if it is reachable then.
        problem: where the replay diverged from what is stored; None when it matches.
    """

    pushes: list[Recorder] = field(default_factory=list)
    problem: str | None = None


class _DivergedError(Exception):
    """The replay differs from what is stored; the text says where."""


def replay(world: World, episode: PlanRecord, outcomes: Sequence[tuple[str, int]] = ()) -> Replay:
    """Replay the plan of a solved episode, up to the first difference from the stored plan.

    Every state along the plan must equal the stored one to the last bit, and the robot's goal must
    be reachable at the end and not before.

    Args:
        world: of the episode's scene, under its conditions; its state changes.
        episode: an entry of `episode_results` with a solution.
        outcomes: status and physics steps of each push, which must be the same too; empty to leave
            that out.
    """
    plan, before = episode["action_sequence"] or [], episode["state_observations"]
    after = episode["post_action_state_observations"]
    lengths = {len(plan), len(before), len(after), len(outcomes or plan)}
    if lengths != {episode["solution_depth"]}:
        return Replay(problem="plan, states and length of the plan are inconsistent")
    player = _Player(world)
    try:
        places = zip_longest(plan, before, after, outcomes)
        for action, start, end, outcome in places:
            player.play(push_of(action), start, end)
            if outcome is not None:
                player.require_outcome(*outcome)
        player.require_open_goal()
    except _DivergedError as difference:
        return player.end(str(difference))
    return player.end()


def replay_plans(
    scenes: CollectedScenes,
    reference: SceneReference,
    conditions: Conditions,
    episodes: Sequence[EpisodePlan],
    outcomes: Mapping[str, Sequence[tuple[str, int]]] = MappingProxyType({}),
    then: Callable[[World, EpisodePlan], str | None] | None = None,
) -> Iterator[tuple[str, str | None]]:
    """Replay the plans of an environment; its scene is not read where there are none.

    Args:
        scenes: of the collection.
        reference: record of the environment, or any of its metrics rows.
        conditions: under which it was collected.
        episodes: of the environment, with and without a plan.
        outcomes: of the pushes of plans by the episode's ID, see `replay`.
        then: looks at a plan that replays, and returns what is wrong with it; None for nothing.

    Yields:
        Of each plan the episode's ID, and where its replay diverged, see `Replay`, or what `then`
        returned.

    Raises:
        SceneError: the scene is not stored, and its file is missing or has changed.
        ResultFileError: the stored scenes are damaged or of another version.
    """
    planned = [episode for episode in episodes if episode["action_sequence"]]
    if not planned:
        return
    world = World(scenes.scene(reference, conditions))
    for episode in planned:
        of_plan = outcomes.get(episode["episode_id"], ())
        problem = replay(world, episode, of_plan).problem
        if problem is None and then is not None:
            problem = then(world, episode)
        yield episode["episode_id"], problem


def replay_push(world: World, pushes: Columns, episode: int, number: int) -> Replay:
    """Replay one simulated push of a search, after the pushes that lead to the state before it.

    Every state on the way must equal the stored one to the last bit; so must the status of the
    push and its number of physics steps.

    Args:
        world: of the episode's scene, under its conditions; its state changes.
        pushes: of the environment's record.
        episode: number of the episode.
        number: of the push in it.

    Raises:
        ResultFileError: no pushes lead to the state before the push.
    """
    rows = [row for row, each in enumerate(pushes["episode"]) if each == episode]
    states, next_states = ([pushes[name][row] for row in rows] for name in ("state", "next_state"))
    player = _Player(world)
    try:
        for row in (rows[place] for place in push_chain(states, next_states, number)):
            push = push_in({name: pushes[name][row] for name in PUSH_COLUMNS})
            names = pushes["object_names"][row]
            start, end = (
                observation_of(names, pushes[which][row])
                for which in ("poses_before", "poses_after")
            )
            player.play(push, start, end)
            player.require_outcome(pushes["status"][row], pushes["physics_steps"][row])
    except _DivergedError as difference:
        return player.end(str(difference))
    return player.end()


def push_chain(states: list[int], next_states: list[int], number: int) -> list[int]:
    """Return the pushes that lead from the start to a push and include it, in order.

    Args:
        states: number of the state before each push of a search.
        next_states: number of the state after it; the same if nothing moved.
        number: of the push.

    Raises:
        ResultFileError: no pushes lead to the state before it.
    """
    found_by: dict[int, int] = {}  # the push that first led to a state
    for push, (state, next_state) in enumerate(zip(states, next_states, strict=True)):
        if next_state not in (state, 0):
            found_by.setdefault(next_state, push)
    chain = [number]
    while (state := states[chain[-1]]) != 0:
        before = found_by.get(state, number)
        if before >= chain[-1]:  # a state is found before anything is pushed in it
            raise ResultFileError(f"push {number}: no stored pushes lead to state {state}")
        chain.append(before)
    return chain[::-1]


class _Player:
    """Replays pushes one after another, from the scene's start."""

    def __init__(self, world: World) -> None:
        self.world, self.done = world, Replay()
        self._outcome: PushOutcome | None = None
        self._movables = {movable.name for movable in world.scene.movables}
        world.reset()

    def play(self, push: Action, start: Observation, end: Observation) -> None:
        """Replay a push between two stored states."""
        world, number = self.world, len(self.done.pushes) + 1
        if world.observation() != start:
            raise _DivergedError(f"state before push {number} differs from the stored state")
        if world.reachability().goal_reachable:
            raise _DivergedError(f"goal is already reachable before push {number}")
        if push.object_name not in self._movables:
            raise _DivergedError(
                f"push {number} moves '{push.object_name}', which is not in the scene"
            )
        world.observer = recorder = Recorder(world)
        try:
            self._outcome = world.push(push)
            recorder.finish()
        finally:
            world.observer = None
        self.done.pushes.append(recorder)
        if world.observation() != end:
            raise _DivergedError(f"state after push {number} differs from the stored state")

    def require_outcome(self, status: str, physics_steps: int) -> None:
        """Make sure that the last push ended as stored."""
        outcome = self._outcome
        if outcome and (outcome.status.value, outcome.physics_steps) != (status, physics_steps):
            raise _DivergedError(
                f"push {len(self.done.pushes)} ends as {outcome.status.value} after "
                f"{outcome.physics_steps} physics steps; stored: {status} after {physics_steps}"
            )

    def require_open_goal(self) -> None:
        """Make sure that the robot's goal is reachable."""
        if not self.world.reachability().goal_reachable:
            raise _DivergedError("goal is not reachable at the end of the plan")

    def end(self, problem: str | None = None) -> Replay:
        """Return the replay, with the drive to the goal if that is reachable."""
        self.done.problem = problem
        if problem is None and self.done.pushes and self.world.reachability().goal_reachable:
            goal = self.world.scene.goal
            self.world.observer = None
            self.done.pushes[-1].on_drive(goal.x, goal.y)
        return self.done
