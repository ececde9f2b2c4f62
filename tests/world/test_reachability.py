import mujoco
import numpy as np
import pytest
from scipy import ndimage

from namo.geometry import Pose2D, RectangleSet
from namo.scenes.footprint import FootprintSet
from namo.scenes.grid import RESOLUTION_M, SKIN_M
from namo.scenes.regions import BACK_OFF_M
from namo.scenes.scene import GOAL_TOLERANCE_M
from namo.world.contacts import CONTACT_GAP_M
from namo.world.reachability import REACHED, Reachability
from namo.world.simulation import Simulation
from tests.conftest import rectangles_overlap_depth
from tests.world.reachable import reachability_of

NAME = "obstacle_1_movable"
SEEDS = range(10)


def random_scene(rooms, seed):
    """A room of boxes and inner walls at random poses, without overlaps."""
    rng = np.random.default_rng(seed)
    robot = tuple(rng.uniform(-1.7, 1.7, 2).tolist())
    placed, boxes, walls = [], [], []
    while len(placed) < 11:
        pose = Pose2D(*rng.uniform(-1.6, 1.6, 2).tolist(), float(rng.uniform(-3.1, 3.1)))
        half = tuple(rng.uniform(0.08, 0.32, 2).tolist())
        to_robot = RectangleSet([(pose, half)]).distances(np.array([robot]))[0, 0]
        if to_robot < 0.2 or any(
            rectangles_overlap_depth(pose, half, *other) > -0.005 for other in placed
        ):
            continue
        placed.append((pose, half))
        if len(placed) % 2:
            boxes.append(rooms.box(*pose, number=len(placed), half=half))
        else:
            walls.append(rooms.wall(4 + len(placed), pose.x, pose.y, half, pose.theta))
    return rooms.room(*boxes, walls=walls, robot=robot)


class ContactChecker:
    """MuJoCo's own collision detection of the robot at a point."""

    def __init__(self, scene):
        self.simulation = Simulation(scene)
        model = self.simulation.model
        self.robot = int(model.body("robot").geomadr[0])
        self.floor = {
            g for g in range(model.ngeom) if model.geom(g).type == mujoco.mjtGeom.mjGEOM_PLANE
        }

    def touched(self, x, y):
        """Names of the geoms that the robot touches at a point, except the floor."""
        self.simulation.restore(self.simulation.start)
        self.simulation.place_robot(x, y)
        mujoco.mj_fwdPosition(self.simulation.model, self.simulation.data)
        pairs = [set(contact.geom.tolist()) for contact in self.simulation.data.contact]
        others = [pair - {self.robot} for pair in pairs if self.robot in pair]
        return {self.simulation.model.geom(g).name for pair in others for g in pair - self.floor}


def border_cells(mask):
    """Rows and columns of the reached cells that have a neighbour which is not reached."""
    reached = mask == REACHED
    inner = ndimage.binary_erosion(reached, np.ones((3, 3)))
    return np.nonzero(reached & ~inner)


def test_the_checker_detects_contacts(rooms):
    checker = ContactChecker(rooms.room(rooms.box(0.0, 0.0)))
    assert checker.touched(-1.0, -1.0) == set()
    assert checker.touched(-0.449, 0.0) == {NAME}
    assert checker.touched(-1.801, 0.0) == {"wall_1"}


@pytest.mark.parametrize("seed", SEEDS)
def test_at_the_border_of_the_reached_region_the_robot_touches_nothing(rooms, seed):
    scene = random_scene(rooms, seed)
    reachability, checker = reachability_of(scene), ContactChecker(scene)
    rows, columns = border_cells(reachability.mask)
    assert len(rows) > 50
    for x, y in reachability.static.grid.centres(rows, columns):
        assert checker.touched(x, y) == set(), (x, y)


