import math
import platform
from dataclasses import replace

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.numeric_platform import numeric_platform
from namo.scenes.footprint import Polygon, Rectangle
from namo.world import primitives
from namo.world.contacts import CONTACT_OFFSETS, contact_points
from namo.world.primitive_cache import library_for
from namo.world.primitives import CLASS_STEP, TRAVELS, PushClass

PER_FACE = len(CONTACT_OFFSETS)


@pytest.fixture(scope="module")
def oblong(rooms):
    """The class and library of a box that is not square."""
    scene = rooms.room(rooms.box(0.0, 0.0, half=(0.4, 0.25)))
    box_class = PushClass.of(scene, scene.movables[0])
    return box_class, library_for(scene, scene.movables[0])


@pytest.mark.parametrize("contact", [3, 4, 8, 9, 10, 12, 14, 16, 19])
def test_contacts_inferred_by_symmetry_equal_simulated_ones(oblong, contact):
    box_class, library = oblong
    simulation = primitives._empty_scene(box_class)
    contacts = contact_points(box_class.footprint, box_class.robot.radius)
    moved, took = primitives._push(simulation, contacts, contact, library.travels)
    assert np.abs(moved[:, :2] - library.displacements[contact, :, :2]).max() < 0.002
    assert np.abs(moved[:, 2] - library.displacements[contact, :, 2]).max() < 0.01
    assert (took == library.steps[contact]).all()


def test_every_contact_moves_an_ordinary_box(plain, oblong):
    for library in (plain, oblong[1]):
        assert library.displacements.shape == (4 * PER_FACE, len(TRAVELS), 3)
        assert np.isfinite(library.steps).all()
        assert np.isfinite(library.displacements).all()


def test_steps_and_travels_grow(plain, oblong):
    for library in (plain, oblong[1]):
        assert (np.diff(library.travels) > 0).all()
        assert (library.steps[:, 0] > 0).all()
        assert (np.diff(library.steps, axis=1) > 0).all()


def test_a_push_at_the_middle_of_a_face_goes_straight(plain):
    middles = plain.displacements[PER_FACE // 2 :: PER_FACE]
    directions = np.array([[-1.0, 0.0], [0.0, -1.0], [1.0, 0.0], [0.0, 1.0]])
    along = (middles[..., :2] * directions[:, None, :]).sum(axis=-1)
    assert along == pytest.approx(np.tile(plain.travels, (4, 1)), abs=0.03)
    assert np.abs(middles[..., :2] - along[..., None] * directions[:, None, :]).max() < 0.01
    assert np.abs(middles[..., 2]).max() < 0.02


def test_pushes_at_the_ends_of_a_face_rotate_the_box_in_opposite_directions(plain):
    turns = plain.displacements[..., -1].reshape(4, PER_FACE, len(TRAVELS))[:, :, 4]
    assert (np.sign(turns[:, 0]) == -np.sign(turns[:, -1])).all()
    assert (np.abs(turns[:, 0]) > 0.2).all()


def test_a_box_too_heavy_to_move_takes_infinite_steps(heavy):
    library = library_for(heavy, heavy.movables[0])
    assert np.isinf(library.steps).all()
    assert not library.displacements.any()
    assert np.isfinite(library.cost_to_go.table).all()


def test_scaling_keeps_the_translation_and_rotates_a_larger_box_less(plain, rooms):
    larger = rooms.box(0.0, 0.0, half=(0.36, 0.36))
    scaled = plain.scaled(larger)
    assert (scaled[..., :2] == plain.displacements[..., :2]).all()
    assert scaled[..., 2] == pytest.approx(plain.displacements[..., 2] * plain.size / 0.36)


# Classes


@given(st.floats(0.01, 5.0))
def test_rounding_is_to_within_half_a_step(value):
    rounded = primitives._rounded(value)
    assert abs(math.log(rounded / value)) <= math.log(CLASS_STEP) / 2 + 1e-9
    assert primitives._rounded(rounded) == rounded


def test_boxes_a_few_percent_apart_share_a_class(rooms):
    middle = CLASS_STEP**-9
    keys = set()
    for half in ((middle, middle), (middle * 1.05, middle * 0.95), (middle * 0.94, middle)):
        scene = rooms.room(rooms.box(0.3, 0.1, half=half, mass=CLASS_STEP**-16 * 1.04))
        keys.add(PushClass.of(scene, scene.movables[0]).key())
    assert len(keys) == 1


def test_poses_do_not_affect_the_class(rooms):
    first = rooms.room(rooms.box(0.0, 0.0))
    second = rooms.plugged(rooms.box(-1.0, 1.0, 0.3, number=2))
    second = replace(second, robot=replace(second.robot, x=-1.0), goal=replace(second.goal, x=1.0))
    keys = {PushClass.of(first, first.movables[0]).key()}
    keys |= {PushClass.of(second, movable).key() for movable in second.movables}
    assert len(keys) == 1


def changed_scenes(rooms):
    """Scenes that differ from a plain room in one property that affects primitives."""
    scene = rooms.room(rooms.box(0.0, 0.0))
    box, robot = scene.movables[0], scene.robot
    for change in (
        {"footprint": Rectangle(0.4, 0.3)},
        {"footprint": Rectangle(0.3, 0.4)},
        {"half_z": 0.4},
        {"mass": 0.2},
        {"friction": (0.7, 0.005, 0.001)},
    ):
        yield replace(scene, movables=(replace(box, **change),))
    for change in (
        {"radius": 0.2},
        {"mass": 4.0},
        {"friction": (0.9, 0.005, 0.0001)},
        {"max_force": 2.0},
    ):
        yield replace(scene, robot=replace(robot, **change))
    yield replace(scene, floor_friction=(0.6, 0.005, 0.001))
    for change in (
        {"timestep": "0.005"},
        {"integrator": "implicitfast"},
        {"cone": "pyramidal"},
        {"flag/sleep": "enable"},
    ):
        yield replace(scene, options=dict(scene.options) | change)


def test_the_key_contains_everything_that_primitives_depend_on(rooms):
    scenes = [rooms.room(rooms.box(0.0, 0.0)), *changed_scenes(rooms)]
    keys = {PushClass.of(scene, scene.movables[0]).key() for scene in scenes}
    assert len(keys) == len(scenes)


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (mujoco, "__version__", "4.0.1"),
        (primitives, "PRIMITIVES_VERSION", 1_000_000),
        (platform, "machine", lambda: "abacus"),
    ],
)
def test_the_key_changes_with_the_versions_of_the_libraries(
    heavy, monkeypatch, module, name, value
):
    box_class = PushClass.of(heavy, heavy.movables[0])
    before = box_class.key()
    with monkeypatch.context() as patch:
        patch.setattr(module, name, value)
        numeric_platform.cache_clear()
        assert box_class.key() != before
    numeric_platform.cache_clear()
    assert box_class.key() == before


