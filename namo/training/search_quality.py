"""Quality of a model for search: pushes needed to open the goal in held-out scenes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from namo.errors import PhysicsError, SceneError, UsageError
from namo.geometry import Floats
from namo.planning.planner import Budget, Planner
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.wording import truncated_list
from namo.world.world import World


@dataclass(frozen=True)
class SearchQuality:
    """Results of searches in held-out scenes.

    Attributes:
        pushes: mean number of simulated pushes; an unsolved search counts its whole budget.
        log_pushes: mean logarithm of the number of pushes, the model selection criterion: a factor
            of two counts the same at one push as at ten.
        solved: fraction of the searches that found a plan.
        within_five: fraction that found one within five pushes.
    """

    pushes: float
    log_pushes: float
    solved: float
    within_five: float


@dataclass(frozen=True)
class Searches:
    """One search in each of S held-out scenes.

    Attributes:
        pushes: (S,) number of simulated pushes; an unsolved search has its whole budget.
        solved: (S,) whether a plan was found.
    """

    pushes: Floats
    solved: NDArray[np.bool_]

    @property
    def quality(self) -> SearchQuality:
        """Means over the scenes."""
        return SearchQuality(
            pushes=float(self.pushes.mean()),
            log_pushes=float(np.log(self.pushes).mean()),
            solved=float(self.solved.mean()),
            within_five=float(((self.pushes <= 5) & self.solved).mean()),
        )

    def about_as_good_as(self, other: Searches) -> bool:
        """Return whether the mean logarithm of pushes is at most one standard error above.

        The error is that of the mean difference to other searches of the same scenes. The one
        standard error rule: Breiman et al., Classification and Regression Trees, 1984, section 3.4.
        """
        difference = np.log(self.pushes) - np.log(other.pushes)
        return bool(difference.mean() <= difference.std() / math.sqrt(len(difference)))


class HeldOut:
    """Held-out scenes for repeated searches, kept compiled.

    Attributes:
        read: SHA-256 of the scenes that could be read.
        left_out: scene files that cannot be used -> why.
    """

    def __init__(self, scenes: Sequence[Path], clearance: float, budget: Budget, seed: int) -> None:
        """Read the scenes; those whose goal is open from the start are not searched.

        Args:
            scenes: scene files.
            clearance: room that must be left around the robot where it drives (m).
            budget: of each search.
            seed: of the searches.

        Raises:
            UsageError: no scene needs a push.
        """
        self._budget, self._seed = budget, seed
        self._worlds: list[tuple[int, World]] = []
        self.read: list[str] = []
        self.left_out: dict[Path, str] = {}
        for number, path in enumerate(scenes):
            try:
                scene = replace(read_scene(path), clearance=clearance)
                world = World(scene)
                if not world.reachability().goal_reachable:
                    world.prepare()
                    self._worlds.append((number, world))
            except (SceneError, PhysicsError) as error:
                self.left_out[path] = str(error).removeprefix(f"{path}: ")
                continue
            self.read.append(scene.sha256)
        if not self._worlds:
            bad = truncated_list((f"{path}: {why}" for path, why in self.left_out.items()), 3, "; ")
            raise UsageError(
                f"held-out scenes: {len(scenes)} given, none of which needs a push; models cannot "
                f"be compared in them{f'; {bad}' if bad else ''}"
            )

    def search(self, planner: Planner) -> Searches:
        """Search all scenes, with the same random streams in every call."""
        pushes, solved = [], []
        for number, world in self._worlds:
            world.reset()
            streams = Streams.for_episode(self._seed, number, 0)
            result = planner.search(world, self._budget, streams)
            solved.append(result.solved)
            pushes.append(result.simulations if result.solved else self._budget.pushes)
        return Searches(np.array(pushes, np.float64), np.array(solved, np.bool_))
