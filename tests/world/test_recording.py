import numpy as np
import pytest

from namo.geometry import Pose2D
from namo.world.push import Push
from namo.world.recording import DRIVE_SPEED, FRAME_S, Recorder
from namo.world.world import World


@pytest.fixture(scope="module")
def recorded(rooms):
    """A push of the box in a door, with and without an observer."""
    world = World(rooms.plugged())
    push = Push("obstacle_1_movable", Pose2D(0.6, 0.0, 0.0))
    start = world.save()
    alone = world.push(push, stop_at_open_goal=False)
    after = world.save()
    world.restore(start)
    world.observer = recorder = Recorder(world)
    observed = world.push(push, stop_at_open_goal=False)
    recorder.finish()
    world.observer = None
    assert (observed, world.save().key) == (alone, after.key), "observing changes nothing"
    return world, recorder


def test_frames_go_from_the_state_before_to_the_state_after(recorded):
    world, recorder = recorded
    robot, box = world.poses().values()
    assert recorder.frames[0] == [-1.4, -1.2, 0.0, 0.0, 0.0]
    assert recorder.frames[-1] == [robot.x, robot.y, *box]


def test_motion_is_continuous(recorded):
    _, recorder = recorded
    frames = np.array(recorder.frames)
    moves = np.hypot(*np.diff(frames[:, :2], axis=0).T)
    assert moves.max() < 3 * DRIVE_SPEED * FRAME_S
    assert np.abs(np.diff(frames[:, 2:], axis=0)).max() < 0.2


def test_the_box_does_not_move_before_the_robot_arrives(recorded):
    _, recorder = recorded
    frames = np.array(recorder.frames)
    first_move = int(np.flatnonzero(np.abs(frames[:, 2] - frames[0, 2]) > 1e-3)[0])
    robot = frames[first_move - 1, :2]
    assert np.hypot(*robot) < 0.6
    assert first_move > 5, "the drive comes first"


def test_joints_are_those_of_the_frames(recorded):
    world, recorder = recorded
    assert len(recorder.joints) == len(recorder.frames)
    for place in (0, 7, len(recorder.frames) - 1):
        world.simulation.data.qpos[:] = recorder.joints[place]
        seen = [value for pose in world.simulation.poses().values() for value in pose]
        assert [*seen[:2], *seen[3:]] == pytest.approx(recorder.frames[place])
