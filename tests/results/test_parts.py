import json
import multiprocessing
import os
import socket
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.errors import BusyError, ResultFileError
from namo.results.parts import (
    LOCK,
    REPLACED,
    Part,
    Replacement,
    advice_for,
    age_of,
    finished_parts,
    locked,
    next_generation,
    overlapping,
    read_marker,
    require_idle,
    started_parts,
    write_marker,
    write_part,
)
from namo.results.schema import FILES, METRICS
from namo.results.tables import TABLES
from namo.scenes.sources import range_name
from namo.version import SCHEMA_VERSION


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


def empty_part(output, first, stop, /, **changes):
    part = Part.of(output, first, stop)
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


def test_a_part_knows_its_files_and_environments(tmp_path):
    part = Part.of(tmp_path, 3, 6)
    assert part.folder == tmp_path / "parts" / "000003-000006"
    assert part.numbers == range(3, 6)
    assert part.marker == part.folder / "part.json"
    assert part.files() == [
        *(part.folder / f"{name}.parquet" for name in TABLES),
        part.folder / "part.json",
    ]


def test_advice_quotes_the_folder_for_a_shell(tmp_path):
    assert advice_for(tmp_path / "a b") == (
        f"; `rm -r '{tmp_path / 'a b'}'` and rerun the same command: finished environments are kept"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"start": 1}, "is of environments 1 to 2, 3 in all; expected 0 to 2"),
        ({"end": 4}, "is of environments 0 to 3, 3 in all; expected 0 to 2"),
        ({"environments": 2}, "is of environments 0 to 2, 2 in all; expected 0 to 2"),
        ({"failed": {"3": "e"}}, "lists a failed environment '3', which is not in its range"),
        ({"failed": {"-1": "e"}}, "lists a failed environment '-1', which is not in its range"),
        (
            {"failed": {"1" * 9 + "0" * 50: "e"}},
            "lists a failed environment '1111111110000000000, which is not in its range",
        ),
    ],
)
def test_a_marker_of_another_range_is_named(tmp_path, changes, said):
    part = empty_part(tmp_path, 0, 3, **changes)
    with pytest.raises(ResultFileError) as caught:
        part.metadata()
    assert str(caught.value) == f"{part.marker}: {said}{advice_for(part.folder)}"


def test_environments_that_failed_are_those_of_the_range(tmp_path):
    part = empty_part(tmp_path, 0, 3, failed={"0": "a", "2": "b"})
    assert part.metadata()["failed"] == {"0": "a", "2": "b"}
    failed = empty_part(tmp_path, 4, 6, failed={"3": "a"})
    with pytest.raises(ResultFileError, match="a failed environment '3'"):
        failed.metadata()


@pytest.mark.parametrize("name", ["metrics.parquet", "part.json", "replaced.json", "."])
def test_a_link_out_of_the_collection_is_named(tmp_path, name):
    part = empty_part(tmp_path / "out", 0, 3)
    path = part.folder / name
    if name != "replaced.json":
        path.rename(tmp_path / "outside")
    (path if name != "." else part.folder).symlink_to(tmp_path / "outside")
    with pytest.raises(ResultFileError, match=r"a symbolic link to .*outside, which leads out of"):
        part.metadata()


def test_a_marker_that_was_changed_is_named_with_the_advice(tmp_path):
    part = empty_part(tmp_path, 0, 3)
    content = json.loads(part.marker.read_text())
    part.marker.write_text(json.dumps({**content, "host": "there"}))
    for path in (part.marker, part.marker):
        with pytest.raises(ResultFileError) as caught:
            read_marker(path, "; advice")
        assert str(caught.value) == (f"{path}: checksum mismatch; the file is damaged; advice")
    with pytest.raises(ResultFileError, match=r"the file is damaged$"):
        read_marker(part.marker)
    with pytest.raises(ResultFileError, match="the file is damaged; `rm -r"):
        part.metadata()


def test_a_marker_of_other_types_is_named(tmp_path):
    write_marker(tmp_path / "part.json", {"start": "0"})
    with pytest.raises(ResultFileError, match=r"part\.json: marker"):
        read_marker(tmp_path / "part.json")
    (tmp_path / "part.json").write_text("{}")
    with pytest.raises(ResultFileError, match="checksum mismatch"):
        read_marker(tmp_path / "part.json")


def test_a_marker_is_sorted_json_with_a_checksum(tmp_path):
    write_marker(tmp_path / "part.json", {"b": 1, "a": "x"})
    checksum = sha256(b'{"a": "x", "b": 1}').hexdigest()
    content = {"b": 1, "a": "x", "checksum": checksum}
    text = json.dumps(content, indent=2, sort_keys=True)
    assert (tmp_path / "part.json").read_text() == text + "\n"


def test_the_marker_of_a_part_holds_the_hashes_of_its_tables(tmp_path):
    part = empty_part(tmp_path, 0, 3)
    hashes = {name: sha256(part.table(name).read_bytes()).hexdigest() for name in TABLES}
    assert part.metadata()["tables"] == hashes
    assert Part.listed(part.metadata()) == list(TABLES)
    assert Part.listed({"tables": {"files": "", "metrics": ""}}) == ["metrics", "files"]
    part.verify(part.metadata())


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_table_that_is_not_the_one_of_the_marker_is_named(tmp_path, damage):
    part = empty_part(tmp_path, 0, 3)
    metadata, path = part.metadata(), part.table("plans")
    path.unlink() if damage == "missing" else path.write_bytes(b"")
    said = "is missing" if damage == "missing" else "checksum mismatch"
    for check in (part.require_intact, part.verify):
        with pytest.raises(ResultFileError) as caught:
            check(metadata)
        assert str(caught.value) == f"{path}: {said}{advice_for(part.folder)}"


