"""The learned strategies: models choose the object and the pose to push it to.

Both ask a model how promising each choice is, once a state, and draw from what it says: the chance
of a choice is proportional to its odds. What the model thinks little of still has its turn: objects
that were not drawn follow those that were, and a share of the goals stays random, so no scene is
lost to a model that is wrong about it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Pose2D
from namo.learning.queries import goal_question, object_question
from namo.learning.rasters import StatePicture
from namo.learning.scoring import Promise, Scorer, Values
from namo.strategies.goal_random import RandomGoals
from namo.world.candidates import CandidatePushes, candidate_pushes
from namo.world.push_planner import twins, within_tolerance
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
            promises = self._scorer.promises(questions)
            return np.concatenate([promise.values for promise in promises])


@dataclass(frozen=True, eq=False)
class _Judged:
    """The candidates of a movable that are possible, and how promising each is."""

    candidates: CandidatePushes
    numbers: NDArray[np.int64]
    promise: Promise


class LearnedGoals:
    """Proposes the candidates that a model finds most promising, and every fifth goal at random."""

    def __init__(self, scorer: Scorer, samples: int, random_share: float = RANDOM_SHARE) -> None:
        """Take the model.

        Args:
            scorer: of a goal model.
            samples: draws a question.
            random_share: share of the goals that stay random.
        """
        self._scorer, self._samples, self.random_share = scorer, samples, random_share
        self._random = RandomGoals()
        self._answers = _Answers[_Judged]()

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`."""
        judged = self._judged(world, name)
        chosen = _without_twins(judged, self._drawn(judged, rng), count)
        random_places = self._random_places(count, rng)
        goals: list[Pose2D] = []
        for place in range(count):
            if place in random_places or not chosen:
                goals += self._random.propose(world, name, 1, rng)
            else:
                goals.append(chosen.pop(0))
        return goals

    def best(self, world: World, name: str) -> Iterator[tuple[Pose2D, float]]:
        """See `namo.strategies.strategy.RatingGoalStrategy`.

        A push passes the ends of the shorter ones from the same contact point and stops where the
        goal opens: one in vain says that none of those opens the goal either.
        """
        return _best_first(self._judged(world, name))

    def _random_places(self, count: int, rng: np.random.Generator) -> set[int]:
        """Return which of the places of a list stay random: of each fifth, say, the last.

        Where the share of a short list is no whole number, chance decides on the rest of it.
        """
        share, chance = divmod(count * self.random_share, 1.0)
        places = int(share) + int(rng.random() < chance)
        return {(place + 1) * count // places - 1 for place in range(places)}

    def _judged(self, world: World, name: str) -> _Judged:
        return self._answers.get(world, name, lambda: self._ask(world, name))

    def _ask(self, world: World, name: str) -> _Judged:
        candidates = candidate_pushes(world, name)
        if not candidates.possible.any():
            nothing = np.empty(0)
            return _Judged(candidates, nothing.astype(np.int64), Promise(nothing, nothing))
        with self._scorer.asking():
            question = goal_question(StatePicture(world.reachability()), name, candidates)
            (promise,) = self._scorer.promises([question])
        return _Judged(candidates, question.numbers, promise)

    def _drawn(self, judged: _Judged, rng: np.random.Generator) -> list[int]:
        """Return places of the candidates that were drawn, the most promising first."""
        values = judged.promise.values
        if not len(values):
            return []
        drawn = rng.multinomial(self._samples, _chances(values)).nonzero()[0]
        order = np.argsort(-values[drawn], kind="stable")
        return list(drawn[order].tolist())


def _without_twins(judged: _Judged, places: list[int], count: int) -> list[Pose2D]:
    """Return the goals of candidates, at most `count`, but none that another arrives at too."""
    goals: list[Pose2D] = []
    for place in places:
        goal = judged.candidates.goal(int(judged.numbers[place]))
        if not any(within_tolerance(goal, other) for other in goals):
            goals.append(goal)
        if len(goals) == count:
            break
    return goals


def _best_first(judged: _Judged) -> Iterator[tuple[Pose2D, float]]:
    """Yield goals and values as `RatingGoalStrategy.best` does."""
    contact, travel = np.divmod(judged.numbers, len(judged.candidates.travels))
    goals = judged.candidates.goals().reshape(-1, 3)[judged.numbers]
    values, later = judged.promise.values, judged.promise.later
    for _ in range(len(values)):
        best = int(values.argmax())
        if values[best] < 0.0:  # all that is left are twins
            return
        goal = judged.candidates.goal(int(judged.numbers[best]))
        yield goal, float(values[best])
        passed = (contact == contact[best]) & (travel <= travel[best])
        values[passed] = np.minimum(values[passed], later[passed])
        values[twins(goals, goal)] = -1.0


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
