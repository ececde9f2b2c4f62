"""The charts of the report, from the searches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from namo.geometry import Floats
from namo.reporting.charts import (
    COLOURS,
    Bins,
    Line,
    Stack,
    count_bins,
    curves,
    histogram,
    time_bins,
)
from namo.reporting.choices import in_words
from namo.reporting.searches import Bools, Searches
from namo.reporting.statistics import CONFIDENCE, Curve, solved_within

LONGEST = 12
"""Plans longer than this share a bar."""


@dataclass(frozen=True)
class Key:
    """An entry of a chart's legend: a class of `page.css`, and what it stands for."""

    kind: str
    text: str


@dataclass(frozen=True)
class Figure:
    """A chart with its words.

    Attributes:
        title: what it shows.
        chart: the picture.
        keys: its legend.
        note: how to read it.
    """

    title: str
    chart: Markup
    keys: Sequence[Key] = ()
    note: str = ""


def solved_curves(searches: Searches) -> list[Figure]:
    """Return how many searches are solved within numbers of pushes and within times."""
    ran = searches.ran
    parts = [
        (code, searches.difficulty == code)
        for code in range(len(searches.classes))
        if (ran & (searches.difficulty == code)).any()
    ]
    if len(parts) == 1:  # the same as all together
        parts = []
    keys = [Key("c0", "all")]
    keys += [Key(_colour(code), in_words(searches.classes[code])) for code, _ in parts]
    note = (
        f"A search that ran out of its budget counts up to where it ended and not beyond. Band: "
        f"{100 * CONFIDENCE:g} % interval of all together."
    )
    found = []
    for effort, low, axis, title in (
        (searches.pushes.astype(np.float64), 1.0, "simulated pushes", "Solved within pushes"),
        (searches.seconds, 0.01, "wall time of the search (s)", "Solved within seconds"),
    ):
        lines = [Line(0, _curve(searches, effort, ran), band=True)]
        lines += [Line(_place(code), _curve(searches, effort, ran & rows)) for code, rows in parts]
        whole = lines[0].curve
        label = f"{title}: {100 * whole.at(whole.end):.0f} % of all by the end, {whole.end:.4g} "
        found.append(Figure(title, curves(lines, low, axis, label + axis), keys, note))
    return found


def _curve(searches: Searches, effort: Floats, rows: Bools) -> Curve:
    return solved_within(effort[rows], searches.solved[rows], searches.closed[rows])


def _place(code: int) -> int:
    return 1 + code % (COLOURS - 1)


def _colour(code: int) -> str:
    return f"c{_place(code)}"


def effort_figures(searches: Searches) -> list[Figure]:
    """Return how long plans are, and what searches took."""
    ran, seconds = searches.ran, searches.seconds
    nodes = searches.nodes.astype(np.float64)
    return [
        _plan_lengths(searches),
        _spread(searches, nodes, count_bins(nodes[ran]), "Pushes tried", "pushes, up to"),
        _spread(searches, seconds, time_bins(seconds[ran]), "Time of a search", "wall time (s)"),
    ]


def _plan_lengths(searches: Searches) -> Figure:
    lengths = np.minimum(searches.length[searches.solved], LONGEST)
    counts = np.bincount(lengths, minlength=2)
    ticks = [
        (place + 0.5, f"{place}+" if place == LONGEST else str(place))
        for place in range(len(counts))
    ]
    chart = histogram(
        [Stack("solved", counts.tolist())],
        ticks,
        "pushes of the plan",
        "Plans by length: "
        + ", ".join(f"{count} of {place} pushes" for place, count in enumerate(counts)),
    )
    note = "0: the goal was open from the start." if counts[0] else ""
    return Figure("Plan lengths", chart, note=note)


def _spread(searches: Searches, values: Floats, bins: Bins, title: str, axis: str) -> Figure:
    edges, ticks = bins
    rows = searches.ran & (values > 0)  # a goal that is open takes no push
    stacks = [
        Stack(kind, np.histogram(np.maximum(values[each], edges[0]), edges)[0].tolist())
        for kind, each in (
            ("solved", rows & searches.solved),
            ("unsolved", rows & ~searches.solved),
        )
    ]
    middle = f"median {np.median(values[rows]):.3g}" if rows.any() else "none"
    chart = histogram(stacks, ticks, axis, f"{title}: {middle}")
    keys = [Key("solved", "solved"), Key("unsolved", "unsolved")]
    left_out = int((searches.ran & ~rows).sum())
    without = f" Searches without any, {left_out}, are left out." if left_out else ""
    note = f"{middle.capitalize()}; the axis is logarithmic.{without}"
    return Figure(title, chart, keys, note)
