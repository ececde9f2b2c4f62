"""The learned strategies: models choose the object and the pose to push it to.

Both query a model once per state for the value of each choice and sample from the prediction: the
probability of a choice is proportional to its odds. Choices with a low value keep their chance:
objects that were not sampled follow those that were, and a fraction of the goals stays random, so a
model that is wrong about a scene cannot make it unsolvable.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from namo.geometry import Floats, Pose2D
from namo.learning.queries import goal_query, object_query, sees_ways
from namo.learning.rasters import StateRaster
from namo.learning.scoring import Scorer
from namo.strategies.clear_poses import P_COMPLETE, clear_poses
from namo.strategies.goal_random import RandomGoals
from namo.strategies.rated_candidates import StateCache, best_goals, distinct_goals
from namo.strategies.strategy import FurtherGoals, RatedCandidates
from namo.world.candidate_ways import CandidateWays
from namo.world.candidates import candidate_pushes
from namo.world.world import World

RANDOM_FRACTION = 0.2


class LearnedObjects:
    """Orders the reachable objects by votes, which are samples from the model's prediction."""

    def __init__(self, scorer: Scorer, samples: int) -> None:
        """Take the model.

        Args:
            scorer: of an object model.
            samples: votes per query.
        """
        self._scorer, self._samples = scorer, samples
        self._cache = StateCache[Floats]()

    def rank(self, world: World, reachable: list[str], rng: np.random.Generator) -> list[str]:
        """See `namo.strategies.strategy.ObjectStrategy`."""
        if len(reachable) < 2:
            return list(reachable)  # a query would only cost time
        values = self._values(world, reachable)
        votes = rng.multinomial(self._samples, _probabilities(values))
        order = np.lexsort((np.arange(len(values)), -values, -votes))
        return [reachable[index] for index in order.tolist()]

    def rate(self, world: World, names: list[str]) -> list[float]:
        """See `namo.strategies.strategy.RatingObjectStrategy`."""
        if len(names) < 2:
            return [1.0] * len(names)
        in_file_order = sorted(names, key=world.static.index.__getitem__)
        values = dict(zip(in_file_order, self._values(world, in_file_order), strict=True))
        return [float(values[name]) for name in names]

    def _values(self, world: World, reachable: list[str]) -> Floats:
        return self._cache.get(world, tuple(reachable), lambda: self._predict(world, reachable))

    def _predict(self, world: World, reachable: list[str]) -> Floats:
        with self._scorer.timed():
            state = StateRaster(world.reachability())
            queries = [object_query(state, name) for name in reachable]
            predictions = self._scorer.predict(queries)
            return np.concatenate([prediction.value for prediction in predictions])


class LearnedGoals:
    """Proposes the candidates with the highest predicted value, and a fraction at random."""

    def __init__(self, scorer: Scorer, samples: int, random_share: float = RANDOM_FRACTION) -> None:
        """Take the model.

        Args:
            scorer: of a goal model.
            samples: samples per query.
            random_share: fraction of the goals that stay random, 0 to 1.
        """
        self._scorer, self._samples, self.random_share = scorer, samples, random_share
        self._random = RandomGoals()
        self._rated = StateCache[RatedCandidates]()
        self._further = StateCache[FurtherGoals]()

    def propose(
        self, world: World, name: str, count: int, rng: np.random.Generator
    ) -> list[Pose2D]:
        """See `namo.strategies.strategy.GoalStrategy`."""
        rated = self.rated(world, name).of_poses()
        chosen = distinct_goals(rated, self._sampled(rated, rng), count)
        random_positions = self._random_positions(count, rng)
        goals: list[Pose2D] = []
        for position in range(count):
            if position in random_positions or not chosen:
                goals += self._random.propose(world, name, 1, rng)
            else:
                goals.append(chosen.pop(0))
        return goals

    def best(self, world: World, name: str) -> Iterator[tuple[Pose2D, float]]:
        """See `namo.strategies.strategy.RatingGoalStrategy`."""
        return best_goals(self, world, name)

    def _random_positions(self, count: int, rng: np.random.Generator) -> set[int]:
        """Return the positions of a list of goals that stay random: say, the last of each five.

        If the fraction of a short list is not a whole number, its remainder is decided at random.
        """
        whole, remainder = divmod(count * self.random_share, 1.0)
        random = int(whole) + int(rng.random() < remainder)
        return {(number + 1) * count // random - 1 for number in range(random)}

    def rated(self, world: World, name: str) -> RatedCandidates:
        """See `namo.strategies.strategy.RatingCandidatesStrategy`."""
        return self._rated.get(world, name, lambda: self._predict(world, name))

    def _predict(self, world: World, name: str) -> RatedCandidates:
        candidates = candidate_pushes(world, name)
        if not candidates.possible.any():
            empty = np.empty(0)
            return RatedCandidates(candidates, empty.astype(np.int64), empty, empty)
        with self._scorer.timed():
            reachability = world.reachability()
            ways = CandidateWays(reachability, name, candidates)
            query = goal_query(StateRaster(reachability), ways, self._scorer.features)
            (prediction,) = self._scorer.predict([query])
        limit = P_COMPLETE if sees_ways(self._scorer.features) else 0.0
        return RatedCandidates(
            candidates, query.numbers, prediction.opens, prediction.p_later, limit
        )

    def further(self, world: World, name: str) -> FurtherGoals:
        """See `namo.strategies.strategy.RatingCandidatesStrategy`; poses that clear the way."""
        return self._further.get(world, name, lambda: clear_poses(world, name))

    def _sampled(self, rated: RatedCandidates, rng: np.random.Generator) -> list[int]:
        """Return the positions of the sampled candidates, highest value first."""
        values = rated.value
        if not len(values):
            return []
        sampled = rng.multinomial(self._samples, _probabilities(values)).nonzero()[0]
        order = np.argsort(-values[sampled], kind="stable")
        return list(sampled[order].tolist())


def _probabilities(values: Floats) -> Floats:
    """Return probabilities proportional to the odds of values, with sum 1."""
    values = np.clip(values, 1e-6, 1.0 - 1e-6)
    odds = values / (1.0 - values)
    probabilities: Floats = odds / odds.sum()
    return probabilities
