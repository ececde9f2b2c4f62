"""Whether MuJoCo lets the robot touch a movable exactly where its footprint says."""

import mujoco
import shapely


def places_touched(scene, movable, simulation, xs, ys):
    """Put the robot everywhere on a grid, compare, and return how often it touches something."""
    shape = shapely.Polygon(movable.corners())
    robot, floor = (simulation.model.geom(name).id for name in ("robot", "floor"))
    touched = 0
    for x in xs:
        for y in ys:
            distance = shape.distance(shapely.Point(x, y)) - scene.robot.radius
            if abs(distance) < 2e-3:
                continue
            simulation.place_robot(float(x), float(y))
            mujoco.mj_kinematics(simulation.model, simulation.data)
            mujoco.mj_collision(simulation.model, simulation.data)
            contacts = simulation.data.contact.geom
            touches = bool(
                ((contacts == robot).any(axis=1) & (contacts != floor).all(axis=1)).any()
            )
            assert touches == (distance < 0.0), (x, y)
            touched += touches
    return touched
