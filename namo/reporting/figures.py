"""The figures of the page: charts with title, legend and note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from namo.binomial import CONFIDENCE
from namo.geometry import Floats
from namo.reporting.charts import (
    SERIES_COLOURS,
    Bins,
    Line,
    Stack,
    count_bins,
    curve_chart,
    histogram,
    time_bins,
)
from namo.reporting.episodes import Bools, Episodes, display_name
from namo.reporting.statistics import SolvedCurve, solved_within

MAX_LENGTH = 12
"""Plans of this length and longer share a bar."""


@dataclass(frozen=True)
class LegendEntry:
    """An entry of a legend: a class of `page.css` and its meaning."""

    kind: str
    text: str


@dataclass(frozen=True)
class Figure:
    """A chart with its texts.

    Attributes:
        title: what it shows.
        chart: as SVG.
        legend: of its colours.
        note: how to read it.
    """

    title: str
    chart: Markup
    legend: Sequence[LegendEntry] = ()
    note: str = ""


def solved_figures(episodes: Episodes) -> list[Figure]:
    """Return the fraction of episodes solved over simulated pushes and over wall time."""
    ran = episodes.ran
    classes = [
        (code, episodes.difficulty == code)
        for code in range(len(episodes.classes))
        if (ran & (episodes.difficulty == code)).any()
    ]
    if len(classes) == 1:  # its curve is that of all episodes
        classes = []
    legend = [LegendEntry("c0", "all")]
    legend += [
        LegendEntry(f"c{_colour(code)}", display_name(episodes.classes[code]))
        for code, _ in classes
    ]
    note = (
        "Kaplan-Meier estimate: episodes that ran out of budget are censored. Band: "
        f"{100 * CONFIDENCE:g} % confidence interval for all episodes."
    )
    found = []
    for effort, low, axis_title, title in (
        (episodes.pushes.astype(np.float64), 1.0, "simulated pushes", "Solved vs. pushes"),
        (episodes.seconds, 0.01, "search time (s)", "Solved vs. time"),
    ):
        total = _curve(episodes, effort, ran)
        lines = [Line(0, total, band=True)]
        lines += [
            Line(_colour(code), _curve(episodes, effort, ran & rows)) for code, rows in classes
        ]
        solved, end = 100 * total.at(total.end), total.end
        label = f"{title}: {solved:.0f} % of all episodes solved by {end:.4g} {axis_title}"
        found.append(Figure(title, curve_chart(lines, low, axis_title, label), legend, note))
    return found


def _curve(episodes: Episodes, effort: Floats, rows: Bools) -> SolvedCurve:
    return solved_within(effort[rows], episodes.solved[rows], episodes.closed[rows])


def _colour(code: int) -> int:
    return 1 + code % (SERIES_COLOURS - 1)


def effort_figures(episodes: Episodes) -> list[Figure]:
    """Return the distributions of plan length, expanded nodes and search time."""
    ran, seconds = episodes.ran, episodes.seconds
    nodes = episodes.nodes.astype(np.float64)
    return [
        _plan_lengths(episodes),
        _distribution(
            episodes, nodes, count_bins(nodes[ran]), "Expanded nodes", "pushes tried (bin maximum)"
        ),
        _distribution(episodes, seconds, time_bins(seconds[ran]), "Search time", "search time (s)"),
    ]


def _plan_lengths(episodes: Episodes) -> Figure:
    lengths = np.minimum(episodes.length[episodes.solved], MAX_LENGTH)
    counts = np.bincount(lengths, minlength=2)
    ticks = [
        (length + 0.5, f"{length}+" if length == MAX_LENGTH else str(length))
        for length in range(len(counts))
    ]
    chart = histogram(
        [Stack("solved", counts.tolist())],
        ticks,
        "pushes in the plan",
        "Plan lengths: "
        + ", ".join(f"{count} of {length} pushes" for length, count in enumerate(counts)),
    )
    note = "Length 0: the goal was reachable from the start." if counts[0] else ""
    return Figure("Plan lengths", chart, note=note)


def _distribution(
    episodes: Episodes, values: Floats, bins: Bins, title: str, axis_title: str
) -> Figure:
    edges, ticks = bins
    rows = episodes.ran & (values > 0)  # no node is expanded when the goal is open at the start
    stacks = [
        Stack(kind, np.histogram(np.maximum(values[each], edges[0]), edges)[0].tolist())
        for kind, each in (
            ("solved", rows & episodes.solved),
            ("unsolved", rows & ~episodes.solved),
        )
    ]
    median = f"median {np.median(values[rows]):.3g}" if rows.any() else "none"
    chart = histogram(stacks, ticks, axis_title, f"{title}: {median}")
    legend = [LegendEntry("solved", "solved"), LegendEntry("unsolved", "unsolved")]
    zeros = int((episodes.ran & ~rows).sum())
    omitted = f" Episodes with zero omitted: {zeros}." if zeros else ""
    note = f"{median.capitalize()}; logarithmic axis.{omitted}"
    return Figure(title, chart, legend, note)