@pytest.mark.parametrize("seed", SEEDS)
def test_moves_between_neighbouring_reached_cells_touch_nothing(rooms, seed):
    scene = random_scene(rooms, seed)
    reachability, checker = reachability_of(scene), ContactChecker(scene)
    rng = np.random.default_rng(seed)
    rows, columns = border_cells(reachability.mask)
    moves = 0
    for index in rng.permutation(len(rows))[:150]:
        row, column = rows[index], columns[index]
        down, right = [(0, 1), (1, 0), (1, 1), (1, -1)][index % 4]
        if reachability.mask[row + down, column + right] != REACHED:
            continue
        ends = reachability.static.grid.centres(
            np.array([row, row + down]), np.array([column, column + right])
        )
        for fraction in (0.25, 0.5, 0.75):
            assert checker.touched(*(ends[0] + fraction * (ends[1] - ends[0]))) == set()
        moves += 1
    assert moves > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_little_free_space_is_lost(rooms, seed):
    scene = random_scene(rooms, seed)
    reachability = reachability_of(scene)
    mask, grid = reachability.mask, reachability.static.grid
    obstacles = FootprintSet((one.pose, one.footprint) for one in (*scene.walls, *scene.movables))
    rows, columns = np.nonzero(mask[1:-1, 1:-1] == 1)
    distances = obstacles.distances(grid.centres(rows + 1, columns + 1)).min(axis=1)
    assert distances.max() <= scene.robot.radius + SKIN_M + RESOLUTION_M


