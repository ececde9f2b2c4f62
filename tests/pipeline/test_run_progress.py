import io
import re

import pytest

from namo.collection.journal import Journal
from namo.pipeline import run_progress
from namo.pipeline.run_progress import RunProgress
from namo.results.parts import Part


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def warm(monkeypatch):
    monkeypatch.setattr(run_progress, "is_warm", lambda: True)


@pytest.fixture
def parts(tmp_path):
    """Two chunks of three environments of which nothing is collected."""
    return [Part.of(tmp_path, 0, 3), Part.of(tmp_path, 3, 6)]


def write(part, done, resumed=0, solved=0, failed=0, said=()):
    """Write down the progress of a chunk as its process does."""
    counts = {"done": done, "resumed": resumed, "solved": solved, "failed": failed}
    part.folder.mkdir(parents=True, exist_ok=True)
    Journal(part.folder, lambda: counts | {"notes": len(said), "latest": list(said)})


def watched(parts, stream, pending=None):
    """The progress of a run that nobody watches but the test."""
    return RunProgress.of(parts, [part.marker for part in pending or parts], stream)


def test_the_environments_of_all_chunks_are_counted(parts):
    progress = watched(parts, io.StringIO())
    assert progress.text() == "0/6 environments, starting"
    write(parts[0], 2, solved=1, failed=1)
    write(parts[1], 2, resumed=1, solved=1)
    assert not progress.update()
    assert re.fullmatch(
        r"4/6 environments, 2 solved, 1 failed, [\d,.]+/min, \d+:\d\d left", progress.text()
    )


def test_compiling_is_said_until_a_chunk_begins(parts, monkeypatch):
    monkeypatch.setattr(run_progress, "is_warm", lambda: False)
    progress = watched(parts, io.StringIO())
    assert progress.text() == "0/6 environments, compiling, once per machine"
    write(parts[0], 0)
    progress.update()
    assert progress.text() == "0/6 environments"


def test_what_an_earlier_run_has_left_does_not_count(parts):
    write(parts[0], 3, solved=3)
    progress = watched(parts, io.StringIO())
    progress.update()
    assert progress.text() == "0/6 environments, starting"
    write(parts[0], 1)
    progress.update()
    assert progress.text().startswith("1/6 environments, 0 solved, 0 failed")


def test_it_ends_when_every_chunk_is_finished(parts):
    stream = io.StringIO()
    progress = watched(parts, stream)
    for part in parts:
        write(part, 3, solved=2)
        assert not progress.update()
        part.marker.write_text("{}")
    assert progress.update()
    assert stream.getvalue().splitlines()[-1] == "6/6 environments, 4 solved, 0 failed"


def test_lines_become_rare_where_the_output_is_no_terminal(parts, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(run_progress.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    progress = watched(parts, stream)
    progress._next_line_s, progress._pause_s = 0.0, run_progress.FIRST_LINE_S
    for _ in range(7200):
        now[0] += 1.0
        progress.update()
    lines = stream.getvalue().splitlines()
    assert 10 <= len(lines) <= 20
    assert not any("\x1b" in line or "\r" in line for line in lines)


def test_failures_are_shown_above_the_line_once(parts):
    stream = Terminal()
    progress = watched(parts, stream)
    write(parts[0], 1, failed=1, said=["environment 0 failed: no goal"])
    progress.update()
    progress.update()
    said = "[000000-000003] environment 0 failed: no goal\n"
    assert stream.getvalue().count(said) == 1
    assert "\n" not in stream.getvalue().rpartition(said)[2]


def test_a_line_fits_into_the_terminal(parts, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    watched(parts, stream).update()
    (shown,) = re.sub(r"\x1b\[[0-9;]*[mK]", "", stream.getvalue()).strip("\r").splitlines()
    assert shown == "━" * 24 + "  0/6 environme"
