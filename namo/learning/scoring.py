"""A model as strategies query it: predictions for candidates, with every call counted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats
from namo.learning.loaded_model import Model
from namo.learning.queries import Query, by_view
from namo.portable_math import exp


@dataclass(frozen=True, eq=False)
class Prediction:
    """Output of a model for the candidates of a query.

    Attributes:
        opens: (candidates,) probability that the push opens the robot's goal.
        p_later: (candidates,) probability that, if it does not, it is the first of a shortest plan,
            times the discount.
    """

    opens: Floats
    p_later: Floats

    @property
    def value(self) -> Floats:
        """Value of each candidate, (candidates,), a score from 0 to 1: `opens`, else `p_later`."""
        value: Floats = self.opens + (1.0 - self.opens) * self.p_later
        return value


class Scorer:
    """Predicts the values of candidates with a model.

    Attributes:
        features: names of the features that the model takes, in order.
        stats: inference cost so far.
    """

    def __init__(self, model: Model) -> None:
        """Take a model, see `namo.learning.loaded_model.load_model`."""
        self._model, self.features, self.stats = model, model.features, model.stats

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the time of the block as one query, rendering included."""
        began = time.perf_counter()
        yield
        self.stats.count_query(time.perf_counter() - began)

    def predict(self, queries: Sequence[Query]) -> list[Prediction]:
        """Return the prediction for each query, from a single forward pass.

        Args:
            queries: at least one; each with at least one candidate.

        Raises:
            ModelError: the network fails, or returns another shape or non-finite values.
            MachineError: the process that holds the model has ended.
        """
        began = time.perf_counter()
        rasters, features, index = batched(queries)
        logits = self._model.logits(rasters, features)
        opens, leads = _sigmoid(logits[index]).T
        splits = np.cumsum([len(query.numbers) for query in queries])[:-1]
        self.stats.count_pass(len(rasters), time.perf_counter() - began)
        pairs = zip(
            np.split(opens, splits), np.split(self._model.discount * leads, splits), strict=True
        )
        return [Prediction(*pair) for pair in pairs]


def batched(
    queries: Sequence[Query],
) -> tuple[NDArray[np.uint8], NDArray[np.float32], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return the inputs of some queries in one pass.

    Args:
        queries: at least one.

    Returns:
        Rasters (views, channels, pixels, pixels), features (views, candidates, features) padded
        with zeros, and the two indices (all candidates,) of each candidate in these.
    """
    rasters = np.concatenate([query.rasters for query in queries])
    offsets = np.cumsum([0, *(len(query.rasters) for query in queries)])
    view = np.concatenate(
        [offset + query.view for offset, query in zip(offsets, queries, strict=False)]
    )
    features, place = by_view(
        np.concatenate([query.features for query in queries]), view, len(rasters)
    )
    return rasters, features, (view, place)


def _sigmoid(logits: Floats) -> Floats:
    probabilities: Floats = 1.0 / (1.0 + exp(-np.clip(logits, -30.0, 30.0)))
    return probabilities
