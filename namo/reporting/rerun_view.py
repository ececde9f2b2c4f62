"""A search and its plan as a recording for the rerun viewer, to be stepped through.

On the timeline `push`, one step per simulated push of the search: the movables before and after it,
what was asked for as an arrow, and what came of it. On the timeline `time`, the recorded motion of
the plan. Coordinates are those of the scene (m), x to the right and y up.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rerun as rr
import rerun.blueprint as rrb

from namo.errors import NamoError
from namo.files import replacing
from namo.geometry import Floats
from namo.reporting.rerun_shapes import THIN_M, RerunShapes, colour, lines
from namo.reporting.scene_shapes import pose_differences
from namo.results.actions import request_text
from namo.results.episode import Episode
from namo.results.plan_motion import plan_motion
from namo.results.record_types import SceneColumns
from namo.scenes.palette import GOAL, INK, PAGE, ROBOT
from namo.signals import check_termination
from namo.world.push_skill import MOVED_M, MOVED_RAD
from namo.world.recording import FRAME_S

APPLICATION = "namo"
PUSH, TIME = "push", "time"
"""Timelines: number of the push in the search, and time in the plan (s)."""
SCENE, SEARCH, PLAN, ABOUT = "scene", "scene/search", "scene/plan", "about"
DEPTH, ON_PLAN = "depth/search", "depth/plan"
"""Entities: what is drawn, text on the present push, and how deep the search was."""
BEFORE = "#b9b4a7"
"""Colour of movables where a push moved them from."""
_MARGIN = 0.03
"""Around the scene, as a fraction of its size."""


def write_recording(path: Path, episode: Episode) -> None:
    """Write the search and the plan of an episode as a file for the rerun viewer.

    Args:
        path: the file; written whole or not at all.
        episode: to show.

    Raises:
        OSError: the file cannot be written.
        TerminationRequested: a signal asked the process to end.
    """
    with tempfile.TemporaryDirectory() as folder:  # rerun writes to file names only
        name = Path(folder) / "recording.rrd"
        recording = _new_recording(episode)
        recording.save(name, default_blueprint=_blueprint(episode.scene_row["bounds"]))
        _log_episode(recording, episode)
        recording.disconnect()
        with replacing(path) as handle:
            handle.write(name.read_bytes())


def open_viewer(episode: Episode) -> None:
    """Show the search and the plan of an episode in a rerun viewer, which stays open.

    Args:
        episode: to show.

    Raises:
        NamoError: no display is available.
    """
    displays = ("DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform == "linux" and not any(map(os.environ.get, displays)):
        raise NamoError("the viewer needs a display; --rrd FILE needs none")
    recording = _new_recording(episode)
    # Of this installation, whose programs need not be on the path.
    program = Path(sys.executable).with_name("rerun")
    rr.spawn(
        executable_path=str(program),
        default_blueprint=_blueprint(episode.scene_row["bounds"]),
        recording=recording,
    )
    _log_episode(recording, episode)
    recording.disconnect()


def _new_recording(episode: Episode) -> rr.RecordingStream:
    recording = rr.RecordingStream(APPLICATION, recording_id=episode.id, send_properties=False)
    recording.set_log_time_enabled(False)
    recording.set_log_tick_enabled(False)
    return recording


def _blueprint(bounds: Sequence[float]) -> rrb.Blueprint:
    x_min, y_min, x_max, y_max = bounds
    margin = _MARGIN * max(x_max - x_min, y_max - y_min)
    above = rrb.Spatial2DView(
        origin="/",
        contents=f"{SCENE}/**",
        name="from above",
        visual_bounds=rrb.VisualBounds2D(
            x_range=(x_min - margin, x_max + margin), y_range=(-y_max - margin, margin - y_min)
        ),
        background=colour(PAGE),
    )
    beside = rrb.Vertical(
        rrb.TextDocumentView(origin=ABOUT, name="this push"),
        rrb.TimeSeriesView(origin="depth", name="depth in the search (pushes)"),
    )
    return rrb.Blueprint(
        rrb.Horizontal(above, beside, column_shares=[3, 1]),
        rrb.TimePanel(timeline=PUSH),
        rrb.SelectionPanel(state="hidden"),
        rrb.BlueprintPanel(state="hidden"),
    )


def _log_episode(recording: rr.RecordingStream, episode: Episode) -> None:
    scene = episode.scene_row
    shapes = RerunShapes(scene)
    # The y axis of the viewer points down.
    mirror = rr.Transform3D(mat3x3=np.diag([1.0, -1.0, 1.0]))
    recording.log(SCENE, mirror, static=True)
    recording.log(f"{SCENE}/walls", shapes.walls(), static=True)
    recording.log(f"{SCENE}/goal", shapes.goal(), static=True)
    pushes, steps = episode.pushes.to_pylist(), episode.steps.to_pylist()
    if not pushes:
        _log_start(recording, scene, shapes, episode)
    _log_search(recording, pushes, shapes)
    if steps:
        _log_plan(recording, steps, shapes)


def _log_start(
    recording: rr.RecordingStream, scene: SceneColumns, shapes: RerunShapes, episode: Episode
) -> None:
    """Log the start of a search that pushed nothing."""
    recording.set_time(PUSH, sequence=0)
    recording.log(f"{SEARCH}/after", shapes.movables(np.reshape(scene["poses"], (-1, 3))))
    recording.log(f"{SEARCH}/robot", shapes.robot(scene["robot"][:2]))
    recording.log(f"{SEARCH}/goal", shapes.open_goal(is_open=episode.solved))
    recording.log(ABOUT, _document(["no push was simulated", episode.termination.value]))
    recording.reset_time()


def _log_search(
    recording: rr.RecordingStream, pushes: Sequence[Mapping[str, Any]], shapes: RerunShapes
) -> None:
    marker = rr.SeriesPoints(colors=colour(ROBOT), names="on the plan", marker_sizes=6.0)
    recording.log(ON_PLAN, marker, static=True)
    recording.log(DEPTH, rr.SeriesLines(colors=colour(BEFORE), names="all pushes"), static=True)
    for number, row in enumerate(pushes):
        check_termination()
        recording.set_time(PUSH, sequence=number)
        _log_push(recording, row, shapes)
        recording.log(
            ABOUT, _document([f"**push {number}** of 0 to {len(pushes) - 1}", *_said(row)])
        )
    recording.reset_time()


def _log_push(recording: rr.RecordingStream, row: Mapping[str, Any], shapes: RerunShapes) -> None:
    """Log a push of the search at the present time."""
    before, after = (np.reshape(row[name], (-1, 3)) for name in ("poses_before", "poses_after"))
    name = GOAL if row["goal_open"] else ROBOT if row["on_plan"] else INK
    pushed = row["object_names"].index(row["object_id"])
    far = pose_differences(after[1:], before[1:]) > (MOVED_M, MOVED_M, MOVED_RAD)
    moved = np.flatnonzero(far.any(axis=1)).tolist()
    recording.log(f"{SEARCH}/before", shapes.some_movables(before[1:], moved, BEFORE))
    recording.log(f"{SEARCH}/after", shapes.movables(after[1:], pushed))
    recording.log(f"{SEARCH}/robot", shapes.robot(after[0, :2]))
    recording.log(f"{SEARCH}/request", shapes.request(row, before[1:], name))
    recording.log(f"{SEARCH}/goal", shapes.open_goal(is_open=row["goal_open"]))
    recording.log(DEPTH, rr.Scalars(row["depth"]))
    if row["on_plan"]:
        recording.log(ON_PLAN, rr.Scalars(row["depth"]))


def _log_plan(
    recording: rr.RecordingStream, steps: Sequence[Mapping[str, Any]], shapes: RerunShapes
) -> None:
    """Log the recorded motion of the plan."""
    motion = plan_motion(steps)
    pushed = [step["object_names"].index(step["object_id"]) for step in steps]
    first = {number: int(np.argmax(motion.push == number)) for number in range(len(steps))}
    starts = {frame: number for number, frame in first.items()}
    for frame, (robot, movables) in enumerate(zip(motion.robot, motion.movables, strict=True)):
        recording.set_time(TIME, duration=round(frame * FRAME_S, 6))
        if frame in starts:
            _log_step(recording, steps, starts[frame], movables, shapes)
            way = motion.robot[motion.push == starts[frame]]
            recording.log(f"{PLAN}/way", lines([way], ROBOT, THIN_M))
        present = pushed[motion.push[frame]]
        recording.log(f"{PLAN}/movables", shapes.movables(movables, present))
        recording.log(f"{PLAN}/robot", shapes.robot(robot))
    recording.reset_time()


def _log_step(
    recording: rr.RecordingStream,
    steps: Sequence[Mapping[str, Any]],
    number: int,
    movables: Floats,
    shapes: RerunShapes,
) -> None:
    """Log what a push of the plan asks for, at the present time."""
    step = steps[number]
    recording.log(f"{PLAN}/request", shapes.request(step, movables, GOAL))
    title = f"**push {number + 1} of {len(steps)} of the plan**"
    text = [title, f"{step['object_id']}, {request_text(step)}", step["status"]]
    recording.log(ABOUT, _document(text))


def _said(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is to be said of a push of the search."""
    yield f"{row['object_id']}, {request_text(row)}"
    yield f"{row['status']}{'' if row['moved'] else ', nothing moved'}"
    yield f"at depth {row['depth']}, from state {row['state']} to state {row['next_state']}"
    if row["goal_open"]:
        yield "**the goal is reachable**"
    elif row["goal_gap"] is not None:
        yield f"the reached floor is a drive of {row['goal_gap']:.2f} m from the goal"
    if row["on_plan"]:
        yield "**on the plan that the search found**"


def _document(paragraphs: Sequence[str]) -> rr.TextDocument:
    return rr.TextDocument("\n\n".join(paragraphs), media_type=rr.MediaType.MARKDOWN)
