"""The evaluation as plain text: a table per group of scenes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from namo.training.evaluation import (
    ALL,
    ONE_PUSH,
    UNSOLVED_BUDGETS,
    WITHIN_PUSHES,
    Comparison,
    Evaluation,
    SceneGroup,
)
from namo.training.resampling import CONFIDENCE, FLIPS, RESAMPLES, Interval
from namo.wording import truncated_list

NAME, FRACTION, EFFORT, DIFFERENCE, P_VALUE = 16, 7, 24, 13, 10
"""Minimum width of the column with the names of the arms, and widths of the others."""
UNDEFINED = "-"
MAX_NAMED = 10
"""Environments that are named in a sentence."""
_TITLES = {ONE_PUSH: "One push (easy, medium and hard together)", ALL: "All scenes"}


def evaluation_text(evaluation: Evaluation) -> str:
    """Return the tables of an evaluation, with a heading that explains them."""
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
            f"Budget per search: {budget} simulated pushes. Median pushes: number within which "
            f"half of all searches were solved, > {budget} if fewer were. Times: wall times of "
            "all searches, unsolved ones included; CPU: processor time likewise, and per plan that "
            f"was found, {UNDEFINED} where a collection does not hold it. Brackets: "
            f"{100 * CONFIDENCE:g} % confidence intervals from {RESAMPLES:,} bootstrap resamples "
            "of the scenes, paired in comparisons; * marks intervals that exclude no difference. "
            f"p: sign-flip test on the scenes' mean log(pushes), {FLIPS:,} flips; there and in the "
            "geometric mean an "
            f"unsolved search counts {UNSOLVED_BUDGETS * evaluation.max_pushes:,.0f} pushes. Not "
            "corrected for multiple comparisons.",
            width,
        ),
        *_left_out(evaluation, width),
        *_verdicts(evaluation, width),
    ]


def _verdicts(evaluation: Evaluation, width: int) -> list[str]:
    """Return where the arms solve more or fewer than the baseline, by intervals that exclude 0."""
    lines = []
    for arm in (name for name in evaluation.folders if name != evaluation.baseline):
        found = {name: group.comparisons[arm] for name, group in evaluation.groups.items()}
        more = _places({name: each.above for name, each in found.items()})
        fewer = _places({name: each.below for name, each in found.items()})
        text = f"By * {arm} solves more than {evaluation.baseline} {more}; fewer {fewer}."
        lines += ["", *textwrap.wrap(text, width, subsequent_indent="  ")]
    return lines


def _places(pushes: Mapping[str, Sequence[int]]) -> str:
    """Return in which groups of scenes, and within which numbers of pushes."""
    some = [
        f"{_title(name).lower()} within {', '.join(map(str, limits))}"
        for name, limits in pushes.items()
        if limits
    ]
    return f"in {'; '.join(some)}" if some else "nowhere"


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _left_out(evaluation: Evaluation, width: int) -> list[str]:
    failed = evaluation.left_out
    if not failed:
        return []
    which = (f"environment {index} ({', '.join(arms)})" for index, arms in failed.items())
    return [
        "",
        *textwrap.wrap(
            "Left out of all arms, since they failed in those in brackets: "
            f"{truncated_list(which, MAX_NAMED)}.",
            width,
        ),
    ]


def _group(evaluation: Evaluation, name: str, group: SceneGroup) -> list[str]:
    width = _width(evaluation)
    title = _TITLES.get(name, _title(name))
    size = f"{group.scenes:,} {'scene' if group.scenes == 1 else 'scenes'}"
    size += f", {group.episodes:,} searches per arm"
    return [
        "",
        "",
        f"{title}{size:>{width - len(title)}}",
        "-" * width,
        *_fractions_and_effort(evaluation, group),
        *(_comparisons(evaluation, group) if group.comparisons else []),
    ]


def _fractions_and_effort(evaluation: Evaluation, group: SceneGroup) -> list[str]:
    width = _name_width(evaluation)
    first = next(iter(group.arms.values()))
    budget = evaluation.max_pushes
    limits = [f"{limit}" for limit in first.within_pushes]
    lines = [
        _row("% within pushes", limits, FRACTION, width)
        + _cells(["median pushes", "mean time (s)"], EFFORT)
    ]
    for arm, result in group.arms.items():
        fractions = [_percent(each) for each in result.within_pushes.values()]
        effort = [_pushes(result.median_pushes, budget), _with_ends(result.mean_time_s)]
        lines.append(_row(arm, fractions, FRACTION, width) + _cells(effort, EFFORT))
    limits = [*(f"{limit:g}" for limit in first.within_seconds), "any"]
    lines += [
        "",
        _row("% within seconds", limits, FRACTION, width)
        + _cells(["mean CPU (s)", "CPU per plan (s)"], EFFORT),
    ]
    for arm, result in group.arms.items():
        fractions = [_percent(each) for each in (*result.within_seconds.values(), result.solved)]
        cpu = [_with_ends(result.mean_cpu_s), _with_ends(result.cpu_per_plan_s)]
        lines.append(_row(arm, fractions, FRACTION, width) + _cells(cpu, EFFORT))
    return lines


def _comparisons(evaluation: Evaluation, group: SceneGroup) -> list[str]:
    width = _name_width(evaluation)
    limits = next(iter(group.comparisons.values())).difference
    lines = [
        "",
        f"Difference from {evaluation.baseline}, percentage points solved within pushes",
        _row("", [f"{limit} " for limit in limits], DIFFERENCE, width).rstrip(),
    ]
    for arm, found in group.comparisons.items():
        lines += _differences(arm, found, width)
    lines += [
        "",
        f"Ratio of pushes to {evaluation.baseline}",
        _row("", ["median ", "geometric mean "], EFFORT, width) + _cells(["p"], P_VALUE),
    ]
    for arm, found in group.comparisons.items():
        cells = _ratios(found.median_ratio, found.mean_ratio)
        lines.append(_row(arm, cells, EFFORT, width) + _cells([f"{found.p_value:.4f}"], P_VALUE))
    lines += [
        "",
        f"Ratio of times to {evaluation.baseline}",
        _row("", ["wall time ", "CPU ", "CPU per plan "], EFFORT, width).rstrip(),
    ]
    for arm, found in group.comparisons.items():
        cells = _ratios(found.time_ratio, found.cpu_ratio, found.cpu_per_plan_ratio)
        lines.append(_row(arm, cells, EFFORT, width).rstrip())
    return lines


def _ratios(*ratios: Interval) -> list[str]:
    return [f"{_with_ends(ratio)}{_mark(ratio, 1.0)}" for ratio in ratios]


def _differences(arm: str, found: Comparison, width: int) -> list[str]:
    """Return two lines: the differences in percentage points, and their intervals."""
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
    """Return a mark for an interval that excludes no difference, else a blank."""
    above = interval.low is not None and interval.low > no_difference
    below = interval.high is not None and interval.high < no_difference
    return "*" if above or below else " "


def _name_width(evaluation: Evaluation) -> int:
    return max(NAME, *(len(name) + 1 for name in evaluation.folders))


def _width(evaluation: Evaluation) -> int:
    return _name_width(evaluation) + len(WITHIN_PUSHES) * FRACTION + 2 * EFFORT


def _row(name: str, cells: Sequence[str], cell: int, width: int) -> str:
    return f"{name:{width}}{_cells(cells, cell)}"


def _cells(cells: Sequence[str], width: int) -> str:
    return "".join(f" {cell:>{width - 1}}" for cell in cells)


def _percent(fraction: Interval) -> str:
    return f"{100.0 * (fraction.estimate or 0.0):.1f}"


def _signed(points: float) -> str:
    """Return three digits with a sign, except for zero."""
    text = f"{points:+.1f}" if abs(points) < 99.95 else f"{points:+.0f}"
    return "0.0" if float(text) == 0.0 else text


def _pushes(median: Interval, budget: int) -> str:
    def text(end: float | None) -> str:
        return f"> {budget}" if end is None else f"{end:.0f}"

    return f"{text(median.estimate)} [{text(median.low)}, {text(median.high)}]"


def _with_ends(interval: Interval) -> str:
    if interval.estimate is None or interval.low is None:
        return UNDEFINED
    high = "unbounded" if interval.high is None else _number(interval.high)
    return f"{_number(interval.estimate)} [{_number(interval.low)}, {high}]"


def _number(value: float) -> str:
    """Return three significant digits, or all before the decimal point."""
    if value == 0.0:
        return "0"
    decimals = next((n for n, least in enumerate((100.0, 10.0, 1.0)) if value >= least), 3)
    return f"{value:,.{decimals}f}"
