import math
import time

import mujoco
import numpy as np
import pytest

from namo.errors import PhysicsError
from namo.geometry import Pose2D
from namo.scenes.reading import read_scene
from namo.seeding import Purpose, stream
from namo.strategies.goal_random import sample_goal
from namo.world.push import Push, PushOutcome, PushStatus
from namo.world.push_planner import within_tolerance
from namo.world.push_skill import MAX_CONTACTS
from namo.world.reachability import Reachability
from namo.world.simulation import Simulation
from namo.world.world import World

NAME = "obstacle_1_movable"
SHARED = ("r4_open", "r4_door1", "r4_door1_2deep", "r6_door2", "r4_36walls")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """MuJoCo may write a log to the working directory."""
    monkeypatch.chdir(tmp_path)


def touched(world):
    """Names of the geoms that the robot touches according to MuJoCo, except the floor."""
    model, data = world.simulation.model, mujoco.MjData(world.simulation.model)
    data.qpos[:] = world.simulation.data.qpos
    mujoco.mj_fwdPosition(model, data)
    robot = int(model.body("robot").geomadr[0])
    pairs = [set(contact.geom.tolist()) for contact in data.contact]
    others = {geom for pair in pairs if robot in pair for geom in pair - {robot}}
    return {model.geom(g).name for g in others if model.geom(g).type != mujoco.mjtGeom.mjGEOM_PLANE}


def random_push(world, rng):
    """A random push of a random reachable box, or of any box if none is reachable."""
    names = world.reachability().reachable_objects or [m.name for m in world.scene.movables]
    name = str(rng.choice(names))
    return Push(name, sample_goal(world.poses()[name], (0.3, 1.0), rng))


@pytest.fixture(params=["plugged", "sleeping", *SHARED])
def scene(request, rooms):
    """Rooms to push in; most boxes share one class."""
    boxes = (rooms.box(-1.0, 0.6, 0.3, number=2), rooms.box(-0.8, -1.4, number=3))
    if request.param == "plugged":
        return rooms.plugged(*boxes)
    if request.param == "sleeping":
        return rooms.plugged(*boxes, options=rooms.SLEEPING)
    folder = request.getfixturevalue("shared_scenes")
    return read_scene(folder / "rooms" / f"{request.param}.xml")


def outcome_and_state(world, push):
    return world.push(push), world.save().key, world.observation()


def test_in_an_empty_room_random_targets_are_reached(rooms):
    world = World(rooms.room(rooms.box(0.0, 0.0), side=6.0))
    rng = stream(0, 0, 0, Purpose.GOALS)
    reached = []
    for _ in range(20):
        world.reset()
        goal = sample_goal(world.poses()[NAME], (0.3, 1.0), rng)
        outcome = world.push(Push(NAME, goal), stop_at_open_goal=False)
        reached.append(outcome.status is PushStatus.REACHED)
        pose = world.poses()[NAME]
        arrived = pose.distance(goal) <= 0.1 and pose.turn(goal) <= 0.2
        assert arrived or not reached[-1]
    assert sum(reached) >= 18


def test_a_push_from_anywhere_leaves_the_same_bits(scene):
    rng = np.random.default_rng(5)
    world = World(scene)
    for _ in range(3):
        before, push = world.save(), random_push(world, rng)
        first = outcome_and_state(world, push)
        after = world.save()
        # Immediately again; after other pushes; in a new world.
        world.restore(before)
        again = outcome_and_state(world, push)
        for _ in range(2):
            world.push(random_push(world, rng))
        world.restore(before)
        later = outcome_and_state(world, push)
        new = World(scene)
        new.restore(before)
        elsewhere = outcome_and_state(new, push)
        assert first == again == later == elsewhere
        world.restore(after)


def test_the_order_in_which_states_are_visited_does_not_matter(scene):
    rng = np.random.default_rng(6)
    world = World(scene)
    tasks = []
    for _ in range(3):
        tasks.append((world.save(), random_push(world, rng)))
        world.push(tasks[-1][1])
    results = []
    for order in ((2, 1, 0), (1, 2, 0), (0, 2, 1)):
        keys = {}
        for index in order:
            state, push = tasks[index]
            world.restore(state)
            keys[index] = outcome_and_state(world, push)[:2]
        results.append([keys[index] for index in range(3)])
    assert all(result == results[0] for result in results)


