"""Cost of a query of a learned strategy compared with the bare network, and its latency.

The states lie along random walks of pushes in demo scenes and are entered as in a search:
reachability is known, no raster has been drawn. First the objects are ranked, then goals are
proposed for each of them; no prediction is cached between calls. The bare forward pass of the
network is timed right after the call, for the same queries. Latency varies with the number of
objects and of push directions, which are rasters of one pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import ParamSpec, TypeVar
from unittest.mock import patch

import numpy as np

from benchmarks.common import Figures, show_table
from namo.collection.config import CollectionConfig
from namo.learning.loaded_model import LoadedModel, load_model
from namo.learning.queries import Query, goal_query, object_query
from namo.learning.scoring import Scorer, batched
from namo.scenes.reading import read_scene
from namo.scenes.sources import environments_from
from namo.strategies import learned
from namo.strategies.goal_random import RandomGoals
from namo.world.candidates import candidate_pushes
from namo.world.push import Push
from namo.world.simulation import State
from namo.world.world import World

WARM_UP_CALLS = 20
SCENES = 50
STATES_PER_SCENE = 4
PIECES = ("candidates", "rendering", "network", "rest")

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class CallProfile:
    """Queries and time (s) of each piece of a call of a strategy."""

    queries: list[Query] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def timed(self, piece: str, function: Callable[P, T]) -> Callable[P, T]:
        """Return the function, wrapped such that its time is added to a piece."""

        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            began = time.perf_counter()
            result = function(*args, **kwargs)
            took = time.perf_counter() - began
            self.seconds[piece] = self.seconds.get(piece, 0.0) + took
            if isinstance(result, Query):
                self.queries.append(result)
            return result

        return call


def time_call(model: LoadedModel, call: Callable[[], object]) -> Figures | None:
    """Call a strategy and return its pieces (s); None if it does not query the model."""
    profile = CallProfile()
    with patch.multiple(
        learned,
        candidate_pushes=profile.timed("candidates", candidate_pushes),
        object_query=profile.timed("rendering", object_query),
        goal_query=profile.timed("rendering", goal_query),
    ):
        began = time.perf_counter()
        call()
        whole = time.perf_counter() - began
    if not profile.queries:
        return None
    pieces = dict.fromkeys(PIECES, 0.0) | profile.seconds
    pieces["network"] = model.time_forward(*batched(profile.queries)[:2])
    pieces["rest"] = whole - sum(pieces.values())
    return {**pieces, "whole": whole}


def draw_states() -> list[tuple[World, State]]:
    """Return states along random walks of pushes in demo scenes."""
    states, rng = [], np.random.default_rng(0)
    for path in environments_from(None, None).paths[:SCENES]:
        world = World(read_scene(path))
        world.prepare()
        for _ in range(STATES_PER_SCENE):
            states.append((world, world.save()))
            names = world.reachability().reachable_objects
            if not names:
                break
            name = str(rng.choice(names))
            for goal in RandomGoals().propose(world, name, 1, rng):
                world.push(Push(name, goal), stop_at_open_goal=False)
    return states


def measure(models: Mapping[str, Path], queries: int) -> list[Figures]:
    """Return the cost of calls of the strategies, and of the network alone, by kind of model.

    Args:
        models: of both kinds.
        queries: queries to measure per kind.
    """
    config, rng = CollectionConfig(), np.random.default_rng(0)
    loaded = {kind: load_model(path, kind, "cpu") for kind, path in models.items()}
    scorers = {kind: Scorer(model) for kind, model in loaded.items()}
    calls: dict[str, list[Figures]] = {kind: [] for kind in models}

    def add(kind: str, call: Callable[[], object]) -> None:
        calls[kind] += filter(None, [time_call(loaded[kind], call)])

    for world, state in cycle(draw_states()):
        if min(map(len, calls.values())) >= WARM_UP_CALLS + queries:
            break
        world.static.clear_cache()
        world.restore(state)
        names = [*world.situation().reach.objects]  # as a search enters a state
        objects = learned.LearnedObjects(scorers["object"], config.ml_samples)
        add("object", partial(objects.rank, world, names, rng))
        for name in names:
            world.restore(state)
            world.situation()
            goals = learned.LearnedGoals(scorers["goal"], config.ml_samples)
            add("goal", partial(goals.propose, world, name, config.max_goals_per_object, rng))
    return [_summary(kind, scorers[kind], calls[kind][WARM_UP_CALLS:][:queries]) for kind in models]


def _summary(kind: str, scorer: Scorer, calls: Sequence[Figures]) -> Figures:
    whole = 1e3 * np.array([call["whole"] for call in calls])
    p50, p90, p99 = np.percentile(whole, [50, 90, 99]).tolist()
    return {
        "kind": kind,
        "queries": len(calls),
        "load_s": scorer.stats.load_s,
        "warm_up_s": scorer.stats.warm_up_s,
        "ratio": median(call["whole"] / call["network"] for call in calls),
        "pieces_ms": {piece: 1e3 * median(call[piece] for call in calls) for piece in PIECES},
        "p50_ms": p50,
        "p90_ms": p90,
        "p99_ms": p99,
        "p99_to_p50": p99 / p50,
    }


def show(kinds: Sequence[Figures]) -> None:
    """Print the figures."""
    show_table(
        "Query of a learned strategy in a new state, medians",
        ("model", "queries", "ratio to the network", *(f"{piece} ms" for piece in PIECES)),
        ((one["kind"], one["queries"], one["ratio"], *one["pieces_ms"].values()) for one in kinds),
    )
    show_table(
        "Latency of these queries",
        ("model", "p50 ms", "p90 ms", "p99 ms", "p99 to p50", "load s", "warm-up s"),
        (
            [one["kind"]]
            + [one[key] for key in ("p50_ms", "p90_ms", "p99_ms", "p99_to_p50")]
            + [one[key] for key in ("load_s", "warm_up_s")]
            for one in kinds
        ),
    )
