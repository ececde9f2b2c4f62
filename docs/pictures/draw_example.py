"""Draw `example.svg`, the animated picture in the README: a plan of two pushes, found and replayed.

python docs/pictures/draw_example.py

The animation is made of CSS keyframes. Where they do not run (reduced motion, print), the last
frame is shown: every element stands where the plan leaves it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from drawn import HERE, Plan, demo_scene, moved_to, text, write_picture
from namo.geometry import Floats, Pose2D
from namo.planning.idfs import IDFS
from namo.planning.planner import Budget
from namo.scenes.reading import read_scene
from namo.scenes.scene import Movable
from namo.seeding import Streams
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NearestFirst
from namo.world.driving import drive_path
from namo.world.push import Action
from namo.world.reachability import Reachability
from namo.world.recording import DRIVE_SPEED, FRAME_S, Recorder
from namo.world.world import World

NUMBER = 80
"""Demo scene, by the number in its name."""
PIXELS_PER_M = 60
MARGIN = 12.0
SPEED_UP = 3.0
BEFORE_S, AFTER_S = 1.0, 2.5
"""How long the first and the last frame stay (s)."""
REGION_FRAMES = 6
"""Frames from one update of the reachable region to the next."""
MAX_ERROR_PX, MAX_ERROR_DEG = 0.4, 0.5
"""Frames that linear interpolation meets this closely are left out."""
CAPTIONS = (
    "Start: boxes in two doors keep the robot from its goal.",
    "Push 1 moves the first box, and two behind it, out of the way.",
    "Push 2 ends as soon as the goal is reachable.",
    "Solved: two pushes, and the robot drives to its goal.",
)

Keyframes = Sequence[tuple[float, str]]
"""(time (s), declarations) in order of time."""


class Animation:
    """Frames of a replayed plan.

    Attributes:
        frames: world x, y (m) of the robot, then x, y (m), theta (rad) of each movable in file
            order, one per `FRAME_S`.
        starts: index of the first frame of each caption.
    """

    def __init__(self, world: World, plan: Sequence[Action]) -> None:
        """Replay a plan from the start of the scene, then drive to the goal."""
        world.reset()
        world.observer = recorder = Recorder(world)
        self.starts = [0]
        for push in plan:
            self.starts.append(len(recorder.frames))
            world.push(push)
        recorder.finish()
        self.frames = recorder.frames
        self.starts.append(len(self.frames))
        goal = world.scene.goal
        for x, y in _paced(drive_path(world.reachability(), goal.x, goal.y)):
            self.frames.append([x, y, *self.frames[-1][2:]])
        self.duration_s = self.time_s(len(self.frames) - 1) + AFTER_S

    def time_s(self, frame: int) -> float:
        """Return when a frame is shown (s)."""
        return BEFORE_S + frame * FRAME_S / SPEED_UP if frame else 0.0

    def pose(self, frame: int, movable: int) -> Pose2D:
        """Return the pose of a movable in a frame."""
        return Pose2D(*self.frames[frame][2 + 3 * movable : 5 + 3 * movable])

    def keyframes(self, name: str, frames: Keyframes, timing: str = "linear") -> str:
        """Return the CSS that animates the element of that id."""
        steps = "".join(f"{100 * at / self.duration_s:.2f}%{{{what}}}" for at, what in frames)
        last = frames[-1][1]
        return (
            f"#{name}{{animation:{name} {self.duration_s:.1f}s {timing} infinite}}"
            f"@keyframes {name}{{{steps}100%{{{last}}}}}\n"
        )

    def shown(self, name: str, first: int, end: int | None = None) -> str:
        """Return the CSS that shows an element from a frame on, until another."""
        frames = [(0.0, f"opacity:{int(first == 0)}")]
        frames += [(self.time_s(first), "opacity:1")] * bool(first)
        frames += [] if end is None else [(self.time_s(end), "opacity:0")]
        return self.keyframes(name, frames, "step-end")


def main() -> None:
    """Search, replay and draw."""
    world = World(read_scene(demo_scene(NUMBER)))
    planner = IDFS(NearestFirst(), RandomGoals(), max_goals_per_object=5)
    result = planner.search(world, Budget(), Streams.for_episode(0, NUMBER, 0))
    animation = Animation(world, result.plan)
    plan = Plan(world.scene, PIXELS_PER_M)
    css: list[str] = []
    drawn = [plan.floor(), *_regions(world, plan, animation, css), plan.walls()]
    drawn += _ghosts(world, plan, animation, result.plan, css)
    for place, movable in enumerate(world.scene.movables):
        drawn.append(_box(plan, animation, movable, place, css))
    drawn += [plan.goal(), _robot(world, plan, animation, css)]
    drawn += _captions(plan, animation, css)
    style = f'<style media="(prefers-reduced-motion: no-preference)">\n{"".join(css)}</style>'
    body = "\n".join([style, moved_to(MARGIN, MARGIN, "\n".join(drawn))])
    label = "A row of rooms with boxes in the doors, and a plan of two pushes that opens the way"
    size = plan.width + 2 * MARGIN, plan.height + 34 + 2 * MARGIN
    write_picture(HERE / "example.svg", *size, body, label)


def _regions(world: World, plan: Plan, animation: Animation, css: list[str]) -> Iterable[str]:
    """Yield the reachable regions; one is visible at a time."""
    regions: list[tuple[int, str]] = []
    names = [movable.name for movable in world.scene.movables]
    end = animation.starts[-1]  # nothing moves but the robot from there on
    for frame in [*range(0, end, REGION_FRAMES), end]:
        x, y = animation.frames[frame][:2]
        poses = {name: animation.pose(frame, place) for place, name in enumerate(names)}
        mask = Reachability(world.static, {"robot": Pose2D(x, y, 0.0), **poses}).mask
        drawn = plan.region(mask)
        if not regions or drawn != regions[-1][1]:
            regions.append((frame, drawn))
    ends = [frame for frame, _ in regions[1:]]
    for place, (frame, drawn) in enumerate(regions):
        last = place == len(regions) - 1
        css.append(animation.shown(f"g{place}", frame, None if last else ends[place]))
        yield f'<g id="g{place}"{"" if last else _HIDDEN}>{drawn}</g>'


def _ghosts(
    world: World, plan: Plan, animation: Animation, pushes: Sequence[Action], css: list[str]
) -> Iterable[str]:
    """Yield the outline of each pushed box at its old pose, visible once the push starts."""
    names = [movable.name for movable in world.scene.movables]
    for place, push in enumerate(pushes):
        first = animation.starts[1 + place]
        pose = animation.pose(first, names.index(push.object_name))
        css.append(animation.shown(f"s{place}", first))
        ghost = plan.box(world.scene.movable(push.object_name), pose, "ghost")
        yield f'<g id="s{place}">{ghost}</g>'


def _box(plan: Plan, animation: Animation, movable: Movable, place: int, css: list[str]) -> str:
    """Return a box, drawn around the origin and put where it stands at the end."""
    poses = [animation.pose(frame, place) for frame in range(len(animation.frames))]
    theta = np.unwrap([pose.theta for pose in poses])
    track = np.column_stack([plan.pixels(np.array([pose[:2] for pose in poses])), theta])
    track[:, 2] = -np.degrees(track[:, 2])  # y points downwards in the picture
    kept = _kept(track, np.array([MAX_ERROR_PX, MAX_ERROR_PX, MAX_ERROR_DEG]))
    if len(kept) > 1 and np.ptp(track, axis=0).max() > MAX_ERROR_PX:
        frames = [
            (animation.time_s(frame), f"transform:translate({x}px,{y}px) rotate({turn}deg)")
            for frame in kept
            for x, y, turn in [track[frame].round(1).tolist()]
        ]
        css.append(animation.keyframes(f"b{place}", frames))
    x, y, turn = track[-1].round(1).tolist()
    corners = movable.footprint.outline * plan.scale * (1, -1)
    outline = "L".join(f"{x:.1f} {y:.1f}" for x, y in corners.tolist())
    return (
        f'<path id="b{place}" class="movable" transform="translate({x} {y}) rotate({turn})" '
        f'd="M{outline}Z"/>'
    )


def _robot(world: World, plan: Plan, animation: Animation, css: list[str]) -> str:
    """Return the robot, drawn around the origin and put where it stands at the end."""
    track = plan.pixels(np.array([frame[:2] for frame in animation.frames]))
    frames = [
        (animation.time_s(frame), f"transform:translate({x}px,{y}px)")
        for frame in _kept(track, np.array([MAX_ERROR_PX, MAX_ERROR_PX]))
        for x, y in [track[frame].round(1).tolist()]
    ]
    css.append(animation.keyframes("r", frames))
    x, y = track[-1].round(1).tolist()
    radius = world.scene.robot.radius * plan.scale
    return f'<circle id="r" class="robot" r="{radius:.1f}" transform="translate({x} {y})"/>'


def _captions(plan: Plan, animation: Animation, css: list[str]) -> Iterable[str]:
    """Yield the captions; one is visible at a time."""
    for place, (words, first) in enumerate(zip(CAPTIONS, animation.starts, strict=True)):
        last = place == len(CAPTIONS) - 1
        css.append(
            animation.shown(f"c{place}", first, None if last else animation.starts[place + 1])
        )
        line = text(plan.width / 2, plan.height + 27, words)
        yield f'<g id="c{place}"{"" if last else _HIDDEN}>{line}</g>'


_HIDDEN = ' opacity="0"'


def _kept(track: Floats, tolerance: Floats) -> list[int]:
    """Return the frames between which linear interpolation reproduces all others.

    Args:
        track: (frames, values) over time.
        tolerance: (values,) largest error of each value.
    """
    kept = {0, len(track) - 1}
    spans = [(0, len(track) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        fraction = np.linspace(0.0, 1.0, last - first + 1)[:, None]
        line = track[first] + fraction * (track[last] - track[first])
        errors = (np.abs(track[first : last + 1] - line) / tolerance).max(axis=1)
        if errors.max() > 1.0:
            middle = first + int(errors.argmax())
            kept.add(middle)
            spans += [(first, middle), (middle, last)]
    return sorted(kept)


def _paced(path: Floats) -> list[tuple[float, float]]:
    """Return positions along a path (n, 2), one per frame, without its start (m)."""
    places: list[tuple[float, float]] = []
    for (x, y), (x_end, y_end) in pairwise(path.tolist()):
        steps = max(1, round(math.hypot(x_end - x, y_end - y) / (DRIVE_SPEED * FRAME_S)))
        fractions = [(1 + step) / steps for step in range(steps)]
        places += [(x + part * (x_end - x), y + part * (y_end - y)) for part in fractions]
    return places


if __name__ == "__main__":
    main()
