"""The environment `namo/Push-v0`: an action is a push, a reward an open goal.

    import gymnasium
    import namo.gym

    env = gymnasium.make("namo/Push-v0", scenes="benchmark", difficulty="two_pushes")
    observation, info = env.reset(seed=0)
    action = env.action_space.sample(info["action_mask"])
    observation, reward, terminated, truncated, info = env.step(action)

The world is that of searches, so a push does here what it does in a collection, to the last bit.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import InvalidAction
from gymnasium.spaces import Box, Dict
from numpy.typing import NDArray

from namo.errors import UsageError
from namo.gym.scene_set import scene_set
from namo.gym.spaces import (
    candidate_mask,
    candidate_space,
    observed_poses,
    pose_space,
    push_of_candidate,
    push_of_request,
    request_space,
)
from namo.gym.view import render_state
from namo.learning.top_view import LAYERS, Window, sample_layers, state_layers
from namo.scenes.conditions import DEFAULT_CLEARANCE_M, Conditions, require_clearance
from namo.scenes.presets import PHYSICS_PRESETS
from namo.wording import did_you_mean
from namo.world.push import Action
from namo.world.simulation import State
from namo.world.world import World

CANDIDATES, REQUESTS = "candidates", "requests"
POSES, RASTER = "poses", "raster"
NO_PUSH = "none"
"""Status after a reset, and of an action that names no push of the scene."""
MAX_WORLDS = 16
"""Worlds that are kept; the one that was used longest ago is dropped first."""


@dataclass(frozen=True)
class SavedState:
    """A state of an environment, for the option `state` of its `reset`.

    Attributes:
        scene: its number in the set.
        state: of its world.
    """

    scene: int
    state: State


class PushEnv(gymnasium.Env[dict[str, Any], Any]):
    """A NAMO problem: push movables until the robot can drive to its goal.

    The reward is 1 for the push that opens the robot's goal, which ends the episode, else 0. An
    episode also ends when the robot can reach no movable any more. The number of pushes is limited
    by `max_episode_steps` of `gymnasium.make`.

    Attributes:
        scenes: the set that scenes are drawn from.
        max_movables: number of movables that observations and actions are padded to.
        world: of the present scene.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 1}  # noqa: RUF012 - as in Env

    def __init__(
        self,
        scenes: str = "demo",
        *,
        difficulty: str | None = None,
        split: str | None = None,
        actions: str = CANDIDATES,
        observations: str = POSES,
        pixels: int = 64,
        max_movables: int | None = None,
        physics: str = "scene",
        clearance: float = DEFAULT_CLEARANCE_M,
        render_mode: str | None = None,
    ) -> None:
        """List the scenes; none is simulated yet.

        Args:
            scenes: the set, see `namo.gym.scene_set.scene_set`.
            difficulty: only the scenes of this class.
            split: only the scenes of this split.
            actions: `candidates`, numbers of straight pushes, with a mask of those that are
                possible; or `requests`, any push that a planner may ask for.
            observations: `poses`, or `raster`, which adds an image from above to them.
            pixels: side of the image.
            max_movables: number of movables to pad to; by default the largest in the set.
            physics: a name in `namo.scenes.presets.PHYSICS_PRESETS`.
            clearance: room that must be left around the robot where it drives (m).
            render_mode: None or `rgb_array`.

        Raises:
            UsageError: a value is not allowed, or see `scene_set`.
            SceneError: see `SceneSet.max_movables`.
            ResultFileError: see `scene_set`.
        """
        _require_one_of("actions", actions, (CANDIDATES, REQUESTS))
        _require_one_of("observations", observations, (POSES, RASTER))
        _require_one_of("physics", physics, PHYSICS_PRESETS)
        if render_mode is not None:
            _require_one_of("render_mode", render_mode, self.metadata["render_modes"])
        require_clearance(clearance, "clearance")
        for name, value in (("pixels", pixels), ("max_movables", max_movables)):
            if value is not None and value < 1:
                raise UsageError(f"{name} is {value}; expected 1 or more")
        self.scenes = scene_set(scenes, difficulty, split)
        if max_movables is None:
            max_movables = max(1, self.scenes.max_movables())
        self.max_movables = max_movables
        self.render_mode = render_mode
        self._conditions = Conditions(physics, clearance)
        self._pixels = pixels if observations == RASTER else 0
        self._by_number = actions == CANDIDATES
        self.action_space = (candidate_space if self._by_number else request_space)(max_movables)
        spaces = dict(pose_space(max_movables))
        if self._pixels:
            spaces["raster"] = Box(0, 255, (len(LAYERS), pixels, pixels), np.uint8)
        self.observation_space = Dict(spaces)
        self._worlds: OrderedDict[int, World] = OrderedDict()
        self._open: set[int] = set()  # scenes whose goal is open at their start
        self._present: tuple[int, World] | None = None  # number of the scene, and its world

    @property
    def world(self) -> World:
        """The world of the present scene.

        Raises:
            UsageError: the environment was not reset yet.
        """
        return self._entered()[1]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode in a scene drawn at random, among those whose goal is not open.

        Args:
            seed: of the draws from now on.
            options: `scene`, the number or hash of the scene to start in; or `state`, a
                `SavedState` to go on from.

        Returns:
            Observation and info.

        Raises:
            UsageError: the scene does not exist or has too many movables, or the goal of every
                scene is open.
            SceneError: a scene cannot be read or simulated.
            ResultFileError: see `SceneSet.scene`.
        """
        super().reset(seed=seed)
        options = options or {}
        saved: SavedState | None = options.get("state")
        if saved is not None:
            self._enter(self.scenes.number_of(saved.scene))
            self.world.restore(saved.state)
        elif "scene" in options:
            self._enter(self.scenes.number_of(options["scene"]))
        else:
            self._draw_scene()
        return self._observation(), self._info(NO_PUSH, moved=False)

    def step(self, action: Any) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:  # noqa: ANN401 - of either space
        """Push.

        Args:
            action: an element of the action space. One that names no push of the scene changes
                nothing.

        Returns:
            Observation, reward (1 or 0), whether the episode ended, False, and info.

        Raises:
            InvalidAction: the action is not in the action space.
            UsageError: the environment was not reset yet.
            SceneError: see `World.push`.
            ValueError: likewise.
            OSError: likewise.
        """
        world = self.world
        if not self.action_space.contains(action):
            raise InvalidAction(f"action {action}: not in {self.action_space}")
        was_open = world.reachability().goal_reachable
        push = self._push(world, action)
        status, moved = NO_PUSH, False
        if push is not None:
            outcome = world.push(push)
            status, moved = outcome.status.value, outcome.moved
        reachability = world.reachability()
        is_open = reachability.goal_reachable
        reward = float(is_open and not was_open)
        ended = is_open or not reachability.reachable_objects
        return self._observation(), reward, ended, False, self._info(status, moved=moved)

    def save(self) -> SavedState:
        """Return the present state, exactly; `reset(options={"state": ...})` goes on from it.

        Raises:
            UsageError: the environment was not reset yet.
        """
        number, world = self._entered()
        return SavedState(number, world.save())

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which candidates are possible, (actions,), as MaskablePPO of sb3-contrib asks.

        Raises:
            UsageError: the environment was not reset yet, or its actions are requests.
        """
        if not self._by_number:
            raise UsageError(f"actions '{REQUESTS}' have no mask; make the environment with others")
        return candidate_mask(self.world, self.max_movables).astype(bool)

    def render(self) -> NDArray[np.uint8] | None:
        """Return an image of the state from above, (pixels, pixels, 3); None without a mode."""
        return render_state(self.world.reachability()) if self.render_mode else None

    def _entered(self) -> tuple[int, World]:
        if self._present is None:
            raise UsageError("the environment has no scene yet: call reset() first")
        return self._present

    def _push(self, world: World, action: Any) -> Action | None:  # noqa: ANN401 - likewise
        if self._by_number:
            return push_of_candidate(world, int(action))
        return push_of_request(world, action)

    def _draw_scene(self) -> None:
        while len(self._open) < len(self.scenes):
            number = int(self.np_random.integers(len(self.scenes)))
            if number in self._open:
                continue
            self._enter(number)
            if not self.world.reachability().goal_reachable:
                return
            self._open.add(number)
        raise UsageError(
            f"{self.scenes.source}: the goal of every scene (there are {len(self.scenes)}) is open "
            "from the start; choose others, by difficulty for example"
        )

    def _enter(self, number: int) -> None:
        """Go to the start of a scene."""
        if number not in self._worlds:
            scene = self._conditions.applied_to(self.scenes.scene(number))
            if len(scene.movables) > self.max_movables:
                raise UsageError(
                    f"{scene.path}: has {len(scene.movables)} movables, more than max_movables, "
                    f"which is {self.max_movables}"
                )
            self._worlds[number] = World(scene)
            if len(self._worlds) > MAX_WORLDS:
                self._worlds.popitem(last=False)
        self._worlds.move_to_end(number)
        self._present = number, self._worlds[number]
        self.world.reset()

    def _observation(self) -> dict[str, Any]:
        world = self.world
        observation = observed_poses(world, self.max_movables)
        if self._pixels:
            layers = [*state_layers(world.reachability()).values()]
            window = Window.around(world.scene.bounds, self._pixels)
            observation["raster"] = sample_layers(layers, world.static.grid, window)
        return observation

    def _info(self, status: str, *, moved: bool) -> dict[str, Any]:
        number, world = self._entered()
        info = {
            "scene": number,
            "scene_sha256": world.scene.sha256,
            "status": status,
            "moved": moved,
            "goal_open": world.reachability().goal_reachable,
        }
        if self._by_number:
            info["action_mask"] = candidate_mask(world, self.max_movables)
        return info


def _require_one_of(name: str, value: str, allowed: Iterable[str]) -> None:
    if value not in (names := [*allowed]):
        raise UsageError(f"{name} '{value}': {did_you_mean(value, names)}")
