"""The colours of scenes wherever they are drawn: contact sheets, the report page, videos, diagrams.

Hexadecimal sRGB. `DARK_*` are the counterparts for a dark page.
"""

PAGE = "#ffffff"
INK = "#22262e"

FLOOR = "#f3f1ea"
REACHED = "#cfe3fb"
"""Floor that the robot can reach from its start."""
WALL = "#3d4450"
MOVABLE = "#f0a63c"
MOVABLE_EDGE = "#8a560f"
ROBOT = "#2f6fd0"
GOAL = "#1d8a4a"
SCENE_COLOURS = (FLOOR, REACHED, WALL, MOVABLE, MOVABLE_EDGE, ROBOT, GOAL)

DARK_INK = "#e6e8eb"
DARK_FLOOR = "#262b33"
DARK_WALL = "#8b95a5"
DARK_MOVABLE = "#d9922f"
DARK_MOVABLE_EDGE = "#f7cf90"
DARK_ROBOT = "#6aa3f8"
DARK_GOAL = "#43c37b"
