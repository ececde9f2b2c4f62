"""What planners ask strategies: which object, and where to."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from namo.geometry import Pose2D
from namo.world.world import World


class ObjectStrategy(Protocol):
    """Orders the objects to try. Registered in `namo.strategies.registry`."""

    def rank(self, world: World, reachable: list[str], rng: np.random.Generator) -> list[str]:
        """Return the reachable objects, the one to try first in front.

        Args:
            world: in the state that is asked about; not changed.
            reachable: names, in file order.
            rng: stream for random choices.
        """


class GoalStrategy(Protocol):
    """Proposes goal poses of an object. Registered in `namo.strategies.registry`."""

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """Return up to `count` goal poses of the object's centre, world frame, best first.

        Args:
            world: in the state that is asked about; not changed.
            name: the object.
            count: the most to return; fewer when no more make sense.
            rng: stream for random choices.
        """
