"""The push skill: a closed-loop controller that pushes a box to a pose.

Observe the box, plan over primitives, make contact, push, observe again. The robot is only placed
where it could have driven: a contact point is reachable if its standoff is in the robot's region
and the robot at the contact point touches nothing else. After each contact it backs off to the
nearest free cell.

A push that opens the robot's goal stops. At that instant a robot fits that is hardly wider, so
under a clearance the push first goes on until one fits that is `ROOM_M` wider. If none does within
`ROOM_TRAVEL_M`, or before the robot leaves the contact, everything after that instant is undone.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from namo.errors import PhysicsError
from namo.geometry import Pose2D
from namo.world.primitives import control_steps, push_along
from namo.world.push import Push, PushOutcome, PushStatus
from namo.world.push_planner import PlannedPush, within_tolerance

if TYPE_CHECKING:
    from namo.world.simulation import State
    from namo.world.world import World

MAX_CONTACTS = 10
MAX_PUSH_S = 60.0
"""Simulated time after which a push makes no further contact."""
MAX_STUCK_CONTACTS = 3
STUCK_S = 1.0
STUCK_M = 0.001
"""A robot that advances by less than this in `STUCK_S` is stuck."""
OBSERVATION_PERIOD_S = 0.2
"""Time between observations of the box during a push."""
GOAL_CHECK_INTERVAL = 2
"""Observations per check whether the robot's goal has become reachable."""
OVERTIME_FACTOR = 3.0
"""A contact is abandoned after this multiple of the time its primitive took in free space ..."""
OVERTIME_S = 8.0
"""... plus this much: two boxes in a row accelerate slowly."""
OFF_COURSE_M = 0.08
OFF_COURSE_RAD = 0.25
"""How far the box may deviate from the primitive's prediction before the push is planned again."""
ROOM_M = 0.05
"""Under a clearance a push that opened the goal makes room for a robot this much wider ..."""
ROOM_TRAVEL_M = 0.15
"""... and travels at most this much further for that."""
MOVED_M = 0.001
MOVED_RAD = 0.01


def execute_push(
    world: World, push: Push, deadline: float, *, stop_at_open_goal: bool
) -> PushOutcome:
    """Execute a push and return its outcome; the world is left in the state after it.

    Args:
        world: in any state; the push depends on that state alone.
        push: object and target pose.
        deadline: value of `time.monotonic()` (s) after which to abort.
        stop_at_open_goal: stop as soon as the push has made the robot's goal reachable.

    Raises:
        UnknownMovableError: the scene has no such movable.
        ValueError: the target pose is not finite.
        SceneError: see `World.primitives`.
        OSError: likewise.
    """
    if not all(map(math.isfinite, push.goal)):
        raise ValueError(f"{push}: the goal must be finite")
    before = world.save()
    world.restore(before)  # clears solver data outside the snapshot, which must not matter
    attempt = _Attempt(world, push, deadline)
    # The early stop is for goals that open during the push; pushing with an open goal is allowed.
    attempt.stops_at_goal = stop_at_open_goal and not world.reachability().goal_reachable
    detail = ""
    try:
        status = attempt.run()
    except PhysicsError as error:
        status, detail = PushStatus.DIVERGED, str(error)
    if status in (PushStatus.DIVERGED, PushStatus.INTERRUPTED):
        world.restore(before)
    # A push that opened the robot's goal moved something, even if by less than the thresholds.
    moved = status is PushStatus.GOAL_OPEN or has_moved(attempt.start, world.poses())
    if not moved:  # avoid a new state that differs from the previous one only by noise
        world.restore(before)
    return PushOutcome(
        status=status,
        pose=world.poses()[push.object_name],
        contacts=attempt.contacts,
        physics_steps=attempt.steps,
        moved=moved,
        detail=detail,
    )


def has_moved(before: Mapping[str, Pose2D], after: Mapping[str, Pose2D]) -> bool:
    """Return whether any movable moved by more than `MOVED_M` or `MOVED_RAD`.

    Args:
        before: world poses by name; the robot's does not count.
        after: likewise.
    """
    return any(
        pose.distance(before[name]) > MOVED_M or pose.turn(before[name]) > MOVED_RAD
        for name, pose in after.items()
        if name != "robot"
    )


class _ContactEnd(Enum):
    """How pushing from one contact point ended."""

    TRAVELLED = auto()
    ARRIVED = auto()
    GOAL_OPEN = auto()
    OFF_COURSE = auto()
    OVERTIME = auto()
    STUCK = auto()
    INTERRUPTED = auto()


class _Opening(NamedTuple):
    """The instant at which a push opened the robot's goal.

    Attributes:
        state: exact snapshot.
        steps: MuJoCo steps of the push until then.
        travelled: way of the robot from the contact point (m).
    """

    state: State
    steps: int
    travelled: float


