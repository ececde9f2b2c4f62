"""What a call of a learned strategy costs beside the network, and how its latency spreads.

The states lie along random walks of pushes in demo scenes and are entered as a search enters them:
what the robot can reach is known, nothing has been drawn. First the objects are ranked, then goals
are proposed for each of them; no answer is kept from one call to the next. The bare pass of the
network is timed right after the call, for the very same questions. Latency spreads with the number
of objects and of directions to push in, which are rasters of one pass.
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
from namo.learning.queries import Query, goal_query, object_query
from namo.learning.scoring import Scorer
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
PIECES = ("candidates", "drawing", "network", "rest")

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Watch:
    """What happens inside a call of a strategy: the questions, and where the time goes (s)."""

    questions: list[Query] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def timed(self, piece: str, function: Callable[P, T]) -> Callable[P, T]:
        """Return a function that does the same and adds its time to a piece."""

        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            began = time.perf_counter()
            answer = function(*args, **kwargs)
            took = time.perf_counter() - began
            self.seconds[piece] = self.seconds.get(piece, 0.0) + took
            if isinstance(answer, Query):
                self.questions.append(answer)
            return answer

        return call


def time_call(scorer: Scorer, call: Callable[[], object]) -> Figures | None:
    """Make a call of a strategy and return its pieces (s); None where the model is not asked."""
    watch = Watch()
    with patch.multiple(
        learned,
        candidate_pushes=watch.timed("candidates", candidate_pushes),
        object_query=watch.timed("drawing", object_query),
        goal_query=watch.timed("drawing", goal_query),
    ):
        began = time.perf_counter()
        call()
        whole = time.perf_counter() - began
    if not watch.questions:
        return None
    pieces = dict.fromkeys(PIECES, 0.0) | watch.seconds
    pieces["network"] = scorer.forward(watch.questions)
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


def measure(models: Mapping[str, Path], questions: int) -> list[Figures]:
    """Return what calls of the strategies cost, and the network alone, by kind of model.

    Args:
        models: of both kinds.
        questions: calls to measure for each.
    """
    config, rng = CollectionConfig(), np.random.default_rng(0)
    scorers = {kind: Scorer(path, kind, "cpu") for kind, path in models.items()}
    calls: dict[str, list[Figures]] = {kind: [] for kind in models}

    def add(kind: str, call: Callable[[], object]) -> None:
        calls[kind] += filter(None, [time_call(scorers[kind], call)])

    for world, state in cycle(draw_states()):
        if min(map(len, calls.values())) >= WARM_UP_CALLS + questions:
            break
        world.static.forget()
        world.restore(state)
        names = [*world.situation().reachable]  # as a search enters a state
        objects = learned.LearnedObjects(scorers["object"], config.ml_samples)
        add("object", partial(objects.rank, world, names, rng))
        for name in names:
            world.restore(state)
            world.situation()
            goals = learned.LearnedGoals(scorers["goal"], config.ml_samples)
            add("goal", partial(goals.propose, world, name, config.max_goals_per_object, rng))
    return [
        _summary(kind, scorers[kind], calls[kind][WARM_UP_CALLS:][:questions]) for kind in models
    ]


def _summary(kind: str, scorer: Scorer, calls: Sequence[Figures]) -> Figures:
    whole = 1e3 * np.array([call["whole"] for call in calls])
    p50, p90, p99 = np.percentile(whole, [50, 90, 99]).tolist()
    return {
        "kind": kind,
        "questions": len(calls),
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
        "A call of a learned strategy in a fresh state, medians",
        ("model", "questions", "times the network", *(f"{piece} ms" for piece in PIECES)),
        (
            (one["kind"], one["questions"], one["ratio"], *one["pieces_ms"].values())
            for one in kinds
        ),
    )
    show_table(
        "Latency of these calls",
        ("model", "p50 ms", "p90 ms", "p99 ms", "p99 to p50", "load s", "warm-up s"),
        (
            [one["kind"]]
            + [one[key] for key in ("p50_ms", "p90_ms", "p99_ms", "p99_to_p50")]
            + [one[key] for key in ("load_s", "warm_up_s")]
            for one in kinds
        ),
    )
