"""`World`: a scene in MuJoCo as planners see it.

Save and restore states, ask what the robot can reach, push boxes. The same state and push give the
same bits, whatever happened before.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol, TypeVar

import numpy as np

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.scene import Scene
from namo.world.primitive_cache import library_for
from namo.world.primitives import PrimitiveLibrary
from namo.world.push import Push, PushOutcome
from namo.world.push_planner import PushPlanner
from namo.world.push_skill import perform
from namo.world.reachability import Reachability, StaticMap
from namo.world.simulation import Simulation, State

Observation = dict[str, list[float]]
"""`{name}_pose` -> [x, y, theta] (m, m, rad; world frame) of the robot and every movable."""


class Watcher(Protocol):
    """Sees a push while it happens, and leaves the world as it is."""

    def drives(self, x: float, y: float) -> None:
        """See that the robot is about to be at a contact point that it can drive to: x, y (m)."""

    def steps(self) -> None:
        """See the state after a control period of pushing."""


Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Situation:
    """What a planner needs to know of a state.

    Attributes:
        state: exact snapshot.
        goal_open: whether the robot's goal is reachable.
        reachable: names of the objects the robot can push, in file order.
        observation: poses of everything.
    """

    state: State
    goal_open: bool
    reachable: tuple[str, ...]
    observation: Observation


class World:
    """One scene, its present state, and everything that can be asked of it.

    Attributes:
        scene: the scene.
        static: what reachability needs of the scene.
        simulation: the physics.
        reachability_s: wall time spent on reachability so far.
        planning_s: wall time spent on planning primitives so far.
        threads: how many worlds `each` works with.
        watcher: sees what this world itself pushes; None for nobody.
    """

    def __init__(self, scene: Scene, cache_dir: Path | None = None, threads: int = 1) -> None:
        """Compile the scene; the world is at its start.

        Args:
            scene: the problem.
            cache_dir: where motion primitives are kept; the user's cache folder by default.
            threads: how many pushes `each` works on at a time.

        Raises:
            SceneError: MuJoCo refuses the scene, or it is too large for the grid.
        """
        self.scene = scene
        self.static = StaticMap(scene)
        self.simulation = Simulation(scene)
        self.reachability_s = self.planning_s = 0.0
        self.threads = threads
        self.watcher: Watcher | None = None
        self._cache_dir = cache_dir
        self._others: list[World] = []
        self._reachability: Reachability | None = None
        self._moving: str | None = None
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
        """Return to a snapshot, bit for bit."""
        self.simulation.restore(state)
        self.invalidate()

    def reset(self) -> None:
        """Return to the scene's start."""
        self.restore(self.simulation.start)

    def invalidate(self) -> None:
        """Forget what was computed of the state, because it changed."""
        self._reachability = None

    def reachability(self) -> Reachability:
        """Return what the robot can reach now; computed once a state and shared."""
        if self._reachability is None:
            began = time.perf_counter()
            self._reachability = Reachability(self.static, self.simulation.poses(), self._moving)
            self._reachability.goal_reachable  # noqa: B018 - draws the grid, inside the clock
            self.reachability_s += time.perf_counter() - began
        return self._reachability

    def poses(self) -> dict[str, Pose2D]:
        """Return the world poses of the robot (theta 0) and every movable, in file order."""
        return dict(self.reachability().poses)

    def clocks(self) -> tuple[float, float, float]:
        """Return the time spent so far on physics, reachability and planning primitives (s).

        Of all threads together, pushes that nobody asked for any more included.
        """
        worlds = (self, *self._others)
        return (
            sum(world.physics_s for world in worlds),
            sum(world.reachability_s for world in worlds),
            sum(world.planning_s for world in worlds),
        )

    def situation(self) -> Situation:
        """Return what a planner needs to know of the present state."""
        reachability = self.reachability()
        return Situation(
            self.save(),
            reachability.goal_reachable,
            reachability.reachable_objects,
            self.observation(),
        )

    def observation(self) -> Observation:
        """Return the poses as records keep them: `{name}_pose` -> [x, y, theta]."""
        return {f"{name}_pose": [*pose] for name, pose in self.reachability().poses.items()}

    def push(
        self, push: Push, deadline: float = math.inf, *, stop_at_open_goal: bool = True
    ) -> PushOutcome:
        """Push a box towards a pose; see `namo.world.push_skill`.

        Args:
            push: object and wanted pose.
            deadline: value of `time.monotonic()` (s) after which to give up and undo.
            stop_at_open_goal: end the push as soon as it made the robot's goal reachable.

        Raises:
            KeyError: the scene has no such movable.
            ValueError: the wanted pose is not finite.
            SceneError: see `primitives`.
            OSError: likewise.
        """
        self.expect_moving(push.object_name)
        return perform(self, push, deadline, stop_at_open_goal=stop_at_open_goal)

    def expect_moving(self, name: str) -> None:
        """Say which movable the states that come will differ by, so that the rest is drawn once.

        Raises:
            KeyError: the scene has no such movable.
        """
        self._moving = self.scene.movable(name).name

    def push_from(
        self, state: State, push: Push, deadline: float = math.inf
    ) -> tuple[PushOutcome, Situation]:
        """Push a box from a state and return what came of it and where that leads.

        Args:
            state: to start from; the present one is left.
            push: see `push`.
            deadline: likewise; value of `time.monotonic()` (s).

        Raises:
            KeyError: see `push`.
            ValueError: likewise.
            SceneError: likewise.
            OSError: likewise.
        """
        self.restore(state)
        outcome = self.push(push, deadline)
        return outcome, self.situation()

    def works_itself(self, items: int) -> bool:
        """Return whether `each` works on so many items in this very world."""
        return self.threads == 1 or items < 2

    def each(
        self, call: Callable[[World, Item], Answer], items: Sequence[Item]
    ) -> Generator[Answer, None, None]:
        """Return what a call answers for each item, in their order.

        The call gets a world of this scene in any state and may change it; what it answers must
        depend on the item alone. With one thread, or one item, the world is this one and an item is
        worked on when its answer is asked for; otherwise worlds of their own work ahead of the
        answers, and this one is left alone. The answers are the same to the last bit.
        """
        if self.works_itself(len(items)):
            for item in items:
                yield call(self, item)
            return
        if not self._others:
            self.prepare()
        while len(self._others) < self.threads:
            other = World(self.scene, self._cache_dir)
            other._primitives = self._primitives  # all there, and only read
            self._others.append(other)
        idle = SimpleQueue[World]()
        for world in self._others:
            idle.put(world)

        def work(item: Item) -> Answer:
            world = idle.get()
            try:
                return call(world, item)
            finally:
                idle.put(world)

        with ThreadPoolExecutor(self.threads) as pool:
            ahead: deque[Future[Answer]] = deque()
            try:
                for item in items:
                    ahead.append(pool.submit(work, item))
                    if len(ahead) == self.threads:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                for future in ahead:
                    future.cancel()

    def come_to_rest(self) -> None:
        """Stop everything and let the robot back off to the nearest free spot."""
        self.simulation.rest()
        self.invalidate()
        reachability = self.reachability()
        spot = reachability.free_spot()
        if spot is not None:
            self.simulation.place_robot(*spot)
            self._reachability = reachability.with_robot_at(*self.simulation.robot())

    def prepare(self) -> None:
        """Have the motion primitives of all movables and the compiled loops at hand.

        Making the primitives of a box class takes about a second and compiling the loops some ten,
        both once a machine; a search that runs against the clock should not pay for it.

        Raises:
            SceneError: see `primitives`.
            OSError: likewise.
        """
        for movable in self.scene.movables:
            self.primitives(movable.name)
        reachability = self.reachability()
        robot = reachability.poses["robot"]
        reachability.reached(np.array([[robot.x, robot.y]]))
        if self.scene.movables:
            name = self.scene.movables[0].name
            pose = reachability.poses[name]
            usable = reachability.contacts_after(name, pose, robot.x, robot.y)
            self.primitives(name)[1].plan(reachability, pose, usable, deadline=-math.inf)
            reachability.around(name).leaves_room(pose)

    def primitives(self, name: str) -> tuple[PrimitiveLibrary, PushPlanner]:
        """Return the motion primitives of a movable and the planner over them.

        Raises:
            KeyError: the scene has no such movable.
            SceneError: MuJoCo refuses the robot alone with the movable, however it took the scene.
            OSError: the folder of the cache cannot be read or written.
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
