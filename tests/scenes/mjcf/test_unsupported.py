import pytest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('timestep="0.005"', 'timestep="0"', "timestep is 0 s; allowed are 0.0001 to 0.05 s"),
        ('<body name="robot">', '<body name="cart">', "body 'cart' has a joint; the robot is"),
        ('type="free"', 'type="ball"', "body 'obstacle_1_movable' has a joint"),
        ('<joint type="free" />', "", "body 'obstacle_1_movable' has no joint"),
        ("obstacle_1_movable", "crate", "body 'crate' has a free joint; what the robot pushes"),
        ('name="wall_1" type="box"', 'name="wall_1" type="capsule"', "'wall_1' is a capsule"),
        (
            'name="wall_1"',
            'name="wall_1" contype="0" conaffinity="0"',
            "geom 'wall_1' is a wall by name, stands on the floor but collides with nothing",
        ),
        ('name="wall_1"', 'name="wall_1" contype="2" conaffinity="2"', "do not collide"),
        ('type="plane" size="0 0 0.05"', 'type="box" size="9 9 1"', "'floor' is neither wall"),
        (
            "<actuator>",
            "<contact><exclude body1='robot' body2='walls'/></contact><actuator>",
            "(1)",
        ),
    ],
)
def test_elements_outside_the_convention_are_refused_by_name(refused, old, new, said):
    assert said in refused(old, new)


def test_the_body_of_named_walls_may_have_any_name(accepted):
    assert len(accepted('<body name="walls">', '<body name="other">').walls) == 4


def test_a_second_robot_is_refused(refused):
    second = '<body name="robot_2"><joint type="slide"/><geom size="0.1" pos="1 1 0.1"/></body>'
    assert "body 'robot_2' has a joint" in refused("<site", second + "<site")


def test_an_unknown_solid_is_refused(refused):
    assert "geom 'pillar' is neither wall, movable, robot nor floor" in refused(
        "<site", '<geom name="pillar" size="0.2" pos="1 -1 0.2"/><site'
    )
