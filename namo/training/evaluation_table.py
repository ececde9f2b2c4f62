"""The evaluation as a Markdown table: what was solved within few pushes, by class of scenes."""

from __future__ import annotations

from collections.abc import Iterator

from namo.binomial import wilson_interval
from namo.markdown import markdown_table
from namo.training.evaluation import ALL, ONE_PUSH, ArmResult, Comparison, Evaluation, SceneGroup
from namo.training.resampling import Interval

SHOWN_PUSHES = (1, 5, 30, 100, 300)


def evaluation_markdown(evaluation: Evaluation) -> str:
    """Return the table of an evaluation, with a row per class and arm.

    Intervals are Wilson's, with the number of scenes as that of the trials: searches of one scene
    are correlated and count once.
    """
    limits = [limit for limit in SHOWN_PUSHES if limit <= evaluation.max_pushes]
    first, *others = (f"{limit}" for limit in limits)
    head = ["scenes", "", f"within {first}", *others]
    head[-1] += " pushes, %"
    head += [
        "nothing left to try, %",
        "median pushes",
        "mean time, s",
        "mean CPU, s",
        f"CPU / {evaluation.baseline}",
        f"p against {evaluation.baseline}",
        f"solves more (+), fewer (-) than {evaluation.baseline} within",
    ]
    rows = [
        row
        for name, group in evaluation.groups.items()
        if name not in (ONE_PUSH, ALL) or len(evaluation.groups) == 1
        for row in _rows(evaluation, limits, name, group)
    ]
    return markdown_table(head, rows) + "\n"


def _rows(
    evaluation: Evaluation, limits: list[int], name: str, group: SceneGroup
) -> Iterator[list[str]]:
    title = f"{group.scenes} {name.replace('_', ' ')}"
    for arm, result in group.arms.items():
        compared = group.comparisons.get(arm)
        yield [
            title,
            arm,
            *(_percent(result, limit, group.scenes) for limit in limits),
            f"{100 * (result.closed.estimate or 0.0):.0f}",
            _median(result.median_pushes, evaluation.max_pushes),
            f"{result.mean_time_s.estimate:.2g}",
            _value(result.mean_cpu_s),
            "" if compared is None else _ratio(compared.cpu_ratio),
            "" if compared is None else f"{compared.p_value:.4f}",
            "" if compared is None else _differences(compared),
        ]
        title = ""


def _percent(result: ArmResult, limit: int, scenes: int) -> str:
    solved = wilson_interval(result.within_pushes[limit].estimate or 0.0, scenes)
    return f"{100 * solved.estimate:.0f} [{100 * solved.low:.0f}, {100 * solved.high:.0f}]"


def _differences(compared: Comparison) -> str:
    """Return the numbers of pushes within which the arms differ, by intervals that exclude 0."""
    signs = {**dict.fromkeys(compared.above, "+"), **dict.fromkeys(compared.below, "-")}
    return " ".join(f"{sign}{limit}" for limit, sign in sorted(signs.items())) or "neither"


def _value(interval: Interval) -> str:
    return "-" if interval.estimate is None else f"{interval.estimate:.2g}"


def _ratio(ratio: Interval) -> str:
    if ratio.estimate is None:
        return "-"
    low, high = ("" if end is None else f"{end:.2f}" for end in (ratio.low, ratio.high))
    return f"{ratio.estimate:.2f} [{low}, {high}]"


def _median(median: Interval, budget: int) -> str:
    return f"> {budget}" if median.estimate is None else f"{median.estimate:.0f}"
