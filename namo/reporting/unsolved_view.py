"""What the page shows of an unsolved search when its card is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from namo.reporting.episodes import Integers, rows_at
from namo.reporting.explanation_text import (
    in_reach,
    outcome_counts,
    overview,
    replay_command,
    way_text,
)
from namo.reporting.search_facts import ObjectFacts, SearchFacts, SearchState
from namo.reporting.search_tree import SearchTree, draw_tree
from namo.reporting.searches import METRICS_COLUMNS, read_searches
from namo.reporting.state_svg import StateDrawings
from namo.reporting.unsolved_causes import explanation_of, metres, square_metres


@dataclass(frozen=True)
class DrawnState:
    """A state that came close.

    Attributes:
        svg: the state.
        left: drive left to the goal, as text.
        area: floor that the robot reaches, as text.
        way: the pushes that lead there, as text.
    """

    svg: Markup
    left: str
    area: str
    way: str


@dataclass(frozen=True)
class UnsolvedView:
    """An unsolved search.

    Attributes:
        name: `episode_id`.
        cause: what the evidence points to, and the evidence.
        overview: what the search did, as pairs of title and text.
        objects: what became of each movable: name, in reach, pushes, moved, farthest, outcomes.
        states: those that came closest; the start if there are no others.
        tree: of all states; None if there is only the start.
        command: that replays the pushes to the closest state; empty if there is none.
    """

    name: str
    cause: str
    overview: list[tuple[str, str]]
    objects: list[tuple[str, str, int, int, str, str]]
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
    metrics = rows_at(folder / "metrics.parquet", rows, METRICS_COLUMNS)
    views = (_view(SearchFacts(search), Path(named)) for search in read_searches(folder, metrics))
    return {view.name: view for view in views}


def _view(facts: SearchFacts, folder: Path) -> UnsolvedView:
    name = facts.search.metrics["episode_id"]
    drawings = StateDrawings(facts.search.scene, facts.shapes, name)
    states = [_drawn(facts, state, drawings) for state in facts.closest or [facts.start]]
    return UnsolvedView(
        name=name,
        cause=explanation_of(facts).text,
        overview=overview(facts),
        objects=[_object(each, facts) for each in _pushed_first(facts.objects)],
        states=states,
        tree=draw_tree(facts),
        command=replay_command(facts, facts.closest[0], folder) if facts.closest else "",
    )


def _drawn(facts: SearchFacts, state: SearchState, drawings: StateDrawings) -> DrawnState:
    left, area = metres(state.gap), square_metres(state.area)
    way = way_text(facts, state)
    label = f"State {state.number}: {left} left to the goal, {area} reached"
    return DrawnState(drawings.draw(state.poses, label), left, area, way)


def _object(each: ObjectFacts, facts: SearchFacts) -> tuple[str, str, int, int, str, str]:
    return (
        *(each.name, in_reach(each, facts), each.pushes, each.moved),
        *(metres(each.farthest_m), outcome_counts(each)),
    )


MAX_OBJECTS = 12
"""Movables that are listed; those that were pushed come first."""


def _pushed_first(objects: Sequence[ObjectFacts]) -> list[ObjectFacts]:
    return sorted(objects, key=lambda each: (-each.pushes, -each.states_in_reach))[:MAX_OBJECTS]
