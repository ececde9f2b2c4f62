"""Replay a stored plan or simulated push, check its states against the stored ones, and show it.

With --check, every plan of a collection or of an exported data set.

Exit codes: 0 the replay matches; 1 it diverged, or the scene is gone; 2 wrong usage or nothing to
replay.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from namo.commands.arguments import add_run_from
from namo.commands.environments import add_environment, environment_file
from namo.errors import UsageError

if TYPE_CHECKING:
    from namo.results.record_types import Action, Columns, EpisodeRecord
    from namo.results.replay import Replay
    from namo.scenes.scene import Scene
    from namo.scenes.topdown import RgbImage
    from namo.world.world import World

HELP = "replay a plan or push, as a video or in the viewer"

DEFAULT_WIDTH = 640
MAX_WIDTH = 8192


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    absent = argparse.SUPPRESS
    parser.add_argument(
        "file",
        metavar="DIR|FILE",
        type=Path,
        help="folder of a collection, or file of an environment, *_env_*_results.pkl",
    )
    add_environment(parser, "; needed with DIR")
    parser.add_argument(
        "--episode",
        metavar="N",
        type=int,
        default=absent,
        help="number of the episode (default: the first with a plan of at least one push; with "
        "--push 0)",
    )
    parser.add_argument(
        "--push",
        metavar="N",
        type=int,
        default=absent,
        help="replay this push of the search (column push of pushes.parquet), and before it the "
        "pushes that lead to its state, instead of the plan",
    )
    parser.add_argument("--check", action="store_true", help="only check that the replay matches")
    parser.add_argument("--gif", metavar="FILE", type=Path, default=absent, help="write a GIF")
    parser.add_argument(
        "--mp4", metavar="FILE", type=Path, default=absent, help="write an MP4 video"
    )
    parser.add_argument(
        "--render",
        action="store_true",
        help="render videos with MuJoCo and OpenGL instead of drawing them top-down",
    )
    parser.add_argument("--viewer", action="store_true", help="show the replay in MuJoCo's viewer")
    parser.add_argument(
        "--width",
        type=int,
        default=DEFAULT_WIDTH,
        metavar="N",
        help="width of videos [pixels]",
    )
    add_run_from(parser)


def run(options: argparse.Namespace) -> int:
    """Replay the plan, write videos or show it, and return the exit code.

    Raises:
        UsageError: two options do not go together or one is out of its range, or the file holds no
            such plan.
        SceneError: the scene is not stored, and its file is gone or has changed.
    """
    videos = [getattr(options, name) for name in ("gif", "mp4") if hasattr(options, name)]
    for name in ("gif", "mp4"):
        if hasattr(options, name) and getattr(options, name).suffix.lower() != f".{name}":
            raise UsageError(f"--{name} {getattr(options, name)}: must end in .{name}")
    if options.check and (videos or options.viewer):
        raise UsageError("--check: shows nothing; omit it with --gif, --mp4 and --viewer")
    if options.render and not videos:
        raise UsageError("--render: sets how videos are drawn; needs --gif or --mp4")
    if not 16 <= options.width <= MAX_WIDTH:
        raise UsageError(f"--width {options.width}: must be 16 or more, at most {MAX_WIDTH}")
    if options.render and sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("MUJOCO_GL", "egl")  # read when MuJoCo is imported
    from namo.results.collected_scenes import CollectedScenes
    from namo.results.records import read_environment
    from namo.scenes.conditions import Conditions
    from namo.world.world import World

    if options.check and options.file.is_dir() and options.environment is None:
        return _check_all(options)
    file = _file(options.file, options.environment)
    record = read_environment(file)
    episode: int | None = getattr(options, "episode", None)
    if hasattr(options, "push"):
        asked = _asked_push(file, record["pushes"], episode or 0, options.push)
    else:
        asked = _asked_plan(file, record["episode_results"], episode)
    scenes = CollectedScenes(file.parent, options.run_from)
    scene = scenes.scene(record, Conditions.of(record["metrics"][0]))
    done = asked.replay(World(scene))
    print(f"{asked.name}: {done.problem or 'replay matches'}", *asked.steps, sep="\n", flush=True)
    for video in videos:
        _write_video(video, scene, done, options.width, rendered=options.render)
        print(f"wrote {video}")
    if options.viewer:
        from namo.reporting.opengl import show_in_viewer

        show_in_viewer(scene, [joints for push in done.pushes for joints in push.joints])
    return int(done.problem is not None)


def _check_all(options: argparse.Namespace) -> int:
    """Replay every plan of a collection or of an exported data set, and return the exit code.

    Raises:
        UsageError: an option chooses among the plans of one environment.
        SceneError: a scene is not stored, and its file is gone or has changed.
    """
    from namo.results.collection import Collection
    from namo.results.replay import replay_plans
    from namo.wording import counted

    for name in ("episode", "push"):
        if hasattr(options, name):
            raise UsageError(f"--{name}: needs an environment: DIR ENV")
    collection, plans, diverged = Collection(options.file, options.run_from), 0, 0
    for searched in collection.searched():
        for episode_id, problem in replay_plans(
            collection.collected_scenes, searched.reference, searched.conditions, searched.episodes
        ):
            plans += 1
            if problem:
                diverged += 1
                print(f"{episode_id}: {problem}", flush=True)
    print(f"{counted(plans, 'plan', 'plans')} replayed: {plans - diverged} match")
    return int(diverged > 0)


def _file(path: Path, environment: str | None) -> Path:
    """Return the file of the environment to replay.

    Raises:
        UsageError: the arguments name none, or no single one.
    """
    if path.is_dir():
        if environment is None:
            raise UsageError(
                f"{path}: is a folder; name an environment too: DIR ENV; --check replays all plans "
                "without one"
            )
        return environment_file(path, environment)
    if environment is not None:
        raise UsageError(f"{path}: is not a folder; omit {environment}")
    return path


class _Asked(NamedTuple):
    """What to replay.

    Attributes:
        name: for messages.
        replay: replays it in a world.
        steps: lines that say what its pushes ask for.
    """

    name: str
    replay: Callable[[World], Replay]
    steps: Sequence[str] = ()


def _asked_plan(file: Path, episodes: Sequence[EpisodeRecord], number: int | None) -> _Asked:
    from namo.results.replay import replay
    from namo.wording import counted

    episode = _episode(file, episodes, number)
    pushes = counted(len(episode["state_observations"]), "push", "pushes")
    return _Asked(
        f"{episode['episode_id']}: plan of {pushes}",
        lambda world: replay(world, episode),
        [_step_text(*step) for step in enumerate(episode["action_sequence"] or (), start=1)],
    )


def _step_text(number: int, action: Action) -> str:
    from namo.geometry import Pose2D
    from namo.results.actions import push_columns, push_of, request_text

    columns = push_columns(push_of(action), Pose2D(*action["target"]))
    return f"  {number}  {action['object_id']}, {request_text(columns)}"


def _asked_push(file: Path, pushes: Columns, episode: int, number: int) -> _Asked:
    """Return the replay of a push of a search.

    Raises:
        UsageError: there is no such push.
    """
    from namo.results.actions import PUSH_COLUMNS, request_text
    from namo.results.replay import replay_push

    rows = [row for row, each in enumerate(pushes["episode"]) if each == episode]
    if not 0 <= number < len(rows):
        raise UsageError(
            f"{file}: episode {episode} has no push {number}; its {len(rows)} pushes are numbered "
            "from 0"
        )
    name, status, moved, depth, episode_id = (
        pushes[column][rows[number]]
        for column in ("object_id", "status", "moved", "depth", "episode_id")
    )
    asked = request_text({column: pushes[column][rows[number]] for column in PUSH_COLUMNS})
    outcome = f"{status}{'' if moved else ', nothing moved'}"
    return _Asked(
        f"{episode_id}: push {number}, at depth {depth} ({name}, {asked}): {outcome}",
        lambda world: replay_push(world, pushes, episode, number),
    )


def _episode(file: Path, episodes: Sequence[EpisodeRecord], number: int | None) -> EpisodeRecord:
    """Return the episode to replay.

    Raises:
        UsageError: there is no such episode, or it has no plan with a push.
    """
    if number is None:
        for episode in episodes:
            if episode["action_sequence"]:
                return episode
        raise UsageError(f"{file}: no episode has a plan with a push")
    suffix = f"_episode_{number}"
    for episode in episodes:
        if episode["episode_id"].endswith(suffix):
            if not episode["action_sequence"]:
                raise UsageError(f"{file}: episode {number} has no plan with a push")
            return episode
    there = ", ".join(episode["episode_id"].rpartition("_")[2] for episode in episodes)
    raise UsageError(f"{file}: no episode {number}; expected one of: {there or 'none'}")


def _write_video(path: Path, scene: Scene, done: Replay, width: int, *, rendered: bool) -> None:
    from namo.reporting.video import write_video

    if rendered:
        from namo.reporting.opengl import render_frames

        joints = [positions for push in done.pushes for positions in push.joints]
        pictures: Iterable[RgbImage] = render_frames(scene, joints, width)
    else:
        pictures = _from_above(scene, done, width)
    write_video(path, list(pictures))


def _from_above(scene: Scene, done: Replay, width: int) -> Iterable[RgbImage]:
    import numpy as np

    from namo.scenes.topdown import TopDownRenderer

    above = TopDownRenderer(scene, width)
    frames = [frame for push in done.pushes for frame in push.frames]
    way = np.array([frame[:2] for frame in frames])
    for place, frame in enumerate(frames):
        yield above.draw(frame, way[: place + 1])
