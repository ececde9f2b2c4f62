import numpy as np

from namo.world.push_planner import SHOVE_COST_STEPS
from namo.world.sweeps import ObstacleMasks
from namo.world.world import World

NAME = "obstacle_1_movable"


def test_sweeping_into_another_box_costs_and_into_a_wall_is_ruled_out(rooms):
    other = rooms.box(0.75, 0.4, number=2)
    world = World(
        rooms.room(rooms.box(0.0, 0.0), other, walls=(rooms.wall(5, 0.0, -0.9, (0.3, 0.05)),))
    )
    _, planner = world.primitives(NAME)
    static = world.static
    masks = ObstacleMasks(
        static.solid_walls, static.walls, world.reachability().obstacles_excluding(NAME).others
    )
    surcharge = planner.surcharges(world.poses()[NAME], masks, static.grid.frame)
    surcharge = surcharge.reshape(4, 5, -1)
    right, up, down = surcharge[2, 2], surcharge[3, 2], surcharge[1, 2]
    assert right[0] == up[0] == 0.0
    assert right[-2] == SHOVE_COST_STEPS
    assert (up[:5] == 0.0).all()
    assert np.isinf(down[-1])
    for costs in surcharge.reshape(20, -1):
        assert (costs[1:] >= costs[:-1]).all()  # a longer travel meets at least as much
