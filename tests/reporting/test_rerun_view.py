"""A recording for the rerun viewer, read back with rerun's own reader."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import namo
from namo.errors import NamoError
from namo.geometry import Pose2D
from namo.reporting import rerun_view
from namo.reporting.rerun_view import open_viewer, write_recording
from namo.results.plan_motion import plan_motion
from namo.signals import TerminationRequested
from tests.training.conftest import collect, write_scenes

pytest.importorskip("rerun")

SOLVED, OPEN = 0, 1
"""Numbers of environments of the collection."""


@pytest.fixture(scope="module")
def solved(rooms, tmp_path_factory):
    """A room that needs a push, and one whose goal is open. Read only."""
    folder = tmp_path_factory.mktemp("rerun")
    options = rooms.SLEEPING
    texts = {
        "a": rooms.plugged(rooms.box(0.9, 0.5, 0.3, number=2), options=options),
        "b": rooms.room(rooms.box(0.9, -0.9), options=options),
    }
    scenes = write_scenes(folder / "scenes", texts)
    return namo.load(
        collect(
            scenes,
            folder / "out",
            algorithm="best_first",
            object_strategy="nearest_first",
            max_depth=3,
            max_goals_per_object=10,
            max_pushes=40,
        )
    )


@pytest.fixture(scope="module")
def episode(solved):
    return solved.episode(solved.episodes["episode_id"][SOLVED].as_py())


@pytest.fixture(scope="module")
def recorded(episode, tmp_path_factory):
    """The columns of each entity and timeline of the recording."""
    path = tmp_path_factory.mktemp("rerun") / "search.rrd"
    write_recording(path, episode)
    return columns_of(path)


def columns_of(path):
    """Entity, timeline -> name of the column -> values; the timeline of what is static is None."""
    from rerun.chunk import RrdReader

    found = {}
    for chunk in RrdReader(path).stream().to_chunks():
        batch = chunk.to_record_batch()
        timeline = next(iter(chunk.timeline_names), None)
        columns = found.setdefault((chunk.entity_path, timeline), {})
        for name in batch.schema.names:
            columns.setdefault(name, []).extend(batch[name].to_pylist())
    return found


def test_every_push_of_the_search_is_a_step(recorded, episode):
    pushes = episode.pushes.to_pylist()
    assert len(pushes) >= 3
    about = recorded["/about", "push"]
    assert about["push"] == [*range(len(pushes))]
    for (text,), row in zip(about["TextDocument:text"], pushes, strict=True):
        assert text.startswith(f"**push {row['push']}** of 0 to {len(pushes) - 1}")
        assert row["object_id"] in text
        assert row["status"] in text
        assert ("**the goal is reachable**" in text) == row["goal_open"]
        assert ("**on the plan that the search found**" in text) == row["on_plan"]


def test_movables_are_drawn_before_and_after_each_push(recorded, episode):
    outlines = [movable.footprint.outline for movable in episode.scene.movables]
    after = recorded["/scene/search/after", "push"]["LineStrips2D:strips"]
    before = recorded["/scene/search/before", "push"]["LineStrips2D:strips"]
    moved = 0
    for row, drawn, ghosts in zip(episode.pushes.to_pylist(), after, before, strict=True):
        poses = np.reshape(row["poses_after"], (-1, 3))[1:]
        for pose, outline, strip in zip(poses, outlines, drawn, strict=True):
            apart = Pose2D(*pose).to_world(outline)[:, None] - np.array(strip)
            assert np.hypot(*apart.T).min(axis=0).max() < 2e-4
        assert bool(ghosts) == row["moved"]
        moved += bool(ghosts)
    assert moved


def test_the_goal_is_filled_while_it_is_reachable(recorded, episode):
    drawn = recorded["/scene/search/goal", "push"]["Points2D:positions"]
    opened = episode.pushes["goal_open"].to_pylist()
    assert [bool(positions) for positions in drawn] == opened
    assert any(opened)


def test_pushes_of_the_plan_are_marked_on_the_curve_of_depths(recorded, episode):
    pushes = episode.pushes.to_pylist()
    depths = recorded["/depth/search", "push"]["Scalars:scalars"]
    assert depths == [[row["depth"]] for row in pushes]
    marked = recorded["/depth/plan", "push"]
    assert marked["push"] == [row["push"] for row in pushes if row["on_plan"]]


def test_the_motion_of_the_plan_is_recorded_frame_by_frame(recorded, episode):
    motion = plan_motion(episode.steps.to_pylist())
    robot = recorded["/scene/plan/robot", "time"]
    times = [each.total_seconds() for each in robot["time"]]
    assert times == pytest.approx([0.1 * number for number in range(len(motion))])
    positions = np.array(robot["Points2D:positions"])[:, 0]
    np.testing.assert_allclose(positions, motion.robot, atol=1e-5)
    about = recorded["/about", "time"]["TextDocument:text"]
    assert [text[0].split("\n")[0] for text in about] == [
        f"**push {number} of {len(episode.plan)} of the plan**"
        for number in range(1, len(episode.plan) + 1)
    ]


def test_the_scene_is_mirrored_so_that_y_points_up(recorded):
    (mirror,) = recorded["/scene", None]["Transform3D:mat3x3"]
    assert np.reshape(mirror, (3, 3)).diagonal().tolist() == [1.0, -1.0, 1.0]


def test_a_search_without_a_push_shows_the_start(solved, tmp_path):
    episode = solved.episode(solved.episodes["episode_id"][OPEN].as_py())
    assert episode.pushes.num_rows == 0
    write_recording(tmp_path / "open.rrd", episode)
    found = columns_of(tmp_path / "open.rrd")
    assert found["/scene/search/robot", "push"]["push"] == [0]
    assert found["/about", "push"]["TextDocument:text"][0][0].startswith("no push was simulated")


def test_rerun_verifies_the_file(episode, tmp_path):
    write_recording(tmp_path / "search.rrd", episode)
    verify = [str(Path(sys.executable).with_name("rerun")), "rrd", "verify"]
    done = subprocess.run([*verify, str(tmp_path / "search.rrd")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "verified without error" in done.stdout + done.stderr


def test_an_interrupted_recording_leaves_nothing(episode, tmp_path, monkeypatch):
    def end():
        raise TerminationRequested(15)

    monkeypatch.setattr(rerun_view, "check_termination", end)
    with pytest.raises(TerminationRequested):
        write_recording(tmp_path / "search.rrd", episode)
    assert list(tmp_path.iterdir()) == []


def test_the_viewer_needs_a_display(episode, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(NamoError, match="needs a display; --rrd FILE needs none"):
        open_viewer(episode)
