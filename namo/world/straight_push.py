"""One straight push: make contact at one point and drive until the robot's goal is reachable.

This is a single step of the push skill: no plan, no second contact. A longer push from the same
contact passes through all shorter ones, so one simulation covers every length.
"""

from __future__ import annotations

import math

from namo.errors import PhysicsError
from namo.world.primitives import LONGEST_PRIMITIVE_S, control_steps, push_along
from namo.world.push_skill import OVERTIME_FACTOR, STUCK_M, STUCK_S
from namo.world.world import World


def push_straight(world: World, name: str, contact: int) -> int | None:
    """Push along the face's normal, up to the longest travel, and return which one opened the goal.

    Reachability of the goal is checked after every completed travel, and the push stops there if it
    is reachable, like the push skill does. It also stops if the robot advances by less than
    `STUCK_M` in `STUCK_S`, or if the physics diverges.

    Args:
        world: left in the state before the push.
        name: of the movable.
        contact: index of a reachable contact point.

    Returns:
        Index of the shortest travel of the movable's primitives at whose end the robot's goal was
        reachable; None if it never was.

    Raises:
        UnknownMovableError: the scene has no such movable.
        SceneError: see `World.primitives`.
        OSError: likewise.
    """
    world.expect_moving(name)
    before = world.save()
    world.restore(before)
    simulation = world.simulation
    library, _ = world.primitives(name)
    contacts = world.static.contacts[name]
    x, y = world.poses()[name].to_world(contacts.positions[contact]).tolist()
    simulation.stop()
    simulation.place_robot(x, y)
    period = control_steps(simulation.timestep_s)
    stuck_after = max(1, round(STUCK_S / (period * simulation.timestep_s)))
    limit = OVERTIME_FACTOR * LONGEST_PRIMITIVE_S / simulation.timestep_s
    opened_at, index, steps, periods, travelled_then = None, 0, 0, 0, 0.0
    while steps < limit and index < len(library.travels) and opened_at is None:
        push_along(simulation, name, contacts.directions[contact], period)
        steps, periods = steps + period, periods + 1
        try:
            simulation.check_health(steps)
        except PhysicsError:
            break
        robot_x, robot_y = simulation.robot()
        travelled = math.hypot(robot_x - x, robot_y - y)
        completed = index
        while completed < len(library.travels) and travelled >= library.travels[completed]:
            completed += 1
        if completed > index:
            world.invalidate()
            if world.reachability().goal_reachable:
                opened_at = index
            index = completed
        if periods % stuck_after == 0:
            if travelled - travelled_then < STUCK_M:
                break
            travelled_then = travelled
    world.restore(before)
    return opened_at
