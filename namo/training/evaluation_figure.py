"""The evaluation as a figure: fraction of searches solved by number of pushes."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from namo.training.evaluation import (
    ALL,
    ONE_PUSH,
    WITHIN_PUSHES,
    Evaluation,
    SceneGroup,
    SolvedCurve,
)
from namo.training.resampling import CONFIDENCE

COLUMNS = (3, 4, 2)
"""Panels per row, preferred first: the one with the fewest empty cells is taken."""
PANEL_IN, GAP_IN = (2.55, 1.75), (0.22, 0.42)
MIN_WIDTH_IN = 5.0
"""Width and height of a panel and of the gaps between panels; minimum figure width (in)."""
LEFT_IN, RIGHT_IN, FOOT_IN = 0.62, 0.22, 0.92
TITLE_IN, LEGEND_IN, HEADING_IN = 0.44, 0.21, 0.36
"""Margins left, right and below; heights of title, legend line and panel heading above (in)."""
LETTER_IN, HANDLE_IN = 0.078, 0.55
"""Widths in the legend: of a letter, and of a line handle with its gap (in)."""
SMALL, NORMAL, LARGE = 7.5, 8.5, 10.0
_INK, _FAINT, _GRID, _BASELINE = "#22262e", "#6b7280", "#e3e4e7", "#22262e"
# Okabe and Ito's palette for colour-blind readers, without the colours too pale on white.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1.2, 1.2)))


@dataclass(frozen=True)
class _LineStyle:
    colour: str
    dashes: Any
    width: float


def figure_svg(evaluation: Evaluation) -> bytes:
    """Return the figure as SVG; deterministic."""
    file = io.BytesIO()
    # Ids and date would differ from run to run.
    with mpl.rc_context({"svg.hashsalt": "namo"}):
        draw_evaluation(evaluation).savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def draw_evaluation(evaluation: Evaluation) -> Figure:
    """Draw a panel per difficulty class with scenes, or one for all scenes if there are no classes.

    A line ends at the budget: searches above its end were not solved within it.
    """
    panels = {
        name: group for name, group in evaluation.groups.items() if name not in (ONE_PUSH, ALL)
    } or {ALL: evaluation.groups[ALL]}
    styles = _styles(evaluation)
    columns = min(COLUMNS, key=lambda number: -len(panels) % number)
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    margins = LEFT_IN + RIGHT_IN + (columns - 1) * GAP_IN[0]
    panel = max(PANEL_IN[0], (MIN_WIDTH_IN - margins) / columns)
    width = margins + columns * panel
    entry = HANDLE_IN + LETTER_IN * max(len(_label(evaluation, arm)) for arm in styles)
    across = max(1, min(len(styles), int((width - LEFT_IN) / entry)))
    lines = math.ceil(len(styles) / across)
    head = TITLE_IN + lines * LEGEND_IN + HEADING_IN
    height = head + rows * (PANEL_IN[1] + GAP_IN[1]) - GAP_IN[1] + FOOT_IN
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    for index, (name, group) in enumerate(panels.items()):
        row, column = divmod(index, columns)
        x = LEFT_IN + column * (panel + GAP_IN[0])
        y = height - head - row * (PANEL_IN[1] + GAP_IN[1]) - PANEL_IN[1]
        axes = figure.add_axes((x / width, y / height, panel / width, PANEL_IN[1] / height))
        lowest = index + columns >= len(panels)
        _panel(axes, evaluation, name, group, styles)
        axes.tick_params(labelleft=column == 0, labelbottom=lowest)
        if lowest:
            axes.set_xlabel("simulated pushes", size=SMALL, color=_FAINT, labelpad=3)
    left, top = LEFT_IN / width, 1.0 - 0.12 / height
    figure.text(
        left,
        top,
        "Fraction solved by number of simulated pushes",
        size=LARGE,
        color=_INK,
        va="top",
        weight="bold",
    )
    figure.legend(
        handles=[_handle(style) for style in styles.values()],
        labels=[_label(evaluation, arm) for arm in styles],
        loc="upper left",
        bbox_to_anchor=(left, 1.0 - TITLE_IN / height),
        ncols=math.ceil(len(styles) / lines),
        fontsize=NORMAL,
        labelcolor=_INK,
        frameon=False,
        borderpad=0.0,
        borderaxespad=0.0,
        handlelength=2.2,
        columnspacing=1.6,
    )
    figure.text(
        left,
        0.1 / height,
        f"Lines end at the budget, {evaluation.max_pushes:,} pushes.\n"
        f"Bands: {100 * CONFIDENCE:g} % confidence intervals, bootstrap over scenes.",
        size=SMALL,
        color=_FAINT,
        linespacing=1.4,
    )
    return figure


def _panel(
    axes: Axes,
    evaluation: Evaluation,
    name: str,
    group: SceneGroup,
    styles: dict[str, _LineStyle],
) -> None:
    for layer, (arm, style) in enumerate(styles.items()):
        curve = group.arms[arm].curve
        axes.fill_between(
            curve.pushes,
            curve.low,
            curve.high,
            step="post",
            color=style.colour,
            alpha=0.13,
            lw=0,
            zorder=2,
        )
        _line(axes, curve, style, 4 + layer)
    budget = evaluation.max_pushes
    axes.set(xscale="log", xlim=(1, max(budget, 2)), ylim=(0, 1))
    ticks = [limit for limit in WITHIN_PUSHES if limit <= budget]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.yaxis.set_major_locator(FixedLocator([0.0, 0.25, 0.5, 0.75, 1.0]))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.grid(color=_GRID, lw=0.6, zorder=0)
    axes.tick_params(labelsize=SMALL, labelcolor=_FAINT, length=0, pad=4)
    for spine in axes.spines.values():
        spine.set_visible(False)
    title = "all scenes" if name == ALL else name.replace("_", " ")
    axes.set_title(title, size=NORMAL, color=_INK, loc="left", pad=5, weight="bold")
    size = f"{group.scenes:,} {'scene' if group.scenes == 1 else 'scenes'}"
    axes.set_title(size, size=SMALL, color=_FAINT, loc="right", pad=5)


def _line(axes: Axes, curve: SolvedCurve, style: _LineStyle, layer: float) -> None:
    axes.step(
        curve.pushes,
        curve.estimate,
        where="post",
        color=style.colour,
        ls=style.dashes,
        lw=style.width,
        zorder=layer,
        clip_on=False,
        solid_joinstyle="round",
    )


def _styles(evaluation: Evaluation) -> dict[str, _LineStyle]:
    """Return the line style of every arm, the baseline first."""
    styles = {evaluation.baseline: _LineStyle(_BASELINE, "-", 1.7)}
    others = [arm for arm in evaluation.folders if arm != evaluation.baseline]
    for number, arm in enumerate(others):
        lap, colour = divmod(number, len(_COLOURS))
        styles[arm] = _LineStyle(_COLOURS[colour], _DASHES[lap % len(_DASHES)], 1.5)
    return styles


def _label(evaluation: Evaluation, arm: str) -> str:
    return f"{arm} (baseline)" if arm == evaluation.baseline else arm


def _handle(style: _LineStyle) -> Line2D:
    return Line2D([], [], color=style.colour, ls=style.dashes, lw=style.width + 0.3)
