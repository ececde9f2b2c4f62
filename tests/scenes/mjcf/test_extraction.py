import pytest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('<site name="goal"', '<site name="origin"', "goal sites: none; a scene has exactly one"),
        ('<site name="goal"', '<site name="goal_2"/><site name="goal"', "'goal_2', 'goal'"),
        ('euler="0 0', 'euler="5 0', "body 'obstacle_1_movable' is tilted"),
        (
            'name="wall_1" type="box"',
            'name="wall_1" euler="0 9 0" type="box"',
            "'wall_1' is tilted",
        ),
        ('pos="-1.0 -1.0 0.15"', 'pos="-1.0 -1.0 0.9"', "slides at z = 0.9 m and misses"),
        ('type="plane"', 'type="plane" pos="0 0 0.1"', "floor must be level and at z = 0"),
    ],
)
def test_parts_that_break_the_convention_are_refused(refused, old, new, said):
    assert said in refused(old, new)


def test_a_movable_of_two_boxes_is_refused(refused):
    extra = '<geom type="box" size="0.1 0.1 0.1" pos="0 0 0.3"/><joint type="free" />'
    assert "'obstacle_1_movable' has solid geoms: box, box" in refused(
        '<joint type="free" />', extra
    )
