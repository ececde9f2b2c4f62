"""The learned strategies: models choose the object and the pose to push it to.

Both ask a model how promising each choice is, once a state, and draw from what it says: the chance
of a choice is proportional to its odds. What the model thinks little of still has its turn: objects
that were not drawn follow those that were, and a share of the goals stays random, so no scene is
lost to a model that is wrong about it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Pose2D
from namo.learning.questions import goal_question, object_question
from namo.learning.rasters import StatePicture
from namo.learning.scoring import Scorer, Values
from namo.strategies.goal_random import RandomGoals
from namo.world.candidates import CandidatePushes, candidate_pushes
from namo.world.push_planner import within_tolerance
from namo.world.world import World

KEPT_ANSWERS = 1024
"""Answers that are kept for when a state is asked about again."""
RANDOM_SHARE = 0.2

Answer = TypeVar("Answer")


class LearnedObjects:
    """Orders the reachable objects by votes: draws from the model, most votes first."""

    def __init__(self, scorer: Scorer, samples: int) -> None:
        """Take the model.

        Args:
            scorer: of an object model.
            samples: draws a question.
        """
        self._scorer, self._samples = scorer, samples
        self._answers = _Answers[Values]()

    def rank(self, world: World, reachable: list[str], rng: np.random.Generator) -> list[str]:
        """See `namo.strategies.strategy.ObjectStrategy`."""
        if len(reachable) < 2:
            return list(reachable)  # a question would only cost time
        values = self._values(world, reachable)
        votes = rng.multinomial(self._samples, _chances(values))
        order = np.lexsort((np.arange(len(values)), -values, -votes))
        return [reachable[place] for place in order.tolist()]

    def rate(self, world: World, names: list[str]) -> list[float]:
        """See `namo.strategies.strategy.RatingObjectStrategy`."""
        if len(names) < 2:
            return [1.0] * len(names)
        in_file_order = sorted(names, key=world.static.index.__getitem__)
        values = dict(zip(in_file_order, self._values(world, in_file_order), strict=True))
        return [float(values[name]) for name in names]

    def _values(self, world: World, reachable: list[str]) -> Values:
        return self._answers.get(world, tuple(reachable), lambda: self._ask(world, reachable))

    def _ask(self, world: World, reachable: list[str]) -> Values:
        with self._scorer.asking():
            picture = StatePicture(world.reachability())
            questions = [object_question(picture, name) for name in reachable]
            return np.concatenate(self._scorer.values(questions))


@dataclass(frozen=True, eq=False)
class _Rated:
    """The candidates of a movable that are possible, and how promising each is.

    `proposed` has the goals of those that were proposed.
    """

    candidates: CandidatePushes
    numbers: NDArray[np.int64]
    values: Values
    proposed: dict[Pose2D, float] = field(default_factory=dict)


class LearnedGoals:
    """Proposes the candidates that a model finds most promising, and every fifth goal at random."""

    def __init__(self, scorer: Scorer, samples: int, random_share: float = RANDOM_SHARE) -> None:
        """Take the model.

        Args:
            scorer: of a goal model.
            samples: draws a question.
            random_share: share of the goals that stay random.
        """
        self._scorer, self._samples, self._random_share = scorer, samples, random_share
        self._random = RandomGoals()
        self._answers = _Answers[_Rated]()

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`."""
        rated = self._rated(world, name)
        chosen = _without_twins(rated, self._drawn(rated, rng), count)
        random_places = self._random_places(count, rng)
        goals: list[Pose2D] = []
        for place in range(count):
            if place in random_places or not chosen:
                goals += self._random.propose(world, name, 1, rng)
            else:
                goals.append(chosen.pop(0))
        return goals

    def _random_places(self, count: int, rng: np.random.Generator) -> set[int]:
        """Return which of the places of a list stay random: of each fifth, say, the last.

        Where the share of a short list is no whole number, chance decides on the rest of it.
        """
        share, chance = divmod(count * self._random_share, 1.0)
        places = int(share) + int(rng.random() < chance)
        return {(place + 1) * count // places - 1 for place in range(places)}

    def rate(self, world: World, name: str, goals: list[Pose2D]) -> list[float | None]:
        """See `namo.strategies.strategy.RatingGoalStrategy`; random goals are not judged."""
        proposed = self._rated(world, name).proposed
        return [proposed.get(goal) for goal in goals]

    def _rated(self, world: World, name: str) -> _Rated:
        return self._answers.get(world, name, lambda: self._ask(world, name))

    def _ask(self, world: World, name: str) -> _Rated:
        candidates = candidate_pushes(world, name)
        if not candidates.possible.any():
            nothing = np.empty(0)
            return _Rated(candidates, nothing.astype(np.int64), nothing)
        with self._scorer.asking():
            question = goal_question(StatePicture(world.reachability()), name, candidates)
            (values,) = self._scorer.values([question])
        return _Rated(candidates, question.numbers, values)

    def _drawn(self, rated: _Rated, rng: np.random.Generator) -> list[int]:
        """Return places of the candidates that were drawn, the most promising first."""
        if not len(rated.values):
            return []
        drawn = rng.multinomial(self._samples, _chances(rated.values)).nonzero()[0]
        order = np.argsort(-rated.values[drawn], kind="stable")
        return list(drawn[order].tolist())


def _without_twins(rated: _Rated, places: list[int], count: int) -> list[Pose2D]:
    """Return the goals of candidates, at most `count`, but none that another arrives at too."""
    goals: list[Pose2D] = []
    for place in places:
        goal = rated.candidates.goal(int(rated.numbers[place]))
        if not any(within_tolerance(goal, other) for other in goals):
            goals.append(goal)
            rated.proposed[goal] = float(rated.values[place])
        if len(goals) == count:
            break
    return goals


def _chances(values: Values) -> Values:
    """Return chances in proportion to the odds of values, adding up to one."""
    values = np.clip(values, 1e-6, 1.0 - 1e-6)
    odds = values / (1.0 - values)
    chances: Values = odds / odds.sum()
    return chances


class _Answers(Generic[Answer]):
    """What a model said, by world and poses; of each world the oldest are forgotten."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[World, OrderedDict[Hashable, Answer]] = WeakKeyDictionary()

    def get(self, world: World, about: Hashable, ask: Callable[[], Answer]) -> Answer:
        """Return the answer to a question about a state, asked now if it is new."""
        kept = self._kept.setdefault(world, OrderedDict())
        key = about, tuple(world.reachability().poses.values())
        if key not in kept:
            kept[key] = ask()
            if len(kept) > KEPT_ANSWERS:
                kept.popitem(last=False)
        return kept[key]
