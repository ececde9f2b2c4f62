import itertools
import math
from collections import Counter
from dataclasses import replace

import mujoco
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.checking import check_scene
from namo.scenes.footprint import FootprintSet, Polygon, Rectangle, centred, overlap_depth
from namo.scenes.generator.generation import Generator
from namo.scenes.generator.population import Rejection
from namo.scenes.generator.settings import DEFAULT_FAMILIES, GeneratorSettings
from namo.scenes.grid import RESOLUTION_M
from namo.scenes.reading import parse_scene
from namo.scenes.regions import free_regions
from namo.scenes.writing import scene_xml
from namo.world.reachability import Reachability
from namo.world.simulation import Simulation
from namo.world.static_map import StaticMap

FAMILIES = sorted(DEFAULT_FAMILIES)
L_SHAPE = centred(Polygon(((0, 0), (0.5, 0), (0.5, 0.2), (0.2, 0.2), (0.2, 0.5), (0, 0.5))))[0]
SKIN_AND_CELL_M = 1.5 * RESOLUTION_M


def generator(**values):
    return Generator(GeneratorSettings(**values))


def scenes_of(generator, numbers):
    return [one.scene for one in map(generator.draw, numbers) if one.scene is not None]


generators = {family: generator(families={family: 1.0}) for family in FAMILIES}
drawn_scenes = st.builds(
    lambda family, number: generators[family].draw(number).scene,
    st.sampled_from(FAMILIES),
    st.integers(0, 10_000),
).filter(lambda scene: scene is not None)


@st.composite
def mutated_scenes(draw):
    """A generated scene with things moved, turned, resized, replaced or taken away."""
    scene = draw(drawn_scenes)
    movables = list(scene.movables)
    for index in range(len(movables)):
        change = draw(st.sampled_from(["none", "move", "size", "polygon", "mass"]))
        one = movables[index]
        if change == "move":
            shift = draw(st.tuples(*[st.floats(-0.3, 0.3)] * 2, st.floats(-3, 3)))
            movables[index] = replace(one, pose=one.pose.compose(Pose2D(*shift)))
        elif change == "size":
            half = draw(st.tuples(st.floats(0.05, 0.4), st.floats(0.05, 0.4)))
            movables[index] = replace(one, footprint=Rectangle(*half))
        elif change == "polygon":
            movables[index] = replace(one, footprint=L_SHAPE)
        elif change == "mass":
            movables[index] = replace(one, mass=draw(st.floats(0.01, 2.0)))
    robot = replace(scene.robot, radius=draw(st.floats(0.05, 0.2)))
    walls = scene.walls[: draw(st.integers(0, len(scene.walls)))]
    mutated = replace(scene, movables=tuple(movables), robot=robot, walls=walls)
    try:
        check_scene(mutated)
    except SceneError:
        assume(False)
    return mutated


@settings(max_examples=60, deadline=None)
@given(mutated_scenes())
def test_a_generated_scene_is_read_back_unchanged(scene):
    back = parse_scene(scene_xml(scene).encode(), "scene")
    for old, new in zip(
        (*scene.walls, *scene.movables), (*back.walls, *back.movables), strict=True
    ):
        assert new == replace(old, pose=old.pose._replace(theta=new.pose.theta))
        assert old.pose.turn(new.pose) <= (1e-12 if new.pose.theta else 2.1e-6)
    rest = ("robot", "goal", "floor_friction", "options")
    assert [getattr(back, name) for name in rest] == [getattr(scene, name) for name in rest]