def test_pushing_does_not_depend_on_earlier_steps(rooms):
    world = World(rooms.plugged())
    start = world.save()
    push = Push(NAME, Pose2D(0.6, 0.3, 0.2))
    first = outcome_and_state(world, push)
    world.restore(start)
    world.simulation.place_robot(-0.4, 0.1)
    world.simulation.drive(1.0, 0.3)
    world.simulation.step(37)
    world.restore(start)
    assert outcome_and_state(world, push) == first


def test_the_robot_ends_where_it_touches_nothing(scene):
    rng = np.random.default_rng(7)
    world = World(scene)
    assert touched(world) == set()
    for _ in range(6):
        world.push(random_push(world, rng))
        robot = np.array(world.poses()["robot"][:2])
        assert touched(world) == set()
        assert world.reachability().reached(robot)


def test_everything_is_at_rest_after_a_push(scene):
    world = World(scene)
    world.push(random_push(world, np.random.default_rng(1)))
    data = world.simulation.data
    assert data.time == 0.0
    assert not data.qvel.any()
    assert not data.ctrl.any()


def test_the_robot_is_only_placed_where_it_could_have_driven_to(scene, monkeypatch):
    world = World(scene)
    world.prepare()  # simulating primitives places a robot too, in a scene of its own
    placed, driving = [], Simulation.place_robot

    def place(simulation, x, y):
        # Checked before the move: the region of the robot's present position.
        region = Reachability(world.static, simulation.poses())
        placed.append((x, y))
        nearest = min(
            math.hypot(*(centre - (x, y)))
            for centre in world.static.grid.centres(*np.nonzero(region.mask == 2))
        )
        assert nearest < 0.06
        driving(simulation, x, y)

    monkeypatch.setattr(Simulation, "place_robot", place)
    world.push(random_push(world, np.random.default_rng(2)))
    assert placed


def test_the_outcome_has_the_pose_of_the_box(scene):
    rng = np.random.default_rng(9)
    world = World(scene)
    for _ in range(4):
        before, push = world.poses(), random_push(world, rng)
        steps = world.physics_steps
        outcome = world.push(push)
        assert outcome.pose == world.poses()[push.object_name]
        moved = outcome.pose.distance(before[push.object_name]) > 0.001
        turned = outcome.pose.turn(before[push.object_name]) > 0.01
        assert outcome.moved is (moved or turned)
        assert outcome.physics_steps == world.physics_steps - steps
        assert 0 <= outcome.contacts <= MAX_CONTACTS
        if outcome.status is PushStatus.REACHED:
            assert within_tolerance(outcome.pose, push.goal)


@pytest.mark.parametrize(("theta", "travel"), [(0.5, 0.0), (0.5, 2.0), (-0.7, -2.5)])
def test_theta_is_the_orientation_of_the_box(rooms, theta, travel):
    world = World(rooms.room(rooms.box(0.0, 0.0, theta), side=6.0))
    goal = Pose2D(0.6 * math.cos(travel), 0.6 * math.sin(travel), theta)
    outcome = world.push(Push(NAME, goal), stop_at_open_goal=False)
    assert outcome.status is PushStatus.REACHED
    assert outcome.pose.theta == pytest.approx(theta, abs=0.2)


def test_a_box_at_its_goal_is_reached_without_a_push(rooms):
    world = World(rooms.room(rooms.box(0.0, 0.0)))
    before = world.save()
    outcome = world.push(Push(NAME, Pose2D(0.05, -0.05, 0.1)))
    assert outcome == PushOutcome(PushStatus.REACHED, Pose2D(0.0, 0.0, 0.0), 0, 0, moved=False)
    assert world.save().key == before.key


def test_a_box_without_a_reachable_contact_is_unreachable(rooms):
    for scene in (rooms.sealed(rooms.box(1.0, 0.0)), rooms.booth(rooms.box(1.0, 0.0))):
        world = World(scene)
        before = world.save()
        outcome = world.push(Push(NAME, Pose2D(1.0, 0.6, 0.0)))
        assert outcome.status is PushStatus.UNREACHABLE
        assert not outcome.moved
        assert (outcome.contacts, outcome.physics_steps) == (0, 0)
        assert world.save().key == before.key


