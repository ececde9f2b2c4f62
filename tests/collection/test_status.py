import os
import time
from pathlib import Path

import pytest

from namo.collection.journal import Journal
from namo.collection.status import Chunk, ChunkState, Status, status_of
from namo.commands.main import main
from namo.errors import ResultFileError
from namo.results.parts import LOCK, Part, locked
from namo.results.run_lock import write_plan
from tests.walking import SCENES, Folder, copy_scenes


@pytest.fixture
def begun(rig, tmp_path):
    """Two chunks of two rooms, the first of which is done; the last environment is broken."""
    scenes = rig.copy_rooms(tmp_path / "scenes", (0, 1, 6))
    (scenes / "99.xml").write_text("<mujoco/>")
    rig.collect(scenes, tmp_path / "out", rig.config(), (0, 2))
    write_plan(tmp_path / "out", "host", [(0, 2), (2, 4)])
    return tmp_path / "out"


def the_rest(rig, begun, bounds=(2, 4)):
    rig.collect(begun.parent / "scenes", begun, rig.config(), bounds)


def test_done_and_waiting_chunks_are_counted(begun):
    status = status_of(begun)
    assert [chunk.state for chunk in status.chunks] == [ChunkState.DONE, ChunkState.WAITING]
    assert (status.environments, status.done, status.solved, status.failed) == (4, 2, 2, {})
    assert status.left_s is None, "no process is running"


def test_failures_are_listed_with_their_cause(rig, begun):
    the_rest(rig, begun)
    status = status_of(begun)
    assert (status.done, status.solved) == (4, 3)
    assert list(status.failed) == [3]
    assert "99.xml" in status.failed[3]


def test_a_chunk_whose_lock_is_held_is_running(begun):
    part = Part.of(begun, 2, 4)
    with locked(part), Journal(part.folder).working_on(2, "f"):
        chunk = status_of(begun).chunks[1]
    assert (chunk.state, chunk.environments) == (ChunkState.RUNNING, [2])
    assert f"pid {os.getpid()}" in chunk.worker


def test_a_started_chunk_whose_lock_is_free_is_stopped(begun):
    part = Part.of(begun, 2, 4)
    with locked(part):
        pass
    assert status_of(begun).chunks[1].state is ChunkState.STOPPED


def test_reading_the_status_does_not_take_the_lock(begun):
    part = Part.of(begun, 2, 4)
    with locked(part):
        status_of(begun)
    status_of(begun)
    with locked(part) as waited_for:
        assert waited_for is None


def test_files_of_an_unfinished_chunk_count(rig, begun):
    the_rest(rig, begun)
    part = Part.of(begun, 2, 4)
    part.marker.unlink()
    with locked(part):
        chunk = status_of(begun).chunks[1]
    assert (chunk.state, chunk.done, chunk.solved, list(chunk.failed)) == (
        ChunkState.RUNNING,
        {2, 3},
        {2},
        [3],
    )


def test_a_damaged_file_is_not_done(rig, begun):
    the_rest(rig, begun)
    Part.of(begun, 2, 4).marker.unlink()
    (begun / "host_env_000002_results.pkl").write_bytes(b"nothing")
    assert status_of(begun).chunks[1].done == {3}


def test_files_of_another_chunk_size_count_too(rig, begun):
    write_plan(begun, "host", [(0, 1), (1, 2), (2, 4)])
    status = status_of(begun)
    assert [chunk.done for chunk in status.chunks] == [{0}, {0, 1}, {1}, set()]
    assert (status.environments, status.done, status.solved) == (4, 2, 2)


def test_of_overlapping_chunks_the_later_one_counts(rig, begun):
    the_rest(rig, begun)
    scenes = begun.parent / "scenes"
    (scenes / "99.xml").write_bytes((scenes / "00.xml").read_bytes())
    the_rest(rig, begun, (3, 4))
    status = status_of(begun)
    assert (status.environments, status.done, status.solved, status.failed) == (4, 4, 4, {})


def test_the_rate_counts_what_this_process_collected(rig, begun):
    the_rest(rig, begun)
    part = Part.of(begun, 2, 4)
    part.marker.unlink()
    with locked(part):
        began = time.time() - 60.0
        os.utime(part.folder / LOCK, (began, began))
        old = began - 100.0
        os.utime(begun / "host_env_000002_results.pkl", (old, old))
        chunk = status_of(begun).chunks[1]
    assert chunk.rate == pytest.approx(1 / 60, rel=0.05)