@settings(max_examples=40, deadline=None)
@given(mutated_scenes(), st.integers(0, 2**32 - 1))
def test_the_occupancy_grid_agrees_with_contacts_of_mujoco(scene, seed):
    static = StaticMap(scene)
    simulation = Simulation(scene)
    reachability = Reachability(static, simulation.poses())
    mask = reachability.mask
    solids = FootprintSet((one.pose, one.footprint) for one in (*scene.walls, *scene.movables))
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(1, np.array(mask.shape) - 1, size=(60, 2)).T
    points = static.grid.centres(rows, columns)
    nearest = solids.distances(points).min(axis=1, initial=np.inf)
    robot, floor = (simulation.model.geom(name).id for name in ("robot", "floor"))
    for row, column, (x, y), distance in zip(rows, columns, points.tolist(), nearest, strict=True):
        simulation.place_robot(x, y)
        mujoco.mj_kinematics(simulation.model, simulation.data)
        mujoco.mj_collision(simulation.model, simulation.data)
        pairs = simulation.data.contact.geom
        others = set(pairs[(pairs == robot).any(axis=1)].ravel().tolist()) - {robot, floor}
        free = mask[row, column] != 1
        assert not (free and others), "a free cell has a contact"
        if distance > scene.robot.radius + SKIN_AND_CELL_M:
            assert free, "a cell far from everything is blocked"
        if distance < scene.robot.radius - 1e-6:
            assert others, "MuJoCo misses a contact"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_scene_does_not_depend_on_the_order_of_drawing(family):
    one, other = (generator(families={family: 1.0}) for _ in range(2))
    forwards = {number: one.draw(number) for number in range(12)}
    for number in reversed(range(12)):
        assert other.draw(number) == forwards[number]
    assert generator(families={family: 1.0}, seed=1).draw(3) != forwards[3]


@pytest.mark.parametrize("family", FAMILIES)
def test_start_goal_and_boxes_are_free_of_collisions(family):
    for scene in scenes_of(generators[family], range(20)):
        solids = (*scene.movables, *scene.walls)
        ends = np.array([[scene.robot.x, scene.robot.y], [scene.goal.x, scene.goal.y]])
        distances = FootprintSet((one.pose, one.footprint) for one in solids).distances(ends)
        assert (distances >= scene.robot.radius).all()
        for one, other in itertools.combinations(solids, 2):
            if one in scene.movables:
                depth = overlap_depth(one.pose, one.footprint, other.pose, other.footprint)
                assert depth <= 0.0
        simulation = Simulation(scene)
        mujoco.mj_forward(simulation.model, simulation.data)
        floor = simulation.model.geom("floor").id
        contacts = simulation.data.contact.geom
        assert (contacts == floor).any(axis=1).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_only_boxes_separate_robot_and_goal(family):
    for scene in scenes_of(generator(families={family: 1.0}, open_share=0.0), range(20)):
        static = StaticMap(scene)
        robot = {"robot": Pose2D(scene.robot.x, scene.robot.y, 0.0)}
        poses = robot | {movable.name: movable.pose for movable in scene.movables}
        assert not Reachability(static, poses).goal_reachable
        empty = free_regions(scene.bounds, scene.walls, scene.robot.radius)
        ends = np.array([[scene.robot.x, scene.robot.y], [scene.goal.x, scene.goal.y]])
        start, end = empty.at(ends).tolist()
        assert start == end != 0


def test_values_are_within_their_ranges():
    ranges = {
        "box_size_m": (0.5, 0.6),
        "box_aspect": (1.1, 1.5),
        "box_mass_kg": (0.2, 0.4),
        "floor_friction": (0.3, 0.4),
        "boxes_in_passages": (2, 2),
        "boxes_elsewhere": (1, 3),
        "door_width_m": (0.7, 0.75),
    }
    scenes = scenes_of(generator(families={"row": 1.0}, **ranges), range(40))
    assert len(scenes) > 20
    for scene in scenes:
        assert 3 <= len(scene.movables) <= 5
        assert 0.3 <= scene.floor_friction[0] <= 0.4
        for box in scene.movables:
            sides = sorted((2 * box.footprint.half_x, 2 * box.footprint.half_y))
            assert 0.5 - 2e-3 <= math.sqrt(sides[0] * sides[1]) <= 0.6 + 2e-3
            assert 1.1 - 2e-2 <= sides[1] / sides[0] <= 1.5 + 2e-2
            assert 0.2 <= box.mass <= 0.4
    assert len({scene.floor_friction[0] for scene in scenes}) == 3


