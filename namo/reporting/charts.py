"""Charts as inline SVG, small enough to read on a phone without a second layout.

Colours are CSS classes (`page.css`), so charts follow the light or dark scheme.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from markupsafe import Markup, escape

from namo.geometry import Floats
from namo.reporting.statistics import SolvedCurve

WIDTH, HEIGHT = 360, 225
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 10, 42
"""Margins of the plot for its labels (px)."""
_ROUND = (2, 3, 4, 6, 8, 10, 12, 16, 20)
"""Upper ends of a count axis, in halves of the power of ten below."""
MIN_TICK_SPACING = 38
"""Smallest distance between labels of an axis (px)."""
SERIES_COLOURS = 8
"""Number of series colours in `page.css`."""


@dataclass(frozen=True)
class Line:
    """A curve to plot.

    Attributes:
        colour: number of its series colour: 0 for all episodes, then the classes.
        curve: fraction solved.
        band: whether its confidence band is drawn too.
    """

    colour: int
    curve: SolvedCurve
    band: bool = False


def curve_chart(lines: Sequence[Line], low: float, axis_title: str, label: str) -> Markup:
    """Plot fractions solved over an effort on a logarithmic axis.

    Args:
        lines: curves, the first one on top.
        low: start of the axis, in the unit of the effort; smaller efforts are drawn there.
        axis_title: quantity on the axis, with its unit.
        label: description for screen readers.
    """
    high = max(*(line.curve.end for line in lines), 2.0 * low)
    axis = _LogAxis(low, high)
    body = [*_percent_grid(), *_x_axis([(tick, axis(tick)) for tick in axis.ticks()], axis_title)]
    for line in reversed(lines):
        steps = np.clip(line.curve.effort, low, None)
        end = max(line.curve.end, low)
        if line.band and steps.size:
            upper = _steps(steps, line.curve.high, end, axis)
            lower = _steps(steps, line.curve.low, end, axis)[::-1]
            body.append(f'<path class="band c{line.colour}" d="M{_points([*upper, *lower])}Z"/>')
        points = _points(_steps(steps, line.curve.estimate, end, axis, from_zero=True))
        body.append(f'<path class="line c{line.colour}" d="M{points}"/>')
    return _svg(body, label)


@dataclass(frozen=True)
class Stack:
    """Counts per bin, drawn in one colour."""

    kind: str
    counts: Sequence[int]


def histogram(
    stacks: Sequence[Stack], ticks: Sequence[tuple[float, str]], axis_title: str, label: str
) -> Markup:
    """Plot counts as stacked bars.

    Args:
        stacks: with one count per bin, the bottom one first.
        ticks: axis labels with their positions, in bins from the left end.
        axis_title: quantity on the axis, with its unit.
        label: description for screen readers.
    """
    totals = np.sum([stack.counts for stack in stacks], axis=0)
    top = _round_up(int(totals.max(initial=1)))
    bin_width = (WIDTH - LEFT - RIGHT) / len(totals)
    gap = bin_width / 10 if bin_width < LEFT else bin_width / 3
    body = _count_grid(top)
    below = np.zeros(len(totals))
    for stack in stacks:
        for index, count in enumerate(stack.counts):
            if count:
                y = _y((below[index] + count) / top)
                height = max(_y(below[index] / top) - y, 0.6)  # a count of one stays visible
                body.append(
                    f'<rect class="{stack.kind}" x="{LEFT + index * bin_width + gap / 2:.1f}" '
                    f'y="{y:.1f}" width="{bin_width - gap:.1f}" height="{height:.1f}">'
                    f"<title>{count:,}</title></rect>"
                )
        below += stack.counts
    body += _x_axis([(text, LEFT + position * bin_width) for position, text in ticks], axis_title)
    return _svg(body, label)


Bins = tuple[Floats, list[tuple[float, str]]]
"""Edges (bins + 1,) in the unit of the values, and axis labels with their positions, in bins from
the left end."""


def time_bins(seconds: Floats, number: int = 24) -> Bins:
    """Return logarithmic bins for times (n,) (s)."""
    low = max(float(seconds.min(initial=1.0)), 1e-3)
    high = max(float(seconds.max(initial=1.0)), 2.0 * low)
    axis = _LogAxis(low, high)
    edges = np.geomspace(low, high, number + 1)
    edges[-1] = np.nextafter(high, np.inf)
    return edges, [(axis.fraction(tick) * number, _number(tick)) for tick in axis.ticks()]


def count_bins(counts: Floats) -> Bins:
    """Return bins for counts (n,) from 1: up to 1, 2, 4, 8 and so on."""
    number = math.ceil(math.log2(max(2.0, float(counts.max(initial=1.0))))) + 1
    ends = 2.0 ** np.arange(number)
    every = math.ceil(number * MIN_TICK_SPACING / (WIDTH - LEFT - RIGHT))
    ticks = [(index + 0.5, _number(ends[index])) for index in range(0, number, every)]
    return np.concatenate([[0.5], ends + 0.5]), ticks


class _LogAxis:
    """A horizontal logarithmic axis."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def fraction(self, value: float) -> float:
        """Return the position of a value, a fraction of the axis."""
        return math.log(value / self.low) / math.log(self.high / self.low)

    def __call__(self, value: float) -> float:
        return LEFT + self.fraction(value) * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> list[float]:
        """Return round numbers, as many as fit."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            ticks = [step * 10.0**decade for decade in decades for step in steps]
            ticks = [tick for tick in ticks if self.low <= tick <= self.high * (1 + 1e-9)]
            positions = [self(tick) for tick in ticks]
            if all(right - left >= MIN_TICK_SPACING for left, right in pairwise(positions)):
                break
        return ticks


def _steps(
    effort: Floats, fraction: Floats, end: float, axis: _LogAxis, *, from_zero: bool = False
) -> list[tuple[float, float]]:
    """Return the corners of a step function (px)."""
    points = [(axis(axis.low), _y(0.0))] if from_zero else []
    level = 0.0 if from_zero else float(fraction[0])
    for x, y in zip(effort.tolist(), fraction.tolist(), strict=True):
        points += [(axis(x), _y(level)), (axis(x), _y(y))]
        level = y
    return [*points, (axis(end), _y(level))]


def _percent_grid() -> list[str]:
    return _grid([(part, f"{100 * part:.0f} %") for part in (0.0, 0.25, 0.5, 0.75, 1.0)])


def _count_grid(top: int) -> list[str]:
    parts = next(parts for parts in (4, 5, 2, 1) if top % parts == 0)
    return _grid([(part / parts, f"{top * part // parts:,}") for part in range(parts + 1)])


def _grid(marks: Sequence[tuple[float, str]]) -> list[str]:
    return [
        f'<path class="grid" d="M{LEFT} {_y(height):.1f}H{WIDTH - RIGHT}"/>'
        f'<text class="tick end" x="{LEFT - 6}" y="{_y(height) + 4:.1f}">{escape(text)}</text>'
        for height, text in marks
    ]


def _x_axis(ticks: Sequence[tuple[float | str, float]], title: str) -> list[str]:
    texts = [
        f'<text class="tick middle" x="{x:.1f}" y="{HEIGHT - BOTTOM + 17}">'
        f"{escape(tick if isinstance(tick, str) else _number(tick))}</text>"
        for tick, x in ticks
    ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    title = f'<text class="axis middle" x="{middle}" y="{HEIGHT - 6}">{escape(title)}</text>'
    return [*texts, title]


def _svg(body: Sequence[str], label: str) -> Markup:
    return Markup(  # noqa: S704 - made of numbers; text in it is escaped
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{"".join(body)}</svg>'
    )


def _y(height: float) -> float:
    """Return the pixel row of a height, a fraction of the plot."""
    return TOP + (1.0 - height) * (HEIGHT - TOP - BOTTOM)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _round_up(count: int) -> int:
    """Return the next round number, at least 4."""
    scale: int = max(2, 10 ** (len(str(count)) - 1)) // 2
    return max(4, min(steps * scale for steps in _ROUND if steps * scale >= count))


def _number(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:,.0f}k"
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
