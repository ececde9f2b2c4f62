import pytest

from namo.geometry import Pose2D
from namo.results.actions import PUSH_COLUMNS, action_in, action_of, push_columns, push_in, push_of
from namo.world.push import Push, StraightPush

RESULT = Pose2D(1.0, 2.0, 0.5)
PUSHES = [Push("box", Pose2D(0.1, 0.2, 0.3)), StraightPush("box", 0, 0.25)]


@pytest.mark.parametrize("push", PUSHES)
def test_a_push_is_read_back_from_a_plan_and_from_the_table(push):
    assert push_of(action_of(push, RESULT)) == push
    assert push_in(push_columns(push, RESULT)) == push
    assert action_in(push_columns(push, RESULT)) == action_of(push, RESULT)
    assert tuple(push_columns(push, RESULT)) == PUSH_COLUMNS


def test_the_target_of_a_straight_push_is_the_pose_it_led_to():
    to_pose, straight = (action_of(push, RESULT) for push in PUSHES)
    assert to_pose["target"] == (0.1, 0.2, 0.3)
    assert "contact" not in to_pose
    assert straight == {"object_id": "box", "target": (1.0, 2.0, 0.5), "contact": 0, "travel": 0.25}
