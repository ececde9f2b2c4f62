"""Where a simulation starts is where the scene says, and where MuJoCo has its geoms."""

from dataclasses import replace

import numpy as np
import pytest

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.footprint import Polygon, Rectangle, centred
from namo.scenes.generator.generation import Generator
from namo.scenes.generator.settings import DEFAULT_FAMILIES, GeneratorSettings
from namo.scenes.reading import parse_scene
from namo.scenes.scene import Movable
from namo.scenes.writing import scene_xml
from namo.world.push import Push
from namo.world.simulation import Simulation
from namo.world.start_check import check_poses
from namo.world.world import World
from tests.mujoco_solids import colliding_corners
from tests.scene_mutations import mutated_xml

NAME = "obstacle_1_movable"
EXACT_M, SINGLE_M = 1e-9, 1e-5
SHELL = 'contype="0" conaffinity="0" mass="0"'
ELL = centred(Polygon(((0, 0), (0.5, 0), (0.5, 0.2), (0.2, 0.2), (0.2, 0.5), (0, 0.5))))[0]


def generated(count, seed=0):
    """Scenes of all families, every fourth with its first box replaced by a polygon."""
    generator = Generator(
        GeneratorSettings(
            families=dict.fromkeys(DEFAULT_FAMILIES, 1.0) | {"template": 0.0}, seed=seed
        )
    )
    found, number = [], 0
    while len(found) < count:
        scene, number = generator.draw(number).scene, number + 7
        if scene is None or not scene.movables:
            continue
        if len(found) % 4 == 3:
            first = scene.movables[0]
            polygon = Movable(first.name, first.pose, ELL, first.half_z, first.z, first.mass)
            try:
                scene_xml(replace(scene, movables=(polygon, *scene.movables[1:])))
                scene = replace(scene, movables=(polygon, *scene.movables[1:]))
            except SceneError:
                pass  # it overlaps something
        found.append(scene)
    return found


def corners_in_mujoco(xml):
    """What collides in a text, by what moves it: corners (n, 3) in the world."""
    corners = {}
    for name, found in colliding_corners(xml):
        corners.setdefault(name, []).append(found)
    return {name: np.concatenate(parts) for name, parts in corners.items()}


def require_equal_corners(solid, found):
    tolerance = EXACT_M if isinstance(solid.footprint, Rectangle) else SINGLE_M
    wanted = solid.corners()
    for one, other in ((wanted, found[:, :2]), (found[:, :2], wanted)):
        distances = np.linalg.norm(one[:, None] - other[None], axis=-1).min(axis=1)
        assert distances.max() <= tolerance, solid.name
    heights = found[:, 2].min(), found[:, 2].max()
    assert heights == pytest.approx((solid.z - solid.half_z, solid.z + solid.half_z), abs=tolerance)


def require_right_start(xml):
    """Read a text, and compare the scene with the simulation and with MuJoCo."""
    scene = parse_scene(xml.encode(), "scene")
    simulation, geoms = Simulation(scene), corners_in_mujoco(xml)
    solids = (*scene.walls, *scene.movables)
    assert geoms.keys() == {solid.name for solid in solids}
    for solid in solids:
        require_equal_corners(solid, geoms[solid.name])
    poses = simulation.poses()
    assert poses["robot"] == pytest.approx((scene.robot.x, scene.robot.y, 0.0), abs=EXACT_M)
    for movable in scene.movables:
        at = replace(movable, pose=poses[movable.name])
        assert np.abs(at.corners() - movable.corners()).max() <= EXACT_M
        off = np.remainder(simulation.yaw(movable.name) - movable.pose.theta + 1.0, 2 * np.pi) - 1.0
        assert abs(off) <= EXACT_M
    return scene


