"""The naming convention of scene files, in metres and kilograms.

- a plane at z = 0 is the floor;
- fixed box geoms whose name, or their body's, contains `wall` or `static` are walls, and so are
  fixed bodies of that name made of mesh prisms (`namo.scenes.mjcf.prisms`), each one polygon;
- bodies whose name contains `movable`, each with a free joint and boxes or mesh prisms that are one
  polygon, are what the robot pushes;
- the body `robot` slides along x and y, one sphere or cylinder, with one motor per joint;
- the site `goal` is where the robot has to get.

Anything else that collides or moves is refused by name; nothing is ignored silently.
"""

WALL_MARKS = ("wall", "static")
MOVABLE_MARK = "movable"

ROBOT_RULE = "the robot is a body 'robot' with two slide joints, along x and along y"
MOVABLE_RULE = (
    "what the robot pushes is a body with 'movable' in its name, a free joint, and upright boxes "
    "or mesh prisms that together are one polygon"
)
WALL_RULE = (
    "a wall is a fixed, upright box geom, or a fixed body of mesh prisms, with 'wall' or 'static' "
    "in its name or its body's"
)
