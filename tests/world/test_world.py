import re
import subprocess
import sys
from textwrap import dedent

import numpy as np
import pytest

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.reading import parse_scene
from namo.scenes.writing import scene_xml
from namo.world import world as module
from namo.world.push import Push
from namo.world.world import World

NAME = "obstacle_1_movable"


@pytest.fixture
def world(rooms) -> World:
    return World(rooms.plugged(rooms.box(-1.0, 0.9, 0.3, number=2)))


def test_a_world_starts_at_the_start_of_its_scene(world):
    scene = world.scene
    poses = world.poses()
    assert list(poses) == ["robot", NAME, "obstacle_2_movable"]
    assert poses["robot"] == (scene.robot.x, scene.robot.y, 0.0)
    for movable in scene.movables:
        assert poses[movable.name] == pytest.approx(movable.pose, abs=1e-12)


def test_an_observation_is_the_poses_as_lists(world):
    assert world.observation() == {f"{n}_pose": list(pose) for n, pose in world.poses().items()}


def test_reset_returns_to_the_start(world):
    start, observation = world.save(), world.observation()
    world.push(Push(NAME, Pose2D(0.7, 0.2, 0.0)))
    assert world.save().key != start.key
    world.reset()
    assert world.save().key == start.key
    assert world.observation() == observation


def test_restoring_discards_the_reachability_of_the_state_before(world):
    closed = world.save()
    assert not world.reachability().goal_reachable
    world.push(Push(NAME, Pose2D(0.9, 0.0, 0.0)))
    opened = world.save()
    assert world.reachability().goal_reachable
    for state, reachable in ((closed, False), (opened, True), (closed, False)):
        world.restore(state)
        assert world.reachability().goal_reachable is reachable


def test_reachability_is_computed_once_per_state(world):
    assert world.reachability() is world.reachability()
    first = world.reachability()
    world.restore(world.save())
    assert world.reachability() is not first


def test_returned_poses_are_copies(world):
    world.poses()["robot"] = Pose2D(9.0, 9.0, 0.0)
    world.observation()["robot_pose"][0] = 9.0
    assert world.poses()["robot"] == (-1.4, -1.2, 0.0)


def test_settling_takes_the_robot_off_a_box(world):
    contact = world.static.contacts[NAME].positions[10]
    world.simulation.place_robot(*contact)
    world.simulation.drive(1.0, 0.0)
    world.simulation.step(30)
    box = world.simulation.pose(NAME)
    world.settle()
    assert world.poses()[NAME] == box
    assert world.reachability().reached(np.array(world.poses()["robot"][:2]))
    assert world.simulation.robot() == pytest.approx(world.poses()["robot"][:2], abs=1e-12)
    assert not world.simulation.data.qvel.any()


def test_reachability_after_settling_equals_that_after_a_restore(world):
    rng = np.random.default_rng(0)
    for x, y in rng.uniform([-1.8, -1.8], [-0.2, 1.8], (60, 2)):
        world.simulation.place_robot(x, y)
        world.settle()
        observation = world.observation()
        world.restore(world.save())
        assert world.observation() == observation


def test_wall_times_and_steps_are_counted(world):
    assert world.physics_steps == 0
    outcome = world.push(Push(NAME, Pose2D(0.7, 0.2, 0.0)))
    assert world.physics_steps == outcome.physics_steps > 0
    assert world.physics_s > 0.0
    assert world.reachability_s > 0.0
    assert world.planning_s > 0.0


def test_a_scene_too_large_for_the_grid_is_refused(rooms):
    with pytest.raises(SceneError, match="are its units metres"):
        World(rooms.room(side=4000.0))


def test_preparing_does_not_change_the_state(world):
    world.push(Push(NAME, Pose2D(0.4, 0.1, 0.0)))
    before, observation = world.save().key, world.observation()
    world.prepare()
    assert (world.save().key, world.observation()) == (before, observation)


FIRST_SEARCHES = """
import sys
from pathlib import Path
from unittest.mock import patch

from numba.core.dispatcher import Dispatcher

from namo.collection.config import CollectionConfig
from namo.collection.models import make_planner
from namo.planning.planner import Budget
from namo.planning.registry import PLANNERS, settings_of
from namo.scenes.reading import read_scene
from namo.seeding import Streams
from namo.shipped import shipped_folder
from namo.world.world import World

world, compile_kernel = World(read_scene(Path(sys.argv[1]))), Dispatcher.compile
world.prepare()
models = shipped_folder() / "resources" / "models"
learned = {f"ml_{kind}_model": str(models / kind) for kind in ("object", "goal")}
budget = Budget(depth=3, seconds=60.0, pushes=4)
strategies = [
    {"object_strategy": "path_blocking", "goal_strategy": "clear_path"},
    {"object_strategy": "nearest_first", "goal_strategy": "adaptive"},
    {"object_strategy": "ml", "goal_strategy": "ml", "ml_device": "cpu", **learned},
]


def tell(kernel, signature):
    print(f"{settings}: {kernel.py_func.__name__}")
    return compile_kernel(kernel, signature)


for algorithm in PLANNERS:
    ignored = set(settings_of(algorithm).ignored)
    for settings in [each for each in strategies if not ignored & each.keys()] or [{}]:
        planner, _ = make_planner(CollectionConfig(algorithm=algorithm, max_pushes=4, **settings))
        world.reset()
        with patch.object(Dispatcher, "compile", tell):
            planner.search(world, budget, Streams.for_episode(0, 0, 0))
print("searched")
"""


@pytest.mark.slow
def test_first_searches_in_a_prepared_world_wait_for_no_kernel(rooms, tmp_path):
    """Neither for its compilation nor for its loading from the cache."""
    (tmp_path / "scene.xml").write_text(scene_xml(rooms.plugged(rooms.box(-1.0, 0.9, number=2))))
    command = [sys.executable, "-c", FIRST_SEARCHES, str(tmp_path / "scene.xml")]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "searched\n"


@pytest.mark.filterwarnings("ignore::UserWarning")  # of MuJoCo, which accepts it nevertheless
def test_a_scene_whose_parts_mujoco_rejects_alone_is_named(rooms):
    light = '<compiler settotalmass="1e-300"/><worldbody>'
    text = scene_xml(rooms.room(rooms.box(0.0, 0.0))).replace("<worldbody>", light)
    world = World(parse_scene(text.encode(), "a/room.xml"))
    with pytest.raises(SceneError, match=r"^a/room\.xml: 'obstacle_1_movable' alone with the rob"):
        world.prepare()


def test_the_example_of_the_module_runs(rooms, tmp_path, monkeypatch, capsys):
    example = dedent(re.search(r"(?:^    .*\n|^\n(?=    ))+", module.__doc__, re.MULTILINE)[0])
    (tmp_path / "scene.xml").write_text(scene_xml(rooms.plugged()))
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "example", "exec"), {})
    assert capsys.readouterr().out == f"{NAME} goal_open True\n"
