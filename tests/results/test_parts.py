import json
import multiprocessing
import os
import socket

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.errors import BusyError, ResultFileError
from namo.results.parts import Part, age_of, finished_parts, locked, next_generation, write_part
from namo.results.schema import FILES, METRICS
from namo.results.tables import TABLES
from namo.scenes.sources import range_name


def entries(*numbers):
    rows = [{"path": f"{n}.pkl", "bytes": n, "sha256": "", "rows": None} for n in numbers]
    return pa.Table.from_pylist(rows, FILES)


def metadata_of(part, **changes):
    """Metadata of a part."""
    return {
        "start": part.start,
        "end": part.end,
        "label": "host",
        "config": {},
        "host": "here",
        "process": 1,
        "numerics": "NumPy",
        "work_s": 1.0,
        "environments": part.end - part.start,
        "resumed": 0,
        "failed": {},
        "peak_memory_bytes": 1,
        "models_preloaded": [],
        "began_unix_s": 0.0,
        "duration_s": 1.0,
        **changes,
    }


def empty_part(output, start, end, **changes):
    part = Part.of(output, start, end)
    write_part(part, {name: [] for name in TABLES}, metadata_of(part, **changes))
    return part


def hold_lock(folder, ready, let_go):
    with locked(Part.of(folder, 0, 3)):
        ready.send(multiprocessing.current_process().pid)
        let_go.recv()


def take_lock(folder, events):
    events.send("started")
    with locked(Part.of(folder, 0, 3), wait=True) as waited_for:
        events.send(waited_for)


def test_a_part_is_named_by_the_bounds_of_its_range(tmp_path):
    assert range_name(4, 8) == Part.of(tmp_path, 4, 8).folder.name == "000004-000008"
    assert range_name(999_999, 1_000_001) == "999999-1000001"


def test_a_part_is_finished_only_with_its_marker(tmp_path):
    part = empty_part(tmp_path, 3, 6)
    empty_part(tmp_path, 0, 3)
    assert [(p.start, p.end) for p in finished_parts(tmp_path)] == [(0, 3), (3, 6)]
    part.marker.unlink()
    assert [(p.start, p.end) for p in finished_parts(tmp_path)] == [(0, 3)]


def test_the_marker_is_deleted_while_a_part_is_rewritten(tmp_path):
    part = empty_part(tmp_path, 0, 3)
    seen = []

    def tables():
        seen.append(part.marker.exists())
        yield entries(1)

    write_part(part, {"metrics": [], "pushes": [], "files": tables()}, {})
    assert seen == [False]
    assert part.marker.exists()


def test_a_part_whose_writing_failed_is_not_finished(tmp_path):
    part = empty_part(tmp_path, 0, 3)
    with pytest.raises(pa.ArrowInvalid):
        write_part(part, {"metrics": [pa.table({"x": [1]})]}, {})
    assert finished_parts(tmp_path) == []


def test_folders_that_are_not_parts_are_ignored(tmp_path):
    for name in ("notes", "a-b", "12"):
        (tmp_path / "parts" / name).mkdir(parents=True)
        (tmp_path / "parts" / name / "part.json").write_text("{}")
    assert finished_parts(tmp_path) == []
    assert finished_parts(tmp_path / "nowhere") == []


def test_a_marker_holds_the_metadata_and_the_hashes(tmp_path):
    part = Part.of(tmp_path, 0, 1)
    metadata = metadata_of(part, host="ü", began_unix_s=1.5)
    write_part(part, {}, metadata)
    assert part.metadata() == {**metadata, "tables": {}}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[" * 100_000, b"[1]", b"\xff", b"null"],
    ids=["empty", "cut off", "nested", "a list", "not text", "null"],
)
def test_a_damaged_marker_is_named(tmp_path, content):
    part = empty_part(tmp_path, 0, 3)
    part.marker.write_bytes(content)
    with pytest.raises(ResultFileError) as caught:
        part.metadata()
    assert str(part.marker) in str(caught.value)


def test_a_free_part_is_locked_without_waiting(tmp_path, capsys):
    for _ in range(2):
        with locked(Part.of(tmp_path, 0, 3)) as waited_for:
            assert waited_for is None
    assert capsys.readouterr().out == ""


