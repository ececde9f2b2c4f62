import pytest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name="joint_x"', 'name="joint_x" range="0 1"', "has a range; the robot slides freely"),
        ('name="joint_x"', 'name="joint_x" stiffness="1"', "of body 'robot' has stiffness"),
        ('name="joint_x"', 'name="joint_x" frictionloss="1"', "of body 'robot' has frictionloss"),
        ('axis="1 0 0"', 'axis="1 1 0"', "has joints: 'joint_x' (slide along 0.707107"),
        ('axis="1 0 0"', 'axis="-1 0 0"', "slide along -1 0 0"),
        ("<motor", "<velocity", "is not a plain motor"),
        ('ctrlrange="-1.0 1.0"', 'ctrlrange="0 1"', "has ctrlrange 0 to 1"),
        ('gear="1"', 'gear="-1"', "has gear -1 and gain 1"),
        ('joint="joint_y"', 'joint="joint_x"', "of body 'robot' has 2 motors"),
    ],
)
def test_joints_and_motors_that_break_the_convention_are_refused(refused, old, new, said):
    assert said in refused(old, new)


def test_a_missing_motor_is_refused(refused, plain_xml):
    (line,) = [line for line in plain_xml.splitlines() if 'name="actuator_y"' in line]
    assert "'joint_y' (slide along 0 1 0) of body 'robot' has 0 motors" in refused(line, "")


def test_a_motor_without_a_range_says_what_to_do(refused):
    message = refused('ctrllimited="true"', 'ctrllimited="false"')
    assert (
        "has no ctrlrange, so its force is unlimited; give it one around zero, such as " in message
    )
    assert message.endswith('ctrlrange="-1 1"')
