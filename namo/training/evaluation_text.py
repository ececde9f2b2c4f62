"""The evaluation as plain text for people: for every group of scenes, how the arms did."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from namo.training.evaluation import (
    ALL,
    ONE_PUSH,
    UNSOLVED_BUDGETS,
    WITHIN_PUSHES,
    Comparison,
    Evaluation,
    Group,
)
from namo.training.resampling import CONFIDENCE, FLIPS, RESAMPLES, Interval

NAME, SHARE, EFFORT, DIFFERENCE, P_VALUE = 16, 7, 24, 13, 10
"""Least width of the column with the names of arms, widths of the others."""
NOT_DEFINED = "-"
_TITLES = {ONE_PUSH: "One push (easy, medium and hard together)", ALL: "All scenes"}


def evaluation_text(evaluation: Evaluation) -> str:
    """Return the report of an evaluation."""
    lines = _heading(evaluation)
    for name, group in evaluation.groups.items():
        lines += _group(evaluation, name, group)
    return "\n".join(lines) + "\n"


def _heading(evaluation: Evaluation) -> list[str]:
    budget, names, width = f"{evaluation.max_pushes:,}", _name_width(evaluation), _width(evaluation)
    return [
        "NAMO evaluation".center(width).rstrip(),
        "=" * width,
        *(
            f"{arm:{names}}{folder}{'  (baseline)' if arm == evaluation.baseline else ''}"
            for arm, folder in evaluation.folders.items()
        ),
        "",
        *textwrap.wrap(
            f"A search had {budget} simulated pushes. The median is the number within which half "
            f"of all searches were solved, > {budget} where fewer were. Times are wall times of "
            f"searches, unsolved ones too. In brackets: {100 * CONFIDENCE:g} % intervals from "
            f"{RESAMPLES:,} bootstrap samples of scenes, paired where arms are compared; * marks "
            "those that leave out no difference. p: sign-flip test on the scenes' means of "
            f"log(pushes), {FLIPS:,} flips; there and in the geometric mean an unsolved search "
            f"counts {UNSOLVED_BUDGETS * evaluation.max_pushes:,.0f} pushes. Nothing is corrected "
            "for looking at many numbers.",
            width,
        ),
    ]


def _group(evaluation: Evaluation, name: str, group: Group) -> list[str]:
    width = _width(evaluation)
    title = _TITLES.get(name, name.replace("_", " ").capitalize())
    size = f"{group.scenes:,} {'scene' if group.scenes == 1 else 'scenes'}"
    size += f", {group.episodes:,} searches an arm"
    return [
        "",
        "",
        f"{title}{size:>{width - len(title)}}",
        "-" * width,
        *_shares_and_effort(evaluation, group),
        *(_comparisons(evaluation, group) if group.comparisons else []),
    ]


def _shares_and_effort(evaluation: Evaluation, group: Group) -> list[str]:
    width = _name_width(evaluation)
    first = next(iter(group.arms.values()))
    budget = evaluation.max_pushes
    limits = [f"{limit}" for limit in first.within_pushes]
    lines = [
        _row("% within pushes", limits, SHARE, width)
        + _cells(["median pushes", "mean time (s)"], EFFORT)
    ]
    for arm, result in group.arms.items():
        shares = [_percent(share) for share in result.within_pushes.values()]
        effort = [_pushes(result.median_pushes, budget), _with_ends(result.mean_time_s)]
        lines.append(_row(arm, shares, SHARE, width) + _cells(effort, EFFORT))
    limits = [*(f"{limit:g}" for limit in first.within_seconds), "at all"]
    lines += [
        "",
        _row("% within seconds", limits, SHARE, width) + _cells(["total time (s)"], 2 * EFFORT),
    ]
    for arm, result in group.arms.items():
        shares = [_percent(share) for share in (*result.within_seconds.values(), result.solved)]
        total = _cells([_with_ends(result.total_time_s)], 2 * EFFORT)
        lines.append(_row(arm, shares, SHARE, width) + total)
    return lines


def _comparisons(evaluation: Evaluation, group: Group) -> list[str]:
    width = _name_width(evaluation)
    limits = next(iter(group.comparisons.values())).difference
    lines = [
        "",
        f"Difference to {evaluation.baseline}, percentage points solved within pushes",
        _row("", [f"{limit} " for limit in limits], DIFFERENCE, width).rstrip(),
    ]
    for arm, found in group.comparisons.items():
        lines += _differences(arm, found, width)
    titles = [f"{title} " for title in ("median pushes", "geometric mean pushes", "total time")]
    lines += [
        "",
        f"Ratio to {evaluation.baseline}",
        _row("", titles, EFFORT, width) + _cells(["p"], P_VALUE),
    ]
    for arm, found in group.comparisons.items():
        ratios = (found.median_ratio, found.mean_ratio, found.time_ratio)
        cells = [f"{_with_ends(ratio)}{_mark(ratio, 1.0)}" for ratio in ratios]
        lines.append(_row(arm, cells, EFFORT, width) + _cells([f"{found.p_value:.4f}"], P_VALUE))
    return lines


def _differences(arm: str, found: Comparison, width: int) -> list[str]:
    """Return two lines: the differences in points with their marks, the intervals below."""
    points, ends = [], []
    for each in found.difference.values():
        estimate, low, high = (100.0 * (end or 0.0) for end in (each.estimate, each.low, each.high))
        points.append(f"{_signed(estimate)}{_mark(each, 0.0)}")
        ends.append(f"{_signed(low)}..{_signed(high)} ")
    return [
        _row(arm, points, DIFFERENCE, width).rstrip(),
        _row("", ends, DIFFERENCE, width).rstrip(),
    ]


def _mark(interval: Interval, no_difference: float) -> str:
    """Return the mark of an interval that leaves out what would be no difference, else a blank."""
    above = interval.low is not None and interval.low > no_difference
    below = interval.high is not None and interval.high < no_difference
    return "*" if above or below else " "


def _name_width(evaluation: Evaluation) -> int:
    return max(NAME, *(len(name) + 1 for name in evaluation.folders))


def _width(evaluation: Evaluation) -> int:
    return _name_width(evaluation) + len(WITHIN_PUSHES) * SHARE + 2 * EFFORT


def _row(name: str, cells: Sequence[str], cell: int, width: int) -> str:
    return f"{name:{width}}{_cells(cells, cell)}"


def _cells(cells: Sequence[str], width: int) -> str:
    return "".join(f" {cell:>{width - 1}}" for cell in cells)


def _percent(share: Interval) -> str:
    return f"{100.0 * (share.estimate or 0.0):.1f}"


def _signed(points: float) -> str:
    """Return three digits with their sign, which zero has not."""
    text = f"{points:+.1f}" if abs(points) < 99.95 else f"{points:+.0f}"
    return "0.0" if float(text) == 0.0 else text


def _pushes(median: Interval, budget: int) -> str:
    def text(end: float | None) -> str:
        return f"> {budget}" if end is None else f"{end:.0f}"

    return f"{text(median.estimate)} [{text(median.low)}, {text(median.high)}]"


def _with_ends(interval: Interval) -> str:
    if interval.estimate is None or interval.low is None:
        return NOT_DEFINED
    high = "no bound" if interval.high is None else _number(interval.high)
    return f"{_number(interval.estimate)} [{_number(interval.low)}, {high}]"


def _number(value: float) -> str:
    """Return three digits, or all before the point."""
    if value == 0.0:
        return "0"
    decimals = next((n for n, least in enumerate((100.0, 10.0, 1.0)) if value >= least), 3)
    return f"{value:,.{decimals}f}"
