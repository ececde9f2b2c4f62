"""Passes of a fixed shape through a network.

The bits of a prediction may depend on the shape of the pass that it is made in, since libraries
choose their kernels by it. In passes of one shape they do not depend on what else is asked, if the
rows of a pass do not mix; `rows_are_independent` looks whether that holds. A row is one raster and
up to so many of its candidates; inputs with more of them fill several rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats
from namo.learning.queries import Features
from namo.learning.rasters import Raster

Inputs = tuple[Raster, Features]
"""Rasters (views, channels, pixels, pixels) and features (views, candidates, features)."""
Number = TypeVar("Number", bound=np.generic)
Forward = Callable[[Raster, Features], Floats]
"""Takes inputs and returns logits (views, candidates, outputs)."""


class PassShape(NamedTuple):
    """The shape of every pass.

    Attributes:
        rows: of a pass.
        candidates: of a row.
    """

    rows: int
    candidates: int


PASS_SHAPES = {"goal": PassShape(8, 32), "object": PassShape(8, 1)}
"""Shape of a pass by the kind of the model: two movables that are pushed from all four sides."""


def in_passes(forward: Forward, shape: PassShape, inputs: Sequence[Inputs]) -> list[Floats]:
    """Return the logits of each input, (views, candidates, outputs), from shared passes.

    Args:
        forward: runs a pass.
        shape: of every pass; what is left of the last one is filled with zeros.
        inputs: at least one.
    """
    rows = [_rows(*each, shape.candidates) for each in inputs]
    rasters, features = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    logits = np.concatenate(
        [
            forward(
                _filled(rasters[first : first + shape.rows], shape.rows),
                _filled(features[first : first + shape.rows], shape.rows),
            )
            for first in range(0, len(rasters), shape.rows)
        ]
    )
    ends = np.cumsum([len(each) for each, _ in rows])
    return [
        part.reshape(len(wanted), -1, part.shape[2])[:, : wanted.shape[1]]
        for part, (_, wanted) in zip(np.split(logits, ends), inputs, strict=False)
    ]


def rows_are_independent(forward: Forward, shape: PassShape, inputs: Inputs) -> bool:
    """Return whether rows get the same bits alone, together, and in another order.

    Args:
        forward: runs a pass.
        shape: of every pass.
        inputs: to try, with more views than a pass has rows.
    """
    rasters, features = inputs
    each = [(rasters[i : i + 1], features[i : i + 1]) for i in range(len(rasters))]
    alone = [in_passes(forward, shape, [one])[0] for one in each]
    together = in_passes(forward, shape, each)
    reversed_order = in_passes(forward, shape, each[::-1])[::-1]
    return all(
        np.array_equal(one, others[i])
        for others in (together, reversed_order)
        for i, one in enumerate(alone)
    )


def _rows(rasters: Raster, features: Features, candidates: int) -> Inputs:
    """Return inputs as rows with so many candidates each, the last ones filled with zeros."""
    views, count, size = features.shape
    parts = max(1, -(-count // candidates))
    filled = np.zeros((views, parts * candidates, size), features.dtype)
    filled[:, :count] = features
    return rasters.repeat(parts, axis=0), filled.reshape(views * parts, candidates, size)


def _filled(values: NDArray[Number], rows: int) -> NDArray[Number]:
    """Return values with rows of zeros behind them, (rows, ...)."""
    filled = np.zeros((rows, *values.shape[1:]), values.dtype)
    filled[: len(values)] = values
    return filled
