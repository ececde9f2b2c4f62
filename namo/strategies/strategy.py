"""The strategy interfaces: which object to push, and to which pose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats, Pose2D
from namo.world.candidates import CandidatePushes
from namo.world.world import World

SURE = 0.9
"""A push that opens the robot's goal with this probability is tried before all others are rated."""


class ObjectStrategy(Protocol):
    """Ranks the objects to try. Registered in `namo.strategies.registry`."""

    def rank(self, world: World, reachable: list[str], rng: np.random.Generator) -> list[str]:
        """Return the reachable objects, best first.

        Args:
            world: in the state in question; not changed.
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
            world: in the state in question; not changed.
            name: the object.
            count: maximum number of goals; fewer if there are no other sensible ones.
            rng: stream for random choices.

        Raises:
            UnknownMovableError: the scene has no such movable.
            ModelError: the model of a learned strategy fails.
        """


@runtime_checkable
class RatingObjectStrategy(ObjectStrategy, Protocol):
    """An object strategy whose ratings are comparable across states."""

    def rate(self, world: World, names: list[str]) -> list[float]:
        """Return for each object the probability that pushing it leads to the robot's goal.

        Args:
            world: in the state in question; not changed.
            names: reachable objects of this state.

        Raises:
            ModelError: the model fails.
        """


@runtime_checkable
class RatingGoalStrategy(GoalStrategy, Protocol):
    """A goal strategy whose ratings are comparable across objects and states.

    Attributes:
        random_share: fraction of the pushes of a search that stay random, a ratio from 0 to 1.
    """

    random_share: float

    def best(self, world: World, name: str) -> Iterator[tuple[Pose2D, float]]:
        """Yield all goals worth trying, world frame, best first, with their ratings.

        A rating is the probability that pushing there leads to the robot's goal. The next goal is
        requested only after the previous one failed, and ratings take that into account.

        Args:
            world: in the state in question; not changed, and not read after this call.
            name: the object.

        Raises:
            UnknownMovableError: the scene has no such movable.
            ModelError: the model fails.
        """


@dataclass(eq=False)
class RatedCandidates:
    """Candidates of an object in a state, and what they promise.

    Attributes:
        candidates: all candidates of the object.
        numbers: (n,) indices of those that are rated: covered ones, or the possible ones alone.
        opens: (n,) probability that the push opens the robot's goal.
        later: (n,) probability `p_later`, or what computes it when it is first asked for.
        further_limit: no goal of `RatingCandidatesStrategy.further` has a higher probability; 0 if
            there are none.
        later_limit: probability that no `p_later` exceeds.
    """

    candidates: CandidatePushes
    numbers: NDArray[np.int64]
    opens: Floats
    later: Floats | Callable[[], Floats]
    further_limit: float = 0.0
    later_limit: float = 1.0

    @property
    def p_later(self) -> Floats:
        """Probability (n,) that, if it does not, a plan continues from the state it leads to."""
        if callable(self.later):
            self.later = self.later()  # and let go of what it is computed from
        return self.later

    def of_poses(self) -> RatedCandidates:
        """Return those that a push to their pose may get to: what is only covered is left out."""
        may = self.candidates.possible.ravel()[self.numbers]
        if may.all():
            return self
        return replace(
            self, numbers=self.numbers[may], opens=self.opens[may], later=self.p_later[may]
        )

    @property
    def needed_further(self) -> float:
        """Probability that no further goal exceeds; 0 if one of these is sure: none is needed."""
        is_sure = self.can_wait or bool(self.value.max(initial=0.0) >= SURE)
        return 0.0 if is_sure else self.further_limit

    @property
    def can_wait(self) -> bool:
        """Whether `p_later` is not known, nor needed yet: a push is likely enough to open."""
        return callable(self.later) and bool(self.opens.max(initial=0.0) >= SURE)

    @property
    def value(self) -> Floats:
        """Probability that the push is the first of a plan, (n,): `opens`, else `p_later`."""
        value: Floats = self.opens + (1.0 - self.opens) * self.p_later
        return value


FurtherGoals = tuple[tuple[Pose2D, float], ...]
"""Goals, world poses, with the probability that a push there is the first of a plan, best first."""


@runtime_checkable
class RatingCandidatesStrategy(RatingGoalStrategy, Protocol):
    """A rating goal strategy whose goals are those of candidates: contact points and travels."""

    def rated(self, world: World, name: str) -> RatedCandidates:
        """Return the candidates of an object that are rated, and their ratings.

        Args:
            world: in the state in question; not changed.
            name: the object.

        Raises:
            UnknownMovableError: the scene has no such movable.
            ModelError: the model fails.
        """

    def further(self, world: World, name: str) -> FurtherGoals:
        """Return goals besides those of the candidates, which may take longer to find.

        To be asked for once nothing else is rated above `RatedCandidates.further_limit`.

        Args:
            world: in the state in question; not changed.
            name: the object.

        Raises:
            UnknownMovableError: the scene has no such movable.
            SceneError: see `World.primitives`.
            OSError: likewise.
            ModelError: the model fails.
        """
