import io
import re
import threading

import pytest

from namo.collection import progress
from namo.collection.counts import EnvironmentCounts
from namo.collection.progress import ProgressDisplay, Verbosity, describe


def record(
    index=3, *, depth=1, termination="solved", tried=4, error=None, seconds=1.25, remarks=()
):
    row = {"solution_depth": depth, "termination": termination, "pushes_simulated": tried}
    return {
        "env_index": index,
        "success": depth is not None and not error,
        "processing_time": seconds,
        "error": {"message": error, "command": "redo it"} if error else None,
        "metrics": [row],
        "scene": None,
    }


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(*records, total=5, resumed=False, stream=None, verbosity=Verbosity.NORMAL):
    stream = stream or io.StringIO()
    with ProgressDisplay("000000-000005", total, verbosity, stream) as display:
        for one in records:
            display.working_on(3, "room.xml")
            display.finished(one, "redo it", resumed=resumed)
    return stream.getvalue()


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 100 columns, drawn to whatever the one of the tests is."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    return Terminal()


def test_a_plain_line_holds_range_environment_outcome_and_counts():
    (line,) = shown(record()).splitlines()
    for part in ("[000000-000005]", "1/5", "env 000003", "1.2 s", "1 solved, 0 failed", "left"):
        assert part in line
    assert "solved with 1 push (4 tried)" in line


def test_counts_grow_from_line_to_line():
    lines = shown(
        record(0), record(1, depth=None, termination="exhausted"), record(2, error="x.xml: no goal")
    ).splitlines()
    assert "1/5" in lines[0]
    assert "(1 solved, 0 failed" in lines[0]
    assert "2/5" in lines[1]
    assert "unsolved, exhausted (4 tried)  (1 solved, 0 failed" in lines[1]
    assert "FAILED, x.xml: no goal  (1 solved, 1 failed" in lines[2]


def test_an_environment_of_an_earlier_run_is_marked_and_sets_no_rate():
    (line,) = shown(record(), resumed=True).splitlines()
    assert "already done: solved with 1 push" in line.replace("  ", " ")
    assert "left" not in line


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (record(depth=0, tried=0), "goal reachable from the start"),
        (record(depth=1, tried=1), "solved with 1 push (1 tried)"),
        (record(depth=3, tried=9), "solved with 3 pushes (9 tried)"),
        (record(depth=None, termination="timeout"), "unsolved, timeout (4 tried)"),
        (record(error="broken"), "FAILED, broken"),
    ],
)
def test_outcomes_are_described_in_words(one, said):
    assert describe(one) == said


def test_every_episode_is_described():
    both = record()
    both["metrics"] += record(depth=0)["metrics"]
    assert describe(both) == "solved with 1 push (4 tried), goal reachable from the start"


def test_brackets_in_file_names_are_not_markup():
    line = shown(record(error="scenes [red]old[/red]/a[1].xml: no goal"))
    assert "scenes [red]old[/red]/a[1].xml: no goal" in line


def test_a_long_line_is_not_broken():
    assert len(shown(record(error="x" * 500)).splitlines()) == 1


@pytest.mark.parametrize(
    ("one", "verbosity", "line"),
    [
        (record(), Verbosity.NORMAL, ""),
        (record(), Verbosity.VERBOSE, "solved with 1 push"),
        (record(error="broken"), Verbosity.NORMAL, "FAILED, broken"),
    ],
)
def test_a_terminal_shows_a_bar_and_a_line_for_every_failure(terminal, one, verbosity, line):
    text = shown(one, stream=terminal, verbosity=verbosity)
    assert "1/5" in text
    assert f"{int(one['success'])} solved" in text
    assert re.search(r"/min, \d+:\d\d left", text)
    assert line in text
    assert ("env 000003" in text) == bool(line)


def test_a_terminal_shows_scene_episode_and_depth_of_the_search(terminal):
    with ProgressDisplay("r", 2, stream=terminal) as display:
        display.working_on(3, "a[1].xml")
        display._bar.refresh()
        assert "a[1].xml, 0:00, preparing" in terminal.getvalue()
        display.searching(3, 0, 1, 1)
        display._bar.refresh()
        assert "a[1].xml, 0:00, depth 1, 1 push simulated" in terminal.getvalue()
        display.searching(3, 2, 40, 3)
        display._bar.refresh()
        assert "a[1].xml, 0:00, episode 3, depth 3, 40 pushes simulated" in terminal.getvalue()


def test_several_environments_in_progress_are_drawn_without_a_thread(terminal):
    before = threading.active_count()
    with ProgressDisplay("r", 20, stream=terminal, redraws=False) as display:
        assert threading.active_count() == before
        for number in range(10):
            display.working_on(number, f"room{number}.xml")
        display.stopped(0)
        display.searching(1, 0, 7, 2)
        display.redraw()
    text = terminal.getvalue()
    assert "room0.xml" not in text
    assert "room1.xml, 0:00, depth 2, 7 pushes simulated" in text
    assert "room7.xml, 0:00, preparing" in text
    assert "room8.xml" not in text
    assert "  and 2 more" in text


def colours(text):
    return re.findall(r"\x1b\[(?:3|9)\d[\d;]*m", text)


def test_colours_are_off_with_no_color(terminal, monkeypatch):
    assert colours(shown(record(error="broken"), stream=terminal))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours(shown(record(error="broken"), stream=Terminal()))


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_quiet_display_prints_failures_and_warnings_only(terminal, is_terminal):
    stream = terminal if is_terminal else io.StringIO()
    with ProgressDisplay("r", 3, Verbosity.QUIET, stream) as display:
        display.info("process 1 began")
        display.working_on(3, "room.xml")
        display.searching(3, 0, 1, 1)
        display.finished(record(), "redo it", resumed=False)
        assert stream.getvalue() == ""
        display.finished(record(error="broken"), "redo it", resumed=False)
        assert "FAILED, broken" in stream.getvalue()
        assert "to collect it again: redo it\n" in stream.getvalue()
        display.warn("collected again")
        assert stream.getvalue().endswith("collected again\n")


def test_a_warning_is_a_line_of_its_own():
    stream = io.StringIO()
    ProgressDisplay("r", 1, stream=stream).warn("collected again: [a].pkl")
    assert stream.getvalue() == "collected again: [a].pkl\n"


def test_rate_and_time_left_follow_from_those_collected_now(monkeypatch):
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    counts = EnvironmentCounts(10, began=100.0)
    assert counts.pace() == ""
    for _ in range(4):
        counts.add(record(), resumed=True)
    assert counts.pace() == ""
    now = 106.0
    for _ in range(2):
        counts.add(record(), resumed=False)
    assert counts.pace() == "20.0/min, 0:12 left"
    for _ in range(2):
        counts.add(record(), resumed=False)
    now = 100.1
    assert counts.pace() == "2,400/min, 0:00 left"