def test_families_are_drawn_by_weight_and_layouts_shared():
    mixed = generator(families={"row": 3.0, "maze": 1.0}, scenes_per_layout=2)
    made = [mixed.draw(number) for number in range(80)]
    assert Counter(one.family for one in made)["row"] > 40
    for first, second in zip(made[::2], made[1::2], strict=True):
        assert first.layout_id == second.layout_id
    assert len({one.layout_id for one in made}) == 40


def test_scenes_do_not_depend_on_the_order_in_which_families_are_given():
    expected = [generator().draw(number) for number in range(0, 32, 4)]
    for names in (FAMILIES, FAMILIES[::-1]):
        given = generator(families=dict.fromkeys(names, 1.0))
        assert [given.draw(number) for number in range(0, 32, 4)] == expected


def test_open_scenes_have_a_reachable_goal():
    scenes = scenes_of(generator(families={"room": 1.0}, open_share=1.0), range(20))
    for scene in scenes:
        poses = {"robot": Pose2D(scene.robot.x, scene.robot.y, 0.0)}
        poses |= {movable.name: movable.pose for movable in scene.movables}
        assert Reachability(StaticMap(scene), poses).goal_reachable


def test_a_rejected_candidate_has_a_reason():
    crowded = generator(families={"room": 1.0}, boxes_elsewhere=(60, 60))
    assert crowded.draw(0).rejection == Rejection.NO_PLACE_FOR_BOXES
    wide = generator(families={"room": 1.0}, boxes_in_passages=(0, 0), boxes_elsewhere=(0, 0))
    rejected = [wide.draw(number) for number in range(10)]
    assert Rejection.NOTHING_BLOCKED in {one.rejection for one in rejected}


def test_templates_are_populated(shared_scenes):
    filled = generator(families={"template": 1.0}, templates=str(shared_scenes / "wall_templates"))
    made = [filled.draw(number) for number in range(8)]
    assert sum(one.scene is not None for one in made) >= 3
    assert {one.family for one in made} == {"template"}
    for one in made:
        if one.scene is not None:
            parse_scene(scene_xml(one.scene).encode(), "scene")


@pytest.mark.parametrize(
    "values",
    [
        {"families": {"corridor": 1.0}, "wall_thickness_m": 1.0, "room_side_m": (1.5, 1.8)},
        {"families": {"apartment": 1.0}, "rooms": (20, 20), "room_side_m": (1.5, 1.5)},
        {"families": {"row": 1.0}, "door_width_m": (5.0, 5.0)},
        {"families": {"row": 1.0}, "rooms": (50, 50), "room_side_m": (30.0, 30.0)},
    ],
)
def test_incompatible_settings_are_rejected_with_the_reason(values):
    made = [generator(**values).draw(number) for number in range(0, 40, 4)]
    kinds = {one.rejection.partition(":")[0] for one in made if one.rejection}
    assert kinds
    assert kinds <= {
        "no layout",
        "walls close off a part",
        "no place for its boxes",
        "boxes keep no two regions apart",
    } or all("cells" in one.rejection for one in made)
    for one in made:
        if one.scene is not None:
            regions = free_regions(one.scene.bounds, one.scene.walls, one.scene.robot.radius)
            assert regions.areas.sum() - regions.areas.max() <= 0.25


def test_a_layout_family_from_elsewhere_is_drawn(install):
    code = "from namo.scenes.generator.layouts.room import Room as Mine"
    install("tools_a", "1.0", {"namo.layout_families": {"mine": "tools_a:Mine"}}, code)
    mine, room = (Generator(GeneratorSettings(families={name: 1.0})) for name in ("mine", "room"))
    assert mine.draw(0).family == "mine"
    assert mine.draw(0).scene == room.draw(0).scene
