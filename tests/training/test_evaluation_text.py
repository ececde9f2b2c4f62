import numpy as np
import pytest

from namo.training.arms import read_arm
from namo.training.evaluation import evaluate
from namo.training.evaluation_text import evaluation_text
from tests.training.conftest import BUDGET, rows_of, searches, write_rows


@pytest.fixture
def text_of(tmp_path):
    """Makes the text of arms' pushes (scenes, episodes); the first arm is the baseline."""

    def make(pushes, **options):
        arms = [
            read_arm(name, write_rows(tmp_path / name, rows_of(each, **options)))
            for name, each in pushes.items()
        ]
        return evaluation_text(evaluate(arms, arms[0].name, BUDGET))

    return make


def block(text, title):
    """The lines from one that starts with a title to the next empty one."""
    lines = text.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(title))
    return lines[start : lines.index("", start)] if "" in lines[start:] else lines[start:]


def test_every_group_has_a_section_with_its_size(text_of):
    difficulties = ["easy", "two_pushes", "two_pushes"]
    text = text_of({"random": np.ones((3, 2))}, difficulty=difficulties)
    titles = ["Easy", "Two pushes", "One push (easy", "All scenes"]
    places = [text.index(f"\n{title}") for title in titles]
    assert places == sorted(places)
    assert block(text, "Easy")[0].endswith("1 scene, 2 searches per arm")
    assert block(text, "All scenes")[0].endswith("3 scenes, 6 searches per arm")


def test_fractions_are_percentages(text_of):
    text = text_of({"random": [[1.0], [1.0], [2.0], [np.inf]]})
    (row,) = [line for line in block(text, "% within pushes") if line.startswith("random")]
    assert row.split()[1:6] == ["50.0", "75.0", "75.0", "75.0", "75.0"]


def test_a_median_beyond_the_budget_is_printed_as_more_than_it(text_of):
    text = text_of({"random": np.full((4, 1), np.inf)})
    assert f"> {BUDGET} [> {BUDGET}, > {BUDGET}]" in text
    assert f"unsolved search counts {2 * BUDGET} pushes" in " ".join(text.split())


def test_differences_whose_interval_excludes_zero_are_marked(text_of):
    text = text_of({"slow": np.full((9, 1), 9.0), "fast": np.full((9, 1), 2.0)})
    _, limits, points, ends = block(text, "Difference from slow")
    assert limits.split() == ["1", "2", "5", "10", "30"]
    assert points.split() == ["fast", "0.0", "+100*", "+100*", "0.0", "0.0"]
    assert ends.split() == ["0.0..0.0", "+100..+100", "+100..+100", "0.0..0.0", "0.0..0.0"]
    assert "0.222 [0.222, 0.222]*" in block(text, "Ratio of pushes to slow")[2]


def test_where_an_arm_is_better_or_worse_is_said_in_a_sentence(text_of):
    kinds = ["easy"] * 9 + ["rooms_2"] * 9
    pushes = {name: np.full((18, 1), 9.0) for name in ("slow", "mixed", "same")}
    pushes["mixed"][:9], pushes["mixed"][9:] = 2.0, 30.0
    text = " ".join(text_of(pushes, difficulty=kinds).split())
    assert (
        "By * mixed solves more than slow in easy within 2, 5; one push within 2, 5; all within "
        "2, 5; fewer in rooms 2 within 10; all within 10."
    ) in text
    assert "By * same solves more than slow nowhere; fewer nowhere." in text


def test_undefined_and_unbounded_ratios_are_marked(text_of):
    half = np.where(np.arange(10)[:, None] < 5, 9.0, np.inf)
    never = np.full((10, 1), np.inf)
    text = text_of({"random": np.full((10, 1), 3.0), "half": half, "never": never})
    rows = {line.split()[0]: line for line in block(text, "Ratio of pushes to random")[2:]}
    assert "3.00 [3.00, unbounded]" in rows["half"]
    assert rows["never"].split()[1] == "-"


def test_a_single_arm_is_not_compared(text_of):
    text = text_of({"random": np.ones((3, 1))})
    assert "Difference" not in text
    assert "Ratio" not in text


def test_processor_time_is_shown_with_its_ratio(text_of):
    text = text_of({"slow": np.full((9, 1), 9.0), "fast": np.full((9, 1), 3.0)})
    (row,) = [line for line in block(text, "% within seconds") if line.startswith("fast")]
    assert row.split()[-6:] == 2 * ["0.600", "[0.600,", "0.600]"]
    assert block(text, "Ratio of times to slow")[2].count("0.333 [0.333, 0.333]*") == 3


def test_lines_are_short_and_columns_do_not_touch(text_of):
    rng = np.random.default_rng(0)
    names = ["random", "nearest_first", "a_name_of_22_letters.."]
    text = text_of({name: searches(rng, mean=20.0) for name in names}, seconds_per_push=4321.0)
    lines = text.splitlines()[len(names) + 2 :]  # below the folders, whose length is not limited
    assert max(map(len, lines)) <= 120
    assert not any("][" in line or line != line.rstrip() for line in lines)
