import io

import pytest

from namo.collection import progress
from namo.collection.progress import ProgressDisplay, Tally, counted, describe, duration


def record(index=3, *, depth=1, termination="solved", tried=4, error=None, seconds=1.25):
    row = {"solution_depth": depth, "termination": termination, "pushes_simulated": tried}
    return {
        "env_index": index,
        "success": depth is not None and not error,
        "processing_time": seconds,
        "error": {"message": error} if error else None,
        "metrics": [row],
    }


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(*records, total=5, resumed=False, stream=None, verbose=False):
    stream = stream or io.StringIO()
    with ProgressDisplay("000000-000005", total, verbose=verbose, stream=stream) as display:
        for one in records:
            display.working_on("room.xml")
            display.finished(one, resumed=resumed)
    return stream.getvalue()


def test_a_plain_line_holds_place_environment_outcome_and_counts():
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


def test_an_environment_of_an_earlier_run_says_so_and_sets_no_rate():
    (line,) = shown(record(), resumed=True).splitlines()
    assert "already done: solved with 1 push" in line.replace("  ", " ")
    assert "left" not in line


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (record(depth=0, tried=0), "goal was open from the start"),
        (record(depth=1, tried=1), "solved with 1 push (1 tried)"),
        (record(depth=3, tried=9), "solved with 3 pushes (9 tried)"),
        (record(depth=None, termination="timeout"), "unsolved, timeout (4 tried)"),
        (record(error="broken"), "FAILED, broken"),
    ],
)
def test_an_outcome_is_said_in_words(one, said):
    assert describe(one) == said


def test_every_episode_is_described():
    both = record()
    both["metrics"] += record(depth=0)["metrics"]
    assert describe(both) == "solved with 1 push (4 tried), goal was open from the start"


def test_brackets_in_file_names_are_no_markup():
    line = shown(record(error="scenes [red]old[/red]/a[1].xml: no goal"))
    assert "scenes [red]old[/red]/a[1].xml: no goal" in line


def test_a_long_line_is_not_broken():
    assert len(shown(record(error="x" * 500)).splitlines()) == 1


def test_a_terminal_shows_a_bar_and_failures_but_no_line_for_every_success(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert "solved with" not in shown(record(), stream=Terminal())
    assert "env 000003" in shown(record(), stream=Terminal(), verbose=True)
    assert "FAILED, broken" in shown(record(error="broken"), stream=Terminal())
    assert "1 solved" in shown(record(), stream=Terminal())


def test_a_note_is_a_line_of_its_own():
    stream = io.StringIO()
    ProgressDisplay("r", 1, verbose=False, stream=stream).note("collected again: [a].pkl")
    assert stream.getvalue() == "collected again: [a].pkl\n"


def test_time_left_follows_from_those_collected_now(monkeypatch):
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    tally = Tally(10, began=100.0)
    assert tally.left_s() is None
    for _ in range(4):
        tally.add(record(), resumed=True)
    assert tally.left_s() is None
    now = 106.0
    for _ in range(2):
        tally.add(record(), resumed=False)
    assert tally.left_s() == pytest.approx(3.0 * 4)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (3599, "59:59"), (3600, "1:00:00")],
)
def test_durations_read_as_on_a_clock(seconds, text):
    assert duration(seconds) == text


def test_nouns_follow_their_number():
    assert [counted(n, "push", "pushes") for n in (0, 1, 2)] == ["0 pushes", "1 push", "2 pushes"]
