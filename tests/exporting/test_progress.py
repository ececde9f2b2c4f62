import io

import pytest

from namo.exporting import counting as counting_module
from namo.exporting.progress import counting


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_all_items_come_through(stream):
    assert list(counting("abc", 3, "letters", stream)) == ["a", "b", "c"]


def test_without_a_terminal_there_is_a_line_now_and_then(monkeypatch):
    monkeypatch.setattr(counting_module, "EVERY_S", 0.0)
    stream = io.StringIO()
    list(counting("abc", 3, "letters", stream))
    assert stream.getvalue().splitlines()[0].startswith("1 of 3 letters, ")
    assert len(stream.getvalue().splitlines()) == 3


def test_short_work_says_nothing(monkeypatch):
    stream = io.StringIO()
    list(counting("abc", 3, "letters", stream))
    assert stream.getvalue() == ""


def test_a_terminal_shows_what_is_counted():
    stream = Terminal()
    list(counting("abc", 3, "letters", stream))
    assert "letters" in stream.getvalue()
    assert "3/3" in stream.getvalue()
