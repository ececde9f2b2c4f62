import itertools
import shutil
import time

import pytest

from namo.collection.status import status_of
from namo.results.parts import finished_parts


@pytest.fixture
def backwards(monkeypatch):
    """A clock that jumps back an hour at every reading."""
    steps = itertools.count()
    monkeypatch.setattr(time, "time", lambda: 1.8e9 - 3600.0 * next(steps))


def test_a_clock_that_jumps_backwards_changes_no_result(backwards, collector, undisturbed, capsys):
    began_s = time.monotonic()
    assert collector.run() == 0
    took_s = time.monotonic() - began_s
    assert collector.content() == undisturbed
    assert collector.problems() == []
    (part,) = finished_parts(collector.output)
    assert 0 < part.metadata()["duration_s"] <= took_s
    assert "-" not in "".join(
        line for line in capsys.readouterr().out.splitlines() if line.startswith("time ")
    )
    assert status_of(collector.output).done == 3


def test_the_later_collection_of_an_environment_counts_whatever_the_clock_shows(
    backwards, few_scenes, collector, undisturbed
):
    scenes = shutil.copytree(few_scenes, collector.output.parent / "scenes")
    here = type(collector)(scenes, collector.output)
    first, second, _ = sorted(scenes.glob("*.xml"))
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    assert here.run() == 0
    first.write_bytes(kept)
    assert here.run("--end-idx", "1") == 0, "a part of its own, made later at an earlier time"
    whole, alone = sorted(
        (part.metadata() for part in finished_parts(here.output)), key=lambda said: -said["end"]
    )
    assert alone["began_unix_s"] < whole["began_unix_s"]
    assert here.problems() == []
    hashes = [row["scene_sha256"] for row in here.content()["metrics"]]
    assert hashes == [row["scene_sha256"] for row in undisturbed["metrics"]]
