"""Straight pushes: make contact at one point and drive along the normal of the face.

This is a single step of the push skill: no plan, no second contact. A longer push from the same
contact passes through the ends of all shorter ones, so one simulation covers every travel. After
each of them the robot backs off to the nearest free cell, as after any push.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from namo.errors import PhysicsError
from namo.world.primitives import LONGEST_PRIMITIVE_S, control_steps, push_along
from namo.world.push import PushOutcome, PushStatus, StraightPush
from namo.world.push_skill import OVERTIME_FACTOR, STUCK_M, STUCK_S, has_moved
from namo.world.simulation import State

if TYPE_CHECKING:
    from namo.world.world import World


@dataclass(frozen=True)
class _Passage:
    """Where a straight push passed the end of a shorter one, or ended.

    Attributes:
        travel: the travel completed, or the one that was not.
        status: `REACHED` for a completed travel, else why there are no longer ones.
        state: at that instant, the robot still in contact.
        steps: physics steps so far.
        detail: the cause of `DIVERGED`.
    """

    travel: float
    status: PushStatus
    state: State
    steps: int
    detail: str = ""


def execute_straight(world: World, push: StraightPush, deadline: float = math.inf) -> PushOutcome:
    """Execute a straight push and return its outcome; the world is left in the state after it.

    Args:
        world: in any state; the push depends on that state alone.
        push: contact and travel.
        deadline: value of `time.monotonic()` (s) after which to abort and undo.

    Raises:
        UnknownMovableError: the scene has no such movable.
        ValueError: the movable has no such contact, or the travel is not finite and positive.
        SceneError: see `World.primitives`.
        OSError: likewise.
    """
    (outcome,) = straight_pushes(world, push.object_name, push.contact, [push.travel], deadline)
    return outcome


def straight_pushes(
    world: World, name: str, contact: int, travels: Sequence[float], deadline: float = math.inf
) -> Iterator[PushOutcome]:
    """Simulate some straight pushes from one contact in one drive, and yield how each one ends.

    Whenever an outcome is yielded, the world is in the state after that push: bit for bit the one
    that `execute_straight` leads to. The robot drives on when the next one is asked for. The last
    outcome may be that of a push whose travel is not completed; longer ones would end in the same
    way and are left out.

    Args:
        world: in any state; the pushes depend on that state alone.
        name: of the movable.
        contact: index of the contact point.
        travels: of the pushes, ascending (m).
        deadline: value of `time.monotonic()` (s) after which to abort and undo.

    Raises:
        UnknownMovableError: the scene has no such movable.
        ValueError: the movable has no such contact, or a travel is not finite and positive.
        SceneError: see `World.primitives`.
        OSError: likewise.
    """
    contacts = len(world.static.contacts[name].positions)
    if not 0 <= contact < contacts:
        raise ValueError(f"'{name}' has contact points 0 to {contacts - 1}, not {contact}")
    if not all(math.isfinite(travel) and travel > 0.0 for travel in travels):
        raise ValueError(f"travels must be finite and positive, not {list(travels)}")
    before, start = world.save(), world.poses()
    goal_was_open = world.reachability().goal_reachable
    if not world.reachability().reachable_contacts(name)[contact]:
        yield PushOutcome(PushStatus.UNREACHABLE, start[name], 0, 0, moved=False)
        return
    world.restore(before)  # clears solver data outside the snapshot, which must not matter
    for passage in _passages(world, name, contact, travels, deadline):
        is_last = passage.status is not PushStatus.REACHED or passage.travel == travels[-1]
        if not is_last:
            world.simulation.keep()
        is_undone = passage.status in (PushStatus.DIVERGED, PushStatus.INTERRUPTED)
        world.restore(before if is_undone else passage.state)
        if not is_undone:
            world.settle()
        # A push that opened the robot's goal moved something, even if by less than the thresholds.
        opened = not goal_was_open and world.reachability().goal_reachable
        moved = opened or has_moved(start, world.poses())
        if not moved:  # avoid a new state that differs from the previous one only by noise
            world.restore(before)
        pose = world.poses()[name]
        yield PushOutcome(passage.status, pose, 1, passage.steps, moved, passage.detail)
        if is_last:  # the world stays in the state after it
            return
        world.simulation.resume()


def _passages(
    world: World, name: str, contact: int, travels: Sequence[float], deadline: float
) -> Iterator[_Passage]:
    """Drive from a reachable contact point and yield where every travel ends, until one does not.

    The robot is stuck when it advances by less than `STUCK_M` in `STUCK_S`.
    """
    simulation, points = world.simulation, world.static.contacts[name]
    x, y = simulation.pose(name).to_world(points.positions[contact]).tolist()
    simulation.stop()
    if world.observer is not None:
        world.observer.on_drive(x, y)
    simulation.place_robot(x, y)
    period = control_steps(simulation.timestep_s)
    stuck_after = max(1, round(STUCK_S / (period * simulation.timestep_s)))
    limit = OVERTIME_FACTOR * LONGEST_PRIMITIVE_S / simulation.timestep_s
    index, steps, periods, travelled_then = 0, 0, 0, 0.0

    def passage(status: PushStatus) -> _Passage:
        detail = ""
        try:
            simulation.check_health(steps)
        except PhysicsError as error:
            status, detail = PushStatus.DIVERGED, str(error)
        return _Passage(travels[index], status, simulation.save(), steps, detail)

    while index < len(travels):
        if steps >= limit:
            yield passage(PushStatus.OUT_OF_STEPS)
            return
        push_along(simulation, name, points.directions[contact], period)
        steps, periods = steps + period, periods + 1
        if world.observer is not None:
            world.observer.on_step()
        if time.monotonic() > deadline:
            yield passage(PushStatus.INTERRUPTED)
            return
        robot_x, robot_y = simulation.robot()
        travelled = math.hypot(robot_x - x, robot_y - y)
        while index < len(travels) and not travelled < travels[index]:  # NaN is not less
            reached = passage(PushStatus.REACHED)
            yield reached
            if reached.status is not PushStatus.REACHED:
                return
            index += 1
        if index < len(travels) and periods % stuck_after == 0:
            if travelled - travelled_then < STUCK_M:
                yield passage(PushStatus.STUCK)
                return
            travelled_then = travelled