@pytest.mark.parametrize(("timestep", "steps"), [(0.01, 5), (0.005, 10), (0.05, 1), (0.2, 1)])
def test_a_control_is_held_for_at_least_one_step(timestep, steps):
    assert primitives.control_steps(timestep) == steps


def test_a_box_that_tips_over_has_no_longer_travels(rooms):
    box = replace(rooms.box(0.0, 0.0), footprint=Rectangle(0.05, 0.3), half_z=0.16, z=0.16)
    scene = replace(rooms.room(box), floor_friction=(0.95, 0.005, 0.001))
    library = library_for(scene, scene.movables[0])
    assert np.isinf(library.steps).any()
    assert np.isfinite(library.cost_to_go.table).all()


def test_a_square_as_a_polygon_moves_like_the_box(rooms):
    square = Polygon(((-0.3, -0.3), (0.3, -0.3), (0.3, 0.3), (-0.3, 0.3)))
    room = rooms.room(rooms.box(0.0, 0.0))
    box = room.movables[0]
    polygon = replace(box, footprint=square)
    of_box = library_for(room, replace(box, footprint=Rectangle(0.3, 0.3)))
    of_polygon = library_for(replace(room, movables=(polygon,)), polygon)
    assert of_polygon.displacements.shape == of_box.displacements.shape
    # The first side differs; centred pushes give the same straight displacement.
    middle = slice(2, None, 5)
    for library in (of_box, of_polygon):
        straight = np.linalg.norm(library.displacements[middle, :, :2], axis=-1)
        np.testing.assert_allclose(straight[0], library.travels, atol=0.02)
        assert np.abs(library.displacements[middle, :, 2]).max() < 0.02


def test_a_movable_below_the_centre_of_the_robot_is_simulated_as_high_as_that(rooms):
    scene = rooms.room(replace(rooms.box(0.0, 0.0), half_z=0.05, z=0.05))
    plain = rooms.room(rooms.box(0.0, 0.0))
    low, usual = (PushClass.of(one, one.movables[0]) for one in (scene, plain))
    assert low.half_z >= scene.robot.radius / primitives.CLASS_STEP
    assert usual.half_z == pytest.approx(0.3, rel=0.08)
    library = library_for(scene, scene.movables[0])
    middle = slice(2, None, 5)
    straight = np.linalg.norm(library.displacements[middle, :, :2], axis=-1)
    np.testing.assert_allclose(straight[0], library.travels, atol=0.02)
