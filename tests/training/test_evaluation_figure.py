import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from namo.training.arms import read_arm
from namo.training.evaluation import evaluate
from namo.training.evaluation_figure import draw_evaluation, figure_svg
from tests.training.conftest import BUDGET, rows_of, searches, write_rows

CLASSES = ["easy", "medium", "hard", "two_pushes"]


@pytest.fixture
def evaluation(tmp_path):
    """Makes an evaluation of arms of 12 scenes; the first is the baseline."""

    def make(names, difficulty=CLASSES * 3):
        rng = np.random.default_rng(0)
        arms = [
            read_arm(
                name,
                write_rows(tmp_path / name, rows_of(searches(rng, 12), difficulty=difficulty)),
            )
            for name in names
        ]
        return evaluate(arms, names[0], BUDGET)

    return make


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_every_class_with_scenes_has_a_panel_but_combined_groups_have_none(evaluation):
    figure = draw_evaluation(evaluation(["a", "b"]))
    assert titles(figure) == ["easy", "medium", "hard", "two pushes"]
    assert figure.axes[0].get_title(loc="right") == "3 scenes"


def test_scenes_without_classes_share_a_panel(evaluation):
    assert titles(draw_evaluation(evaluation(["a"], None))) == ["all scenes"]


def test_lines_are_the_curves_and_end_at_the_budget(evaluation):
    found = evaluation(["a", "b"])
    axes = draw_evaluation(found).axes[0]
    assert axes.get_xscale() == "log"
    for line, arm in zip(axes.lines, ("a", "b"), strict=True):
        curve = found.groups["easy"].arms[arm].curve
        assert tuple(line.get_xdata()) == curve.pushes
        assert tuple(line.get_ydata()) == curve.estimate
        assert line.get_drawstyle() == "steps-post"
        assert line.get_xdata()[-1] == BUDGET == axes.get_xlim()[1]
    assert len(axes.collections) == 2  # the bands


def test_one_legend_names_all_arms_the_baseline_first(evaluation):
    found = evaluation(["b", "a", "c"])
    figure = draw_evaluation(found)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["b (baseline)", "a", "c"]
    assert all(axes.get_legend() is None for axes in figure.axes)


def test_the_baseline_is_nearly_black_and_all_line_styles_differ(evaluation):
    lines = draw_evaluation(evaluation([f"arm {number}" for number in range(13)])).axes[0].lines
    assert max(to_rgb(lines[0].get_color())) < 0.25
    styles = {(to_hex(line.get_color()), str(line._dash_pattern)) for line in lines}
    assert len(styles) == 13


@pytest.mark.parametrize("difficulty", [None, CLASSES * 3])
@pytest.mark.parametrize("names", [["a"], [f"quite a long name {n}" for n in range(10)]])
def test_everything_is_inside_the_figure_and_the_legend_above_the_panels(
    evaluation, names, difficulty
):
    figure = draw_evaluation(evaluation(names, difficulty))
    figure.canvas.draw()
    panels = [axes.get_tightbbox() for axes in figure.axes]
    (legend,) = (legend.get_window_extent() for legend in figure.legends)
    texts = [text.get_window_extent() for text in figure.texts]
    for box in (*panels, legend, *texts):
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1
    title, foot = sorted(texts, key=lambda box: -box.y0)
    assert title.y0 > legend.y1
    assert legend.y0 > max(box.y1 for box in panels)
    assert foot.y1 < min(box.y0 for box in panels)


def test_the_figure_is_svg_and_the_same_every_time(evaluation):
    found = evaluation(["a", "b"])
    data = figure_svg(found)
    assert ElementTree.fromstring(data).tag == "{http://www.w3.org/2000/svg}svg"
    assert figure_svg(found) == data
