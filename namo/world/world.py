"""`World`: a scene in MuJoCo as planners see it.

Save and restore states, ask what the robot can reach, push boxes. The same state and push give the
same bits, whatever happened before.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

from namo.geometry import Pose2D
from namo.scenes.scene import Scene
from namo.world.primitive_cache import library_for
from namo.world.primitives import PrimitiveLibrary
from namo.world.push import Push, PushOutcome
from namo.world.push_planner import PushPlanner
from namo.world.push_skill import perform
from namo.world.reachability import Reachability, StaticMap
from namo.world.simulation import Simulation, State


class World:
    """One scene, its present state, and everything that can be asked of it.

    Attributes:
        scene: the scene.
        static: what reachability needs of the scene.
        simulation: the physics.
        reachability_s: wall time spent on reachability so far.
        planning_s: wall time spent on planning primitives so far.
    """

    def __init__(self, scene: Scene, cache_dir: Path | None = None) -> None:
        """Compile the scene; the world is at its start.

        Args:
            scene: the problem.
            cache_dir: where motion primitives are kept; the user's cache folder by default.

        Raises:
            SceneError: MuJoCo refuses the scene, or it is too large for the grid.
        """
        self.scene = scene
        self.static = StaticMap(scene)
        self.simulation = Simulation(scene)
        self.reachability_s = self.planning_s = 0.0
        self._cache_dir = cache_dir
        self._reachability: Reachability | None = None
        self._moving: str | None = None
        self._primitives: dict[str, tuple[PrimitiveLibrary, PushPlanner]] = {}

    @property
    def physics_s(self) -> float:
        """Wall time spent inside MuJoCo's stepping so far."""
        return self.simulation.physics_s

    @property
    def physics_steps(self) -> int:
        """MuJoCo steps simulated so far."""
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

    def observation(self) -> dict[str, list[float]]:
        """Return the poses as records keep them: `{name}_pose` -> [x, y, theta]."""
        return {f"{name}_pose": [*pose] for name, pose in self.reachability().poses.items()}

    def push(
        self, push: Push, deadline: float = math.inf, *, stop_at_open_goal: bool = True
    ) -> PushOutcome:
        """Push a box towards a pose; see `namo.world.push_skill`.

        Args:
            push: object and wanted pose.
            deadline: value of `time.monotonic()` after which to give up and undo.
            stop_at_open_goal: end the push as soon as it made the robot's goal reachable.

        Raises:
            KeyError: the scene has no such movable.
        """
        self._moving = self.scene.movable(push.object_name).name
        return perform(self, push, deadline, stop_at_open_goal=stop_at_open_goal)

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
        """Have the motion primitives of all movables at hand.

        Making those of a box class takes about a second, once a machine; a search that runs against
        the clock should not pay for it.
        """
        for movable in self.scene.movables:
            self.primitives(movable.name)

    def primitives(self, name: str) -> tuple[PrimitiveLibrary, PushPlanner]:
        """Return the motion primitives of a movable and the planner over them."""
        if name not in self._primitives:
            movable = self.scene.movable(name)
            library = library_for(self.scene, movable, self._cache_dir)
            planner = PushPlanner(
                movable,
                library,
                self.static.perimeters[name],
                self.static.contacts[name].positions,
            )
            self._primitives[name] = library, planner
        return self._primitives[name]
