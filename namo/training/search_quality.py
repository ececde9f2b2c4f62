"""How good a model is at what it is for: few pushes until the goal opens, in scenes held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from namo.errors import UsageError
from namo.planning.planner import Budget, Planner
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.world.world import World


@dataclass(frozen=True)
class SearchQuality:
    """What searches of held-out scenes came to.

    Attributes:
        pushes: mean number of simulated pushes; an unsolved search counts its whole budget.
        log_pushes: mean of the logarithm of the same: what models are chosen by, since it weighs
            two pushes instead of one like twenty instead of ten.
        solved: share of the searches that found a plan.
        within_five: share that found one within five pushes.
    """

    pushes: float
    log_pushes: float
    solved: float
    within_five: float


class HeldOut:
    """Scenes to search again and again, kept compiled."""

    def __init__(self, scenes: Sequence[Path], budget: Budget, seed: int) -> None:
        """Read the scenes; those whose goal is open from the start are left out.

        Raises:
            SceneError: one of them cannot be used.
            UsageError: none is left.
        """
        self._budget, self._seed = budget, seed
        worlds = []
        for number, path in enumerate(scenes):
            world = World(read_scene(path))
            if not world.reachability().goal_reachable:
                world.prepare()
                worlds.append((number, world))
        if not worlds:
            raise UsageError(
                f"held-out scenes: {len(scenes)} given, none of which needs a push; there is "
                "nothing to tell a good model by"
            )
        self._worlds = worlds

    def search(self, planner: Planner) -> SearchQuality:
        """Search all scenes with the same random numbers as always."""
        pushes, solved = [], []
        for number, world in self._worlds:
            world.reset()
            streams = Streams.for_episode(self._seed, number, 0)
            result = planner.search(world, self._budget, streams)
            solved.append(result.solved)
            pushes.append(len(result.pushes) if result.solved else self._budget.pushes)
        count = np.array(pushes, np.float64)
        return SearchQuality(
            pushes=float(count.mean()),
            log_pushes=float(np.log(count).mean()),
            solved=float(np.mean(solved)),
            within_five=float(((count <= 5) & np.array(solved)).mean()),
        )