def test_the_second_process_waits_for_the_first_and_names_it(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, ready_far = context.Pipe(duplex=False)
    let_go_far, let_go = context.Pipe(duplex=False)
    events, events_far = context.Pipe(duplex=False)
    first = context.Process(target=hold_lock, args=(tmp_path, ready_far, let_go_far))
    second = context.Process(target=take_lock, args=(tmp_path, events_far))
    try:
        first.start()
        assert ready.poll(60)
        holder = ready.recv()
        second.start()
        assert events.poll(60)
        assert events.recv() == "started"
        assert not events.poll(0.5)
        let_go.send(None)
        assert events.poll(60)
        assert events.recv() == f"{socket.gethostname()} (pid {holder})"
    finally:
        first.kill()
        second.kill()


def test_a_killed_process_leaves_no_lock_behind(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, ready_far = context.Pipe(duplex=False)
    let_go_far, _let_go = context.Pipe(duplex=False)
    first = context.Process(target=hold_lock, args=(tmp_path, ready_far, let_go_far))
    first.start()
    assert ready.poll(60)
    first.kill()
    first.join()
    with locked(Part.of(tmp_path, 0, 3)) as waited_for:
        assert waited_for is None


@pytest.mark.parametrize(
    ("bounds", "wait"),
    [
        ((0, 3), False),
        *(
            ((start, end), wait)
            for start, end in ((2, 5), (0, 9), (1, 2))
            for wait in (False, True)
        ),
    ],
)
def test_a_range_in_progress_is_rejected_with_the_name_of_its_process(tmp_path, bounds, wait):
    """Only a process of the same range is waited for."""
    with locked(Part.of(tmp_path, 0, 3)):
        with pytest.raises(BusyError) as caught, locked(Part.of(tmp_path, *bounds), wait=wait):
            pass
        assert f"{socket.gethostname()} (pid {os.getpid()})" in str(caught.value)
        assert "000000-000003" in str(caught.value)


def test_the_generation_of_a_part_is_greater_than_those_of_overlapping_parts(tmp_path):
    assert next_generation(Part.of(tmp_path, 0, 3)) == 1
    for bounds, generation in (((0, 3), 1), ((2, 5), 7), ((3, 4), 9)):
        empty_part(tmp_path, *bounds, generation=generation)
    Part.of(tmp_path, 1, 3).folder.mkdir()  # started, not complete
    assert next_generation(Part.of(tmp_path, 0, 3)) == 8
    assert next_generation(Part.of(tmp_path, 0, 1)) == 2
    assert next_generation(Part.of(tmp_path, 3, 4)) == 8, "its own marker is about to be replaced"
    assert next_generation(Part.of(tmp_path, 5, 9)) == 1


def test_a_part_of_a_version_without_generations_is_older_than_all_others(tmp_path):
    part = empty_part(tmp_path, 0, 3, began_unix_s=9.0)
    assert next_generation(Part.of(tmp_path, 0, 2)) == 1
    assert age_of(part.metadata()) < age_of({"generation": 1, "began_unix_s": 0.0})


def test_parts_of_other_ranges_are_not_waited_for(tmp_path):
    with locked(Part.of(tmp_path, 0, 3)), locked(Part.of(tmp_path, 3, 6)) as waited_for:
        assert waited_for is None


def test_the_marker_is_readable_json(collected):
    (part,) = finished_parts(collected.output)
    assert json.loads(part.marker.read_text())["environments"] == 6
    schema = pq.read_schema(part.table("metrics"))
    assert schema.equals(METRICS)
    assert schema.metadata == METRICS.metadata
    assert [field.metadata for field in schema] == [field.metadata for field in METRICS]


def test_a_part_of_other_tables_is_named(tmp_path):
    part = Part.of(tmp_path, 0, 3)
    tables = {name: [] for name in TABLES if name != "plans"}
    write_part(part, tables, metadata_of(part))
    with pytest.raises(ResultFileError, match="lists other tables than this version writes"):
        part.verify(part.metadata())
