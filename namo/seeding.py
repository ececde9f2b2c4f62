"""Random streams that depend only on their purpose, never on what ran before.

Every stream is a NumPy generator on `SeedSequence([seed, environment, episode, purpose])`, so
results do not depend on chunk size, order, resume or the number of jobs, and two purposes never
share a stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is used for. The numbers are part of every result: never reuse one."""

    OBJECTS = 0
    GOALS = 1
    # 2 was used for the demo rooms of version 0.1
    LAYOUTS = 3
    POPULATION = 4
    # Of a training; environment and episode are the epoch and the step.
    WEIGHTS = 5
    BATCHES = 6
    MIRRORING = 7
    # Of a layout: the part of a mixture that it is of.
    PARTS = 8


def stream(seed: int, environment: int, episode: int, purpose: Purpose) -> np.random.Generator:
    """Return the generator for one purpose in one episode of one environment.

    Args:
        seed: the run's seed, not negative.
        environment: index in the environment list.
        episode: index of the episode in its environment.
        purpose: what the random numbers are used for.
    """
    return np.random.default_rng(np.random.SeedSequence([seed, environment, episode, int(purpose)]))


@dataclass(frozen=True)
class Streams:
    """The random streams of one search: one for objects, one for goals."""

    objects: np.random.Generator
    goals: np.random.Generator

    @classmethod
    def for_episode(cls, seed: int, environment: int, episode: int) -> Streams:
        """Return the streams of one episode."""
        return cls(
            objects=stream(seed, environment, episode, Purpose.OBJECTS),
            goals=stream(seed, environment, episode, Purpose.GOALS),
        )
