"""What planners ask strategies: which object, and where to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

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

        Raises:
            ModelError: the model of a learned strategy fails.
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

        Raises:
            KeyError: the scene has no such movable.
            ModelError: the model of a learned strategy fails.
        """


@runtime_checkable
class RatingObjectStrategy(ObjectStrategy, Protocol):
    """An object strategy that can also say how promising objects are, between states."""

    def rate(self, world: World, names: list[str]) -> list[float]:
        """Return the chance, 0 to 1, that pushing each object leads to the robot's goal.

        Args:
            world: in the state that is asked about; not changed.
            names: as `rank` gave them in this state.

        Raises:
            ModelError: the model fails.
        """


@runtime_checkable
class RatingGoalStrategy(GoalStrategy, Protocol):
    """A goal strategy that can also say how promising goals are, between objects and states.

    Attributes:
        random_share: share of the pushes of a search that are left to chance, 0 to 1.
    """

    random_share: float

    def best(self, world: World, name: str) -> Iterator[tuple[Pose2D, float]]:
        """Return all goals worth a try, world frame, the best first, with their ratings, 0 to 1.

        A rating is the chance that pushing there leads to the robot's goal. The next goal is asked
        for when the last one was tried in vain, and ratings take that into account.

        Args:
            world: in the state that is asked about; not changed, and not looked at later.
            name: the object.

        Raises:
            KeyError: the scene has no such movable.
            ModelError: the model fails.
        """
