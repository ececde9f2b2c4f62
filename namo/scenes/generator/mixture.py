"""Mixtures: a set of scenes in parts, each with a weight and settings of its own.

Weights are relative. The numbers of scenes per part follow them as closely as whole numbers can,
and a larger set has at least as many of each part as a smaller one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from namo.config_parsing import parse_values
from namo.errors import UsageError

WEIGHT = "weight"
"""Key of a part beside its settings."""

Parts = Mapping[str, Mapping[str, Any]]
Name = TypeVar("Name", bound="str | None")


def parsed_parts(mixture: Parts, kinds: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parts of a mixture with values of the types that settings have, sorted by name.

    Args:
        mixture: name -> `weight` and settings of the part.
        kinds: types of the settings that a part may have, by name.

    Raises:
        UsageError: names the part and what is wrong with it.
    """
    parts = {}
    for name, values in sorted(mixture.items()):
        parts[name] = parse_values({WEIGHT: float, **kinds}, values, f"mixture: {name}")
        if WEIGHT not in parts[name]:
            raise UsageError(f"mixture: {name}: has no {WEIGHT}")
    require_weights({name: part[WEIGHT] for name, part in parts.items()}, "mixture")
    return parts


@contextmanager
def named_part(name: str | None) -> Iterator[None]:
    """Say in messages of what fails here which part of a mixture it is about.

    Args:
        name: of the part; None for a set of one kind.

    Raises:
        UsageError: what fails here raised one.
    """
    try:
        yield
    except UsageError as error:
        if name is None:
            raise
        raise UsageError(f"mixture: {name}: {error}") from None


def require_weights(weights: Mapping[str, float], what: str) -> None:
    """Make sure that one of several can be drawn by weight.

    Args:
        weights: relative, by name.
        what: what messages call them.

    Raises:
        UsageError: a weight is negative or not finite, or none is above zero.
    """
    values = list(weights.values())
    if not values or min(values) < 0.0 or not math.isfinite(sum(values)) or not sum(values):
        raise UsageError(f"{what} is {dict(weights)}; weights from 0, one above it")


def drawn_name(rng: np.random.Generator, weights: Mapping[Name, float]) -> Name:
    """Return one of several names, drawn by weight; the order of the names matters."""
    names = [name for name, weight in weights.items() if weight > 0.0]
    values = np.array([weights[name] for name in names])
    return names[int(rng.choice(len(names), p=values / values.sum()))]


def apportioned(count: int, weights: Mapping[Name, float]) -> dict[Name, int]:
    """Return how many of `count` scenes each part gets: by the method of Sainte-Laguë.

    It is a method of divisors, so that a larger count gives no part fewer.

    Args:
        count: of the scenes of all parts.
        weights: relative, by part.
    """
    counts = dict.fromkeys(weights, 0)
    for _ in range(count):
        counts[max(counts, key=lambda name: weights[name] / (2 * counts[name] + 1))] += 1
    return counts
