import itertools
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from namo.scenes.reading import read_scene
from namo.scenes.rooms import RoomKind, draw_room, kind_of, room_file_name

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "workflow" / "scripts" / "draw_demo_rooms.py"


def run_script(*arguments):
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )


def test_the_demo_rooms_are_what_the_script_draws(demo_rooms, tmp_path):
    done = run_script("--output", tmp_path)
    assert done.returncode == 0, done.stderr
    drawn = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in demo_rooms.iterdir()}
    assert drawn.keys() == kept.keys()
    assert [name for name in drawn if drawn[name] != kept[name]] == []


def test_wrong_arguments_are_refused(tmp_path):
    for option, value in (("--count", "0"), ("--seed", "-1"), ("--count", "x")):
        done = run_script("--output", tmp_path, option, value)
        assert done.returncode == 2
        assert option in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_kind_is_among_the_first_rooms():
    counts = Counter(kind_of(index) for index in range(24))
    assert set(counts) == set(RoomKind)
    assert counts[RoomKind.UNSOLVABLE] == 1
    assert 4 <= sum(kind_of(index) is RoomKind.UNSOLVABLE for index in range(100)) <= 5


def test_a_room_depends_on_seed_and_index_alone():
    assert draw_room(3, 7) == draw_room(3, 7)
    assert draw_room(3, 7) != draw_room(4, 7)
    assert room_file_name(7) == f"room_007_{kind_of(7)}.xml"


@pytest.mark.parametrize("seed", [1, 2])
def test_rooms_of_other_seeds_can_be_drawn(seed):
    for index in range(48):
        draw_room(seed, index)


def test_no_two_rooms_are_alike(demo_rooms):
    scenes = [read_scene(path) for path in sorted(demo_rooms.iterdir())]
    assert len({scene.robot for scene in scenes}) == len(scenes)
    assert all(a != b for a, b in itertools.pairwise(scenes))


def test_rooms_are_of_modest_size(demo_rooms):
    for path in demo_rooms.iterdir():
        bounds = read_scene(path).bounds
        assert 3.9 < bounds.x_max - bounds.x_min < 6.2
        assert 3.9 < bounds.y_max - bounds.y_min < 6.2