class _Attempt:
    """One push in progress."""

    def __init__(self, world: World, push: Push, deadline: float) -> None:
        self.world, self.push, self.deadline = world, push, deadline
        self.name = push.object_name
        self.start = world.poses()
        self.contacts = self.steps = 0
        self.stops_at_goal = False
        self.makes_room = world.scene.clearance > 0.0
        self.opening: _Opening | None = None
        self.period = control_steps(world.simulation.timestep_s)

    def run(self) -> PushStatus:
        world, goal = self.world, self.push.goal
        library, planner = world.primitives(self.name)
        self.library = library
        stuck = np.zeros(len(library.steps), np.bool_)
        while True:
            reachability = world.reachability()
            pose = reachability.poses[self.name]
            if self.stops_at_goal and reachability.goal_reachable:
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
            if ended is _ContactEnd.INTERRUPTED:
                return PushStatus.INTERRUPTED
            if ended is _ContactEnd.STUCK:
                stuck[planned.contact] = True
            elif world.poses()[self.name].distance(pose) > MOVED_M:
                stuck[:] = False

    def _push_from(self, planned: PlannedPush, box: Pose2D) -> _ContactEnd:
        """Make contact, push, settle and back off."""
        world = self.world
        contacts = world.static.contacts[self.name]
        x, y = box.to_world(contacts.positions[planned.contact]).tolist()
        world.simulation.stop()
        if world.observer is not None:
            world.observer.on_drive(x, y)
        world.simulation.place_robot(x, y)
        self.contacts += 1
        steps_before = self.steps
        ended = self._drive(planned, box, (x, y))
        steps = self.steps - steps_before
        if self.opening is not None and ended is not _ContactEnd.INTERRUPTED:
            steps -= self._undo_to_opening(self.opening)
        world.simulation.check_health(steps)
        world.settle()
        return ended

    def _drive(self, planned: PlannedPush, box: Pose2D, start: tuple[float, float]) -> _ContactEnd:
        simulation = self.world.simulation
        direction = self.world.static.contacts[self.name].directions[planned.contact]
        distance = float(self.library.travels[planned.travel])
        dt = simulation.timestep_s
        nominal_s = float(self.library.steps[planned.contact, planned.travel]) * dt
        limit = (nominal_s * OVERTIME_FACTOR + OVERTIME_S) / dt
        observe_every = max(1, round(OBSERVATION_PERIOD_S / (self.period * dt)))
        stuck_after = max(1, round(STUCK_S / (self.period * dt)))
        # Displacement of the box by the primitive at each travel, starting at zero.
        self.travels = [0.0, *self.library.travels.tolist()]
        self.moves = [[0.0] * 3, *self.library.displacements[planned.contact].tolist()]
        periods, travelled_then, count = 0, 0.0, 0
        while count < limit:
            push_along(simulation, self.name, direction, self.period)
            self.steps += self.period
            count += self.period
            periods += 1
            if self.world.observer is not None:
                self.world.observer.on_step()
            if time.monotonic() > self.deadline:
                return _ContactEnd.INTERRUPTED
            x, y = simulation.robot()
            travelled = math.hypot(x - start[0], y - start[1])
            if travelled >= distance:
                return _ContactEnd.TRAVELLED
            if not math.isfinite(travelled):
                return _ContactEnd.OFF_COURSE  # the health check that follows reports the cause
            if periods % stuck_after == 0:
                if travelled - travelled_then < STUCK_M:
                    return _ContactEnd.STUCK
                travelled_then = travelled
            observations, remainder = divmod(periods, observe_every)
            if remainder == 0:
                check_goal = observations % GOAL_CHECK_INTERVAL == 0 or self.opening is not None
                end = self._observe(box, travelled, check_goal=check_goal)
                if end:
                    return end
        return _ContactEnd.OVERTIME

    def _observe(self, box: Pose2D, travelled: float, *, check_goal: bool) -> _ContactEnd | None:
        pose = self.world.simulation.pose(self.name)
        if within_tolerance(pose, self.push.goal):
            return _ContactEnd.ARRIVED
        expected = box.compose(self._expected(travelled))
        if pose.distance(expected) > OFF_COURSE_M or pose.turn(expected) > OFF_COURSE_RAD:
            return _ContactEnd.OFF_COURSE
        if self.stops_at_goal and check_goal:
            if self.opening and travelled - self.opening.travelled > ROOM_TRAVEL_M:
                return _ContactEnd.GOAL_OPEN
            self.world.invalidate()
            if self.world.reachability().goal_reachable and not self._goes_on(travelled):
                return _ContactEnd.GOAL_OPEN
        return None

    def _goes_on(self, travelled: float) -> bool:
        """Return whether to go on with an open goal, for more room."""
        if not self.makes_room or self.world.has_room(ROOM_M):
            self.opening = None
            return False
        if self.opening is None:
            self.opening = _Opening(self.world.save(), self.steps, travelled)
        return True

    def _undo_to_opening(self, opening: _Opening) -> int:
        """Undo what bought no room, and return how many steps that were."""
        self.opening = None
        self.world.restore(opening.state)
        undone = self.steps - opening.steps
        if self.world.observer is not None:
            self.world.observer.on_undo(undone // self.period)
        return undone

    def _expected(self, travelled: float) -> Pose2D:
        """Return the displacement of the box by then, interpolated linearly between travels.

        The robot has not completed the primitive's travel yet, so there is always a next one.
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