def test_a_box_too_heavy_to_move_stays(rooms):
    world = World(rooms.room(rooms.box(0.0, 0.0, mass=30.0)))
    outcome = world.push(Push(NAME, Pose2D(0.6, 0.0, 0.0)))
    assert outcome.status in (PushStatus.STUCK, PushStatus.BLOCKED)
    assert not outcome.moved


@pytest.mark.parametrize("gap", [0.0005, 0.02])
def test_a_box_blocked_by_another_is_stuck(rooms, gap):
    # Walls at its sides leave one direction, which a box of 30 kg blocks.
    walls = rooms.wall(5, 0.0, 0.36, (0.29, 0.05)), rooms.wall(6, 0.0, -0.36, (0.29, 0.05))
    heavy = rooms.box(0.6 + gap, 0.0, number=2, mass=30.0)
    world = World(rooms.room(rooms.box(0.0, 0.0), heavy, walls=walls, goal=(-1.4, 1.2)))
    start = world.poses()
    outcome = world.push(Push(NAME, Pose2D(0.6, 0.0, 0.0)))
    assert outcome.status is PushStatus.STUCK
    assert outcome.contacts > 0
    assert outcome.pose.distance(start[NAME]) < gap + 0.005
    assert world.poses()["obstacle_2_movable"].distance(start["obstacle_2_movable"]) < 0.005
    assert touched(world) == set()


def test_a_box_that_would_have_to_be_pulled_is_blocked(rooms):
    world = World(rooms.room(rooms.box(1.6, 0.0)))
    before = world.save()
    outcome = world.push(Push(NAME, Pose2D(0.9, 0.0, 0.0)))
    assert outcome.status is PushStatus.BLOCKED
    assert not outcome.moved
    assert world.save().key == before.key


def test_a_push_stops_as_soon_as_the_goal_is_open(rooms):
    world = World(rooms.plugged())
    goal = Pose2D(0.9, -0.6, 0.0)
    assert not world.reachability().goal_reachable
    outcome = world.push(Push(NAME, goal))
    assert outcome.status is PushStatus.GOAL_OPEN
    assert not within_tolerance(outcome.pose, goal)
    assert world.reachability().goal_reachable
    # From the state itself, not from cached reachability.
    new = World(world.scene)
    new.restore(world.save())
    assert new.reachability().goal_reachable


def test_stopping_at_an_open_goal_can_be_turned_off(rooms):
    world = World(rooms.plugged())
    push = Push(NAME, Pose2D(0.9, -0.6, 0.0))
    stopped = world.push(push)
    world.reset()
    went_on = world.push(push, stop_at_open_goal=False)
    assert went_on.status is not PushStatus.GOAL_OPEN
    assert went_on.physics_steps > stopped.physics_steps
    assert went_on.pose.distance(push.goal) < stopped.pose.distance(push.goal)


def test_a_goal_that_is_open_already_does_not_stop_a_push(rooms):
    world = World(rooms.room(rooms.box(0.0, 0.0)))
    assert world.reachability().goal_reachable
    goal = Pose2D(0.5, 0.0, 0.0)
    assert world.push(Push(NAME, goal)).status is PushStatus.REACHED


def test_after_its_deadline_a_push_is_undone(scene):
    world = World(scene)
    rng = np.random.default_rng(3)
    interrupted = 0
    while interrupted < 3:
        push = random_push(world, rng)
        world.restore(world.save())
        before, observation = world.save(), world.observation()
        outcome = world.push(push, time.monotonic() - 1.0)
        assert not outcome.moved
        assert world.save().key == before.key
        assert world.observation() == observation
        in_time = world.push(push)
        if in_time.contacts:
            assert outcome.status is PushStatus.INTERRUPTED
            interrupted += 1
        else:
            assert outcome.status in (PushStatus.INTERRUPTED, in_time.status)