def test_time_left_follows_from_the_running_chunks():
    running = [
        Chunk(start, start + 10, ChunkState.RUNNING, done={*range(start, start + 5)}, rate=0.5)
        for start in (0, 10)
    ]
    done = Chunk(30, 40, ChunkState.DONE, done={*range(30, 40)}, rate=0.5)
    status = Status([*running, Chunk(20, 30), done])
    assert status.rate == pytest.approx(1.0)
    assert status.left_s == pytest.approx(20.0)
    usual = Chunk(10, 20, ChunkState.DONE, {*range(10, 20)}, rate=2.0)
    fresh = Status([Chunk(0, 10, ChunkState.RUNNING), usual])
    assert fresh.rate == 2.0, "the mean rate is used until its own is known"


def test_a_folder_without_a_started_collection_is_named(tmp_path):
    with pytest.raises(ResultFileError, match="no collection was started here"):
        status_of(tmp_path)


def test_the_command_prints_the_status(rig, begun, capsys):
    assert main(["status", str(begun)]) == 0
    out = capsys.readouterr().out
    assert "2 of 4 environments done (50%), 2 solved, 0 failed" in out
    assert "chunks: 1 done, 0 running, 0 stopped, 1 waiting" in out
    with locked(Part.of(begun, 2, 4)):
        assert main(["status", str(begun)]) == 0
        assert "running 000002-000004: " in (out := capsys.readouterr().out)
        assert "environments per minute" in out
    assert main(["status", str(begun)]) == 1
    assert "stopped 000002-000004: " in capsys.readouterr().out
    the_rest(rig, begun)
    assert main(["status", str(begun)]) == 1
    assert "failed 3: " in capsys.readouterr().out
    assert main(["status", str(begun / "nowhere")]) == 2
    assert main(["status", str(begun.parent / "scenes")]) == 1


@pytest.fixture
def asked(rig, tmp_path, monkeypatch):
    """Three tiny scenes in the working directory, and runs over them that write down their plan."""
    monkeypatch.chdir(tmp_path)
    copy_scenes(3)
    here = Folder(Path("out"))

    def run(wanted, chunks, **settings):
        config = rig.config(**settings)
        write_plan(here.output, "host", chunks, here.plan(config, wanted).as_record())
        here.pipeline(config, wanted, chunks[0][1] - chunks[0][0])

    here.output.mkdir()
    here.run = run
    return here


def test_what_was_not_asked_for_is_named_and_not_counted(asked, capsys):
    asked.run(range(3), [(0, 3)], seed=2)
    asked.run(range(2), [(0, 2)], seed=1)
    status = status_of(asked.output)
    assert (status.environments, status.done) == (2, 2)
    assert [chunk.state for chunk in status.chunks] == [ChunkState.DONE, ChunkState.UNUSED]
    assert main(["status", "out"]) == 0
    out = capsys.readouterr().out
    assert "1 done, 0 running, 0 stopped, 0 waiting, 1 not used" in out
    assert "environment 2: collected with other settings (seed is 2, now 1)" in out


@pytest.mark.parametrize("damage", ["lost record", "empty marker", "empty table", "other settings"])
def test_outdated_chunks_are_named_with_what_to_do(rig, asked, damage, capsys):
    asked.run(range(3), [(0, 2), (2, 3)])
    part = Part.of(asked.output, 0, 2)
    if damage == "lost record":
        (asked.output / "host_env_000001_results.pkl").unlink()
    elif damage == "other settings":
        plan = asked.plan(rig.config(seed=9), range(2))
        write_plan(asked.output, "host", [(0, 2)], plan.as_record())
    else:
        (part.marker if "marker" in damage else part.table("plans")).write_bytes(b"")
    chunk = status_of(asked.output).chunks[0]
    assert chunk.state is ChunkState.OUTDATED
    assert chunk.objections
    assert main(["status", "out"]) == 1
    out = capsys.readouterr().out
    assert "1 outdated" in out
    assert chunk.objections[0] in out
    assert "rerun the same command to resume outdated chunks" in out


def test_the_list_is_found_from_any_folder(asked, monkeypatch, tmp_path):
    asked.run(range(3), [(0, 3)])
    (Path(SCENES) / "c.xml").unlink()
    monkeypatch.chdir("/")
    (chunk,) = status_of(tmp_path / "out").chunks
    assert chunk.objections == ["parts/000000-000003, environment 2: its scene is not listed"]
