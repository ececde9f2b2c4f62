"""`World`: a scene in MuJoCo as planners use it.

A world is one scene and its present state. Planners save and restore states, query what the robot
can reach, and push boxes:

    from pathlib import Path

    from namo.geometry import Pose2D
    from namo.scenes.reading import read_scene
    from namo.world.push import Push
    from namo.world.world import World

    world = World(read_scene(Path("scene.xml")))
    start = world.save()
    for name in world.reachability().reachable_objects:
        x, y, theta = world.poses()[name]
        outcome = world.push(Push(name, Pose2D(x + 0.8, y, theta)))
        print(name, outcome.status, world.reachability().goal_reachable)
        world.restore(start)

A `State` is MuJoCo's full integration state, so restoring it is exact. `reachability()` describes
the present state on a 2 cm grid, is computed once per state and must not be modified. A push is
closed loop: it plans over motion primitives, makes contact as often as needed, and stops early once
the robot's goal is reachable. Whatever happens is reported by `PushOutcome.status`; a push that
diverged or was interrupted leaves the world as it was before.

Guaranteed: the same state and push give the same bits, regardless of what this world simulated
before, of the number of threads and of other worlds; MuJoCo and NumPy must be the same and the
processor must select the same code (see `namo.numeric_platform`). Poses are in the world frame, in
metres and radians; lengths of time are in seconds.

A world serves one thread at a time. To simulate the pushes of one state in parallel, create it with
`threads` and use `pool`, which has worlds of its own; see `namo.world.push_pool`. The first push of
a box class simulates its primitives, which takes about a second and is cached on disk; `prepare()`
does this ahead of searches that run against the clock. A `deadline` makes results depend on the
speed of the machine; budgets in pushes do not.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.pictured import Pictured
from namo.scenes.scene import Scene
from namo.world.blocked_way import RemainingWay, blocked_way, drawings_at, opens_at
from namo.world.held import held_movables
from namo.world.primitive_cache import library_for
from namo.world.primitives import PrimitiveLibrary
from namo.world.push import Action, PushOutcome, StraightPush
from namo.world.push_planner import PushPlanner
from namo.world.push_pool import PushPool
from namo.world.push_skill import ROOM_M, ROOM_TRAVEL_M, execute_push
from namo.world.reachability import Reachability
from namo.world.seal import Seal, seal_of
from namo.world.simulation import Simulation, State
from namo.world.static_map import StaticMap
from namo.world.straight_push import execute_straight, straight_pushes

Observation = dict[str, list[float]]
"""`{name}_pose` -> [x, y, theta] (m, m, rad; world frame) of the robot and every movable."""


class PushObserver(Protocol):
    """Observes a push while it is executed; must not change the world."""

    def on_drive(self, x: float, y: float) -> None:
        """Handle that the robot is about to drive to a contact point x, y (m), world frame."""

    def on_step(self) -> None:
        """Handle the state after a control period of pushing."""

    def on_undo(self, periods: int) -> None:
        """Handle that the latest control periods of pushing were undone, so many of them."""


class WallTimes(NamedTuple):
    """Wall time spent so far.

    Attributes:
        physics_s: inside MuJoCo's stepping.
        reachability_s: on reachability.
        planning_s: on planning over primitives.
    """

    physics_s: float
    reachability_s: float
    planning_s: float


class Reach(NamedTuple):
    """What the robot reaches in a state.

    Attributes:
        objects: names of the objects the robot can push, in file order.
        area: of the cells that the robot can reach (m²).
        goal_gap: drive from there to its goal, through movables (m); see `Reachability.goal_gap`.
    """

    objects: tuple[str, ...]
    area: float
    goal_gap: float | None


@dataclass(frozen=True)
class Situation:
    """A state and what planners need to know about it.

    Attributes:
        state: exact snapshot.
        goal_open: whether the robot's goal is reachable.
        reach: what the robot reaches.
        observation: poses of the robot and all movables.
    """

    state: State
    goal_open: bool
    reach: Reach
    observation: Observation


class StraightResult(NamedTuple):
    """A straight push and what it led to.

    Attributes:
        push: the request.
        outcome: how it ended.
        after: the resulting situation.
    """

    push: StraightPush
    outcome: PushOutcome
    after: Situation


class World(Pictured):
    """A scene in MuJoCo and its present state, which is saved, restored, and changed by pushes.

    The same state and push give the same bits, whatever was simulated before. A world serves one
    thread at a time.

    Attributes:
        scene: the scene.
        static: what reachability needs of the scene.
        simulation: the physics.
        reachability_s: wall time spent on reachability so far, by this world alone.
        planning_s: wall time spent on planning over primitives so far, by this world alone.
        pool: simulates pushes in parallel, on worlds of its own.
        observer: observes the pushes of this world; None for none.
    """

    def __init__(self, scene: Scene, cache_dir: Path | None = None, threads: int = 1) -> None:
        """Compile the scene; the world is in its initial state.

        Args:
            scene: the problem.
            cache_dir: of motion primitives; the user's cache folder by default.
            threads: how many pushes `pool` simulates in parallel.

        Raises:
            SceneError: MuJoCo rejects the scene, or it is too large for the grid.
        """
        self.scene = scene
        self.static = StaticMap(scene)
        self.simulation = Simulation(scene)
        self.reachability_s = self.planning_s = 0.0
        self.pool = PushPool(threads)
        self.observer: PushObserver | None = None
        self._cache_dir = cache_dir
        self._reachability: Reachability | None = None
        self._moving: str | None = None
        self._wider: dict[float, StaticMap] = {}
        self._primitives: dict[str, tuple[PrimitiveLibrary, PushPlanner]] = {}

    @property
    def physics_s(self) -> float:
        """Wall time spent inside MuJoCo's stepping so far, by this world alone (s)."""
        return self.simulation.physics_s

    @property
    def physics_steps(self) -> int:
        """MuJoCo steps simulated so far, by this world alone."""
        return self.simulation.steps

    def save(self) -> State:
        """Return an exact snapshot of the present state."""
        return self.simulation.save()

    def restore(self, state: State) -> None:
        """Restore a snapshot exactly."""
        self.simulation.restore(state)
        self.invalidate()

    def reset(self) -> None:
        """Restore the initial state of the scene."""
        self.restore(self.simulation.start)

    def invalidate(self) -> None:
        """Discard the cached reachability, because the state changed."""
        self._reachability = None

    def reachability(self) -> Reachability:
        """Return what the robot can reach now; computed once per state and shared."""
        if self._reachability is None:
            began = time.perf_counter()
            self._reachability = Reachability(self.static, self.simulation.poses(), self._moving)
            self._reachability.goal_reachable  # noqa: B018 - computes it within the timed section
            self.reachability_s += time.perf_counter() - began
        return self._reachability

    def has_room(self, more: float) -> bool:
        """Return whether a robot could drive to the goal that is wider by so much (m) on each side.

        Args:
            more: beyond the radius of the robot and the clearance of the scene (m).
        """
        began = time.perf_counter()
        if more not in self._wider:
            wider = replace(self.scene, clearance=self.scene.clearance + more)
            self._wider[more] = StaticMap(wider)
        poses = self.simulation.poses()
        fits = Reachability(self._wider[more], poses, self._moving).goal_reachable
        self.reachability_s += time.perf_counter() - began
        return fits

    def seal(self) -> Seal | None:
        """Return why no pushing can open the robot's goal from here; None if it might."""
        return seal_of(self.reachability(), self._held)

    @cached_property
    def _held(self) -> tuple[str, ...]:
        return held_movables(self.simulation)

    def poses(self) -> dict[str, Pose2D]:
        """Return the world poses of the robot (theta 0) and every movable, in file order."""
        return dict(self.reachability().poses)

    def wall_times(self) -> WallTimes:
        """Return the wall times of this world and the workers of its pool, summed over threads."""
        own = WallTimes(self.physics_s, self.reachability_s, self.planning_s)
        return WallTimes(*map(sum, zip(own, *self.pool.wall_times(), strict=True)))

    def situation(self) -> Situation:
        """Return the present state and what planners need to know about it."""
        reachability = self.reachability()
        reach = Reach(
            reachability.reachable_objects, reachability.reached_area, reachability.goal_gap
        )
        return Situation(self.save(), reachability.goal_reachable, reach, self.observation())

    def observation(self) -> Observation:
        """Return the poses in the format of records: `{name}_pose` -> [x, y, theta]."""
        return {f"{name}_pose": [*pose] for name, pose in self.reachability().poses.items()}

    def push(
        self, push: Action, deadline: float = math.inf, *, stop_at_open_goal: bool = True
    ) -> PushOutcome:
        """Push a box towards a pose or straight ahead.

        See `namo.world.push_skill` and `namo.world.straight_push`.

        Args:
            push: object and target pose, or object, contact and travel.
            deadline: value of `time.monotonic()` (s) after which to abort and undo.
            stop_at_open_goal: stop a push to a pose as soon as it has made the robot's goal
                reachable.

        Raises:
            UnknownMovableError: the scene has no such movable.
            ValueError: the target pose is not finite, or see `straight_pushes`.
            SceneError: see `primitives`.
            OSError: likewise.
        """
        self.expect_moving(push.object_name)
        if isinstance(push, StraightPush):
            return execute_straight(self, push, deadline)
        return execute_push(self, push, deadline, stop_at_open_goal=stop_at_open_goal)

    def expect_moving(self, name: str) -> None:
        """Hint which movable the next states will differ by, so that all others are drawn once.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        self._moving = self.scene.movable(name).name

    def push_from(
        self, state: State, push: Action, deadline: float = math.inf
    ) -> tuple[PushOutcome, Situation]:
        """Push a box from a given state and return the outcome and the resulting situation.

        Args:
            state: to restore first.
            push: see `push`.
            deadline: likewise; value of `time.monotonic()` (s).

        Raises:
            UnknownMovableError: see `push`.
            ValueError: likewise.
            SceneError: likewise.
            OSError: likewise.
        """
        self.restore(state)
        outcome = self.push(push, deadline)
        return outcome, self.situation()

    def straight_from(
        self, state: State, name: str, contact: int, deadline: float = math.inf
    ) -> list[StraightResult]:
        """Push straight from one contact and return how each travel of the primitives ends.

        One simulation covers them all, the shortest first. The list ends with the first travel that
        opens the robot's goal, or that is not completed. Under a clearance a longer travel takes
        the place of the one that opens the goal if it makes room as a push to a pose would.

        Args:
            state: to restore first.
            name: of the movable.
            contact: index of a contact point.
            deadline: value of `time.monotonic()` (s) after which to abort.

        Raises:
            UnknownMovableError: see `push`.
            ValueError: likewise.
            SceneError: likewise.
            OSError: likewise.
        """
        self.restore(state)
        self.expect_moving(name)
        goal_was_open = self.reachability().goal_reachable
        travels = self.primitives(name)[0].travels.tolist()
        results: list[StraightResult] = []
        opened: float | None = None  # the travel that opened the goal
        outcomes = straight_pushes(self, name, contact, travels, deadline)
        for travel in travels:  # the robot drives on only as far as it is asked to
            if opened is not None and travel - opened > ROOM_TRAVEL_M:
                break
            outcome = next(outcomes, None)
            if outcome is None:
                break
            push = StraightPush(name, contact, travel)
            result = StraightResult(push, outcome, self.situation())
            opens = not goal_was_open and result.after.goal_open
            if opened is None:
                results.append(result)
                opened = travel if opens else None
            if opens and (self.scene.clearance == 0.0 or self.has_room(ROOM_M)):
                results[-1] = result
                break
        return results

    def sibling(self) -> World:
        """Return another world of this scene, in its initial state, for use in another thread.

        It shares the motion primitives of this one, which must not be extended meanwhile: call
        `prepare` before.
        """
        other = World(self.scene, self._cache_dir)
        other._primitives = self._primitives
        return other

    def settle(self) -> None:
        """Stop all motion and let the robot back off to the nearest free cell."""
        self.simulation.stop()
        self.invalidate()
        reachability = self.reachability()
        spot = reachability.free_spot()
        if spot is not None:
            self.simulation.place_robot(*spot)
            self._reachability = reachability.with_robot_at(*self.simulation.robot())

    def prepare(self) -> None:
        """Load or simulate the motion primitives of all movables, and warm up the compiled kernels.

        Simulating the primitives of a box class takes about a second and compiling the kernels
        about ten, both once per machine; this keeps them out of searches that run against the
        clock.

        Raises:
            SceneError: see `primitives`.
            OSError: likewise.
        """
        for movable in self.scene.movables:
            self.primitives(movable.name)
        reachability = self.reachability()
        robot = reachability.poses["robot"]
        reachability.reached(np.array([[robot.x, robot.y]]))
        self.situation()
        reachability.mask  # noqa: B018 - painted by a kernel
        self.simulation.prepare()
        if self.scene.movables:
            name = self.scene.movables[0].name
            Reachability(self.static, reachability.poses, name).goal_reachable  # noqa: B018
            pose = reachability.poses[name]
            usable = reachability.contacts_after(name, pose, robot.x, robot.y)
            planner = self.primitives(name)[1]
            planner.plan(reachability, pose, usable, deadline=-math.inf)
            planner.surcharges_in(reachability)
            planner.overlaps_in(reachability)
            reachability.obstacles_excluding(name).is_clear(pose)
            drawn = drawings_at(reachability, name, np.array([pose]))
            opens_at(reachability, name, drawn, np.array([[robot.x, robot.y]]))
            RemainingWay(reachability, name).cost(pose, robot.x, robot.y)
            blocked_way(reachability)

    def primitives(self, name: str) -> tuple[PrimitiveLibrary, PushPlanner]:
        """Return the motion primitives of a movable and the planner over them.

        Raises:
            UnknownMovableError: the scene has no such movable.
            SceneError: MuJoCo rejects the robot alone with the movable, but not the scene.
            OSError: the cache folder cannot be read or written.
        """
        if name not in self._primitives:
            movable = self.scene.movable(name)
            try:
                library = library_for(self.scene, movable, self._cache_dir)
            except SceneError as error:
                source = self.scene.path or "scene"
                raise SceneError(f"{source}: '{name}' alone with the robot: {error}") from None
            planner = PushPlanner(
                movable,
                library,
                self.static.perimeters[name],
                self.static.contacts[name].positions,
            )
            self._primitives[name] = library, planner
        return self._primitives[name]
