import math
import re
from pathlib import Path

import mujoco
import numpy as np
import pytest

from namo.errors import PhysicsError, SceneError
from namo.scenes.reading import parse_scene, read_scene
from namo.scenes.writing import scene_xml
from namo.world.simulation import Simulation

NAME = "obstacle_1_movable"
OPTIONS = {
    "default": {"cone": "elliptic", "integrator": "RK4", "timestep": "0.01"},
    "sleeping": {
        "integrator": "implicitfast",
        "cone": "elliptic",
        "timestep": "0.005",
        "flag/sleep": "enable",
    },
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """MuJoCo may write a log to the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=OPTIONS)
def simulation(rooms, request) -> Simulation:
    boxes = rooms.box(0.2, 0.1, 0.4), rooms.box(1.0, 0.9, -1.0, number=2)
    return Simulation(rooms.room(*boxes, options=OPTIONS[request.param]))


def jostle(simulation, rng, rounds=6):
    """Push from random positions near box 1, with stops in between."""
    for _ in range(rounds):
        x, y = simulation.pose(NAME).to_world(
            np.array([[rng.choice([-0.45, 0.45]), rng.uniform(-0.3, 0.3)]])
        )[0]
        simulation.place_robot(x, y)
        simulation.drive(*rng.uniform(-1.0, 1.0, 2))
        simulation.step(int(rng.integers(1, 60)))
        if rng.random() < 0.3:
            simulation.stop()


@pytest.mark.parametrize("seed", range(4))
def test_restoring_is_bit_exact(simulation, seed):
    rng = np.random.default_rng(seed)
    jostle(simulation, rng)
    kept = simulation.save()
    jostle(simulation, rng)
    assert simulation.save().key != kept.key
    simulation.restore(kept)
    assert simulation.save().key == kept.key


@pytest.mark.parametrize("seed", range(4))
def test_steps_after_a_restore_depend_only_on_the_state(simulation, seed):
    rng = np.random.default_rng(seed)
    jostle(simulation, rng)
    kept = simulation.save()
    futures = []
    for history in range(3):
        if history == 2:
            simulation = Simulation(simulation.scene)
        simulation.restore(kept)
        jostle(simulation, np.random.default_rng(99))
        futures.append(simulation.save().key)
        jostle(simulation, rng)
    assert len(set(futures)) == 1


def test_a_snapshot_cannot_be_changed(simulation):
    state = simulation.save()
    simulation.step(20)
    assert state.key == simulation.start.key
    with pytest.raises(ValueError, match="read-only"):
        state.integration[0] = 1.0


def test_stop_zeroes_velocities_and_keeps_positions(simulation):
    simulation.place_robot(-0.3, 0.0)
    simulation.drive(1.0, 0.2)
    simulation.step(150)
    positions = simulation.data.qpos.copy()
    assert np.abs(simulation.data.qvel).max() > 0.01
    simulation.stop()
    assert not simulation.data.qvel.any()
    assert not simulation.data.ctrl.any()
    assert simulation.data.time == 0.0
    assert (simulation.data.qpos == positions).all()


def test_poses_at_the_start_are_those_of_the_scene(simulation):
    scene, poses = simulation.scene, simulation.poses()
    assert list(poses) == ["robot", *(movable.name for movable in scene.movables)]
    assert poses["robot"] == (scene.robot.x, scene.robot.y, 0.0)
    for movable in scene.movables:
        assert poses[movable.name] == pytest.approx(movable.pose, abs=1e-12)


def test_poses_are_those_of_the_geoms_now(simulation):
    jostle(simulation, np.random.default_rng(3))
    data = mujoco.MjData(simulation.model)
    data.qpos[:] = simulation.data.qpos
    mujoco.mj_forward(simulation.model, data)
    poses = simulation.poses()
    for name, pose in poses.items():
        geom = simulation.model.body(name).geomadr[0]
        assert pose[:2] == pytest.approx(data.geom_xpos[geom][:2], abs=1e-12), name
        if name != "robot":
            along = data.geom_xmat[geom].reshape(3, 3)[:2, 0]
            assert [math.cos(pose.theta), math.sin(pose.theta)] == pytest.approx(along, abs=1e-4)
            assert simulation.pose(name) == pose


def test_yaw_agrees_with_the_pose(simulation):
    jostle(simulation, np.random.default_rng(4))
    for name in (NAME, "obstacle_2_movable"):
        difference = simulation.yaw(name) - simulation.pose(name).theta
        assert math.remainder(difference, 2 * math.pi) == pytest.approx(0.0, abs=1e-3)


def test_the_robot_is_where_it_was_placed(simulation):
    for x, y in ((-1.4, -1.2), (0.0, 0.0), (1.3, -0.7)):
        simulation.place_robot(x, y)
        assert simulation.robot() == pytest.approx((x, y), abs=1e-12)
        assert simulation.poses()["robot"] == pytest.approx((x, y, 0.0), abs=1e-12)
        geom = simulation.model.body("robot").geomadr[0]
        assert simulation.data.geom_xpos[geom][:2] == pytest.approx((x, y), abs=1e-12)


def test_the_robot_of_a_scene_file_is_where_it_was_placed(shared_scenes):
    scene = read_scene(shared_scenes / "rooms" / "r4_door1.xml")
    assert (scene.robot.x, scene.robot.y) != (0.0, 0.0)
    simulation = Simulation(scene)
    assert simulation.robot() == (scene.robot.x, scene.robot.y)
    simulation.place_robot(-1.0, 0.5)
    mujoco.mj_kinematics(simulation.model, simulation.data)
    geom = simulation.model.body("robot").geomadr[0]
    assert simulation.data.geom_xpos[geom][:2] == pytest.approx((-1.0, 0.5), abs=1e-12)


@pytest.mark.parametrize(("force_x", "force_y"), [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)])
def test_forces_are_along_the_axes_of_the_world(rooms, force_x, force_y):
    simulation = Simulation(rooms.room(robot=(0.5, -0.5)))
    simulation.drive(force_x, force_y)
    simulation.step(100)
    moved = np.subtract(simulation.robot(), (0.5, -0.5))
    # The joints of the robot have no friction: x = F t^2 / 2 m after one second.
    assert moved == pytest.approx((0.1 * force_x, 0.1 * force_y), abs=0.02)
    assert np.sign(np.round(moved, 6)).tolist() == [force_x, force_y]


def test_steps_are_counted(simulation):
    simulation.step(7)
    simulation.step(3)
    assert simulation.steps == 10
    assert simulation.data.time == pytest.approx(10 * simulation.timestep_s)
    assert simulation.physics_s > 0.0


def test_a_healthy_push_passes(simulation):
    simulation.place_robot(-0.3, 0.0)
    simulation.drive(1.0, 0.0)
    simulation.step(100)
    simulation.check_health(100)


def test_a_warning_is_a_physics_error(simulation):
    simulation.data.qpos[0] = math.nan
    simulation.step(1)
    with pytest.raises(PhysicsError, match=r"MuJoCo warned .*QPOS"):
        simulation.check_health(1)


def test_a_restore_clears_warnings(simulation):
    simulation.data.qpos[0] = math.nan
    simulation.step(1)
    simulation.restore(simulation.start)
    simulation.step(5)
    simulation.check_health(5)


@pytest.mark.parametrize("field", ["qpos", "qvel"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_a_physics_error(simulation, field, value):
    getattr(simulation.data, field)[-1] = value
    with pytest.raises(PhysicsError, match="not finite"):
        simulation.check_health(0)


@pytest.mark.parametrize("elapsed", [9, 11])
def test_a_clock_jump_is_a_physics_error(simulation, elapsed):
    simulation.step(10)
    with pytest.raises(PhysicsError, match="the clock is at"):
        simulation.check_health(elapsed)


def test_a_tipped_box_is_a_physics_error(simulation):
    address = simulation.model.jnt_qposadr[simulation.model.body(NAME).jntadr[0]] + 3
    for degrees, tipped in ((5.0, False), (30.0, True), (90.0, True)):
        half = math.radians(degrees) / 2
        simulation.data.qpos[address : address + 4] = [math.cos(half), math.sin(half), 0.0, 0.0]
        if tipped:
            with pytest.raises(PhysicsError, match=f"'{NAME}' tipped over"):
                simulation.check_health(0)
        else:
            simulation.check_health(0)


def test_a_diverging_simulation_writes_no_log_file(simulation):
    simulation.data.qpos[0] = math.nan
    simulation.step(3)
    assert simulation.data.warning[mujoco.mjtWarning.mjWARN_BADQPOS].number
    assert [path.name for path in Path().iterdir()] == []


def test_a_scene_that_mujoco_rejects_is_a_scene_error(rooms):
    with pytest.raises(SceneError, match="scene made in memory"):
        Simulation(rooms.room(options={"timestep": "soon"}))


@pytest.mark.parametrize(
    ("euler", "axis_x", "axis_y"),
    [("0 0 180", "-1 0 0", "0 -1 0"), ("0 0 90", "0 -1 0", "1 0 0")],
)
def test_a_robot_with_a_rotated_body_is_placed_correctly(rooms, euler, axis_x, axis_y):
    xml = scene_xml(rooms.room(robot=(0.4, -0.7)))
    turned = xml.replace('<body name="robot">', f'<body name="robot" euler="{euler}">')
    for name, axis, new in (("joint_x", "1 0 0", axis_x), ("joint_y", "0 1 0", axis_y)):
        joint = re.search(rf'<joint[^>]*name="{name}"[^>]*/>', turned).group(0)
        turned = turned.replace(joint, joint.replace(f'axis="{axis}"', f'axis="{new}"'))
    simulation = Simulation(parse_scene(turned.encode(), "turned"))
    simulation.place_robot(1.1, 0.3)
    mujoco.mj_kinematics(simulation.model, simulation.data)
    geom = int(simulation.model.body("robot").geomadr[0])
    assert simulation.data.geom_xpos[geom, :2] == pytest.approx([1.1, 0.3])
    assert simulation.robot() == pytest.approx((1.1, 0.3))
    before = simulation.robot()
    simulation.drive(1.0, 0.0)
    simulation.step(20)
    assert simulation.robot()[0] > before[0] + 1e-4
    assert simulation.robot()[1] == pytest.approx(before[1])
