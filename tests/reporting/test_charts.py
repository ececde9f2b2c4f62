import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.reporting.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MIN_TICK_SPACING,
    RIGHT,
    TOP,
    WIDTH,
    Line,
    Stack,
    count_bins,
    curve_chart,
    histogram,
    time_bins,
)
from namo.reporting.statistics import solved_within

PLOT = HEIGHT - TOP - BOTTOM


def parsed(chart):
    return ElementTree.fromstring(str(chart))


def bars(chart, kind):
    return [each for each in parsed(chart).iter("rect") if each.get("class") == kind]


def curve(efforts, solved=True):
    effort = np.array(efforts, np.float64)
    found = np.full(effort.size, solved)
    return solved_within(effort, found, np.zeros_like(found))


def test_bar_heights_match_counts_and_bars_are_stacked():
    chart = histogram([Stack("solved", [3, 0]), Stack("unsolved", [1, 2])], [(0.5, "a")], "x", "l")
    (solved,) = bars(chart, "solved")
    assert float(solved.get("height")) == pytest.approx(PLOT * 3 / 4, abs=0.1)
    on_top, alone = bars(chart, "unsolved")
    assert float(on_top.get("y")) + float(on_top.get("height")) == pytest.approx(
        float(solved.get("y")), abs=0.11
    )
    assert float(alone.get("y")) + float(alone.get("height")) == pytest.approx(
        HEIGHT - BOTTOM, abs=0.11
    )


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=12))
def test_bars_stay_in_the_plot_and_tick_labels_are_integers(counts):
    chart = histogram([Stack("solved", counts)], [], "x", "l")
    assert all(float(bar.get("y")) >= TOP - 0.7 for bar in bars(chart, "solved"))
    marks = [each.text for each in parsed(chart).iter("text") if "end" in each.get("class", "")]
    assert all(re.fullmatch(r"[\d,]+", mark) for mark in marks)
    assert int(marks[-1].replace(",", "")) >= max(counts)


@given(st.lists(st.floats(0.01, 1e5), min_size=1, max_size=30))
def test_curves_stay_in_the_plot_and_tick_labels_do_not_overlap(efforts):
    chart = curve_chart([Line(0, curve(efforts), band=True)], 0.01, "time (s)", "l")
    for path in parsed(chart).iter("path"):
        if path.get("class").startswith(("line", "band")):
            points = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d")), np.float64)
            assert (points[:, 0] >= LEFT - 0.1).all()
            assert (points[:, 0] <= WIDTH - RIGHT + 0.1).all()
            assert (points[:, 1] >= TOP - 0.1).all()
            assert (points[:, 1] <= HEIGHT - BOTTOM + 0.1).all()
    ticks = [
        float(each.get("x")) for each in parsed(chart).iter("text") if "tick m" in each.get("class")
    ]
    assert ticks
    assert (np.diff(ticks) >= MIN_TICK_SPACING - 0.2).all() or len(ticks) <= 7


@pytest.mark.parametrize("line", [curve([]), curve([5.0], solved=False), curve([0.0, 0.0])])
def test_curves_without_steps_are_plotted(line):
    assert "NaN" not in curve_chart([Line(0, line, band=True)], 1.0, "pushes", "l").lower()


def test_count_bins_double_in_width():
    edges, ticks = count_bins(np.array([1.0, 2.0, 3.0, 300.0]))
    assert np.histogram([1, 2, 3, 4, 5, 8, 300], edges)[0].tolist() == [1, 1, 2, 2, *[0] * 5, 1]
    assert ticks[0] == (0.5, "1")


@given(st.lists(st.floats(0.0, 1e4), min_size=1))
def test_every_time_is_in_a_bin(seconds):
    values = np.array(seconds)
    edges, _ = time_bins(values)
    assert np.histogram(np.maximum(values, edges[0]), edges)[0].sum() == len(seconds)


def test_text_is_escaped():
    chart = histogram([Stack("solved", [1])], [(0.5, "<b>")], "a & b", 'say "<i>"')
    assert parsed(chart).get("aria-label") == 'say "<i>"'
    assert {"<b>", "a & b"} <= {each.text for each in parsed(chart).iter("text")}