@pytest.mark.parametrize("seed", SEEDS)
def test_reached_is_the_connected_region_of_the_robot(rooms, seed):
    reachability = reachability_of(random_scene(rooms, seed))
    regions, _ = ndimage.label(reachability.mask != 1, np.ones((3, 3)))
    robot = reachability.static.grid.cells(np.array(reachability.poses["robot"][:2]))
    assert ((regions == regions[robot]) == (reachability.mask == REACHED)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_reachable_contacts_touch_nothing_on_the_way(rooms, seed):
    scene = random_scene(rooms, seed)
    reachability, checker = reachability_of(scene), ContactChecker(scene)
    radius = scene.robot.radius
    for movable in scene.movables:
        reachable = reachability.reachable_contacts(movable.name)
        contacts = reachability.static.contacts[movable.name]
        positions = movable.pose.to_world(contacts.positions[reachable])
        standoffs = movable.pose.to_world(contacts.standoffs[reachable])
        own = FootprintSet([(movable.pose, movable.footprint)]).distances(positions)
        assert own - radius == pytest.approx(CONTACT_GAP_M, abs=1e-9)
        for position, standoff in zip(positions, standoffs, strict=True):
            assert reachability.reached(standoff)
            for fraction in (0.0, 0.5, 1.0):
                assert checker.touched(*(standoff + fraction * (position - standoff))) == set()


def test_random_scenes_have_reachable_and_unreachable_contacts(rooms):
    reachable = [
        reachability.reachable_contacts(movable.name)
        for reachability in (reachability_of(random_scene(rooms, seed)) for seed in SEEDS)
        for movable in reachability.static.scene.movables
    ]
    assert 0.2 < np.concatenate(reachable).mean() < 0.8


def test_an_occupied_contact_is_not_reachable(rooms):
    # The second box occupies the contact points of the right face of the first.
    scene = rooms.room(rooms.box(0.0, 0.0), rooms.box(0.75, 0.0, number=2))
    faces = reachability_of(scene).reachable_contacts(NAME).reshape(4, -1)
    assert faces.any(axis=1).tolist() == [False, True, True, True]
    assert faces[2].all()


def test_the_goal_of_an_open_room_is_reachable(rooms):
    assert reachability_of(rooms.room(rooms.box(0.0, 0.0))).goal_reachable


def test_the_goal_behind_a_plugged_door_is_not_reachable(rooms):
    assert not reachability_of(rooms.plugged()).goal_reachable


def test_the_goal_behind_an_open_door_is_reachable(rooms):
    assert reachability_of(rooms.room(walls=rooms.door())).goal_reachable
    assert reachability_of(rooms.room(rooms.box(1.3, 0.0), walls=rooms.door())).goal_reachable


def test_the_goal_of_a_sealed_room_is_not_reachable(rooms):
    assert not reachability_of(rooms.sealed()).goal_reachable
    assert not reachability_of(rooms.sealed(rooms.box(-1.0, 0.5))).goal_reachable


def test_a_goal_close_to_a_reached_cell_is_reachable(rooms):
    # The robot's centre gets to within 0.2 m of the wall's centre line, cells aside.
    for past_the_reach, reachable in (
        (GOAL_TOLERANCE_M - 0.03, True),
        (GOAL_TOLERANCE_M + 0.03, False),
    ):
        assert (
            reachability_of(rooms.room(goal=(1.8 + past_the_reach, 0.0))).goal_reachable
            is reachable
        )


def test_a_goal_under_a_box_is_not_reachable(rooms):
    assert not reachability_of(rooms.room(rooms.box(1.0, 1.0), goal=(1.0, 1.0))).goal_reachable


def test_a_wedged_robot_reaches_nothing(rooms):
    reachability = reachability_of(rooms.booth(rooms.box(0.0, 0.0)))
    assert not (reachability.mask == REACHED).any()
    assert not reachability.goal_reachable
    assert reachability.reachable_objects == ()
    assert reachability.free_spot() is None


def test_reachable_objects_are_in_file_order(rooms):
    boxes = (
        rooms.box(-1.0, 1.2, number=3),
        rooms.box(1.2, -1.2, number=1),
        rooms.box(-1.0, 0.0, number=2),
    )
    reachable = reachability_of(rooms.sealed(*boxes)).reachable_objects
    assert reachable == ("obstacle_3_movable", "obstacle_2_movable")


def test_a_robot_in_a_free_cell_backs_off_within_its_cell(rooms):
    reachability = reachability_of(rooms.room(rooms.box(0.0, 0.0)))
    robot, spot = np.array(reachability.poses["robot"][:2]), np.array(reachability.free_spot())
    grid = reachability.static.grid
    assert [*map(int, grid.cells(spot))] == [*map(int, grid.cells(robot))]
    assert np.abs(spot - robot).max() <= grid.resolution / 2 + 1e-9


@pytest.mark.parametrize("face", range(4))
def test_a_robot_at_a_box_backs_off_into_its_region(rooms, face):
    scene = rooms.room(rooms.box(0.3, -0.2, 0.4))
    start, checker = reachability_of(scene), ContactChecker(scene)
    contact = start.static.contacts[NAME].positions[5 * face + 1]
    robot = Pose2D(*scene.movables[0].pose.to_world(contact).tolist(), 0.0)
    touching = Reachability(start.static, {**start.poses, "robot": robot})
    assert not touching.reached(np.array(robot[:2]))
    moved = touching.with_robot_at(*touching.free_spot())
    assert (moved.mask == touching.mask).all()
    assert (moved.mask == start.mask).all()
    assert moved.reached(np.array(moved.poses["robot"][:2]))
    assert moved.poses["robot"].distance(robot) <= BACK_OFF_M
    assert checker.touched(*moved.poses["robot"][:2]) == set()
    assert moved.poses[NAME] == touching.poses[NAME]
    new = Reachability(start.static, moved.poses)
    assert (new.mask == moved.mask).all()


def test_a_box_in_the_open_can_be_pushed_anywhere(rooms):
    reachability = reachability_of(rooms.room(rooms.box(0.0, 0.0, 0.4)))
    for angle in np.linspace(-np.pi, np.pi, 25):
        goal = Pose2D(float(np.cos(angle)), float(np.sin(angle)), 0.0)
        assert reachability.can_push_towards(NAME, goal)


@pytest.mark.parametrize("theta", [0.0, np.pi / 2, np.pi])
def test_a_box_at_a_wall_cannot_be_pulled_away(rooms, theta):
    reachability = reachability_of(rooms.room(rooms.box(1.6, 0.0, theta)))
    assert not reachability.can_push_towards(NAME, Pose2D(0.6, 0.0, 0.0))
    assert reachability.can_push_towards(NAME, Pose2D(1.6, 0.8, 0.0))
    assert reachability.can_push_towards(NAME, Pose2D(1.6, -0.8, 0.0))


def test_a_plug_cannot_be_pulled_out(rooms):
    reachability = reachability_of(rooms.plugged())
    assert reachability.can_push_towards(NAME, Pose2D(0.8, 0.2, 0.0))
    assert not reachability.can_push_towards(NAME, Pose2D(-0.8, 0.0, 0.0))


def test_an_unreachable_object_cannot_be_pushed(rooms):
    reachability = reachability_of(rooms.sealed(rooms.box(1.0, 0.0)))
    assert not reachability.can_push_towards(NAME, Pose2D(1.0, 0.5, 0.0))
    assert not reachability.reachable_contacts(NAME).any()


def test_every_shared_room_starts_as_its_name_says(shared_scenes):
    from namo.scenes.reading import read_scene

    closed = [
        "r4_door1",
        "r4_door1_2deep",
        "r4_door1_d3",
        "r4_door1_rot",
        "r4_sealed",
        "r6_door2",
        "r7_four",
    ]
    for name in ("r4_open", *closed):
        reachability = reachability_of(read_scene(shared_scenes / "rooms" / f"{name}.xml"))
        assert reachability.goal_reachable is (name == "r4_open"), name