def require_same_solids(scene, plain):
    """Compare outlines with those of a scene that says the same more plainly."""
    one, other = (
        {solid.name: solid for solid in (*each.walls, *each.movables)} for each in (scene, plain)
    )
    assert one.keys() == other.keys()
    for name, solid in one.items():
        assert solid.half_z == pytest.approx(other[name].half_z, abs=EXACT_M)
        found, wanted = solid.corners(), other[name].corners()
        distances = np.linalg.norm(found[:, None] - wanted[None], axis=-1)
        assert distances.min(axis=0).max() <= EXACT_M
        assert distances.min(axis=1).max() <= EXACT_M


def generated_and_mutated(count, mutations):
    scenes = generated(count)
    for scene in scenes:
        require_right_start(scene_xml(scene))
    for number in range(mutations):
        plain = scenes[number % count]
        scene = require_right_start(mutated_xml(plain, np.random.default_rng(number)))
        require_same_solids(scene, plain)


def test_generated_and_mutated_scenes_start_as_they_say():
    generated_and_mutated(24, 24)


@pytest.mark.slow
def test_hundreds_of_generated_and_mutated_scenes_start_as_they_say():
    generated_and_mutated(500, 200)


@pytest.fixture
def texts(rooms):
    """A plain scene, and the same with changes of what stands in the body of its movable."""
    plain = scene_xml(rooms.plugged())
    start = plain.index(f'<body name="{NAME}">') + len(f'<body name="{NAME}">')
    geom = plain[start : plain.index("/>", start) + 2].strip()

    def changed(before, new=None):
        return plain.replace(geom, before + (geom if new is None else new))

    return plain, geom, changed


SHELLS = {
    "same": f'<geom type="box" size=".31 .31 .31" pos="0 0 .3" {SHELL}/>',
    "turned": f'<geom type="box" size=".31 .36 .31" pos=".2 .1 .3" euler="0 0 30" {SHELL}/>',
    "far": f'<geom type="box" size=".1 .1 .1" pos="1 1 1" {SHELL}/>',
    "tilted": f'<geom type="capsule" size=".1 .1" pos="0 0 .7" euler="40 50 0" {SHELL}/>',
    "several": f'<geom size=".05" pos="9 0 0" {SHELL}/><geom size=".05" pos="0 9 0" {SHELL}/>',
    "in a body": f'<body pos="1 2 3" euler="10 20 30"><geom size=".05" {SHELL}/></body>',
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_visual_geom_before_the_solid_one_changes_nothing(texts, shell):
    plain, _, changed = texts
    scene = require_right_start(changed(SHELLS[shell]))
    assert scene.movables == parse_scene(plain.encode(), "plain").movables


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("", 'pos="0 0 .3"'),
        ('pos=".3 .2 .1" euler="0 0 70"', 'pos="0 0 .2"'),
        ('pos=".1 0 0" euler="90 0 0"', 'pos="0 .3 0" euler="-90 0 0"'),
        ('pos=".1 0 .3" euler="0 90 0"', 'euler="0 0 90"'),
        ('pos="0 0 .3" euler="180 0 0"', 'euler="0 0 20"'),
    ],
)
def test_the_solid_geom_may_be_in_a_body_within_the_movable(texts, outer, inner):
    _, geom, changed = texts
    here = geom.replace('pos="0.0 0.0 0.3"', 'pos="0 0 0"')
    assert here != geom
    text = changed(SHELLS["turned"], f"<body {inner}>{SHELLS['turned']}{here}</body>")
    text = text.replace(f'<body name="{NAME}">', f'<body name="{NAME}" {outer}>')
    require_right_start(text)


def test_pushes_are_those_of_the_scene_without_visual_geoms(texts):
    plain, _, changed = texts
    outcomes = []
    for text in (plain, changed(SHELLS["turned"]), changed(SHELLS["far"])):
        world = World(parse_scene(text.encode(), "scene"))
        outcome = world.push(Push(NAME, Pose2D(0.9, 0.0, 0.0)))
        outcomes.append((outcome.status, world.poses()))
    assert outcomes[0][1][NAME].x > 0.2
    assert outcomes[1] == outcomes[0]
    assert outcomes[2] == outcomes[0]