def test_an_interrupted_push_does_not_change_the_next(rooms):
    world = World(rooms.plugged())
    push = Push(NAME, Pose2D(0.6, 0.3, 0.2))
    first = outcome_and_state(world, push)
    world.reset()
    world.push(push, time.monotonic() - 1.0)
    assert outcome_and_state(world, push) == first


@pytest.mark.parametrize("at_check", [1, 2])
def test_a_diverged_push_is_undone(rooms, monkeypatch, at_check):
    world = World(rooms.room(rooms.box(0.0, 0.0), side=6.0))
    push = Push(NAME, Pose2D(0.6, 0.6, 0.4))
    assert world.push(push).contacts >= at_check
    world.reset()
    before, observation = world.save(), world.observation()
    checks = []

    def fail(simulation, elapsed_steps):
        checks.append(elapsed_steps)
        if len(checks) == at_check:
            raise PhysicsError("it blew up")

    with monkeypatch.context() as patch:
        patch.setattr(Simulation, "check_health", fail)
        outcome = world.push(push)
    assert outcome.status is PushStatus.DIVERGED
    assert outcome.detail == "it blew up"
    assert not outcome.moved
    assert outcome.pose == Pose2D(0.0, 0.0, 0.0)
    assert world.save().key == before.key
    assert world.observation() == observation
    assert world.push(push).status is PushStatus.REACHED


def test_physics_that_really_diverges_is_detected(rooms, monkeypatch):
    world = World(rooms.room(rooms.box(0.0, 0.0)))
    before = world.save()
    step = Simulation.step

    def poisoned(simulation, count):
        simulation.data.qvel[-1] = math.nan
        step(simulation, count)

    world.primitives(NAME)  # simulated with healthy physics
    monkeypatch.setattr(Simulation, "step", poisoned)
    outcome = world.push(Push(NAME, Pose2D(0.6, 0.0, 0.0)))
    assert outcome.status is PushStatus.DIVERGED
    assert "MuJoCo warned" in outcome.detail
    assert world.save().key == before.key


def test_an_unknown_object_is_named_with_those_that_exist(rooms):
    world = World(rooms.plugged(rooms.box(-1.0, 0.6, number=2)))
    before = world.save()
    with pytest.raises(KeyError) as caught:
        world.push(Push("obstacle_9_movable", Pose2D(0.0, 0.0, 0.0)))
    for name in ("obstacle_9_movable", NAME, "obstacle_2_movable"):
        assert name in str(caught.value)
    assert world.save().key == before.key


def test_divergence_during_a_push_is_undone_and_reported(rooms, monkeypatch):
    world = World(rooms.plugged())
    before = world.save()
    step, calls = world.simulation.step, []

    def blow_up(count):
        calls.append(count)
        if len(calls) == 3:
            world.simulation.data.qpos[:] = math.nan
        step(count)

    monkeypatch.setattr(world.simulation, "step", blow_up)
    outcome = world.push(Push(NAME, Pose2D(0.6, 0.3, 0.2)))
    assert outcome.status is PushStatus.DIVERGED
    assert outcome.detail
    assert not outcome.moved
    assert world.save().key == before.key


def test_values_that_are_not_finite_end_a_push_as_diverged(rooms, monkeypatch):
    # Without autoreset MuJoCo keeps NaNs in the state.
    options = {**rooms.SLEEPING, "flag/autoreset": "disable"}
    world = World(rooms.plugged(options=options))
    before, step = world.save(), Simulation.step

    def blow_up(simulation, count):
        step(simulation, count)
        simulation.data.qpos[:] = math.nan

    world.prepare()
    monkeypatch.setattr(Simulation, "step", blow_up)
    outcome = world.push(Push(NAME, Pose2D(0.6, 0.0, 0.0)))
    assert outcome.status is PushStatus.DIVERGED
    assert world.save().key == before.key


@pytest.mark.parametrize("goal", [Pose2D(math.nan, 0.0, 0.0), Pose2D(0.5, 0.0, math.inf)])
def test_a_goal_that_is_not_finite_is_refused(rooms, goal):
    with pytest.raises(ValueError, match="must be finite"):
        World(rooms.plugged()).push(Push(NAME, goal))
