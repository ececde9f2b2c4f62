import io

import pytest

from namo.exporting import progress
from namo.exporting.progress import track_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_all_items_are_yielded(stream):
    assert list(track_progress("abc", 3, "letters", stream)) == ["a", "b", "c"]


def test_lines_are_printed_without_a_terminal(monkeypatch):
    monkeypatch.setattr(progress, "LINE_PERIOD_S", 0.0)
    stream = io.StringIO()
    list(track_progress("abc", 3, "letters", stream))
    assert stream.getvalue().splitlines()[0].startswith("1 of 3 letters, ")
    assert len(stream.getvalue().splitlines()) == 3


def test_short_work_prints_nothing(monkeypatch):
    stream = io.StringIO()
    list(track_progress("abc", 3, "letters", stream))
    assert stream.getvalue() == ""


def test_a_terminal_shows_a_bar_with_the_unit():
    stream = Terminal()
    list(track_progress("abc", 3, "letters", stream))
    assert "letters" in stream.getvalue()
    assert "3/3" in stream.getvalue()