def test_a_table_of_another_schema_is_named(tmp_path):
    part = empty_part(tmp_path, 0, 3)
    pq.write_table(entries(1), part.table("plans"))
    hashes = {name: sha256(part.table(name).read_bytes()).hexdigest() for name in TABLES}
    with pytest.raises(ResultFileError, match=r"plans\.parquet: schema differs"):
        part.verify({**part.metadata(), "tables": hashes})


def test_the_advice_to_upgrade_a_table_names_the_collection(tmp_path):
    part = empty_part(tmp_path, 0, 3)
    old = METRICS.with_metadata({b"schema_version": str(SCHEMA_VERSION - 1).encode()})
    pq.write_table(old.empty_table(), part.table("metrics"))
    hashes = {name: sha256(part.table(name).read_bytes()).hexdigest() for name in TABLES}
    with pytest.raises(ResultFileError, match=rf"metrics\.parquet: .*upgrade {tmp_path}`"):
        part.verify({**part.metadata(), "tables": hashes})


def test_a_part_lists_other_tables_with_the_advice(tmp_path):
    part = Part.of(tmp_path, 0, 3)
    write_part(part, {"metrics": []}, metadata_of(part))
    with pytest.raises(ResultFileError) as caught:
        part.verify(part.metadata())
    assert str(caught.value) == (
        f"{part.marker}: lists other tables than this version writes{advice_for(part.folder)}"
    )


def test_environments_with_a_plan_are_solved(collected):
    (part,) = finished_parts(collected.output)
    solved = {row["env_index"] for row in collected.table("metrics") if row["success"]}
    assert part.solved() == solved
    assert 0 < len(solved) < 6


def test_replaced_environments_are_listed_once_and_in_order(tmp_path):
    part = empty_part(tmp_path, 0, 5)
    assert part.replaced() == frozenset()
    for number in (3, 1, 3):
        part.add_replaced(number)
    path = part.folder / REPLACED
    assert path.read_text() == '{"environments": [1, 3]}\n'
    before = path.stat().st_ino
    part.add_replaced(1)
    assert path.stat().st_ino == before, "it is not written again"
    assert part.replaced() == {1, 3}
    path.write_text("{}")
    with pytest.raises(ResultFileError, match=r"replaced\.json: .*; `rm -r "):
        part.replaced()


def test_writing_a_part_forgets_what_was_replaced_in_the_last_one(tmp_path):
    part = empty_part(tmp_path, 0, 5)
    part.add_replaced(3)
    empty_part(tmp_path, 0, 5)
    assert part.replaced() == frozenset()
    assert not (part.folder / REPLACED).exists()


def test_started_parts_are_sorted_and_those_without_a_marker_count(tmp_path):
    for name in ("000003-000006", "000000-000003", "000000-000009", "1-x", "x-1"):
        (tmp_path / name).mkdir()
    found = started_parts(tmp_path)
    assert [(part.start, part.end) for part in found] == [(0, 3), (0, 9), (3, 6)]
    assert [part.folder.name for part in found] == [
        "000000-000003",
        "000000-000009",
        "000003-000006",
    ]
    (tmp_path / "5-5").mkdir()
    with pytest.raises(ResultFileError) as caught:
        started_parts(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / '5-5'}: is a range of environments from 5")


def test_parts_that_share_an_environment_overlap(tmp_path):
    for start, end in ((0, 3), (2, 5), (3, 6), (5, 7), (7, 9)):
        Part.of(tmp_path, start, end).folder.mkdir(parents=True)
    found = overlapping(Part.of(tmp_path, 3, 6))
    assert [(part.start, part.end) for part in found] == [(2, 5), (5, 7)]


def test_an_environment_that_is_collected_again_no_longer_counts_in_other_parts(tmp_path):
    own = empty_part(tmp_path, 2, 6)
    others = [empty_part(tmp_path, 0, 3), empty_part(tmp_path, 3, 9, label="another")]
    far = empty_part(tmp_path, 6, 8)
    unfinished = empty_part(tmp_path, 1, 4)
    unfinished.marker.unlink()
    note = Replacement(own)
    assert own.is_finished
    note(4, "another")
    assert not own.is_finished
    note(5, "host")
    note(2, "host")
    note(1, "another")
    assert [part.replaced() for part in others] == [{2}, {4}]
    assert far.replaced() == unfinished.replaced() == own.replaced() == frozenset()


def test_only_a_held_part_is_busy(tmp_path):
    part = Part.of(tmp_path, 0, 3)
    require_idle(part)
    with locked(part):
        with pytest.raises(BusyError) as caught:
            require_idle(part)
        assert str(caught.value) == (
            f"{part.folder}: {socket.gethostname()} (pid {os.getpid()}), is collecting these "
            "environments; wait for it or stop it"
        )
        assert (part.folder / LOCK).exists()
    require_idle(part)


def test_a_part_that_is_refused_is_named_by_its_range(tmp_path):
    with (
        locked(Part.of(tmp_path, 0, 3)),
        pytest.raises(BusyError, match=r", which is collecting environments 000000-000003; wait"),
        locked(Part.of(tmp_path, 0, 3)),
    ):
        pytest.fail("it was taken")


def test_the_oldest_part_is_the_one_of_the_least_generation_then_time():
    assert age_of({"generation": 2, "began_unix_s": 3.0}) == (2, 3.0)
    assert age_of({"began_unix_s": 3.0}) == (0, 3.0)
