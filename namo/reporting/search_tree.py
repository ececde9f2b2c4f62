"""The tree of the states of a search as SVG: depth to the right, edges in the colour of the object.

A state is drawn where it was first found. Pushes that moved nothing lead nowhere and are left out.
Edges of straight pushes are dashed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from markupsafe import Markup

from namo.reporting.search_facts import SearchFacts, SearchState
from namo.wording import counted

MAX_STATES = 80
"""States that are drawn: those that come closest and the way to them."""
WIDTH, MARGIN, RADIUS = 360, 12, 3
"""In the units of the drawing."""
MIN_ROW, MAX_ROW, ROWS_HEIGHT = 8.0, 15.0, 480.0
"""Distance of leaves, smaller the more there are; likewise."""
COLOURS = 8
"""Objects with a colour of their own (classes c0 to c7 of the style sheet)."""
_FAINTEST = 0.15
"""Opacity of the dot of a state that is no closer than the start."""


@dataclass(frozen=True)
class SearchTree:
    """A drawn tree.

    Attributes:
        svg: the drawing.
        objects: names of the pushed objects with a colour, and its CSS class.
        straight: number of edges that are straight pushes.
        to_pose: number of edges that are pushes to a pose.
        note: what is left out; empty if nothing is.
    """

    svg: Markup
    objects: list[tuple[str, str]]
    straight: int
    to_pose: int
    note: str


def draw_tree(facts: SearchFacts) -> SearchTree | None:
    """Return the tree of a search; None if it found no state but the start."""
    if not facts.ranked:
        return None
    shown = _shown(facts)
    parents = {each.push["state"] for each in shown.values() if each.push}
    row = max(MIN_ROW, min(MAX_ROW, ROWS_HEIGHT / (len(shown) - len(parents))))
    places = _places(shown, row)
    ranks = {state.number: rank for rank, state in enumerate(facts.closest, start=1)}
    pushed = [each.name for each in facts.objects if each.pushes]
    kinds = {name: f"c{place}" for place, name in enumerate(pushed[:COLOURS])}
    edges, dots, straight = [], [], 0
    for number, state in shown.items():
        x, y = places[number]
        if state.push is not None:
            x0, y0 = places[state.push["state"]]
            middle = (x0 + x) / 2
            kind = kinds.get(state.push["object_id"], "other")
            if state.push["contact"] is not None:
                kind, straight = f"{kind} straight", straight + 1
            edges.append(
                f'<path class="edge {kind}" d="M{x0:.0f} {y0:.1f}C{middle:.0f} {y0:.1f} '
                f'{middle:.0f} {y:.1f} {x:.0f} {y:.1f}"/>'
            )
        if (rank := ranks.get(number)) is None:
            dots.append(_dot(facts, state, x, y))
        else:
            dots.append(_mark(rank, x, y, row / 2))
    height = 2 * MARGIN + max(y for _, y in places.values()) - MARGIN
    label = f"Search tree: {counted(len(shown), 'state', 'states')}"
    svg = (
        f'<svg class="tree" viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{label}">'
        f"{''.join(edges)}{''.join(dots)}</svg>"
    )
    left = len(facts.states) - len(shown)
    note = f"{left} of {len(facts.states)} states are not drawn." if left else ""
    drawn = Markup(svg)  # noqa: S704 - holds numbers alone
    return SearchTree(drawn, list(kinds.items()), straight, len(edges) - straight, note)


def _shown(facts: SearchFacts) -> dict[int, SearchState]:
    """Return the states to draw by number: the closest ones, and the way to each."""
    shown = {0: facts.start}
    for state in facts.ranked:
        way = [facts.states[push["next_state"]] for push in facts.way_to(state)]
        new = {each.number: each for each in way if each.number not in shown}
        if len(shown) + len(new) > MAX_STATES:
            break
        shown |= new
    return shown


def _places(shown: dict[int, SearchState], row: float) -> dict[int, tuple[float, float]]:
    """Return x and y of each state: leaves below each other, parents amid their children."""
    children: dict[int, list[int]] = defaultdict(list)
    for number in sorted(shown):
        push = shown[number].push
        if push is not None:
            children[push["state"]].append(number)
    depth = max(state.depth for state in shown.values())
    step = (WIDTH - 2 * MARGIN) / max(depth, 1)
    places: dict[int, tuple[float, float]] = {}
    leaves = 0
    waiting = [(0, False)]
    while waiting:  # depth first, parents after their children
        number, is_done = waiting.pop()
        below = children[number]
        if below and not is_done:
            waiting += [(number, True), *((child, False) for child in reversed(below))]
            continue
        if below:
            y = (places[below[0]][1] + places[below[-1]][1]) / 2
        else:
            y, leaves = MARGIN + row * leaves, leaves + 1
        places[number] = MARGIN + step * shown[number].depth, y
    return places


def _mark(rank: int, x: float, y: float, radius: float) -> str:
    return (
        f'<circle class="closest" cx="{x:.0f}" cy="{y:.1f}" r="{radius:.1f}"/>'
        f'<text x="{x:.0f}" y="{y:.1f}" font-size="{1.3 * radius:.1f}">{rank}</text>'
    )


def _dot(facts: SearchFacts, state: SearchState, x: float, y: float) -> str:
    opacity = _FAINTEST + (1.0 - _FAINTEST) * _progress(facts, state)
    return (
        f'<circle class="state" cx="{x:.0f}" cy="{y:.1f}" r="{RADIUS}" '
        f'fill-opacity="{opacity:.2f}"/>'
    )


def _progress(facts: SearchFacts, state: SearchState) -> float:
    """Return the fraction of the best progress towards the goal that a state makes, from 0 to 1."""
    start, best = facts.start.gap, facts.ranked[0].gap
    if start is None or best is None or state.gap is None or best >= start:
        return 0.0
    return min(1.0, max(0.0, (start - state.gap) / (start - best)))
