import pytest

from namo.collection.failures import FailureCount
from namo.errors import MachineError, ResultFileError
from namo.results.parts import Part
from namo.results.retries import FAILURES, read_failures, tries_of


def record(number, kind=None):
    """As much of a record as is looked at."""
    error = None if kind is None else {"kind": kind, "message": f"environment {number} broke"}
    return {"env_index": number, "error": error}


def collect(output, start, kinds, allowed=0.5, end=None):
    """Count a chunk whose environments fail in these ways; None: they do not."""
    part = Part.of(output, start, end or start + len(kinds))
    count = FailureCount(part, allowed)
    for number, kind in enumerate(kinds, start=start):
        count.add(record(number, kind))
    count.finish()
    return part.folder


def test_a_chunk_without_failures_is_not_tried_again(tmp_path):
    folder = collect(tmp_path, 0, [None, None])
    assert tries_of(folder) == 0
    assert read_failures(folder) == {"tries": 0, "environments": 2, "failed": []}


@pytest.mark.parametrize("kind", ["scene", "crashed"])
def test_invalid_scenes_and_quarantined_environments_are_not_tried_again(tmp_path, kind):
    assert tries_of(collect(tmp_path, 0, [None, kind])) == 0


def test_the_number_of_tries_changes_until_the_failures_are_gone(tmp_path):
    """The pipeline collects a chunk again when the number differs from the last time."""
    assert tries_of(Part.of(tmp_path, 0, 2).folder) == 0
    tried = ([None, "RuntimeError"], [None, "RuntimeError"], [None, None], [None, None])
    assert [tries_of(collect(tmp_path, 0, kinds)) for kinds in tried] == [1, 2, 2, 2]


@pytest.mark.parametrize("size", [1, 2, 6, 10, 100])
def test_a_broken_installation_stops_early_at_any_chunk_size(tmp_path, size):
    finished = []

    def collect_all():
        for start in range(0, 200, size):
            collect(tmp_path, start, ["OddError"] * size)
            finished.append(start)

    with pytest.raises(MachineError, match="environments failed for reasons other than") as caught:
        collect_all()
    assert len(finished) == (10 - 1) // size
    assert "10 of 10 environments" in str(caught.value)
    assert "--max-failed-fraction 0.5" in str(caught.value)
    assert "environment 9 broke" in str(caught.value)


def test_after_a_stop_each_other_chunk_stops_at_its_first_failure(tmp_path):
    with pytest.raises(MachineError):
        collect(tmp_path, 0, ["OddError"] * 20)
    with pytest.raises(MachineError, match="11 of 11 environments"):
        collect(tmp_path, 20, ["OddError"], end=40)


def test_when_the_cause_is_gone_nothing_stops(tmp_path):
    with pytest.raises(MachineError):
        collect(tmp_path, 0, ["OddError"] * 20)
    collect(tmp_path, 20, [None] * 20)
    collect(tmp_path, 0, [None] * 20)


def test_few_failures_among_many_environments_do_not_stop(tmp_path):
    for start in range(0, 60, 6):
        collect(tmp_path, start, [None, None, None, "OddError", "OddError", "scene"])


def test_invalid_scenes_do_not_stop_a_chunk_midway(tmp_path):
    collect(tmp_path, 0, ["scene"] * 20)


def test_a_collector_that_may_fail_entirely_is_not_stopped(tmp_path):
    collect(tmp_path, 0, ["OddError"] * 20, allowed=1.0)


def test_a_damaged_file_of_failures_is_named(tmp_path):
    folder = collect(tmp_path, 0, [None])
    (folder / FAILURES).write_text("{}")
    with pytest.raises(ResultFileError, match=r"failures\.json: content has no 'tries'; delete it"):
        tries_of(folder)