def test_a_box_on_its_side_is_pushed_like_an_upright_one(rooms):
    plain = scene_xml(rooms.plugged())
    geom = f'name="{NAME}" type="box" '
    assert geom in plain
    lying = parse_scene(plain.replace(geom, geom + 'quat=".5 .5 .5 .5" ').encode(), "lying")
    ends = []
    for scene in (parse_scene(plain.encode(), "plain"), lying):
        world = World(scene)
        start = scene.movables[0].pose  # a box on its side may have another of its axes forward
        outcome = world.push(Push(NAME, start._replace(x=0.9)))
        pose = world.poses()[NAME]
        ends.append((outcome.status, pose.x, pose.y, pose.turn(start)))
    assert ends[0][0] is ends[1][0]
    assert ends[0][1] > 0.2
    assert ends[1][1:] == pytest.approx(ends[0][1:], abs=0.02)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pose": Pose2D(0.001, 0.0, 0.0)}, "starts at"),
        ({"pose": Pose2D(0.0, 0.0, 1e-5)}, "starts at"),
        ({"footprint": Rectangle(0.3, 0.300001)}, "has half extents"),
        ({"half_z": 0.31}, "has half extents"),
        ({"z": 0.31}, "has its centre at z = 0.3 m, not 0.31 m"),
        ({"name": "other_movable"}, "scene and simulation have different solids: obstacle_1"),
    ],
)
def test_a_scene_that_is_not_what_its_text_says_is_refused(rooms, change, said):
    scene = parse_scene(scene_xml(rooms.plugged()).encode(), "a/room.xml")
    other = replace(scene, movables=(replace(scene.movables[0], **change),))
    with pytest.raises(SceneError, match=rf"a/room\.xml: .*{said}"):
        Simulation(other)


def test_walls_and_robots_that_are_not_what_the_text_says_are_refused(rooms):
    scene = parse_scene(scene_xml(rooms.plugged()).encode(), "room.xml")
    wall = replace(scene.walls[0], pose=Pose2D(-2.0, 0.001, 0.0))
    for other, said in (
        (replace(scene, walls=(wall, *scene.walls[1:])), "'wall_1' starts at"),
        (replace(scene, walls=scene.walls[1:]), "different solids: wall_1"),
        (replace(scene, robot=replace(scene.robot, x=0.0)), "the robot has x, y, radius"),
        (replace(scene, robot=replace(scene.robot, radius=0.1)), "the robot has x, y, radius"),
    ):
        with pytest.raises(SceneError, match=said):
            Simulation(other)


def test_poses_that_a_simulation_starts_with_are_compared(rooms):
    scene = rooms.plugged()
    poses = Simulation(scene).poses()
    check_poses(scene, poses)
    for name, said in (("robot", "the robot starts at"), (NAME, f"'{NAME}' starts at")):
        moved = poses | {name: Pose2D(poses[name].x + 2e-9, poses[name].y, poses[name].theta)}
        with pytest.raises(SceneError, match=said):
            check_poses(scene, moved)


def test_a_corner_of_a_polygon_elsewhere_is_refused(rooms):
    ell = Movable("ell_movable", Pose2D(0.0, 0.0, 0.4), ELL, 0.3, 0.3)
    scene = parse_scene(scene_xml(rooms.room(ell)).encode(), "room.xml")
    vertices = [(x + (0.001 if n == 2 else 0.0), y) for n, (x, y) in enumerate(ELL.vertices)]
    bent = replace(scene.movables[0], footprint=Polygon(tuple(vertices)))
    with pytest.raises(SceneError, match=r"'ell_movable': its outline is up to 0\.001 m from"):
        Simulation(replace(scene, movables=(bent,)))
