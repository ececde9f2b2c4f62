"""The push skill: bring a box to a pose, closed loop.

Look at the box, plan over primitives, take up a contact point, push, look again. The robot is only
ever placed where it could have driven to: a contact point counts as reachable when its standoff is
in the robot's free region and the last step to the box is clear. Afterwards it backs off to the
nearest free spot.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np

from namo.errors import PhysicsError
from namo.geometry import Pose2D
from namo.world.primitives import control_steps, push_along
from namo.world.push import Push, PushOutcome, PushStatus
from namo.world.push_planner import PlannedPush, within_tolerance

if TYPE_CHECKING:
    from namo.world.world import World

MAX_CONTACTS = 10
MAX_PUSH_S = 60.0
"""No further contact is taken up after this much simulated time of one push."""
MAX_STUCK_CONTACTS = 3
STUCK_S = 1.0
STUCK_M = 0.001
"""A robot that pushes for `STUCK_S` and gains less than this is stuck."""
LOOK_S = 0.2
"""How often a push looks at the box."""
GOAL_LOOKS = 2
"""Every so many looks a push also asks whether the robot's goal has become reachable."""
OVERTIME = 3.0
"""A contact is given up after this multiple of the time its primitive took in the open ..."""
OVERTIME_S = 8.0
"""... and this much more: two boxes in a row accelerate slowly."""
OFF_COURSE_M = 0.08
OFF_COURSE_RAD = 0.25
"""How far the box may be from where the primitive would have it before the plan is made anew."""
MOVED_M = 0.001
MOVED_RAD = 0.01


def perform(world: World, push: Push, deadline: float, *, stop_at_open_goal: bool) -> PushOutcome:
    """Carry out a push and return what came of it; the world is left in the state after it.

    Args:
        world: in any state; the push depends on that state alone.
        push: object and wanted pose.
        deadline: value of `time.monotonic()` (s) after which to give up.
        stop_at_open_goal: end as soon as the push made the robot's goal reachable.

    Raises:
        KeyError: the scene has no such movable.
        ValueError: the wanted pose is not finite.
        SceneError: see `World.primitives`.
        OSError: likewise.
    """
    if not all(map(math.isfinite, push.goal)):
        raise ValueError(f"{push}: the goal must be finite")
    before = world.save()
    world.restore(before)  # whatever is not part of the state must not matter
    attempt = _Attempt(world, push, deadline)
    # An early stop is for goals that open on the way: an open one does not forbid pushing.
    attempt.watch_goal = stop_at_open_goal and not world.reachability().goal_reachable
    detail = ""
    try:
        status = attempt.run()
    except PhysicsError as error:
        status, detail = PushStatus.DIVERGED, str(error)
    if status in (PushStatus.DIVERGED, PushStatus.INTERRUPTED):
        world.restore(before)
    # A push that opened the robot's goal did move something, however little.
    moved = status is PushStatus.GOAL_OPEN or any(
        pose.distance(attempt.start[name]) > MOVED_M or pose.turn(attempt.start[name]) > MOVED_RAD
        for name, pose in world.poses().items()
        if name != "robot"
    )
    if not moved:  # and leave no state that is nearly, but not quite, the one before
        world.restore(before)
    return PushOutcome(
        status=status,
        pose=world.poses()[push.object_name],
        contacts=attempt.contacts,
        physics_steps=attempt.steps,
        moved=moved,
        detail=detail,
    )


class _Ended(Enum):
    """How pushing from one contact point ended."""

    TRAVELLED = auto()
    ARRIVED = auto()
    GOAL_OPEN = auto()
    OFF_COURSE = auto()
    OVERTIME = auto()
    STUCK = auto()
    INTERRUPTED = auto()


