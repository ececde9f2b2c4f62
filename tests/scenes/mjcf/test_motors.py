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
        ('name="joint_x"', 'name="joint_x" actuatorfrcrange="0 1"', "has actuatorfrcrange 0 to 1"),
        ('joint="joint_y"', 'joint="joint_y" forcerange="1 2"', "has forcerange 1 to 2; it must"),
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


@pytest.mark.parametrize(
    ("old", "new", "force"),
    [
        ('name="joint_x"', 'name="joint_x" actuatorfrcrange="-0.2 0.5"', 0.2),
        ('name="joint_y"', 'name="joint_y" actuatorfrcrange="-5 0.3"', 0.3),
        ('name="joint_y"', 'name="joint_y" actuatorfrcrange="-5 5"', 1.0),
        ('gear="1"', 'gear="3" forcerange="-0.2 0.4"', 0.2 * 3),
        ("<worldbody>", '<default><joint actuatorfrcrange="-.4 .4"/></default><worldbody>', 0.4),
    ],
)
def test_the_force_is_what_every_limit_leaves(accepted, old, new, force):
    assert accepted(old, new).robot.max_force == pytest.approx(force)
