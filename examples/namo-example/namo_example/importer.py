"""Floor plans as lines `wall,X_MIN,Y_MIN,X_MAX,Y_MAX`, `box` likewise, `robot,X,Y`, `goal,X,Y`."""

from pathlib import Path

from namo.errors import SceneError
from namo.scenes.importers.importer import Imported, Names, flat_movable, flat_wall, rectangle
from namo.scenes.importers.settings import ImportSettings
from namo.scenes.scene import Goal, Robot, Scene

WORDS = ("wall", "box", "robot", "goal")


class Rectangles:
    """Reads such tables, in metres."""

    SUFFIXES = (".csv",)
    SETTINGS = frozenset[str]()

    def recognises(self, path: Path, text: str) -> bool:
        """Return whether every line begins with a word of the format."""
        return all(line.partition(",")[0] in WORDS for line in text.split())

    def read(self, path: Path, text: str, settings: ImportSettings) -> Imported:
        """Return the scene in a table."""
        names, size = Names(), Robot.radius
        found: dict[str, list[list[float]]] = {word: [] for word in WORDS}
        try:
            for line in text.split():
                word, *values = line.split(",")
                found[word].append([float(value) for value in values])
            walls = [flat_wall(names.wall("w"), rectangle(*of), size) for of in found["wall"]]
            boxes = [flat_movable(names.movable("b"), rectangle(*of), size) for of in found["box"]]
            ((start_x, start_y),), ((goal_x, goal_y),) = found["robot"], found["goal"]
        except (KeyError, TypeError, ValueError) as error:
            raise SceneError(f"{path}: not such a table: {error!r}") from None
        robot, goal = Robot(start_x, start_y), Goal(goal_x, goal_y)
        return Imported(Scene(tuple(walls), tuple(boxes), robot, goal), remarks=())
