"""What might open the goal includes every straight push that does."""

import numpy as np

from namo.world.one_push import might_open
from namo.world.world import World

PLUG, BESIDE = "obstacle_1_movable", "obstacle_2_movable"
FAR_M = 1.0


def test_a_push_that_opens_the_goal_might_open_it(rooms):
    opened = 0
    for turn in (0.0, 0.2, 0.4):
        world = World(rooms.room(rooms.box(0.0, 0.0, turn), walls=rooms.door()))
        start = world.save()
        travel = float(world.primitives(PLUG)[0].travels.max())
        might = might_open(world.reachability(), PLUG, travel)
        for contact in np.flatnonzero(world.reachability().reachable_contacts(PLUG)).tolist():
            opens = any(end.goal_open for _, _, end in world.straight_from(start, PLUG, contact))
            world.restore(start)
            assert might[contact] or not opens
            opened += opens
    assert opened > 3


def test_what_leaves_the_door_plugged_opens_nothing(rooms):
    """The second box is in the chamber of the robot, too far from the plug to push it on."""
    scene = rooms.room(
        rooms.box(0.0, 0.0),
        rooms.box(-4.0, 0.0, number=2),
        walls=(rooms.wall(5, 0.0, -2.725, (0.05, 2.275)), rooms.wall(6, 0.0, 2.725, (0.05, 2.275))),
        side=10.0,
        robot=(-3.0, -2.0),
        goal=(3.0, 1.0),
    )
    reachability = World(scene).reachability()
    assert not might_open(reachability, BESIDE, FAR_M).any()
    assert might_open(reachability, PLUG, FAR_M).any()


def test_a_movable_near_the_plug_might_push_it_on(rooms):
    reachability = World(rooms.plugged(rooms.box(-0.9, 0.0, number=2))).reachability()
    assert might_open(reachability, BESIDE, FAR_M).any()