class _Attempt:
    """One push in progress."""

    def __init__(self, world: World, push: Push, deadline: float) -> None:
        self.world, self.push, self.deadline = world, push, deadline
        self.name = push.object_name
        self.start = world.poses()
        self.contacts = self.steps = 0
        self.watch_goal = False
        self.period = control_steps(world.simulation.timestep_s)

    def run(self) -> PushStatus:
        world, goal = self.world, self.push.goal
        library, planner = world.primitives(self.name)
        self.library = library
        stuck = np.zeros(len(library.steps), np.bool_)
        while True:
            reachability = world.reachability()
            pose = reachability.poses[self.name]
            if self.watch_goal and reachability.goal_reachable:
                return PushStatus.GOAL_OPEN
            if within_tolerance(pose, goal):
                return PushStatus.REACHED
            if (
                self.contacts >= MAX_CONTACTS
                or self.steps * world.simulation.timestep_s >= MAX_PUSH_S
            ):
                return PushStatus.OUT_OF_STEPS
            usable = reachability.reachable_contacts(self.name)
            if not usable.any():
                return PushStatus.BLOCKED if self.contacts else PushStatus.UNREACHABLE
            if stuck.sum() >= MAX_STUCK_CONTACTS:
                return PushStatus.STUCK
            began = time.perf_counter()
            planned = planner.plan(reachability, goal, usable & ~stuck, self.deadline)
            world.planning_s += time.perf_counter() - began
            if time.monotonic() > self.deadline:
                return PushStatus.INTERRUPTED
            if planned is None:
                return PushStatus.STUCK if stuck.any() else PushStatus.BLOCKED
            ended = self._push_from(planned, pose)
            if ended is _Ended.INTERRUPTED:
                return PushStatus.INTERRUPTED
            if ended is _Ended.STUCK:
                stuck[planned.contact] = True
            elif world.poses()[self.name].distance(pose) > MOVED_M:
                stuck[:] = False

    def _push_from(self, planned: PlannedPush, box: Pose2D) -> _Ended:
        """Take up a contact point, push, come to rest and back off."""
        world = self.world
        contacts = world.static.contacts[self.name]
        x, y = box.to_world(contacts.positions[planned.contact]).tolist()
        world.simulation.rest()
        if world.watcher is not None:
            world.watcher.drives(x, y)
        world.simulation.place_robot(x, y)
        self.contacts += 1
        steps_before = self.steps
        ended = self._drive(planned, box, (x, y))
        world.simulation.check_health(self.steps - steps_before)
        world.come_to_rest()
        return ended

    def _drive(self, planned: PlannedPush, box: Pose2D, start: tuple[float, float]) -> _Ended:
        simulation = self.world.simulation
        direction = self.world.static.contacts[self.name].directions[planned.contact]
        distance = float(self.library.travels[planned.travel])
        dt = simulation.timestep_s
        nominal_s = float(self.library.steps[planned.contact, planned.travel]) * dt
        limit = (nominal_s * OVERTIME + OVERTIME_S) / dt
        look_every = max(1, round(LOOK_S / (self.period * dt)))
        stuck_after = max(1, round(STUCK_S / (self.period * dt)))
        # What the primitive does to the box after this much travel, from none at all.
        self.travels = [0.0, *self.library.travels.tolist()]
        self.moves = [[0.0] * 3, *self.library.displacements[planned.contact].tolist()]
        periods, travelled_then, count = 0, 0.0, 0
        while count < limit:
            push_along(simulation, self.name, direction, self.period)
            self.steps += self.period
            count += self.period
            periods += 1
            if self.world.watcher is not None:
                self.world.watcher.steps()
            if time.monotonic() > self.deadline:
                return _Ended.INTERRUPTED
            x, y = simulation.robot()
            travelled = math.hypot(x - start[0], y - start[1])
            if travelled >= distance:
                return _Ended.TRAVELLED
            if not math.isfinite(travelled):
                return _Ended.OFF_COURSE  # the look at the physics that follows says what happened
            if periods % stuck_after == 0:
                if travelled - travelled_then < STUCK_M:
                    return _Ended.STUCK
                travelled_then = travelled
            looks, due = divmod(periods, look_every)
            if due == 0:
                seen = self._look(box, travelled, ask_goal=looks % GOAL_LOOKS == 0)
                if seen:
                    return seen
        return _Ended.OVERTIME

    def _look(self, box: Pose2D, travelled: float, *, ask_goal: bool) -> _Ended | None:
        pose = self.world.simulation.pose(self.name)
        if within_tolerance(pose, self.push.goal):
            return _Ended.ARRIVED
        expected = box.compose(self._expected(travelled))
        if pose.distance(expected) > OFF_COURSE_M or pose.turn(expected) > OFF_COURSE_RAD:
            return _Ended.OFF_COURSE
        if self.watch_goal and ask_goal:
            self.world.invalidate()
            if self.world.reachability().goal_reachable:
                return _Ended.GOAL_OPEN
        return None

    def _expected(self, travelled: float) -> Pose2D:
        """Return how far the primitive has displaced the box by then, between its travels linear.

        The robot is short of the primitive's own travel, so there is always a next one.
        """
        after = bisect_right(self.travels, travelled)
        low, high = self.travels[after - 1], self.travels[after]
        before, then = self.moves[after - 1], self.moves[after]
        return Pose2D(
            *(
                a + (b - a) / (high - low) * (travelled - low)
                for a, b in zip(before, then, strict=True)
            )
        )
