"""What the page shows of an unsolved search when its card is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from namo.reporting.episodes import Integers, rows_at
from namo.reporting.explanation_text import (
    in_reach,
    outcome_counts,
    overview,
    replay_of,
    way_to,
)
from namo.reporting.search_facts import ObjectFacts, SearchFacts, SearchState
from namo.reporting.search_tree import SearchTree, draw_tree
from namo.reporting.searches import METRICS_COLUMNS, read_searches
from namo.reporting.state_svg import StateDrawings
from namo.reporting.unsolved_causes import explanation_of, metres, square_metres

MAX_OBJECTS = 12
"""Movables that are listed."""


@dataclass(frozen=True)
class DrawnState:
    """A state that came close.

    Attributes:
        svg: the state.
        left: drive left to the goal, as text.
        area: floor that the robot reaches, as text.
        way: the pushes that lead there, as texts.
    """

    svg: Markup
    left: str
    area: str
    way: list[str]


@dataclass(frozen=True)
class UnsolvedView:
    """An unsolved search.

    Attributes:
        name: `episode_id`.
        cause: what the evidence points to, and the evidence.
        overview: what the search did, as pairs of title and text.
        objects: what became of the movables that were pushed most, at most `MAX_OBJECTS`: name, in
            reach, pushes, straight ones, moved, farthest, outcomes.
        more_objects: number of the others.
        states: those that came closest; the start if there are no others.
        tree: of all states; None if there is only the start.
        command: that replays the pushes to the closest state; empty if there is none.
    """

    name: str
    cause: str
    overview: list[tuple[str, str]]
    objects: list[tuple[str, str, int, int, int, str, str]]
    more_objects: int
    states: list[DrawnState]
    tree: SearchTree | None
    command: str


def read_views(folder: Path, rows: Integers, named: str) -> dict[str, UnsolvedView]:
    """Return the views of some unsolved searches by `episode_id`.

    Args:
        folder: of the collection.
        rows: (n,) theirs of its metrics table.
        named: the folder as commands name it, wherever the collection is now.

    Raises:
        ResultFileError: a table is missing or damaged.
    """
    metrics = rows_at(folder / "metrics.parquet", np.sort(rows), METRICS_COLUMNS)
    searches = read_searches(folder, metrics, {row["env_index"] for row in metrics})
    views = (_view(SearchFacts(search), named) for search in searches)
    return {view.name: view for view in views}


def _view(facts: SearchFacts, folder: str) -> UnsolvedView:
    name = facts.search.metrics["episode_id"]
    drawings = StateDrawings(facts.search.scene, facts.shapes, name)
    objects = sorted(facts.objects, key=lambda each: (-each.pushes, -each.states_in_reach))
    states = [_drawn(facts, state, drawings) for state in facts.closest or [facts.start]]
    return UnsolvedView(
        name=name,
        cause=explanation_of(facts).text,
        overview=overview(facts),
        objects=[_object(each, facts) for each in objects[:MAX_OBJECTS]],
        more_objects=len(objects[MAX_OBJECTS:]),
        states=states,
        tree=draw_tree(facts),
        command=replay_of(facts, facts.closest[0], folder) if facts.closest else "",
    )


def _drawn(facts: SearchFacts, state: SearchState, drawings: StateDrawings) -> DrawnState:
    left, area = metres(state.gap), square_metres(state.area)
    way = way_to(facts, state)
    label = f"State {state.number}: {left} left to the goal, {area} reached"
    return DrawnState(drawings.draw(state.poses, label), left, area, way)


def _object(each: ObjectFacts, facts: SearchFacts) -> tuple[str, str, int, int, int, str, str]:
    return (
        *(each.name, in_reach(each, facts), each.pushes, each.straight, each.moved),
        *(metres(each.farthest_m), outcome_counts(each)),
    )
