import mujoco
import pytest

from namo.scenes.physics import with_physics
from namo.scenes.reading import parse_scene, read_scene
from namo.scenes.writing import scene_xml
from namo.world.simulation import Simulation
from tests.conftest import room_file

SLEEP = int(mujoco.mjtEnableBit.mjENBL_SLEEP)


def options_of(scene):
    """Options that MuJoCo runs with: integrator, cone, time step (s), whether boxes may sleep."""
    option = Simulation(scene).model.opt
    return (
        mujoco.mjtIntegrator(option.integrator).name.removeprefix("mjINT_"),
        mujoco.mjtCone(option.cone).name.removeprefix("mjCONE_"),
        option.timestep,
        bool(option.enableflags & SLEEP),
    )


@pytest.fixture(params=["file", "memory"])
def scene(request, rooms):
    """A scene with the usual options, from a file and made in memory."""
    return read_scene(room_file(1)) if request.param == "file" else rooms.plugged()


@pytest.mark.parametrize(
    ("preset", "options"),
    [
        ("scene", ("RK4", "ELLIPTIC", 0.01, False)),
        ("fast", ("IMPLICITFAST", "ELLIPTIC", 0.005, True)),
        ("accurate", ("IMPLICITFAST", "ELLIPTIC", 0.002, True)),
    ],
)
def test_mujoco_runs_with_the_options_of_a_preset(rooms, preset, options):
    scene = rooms.plugged()
    written = parse_scene(scene_xml(scene).encode(), "written.xml")
    assert options_of(with_physics(scene, preset)) == options
    assert options_of(with_physics(written, preset)) == options


def test_the_preset_scene_changes_nothing(scene):
    assert with_physics(scene, "scene") is scene


def test_a_preset_changes_options_alone(scene):
    fast = with_physics(scene, "fast")
    assert (fast.path, fast.sha256) == (scene.path, scene.sha256)
    assert (fast.walls, fast.movables, fast.robot, fast.goal) == (
        scene.walls,
        scene.movables,
        scene.robot,
        scene.goal,
    )
    assert Simulation(fast).poses() == Simulation(scene).poses()


def test_options_that_a_preset_does_not_set_are_those_of_the_file(rooms):
    options = {"timestep": "0.004", "iterations": "7", "flag/midphase": "disable"}
    scene = rooms.plugged(options=options)
    written = parse_scene(scene_xml(scene).encode(), "written.xml")
    for one in (scene, written):
        option = Simulation(with_physics(one, "fast")).model.opt
        assert option.iterations == 7
        assert option.disableflags & int(mujoco.mjtDisableBit.mjDSBL_MIDPHASE)
        assert option.timestep == 0.005


def test_options_of_a_preset_are_options_of_the_scene(rooms):
    assert with_physics(rooms.plugged(), "fast").options["timestep"] == "0.005"
