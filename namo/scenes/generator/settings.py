"""Settings of the scene generator: the ranges to draw from, with their units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path

from namo.config_parsing import types_of
from namo.errors import UsageError
from namo.option_checks import expanded_path
from namo.scenes.folders import SCENE_SUFFIX, files_below
from namo.scenes.generator.layouts.registry import LAYOUT_FAMILIES
from namo.scenes.generator.mixture import WEIGHT, Parts, named_part, parsed_parts, require_weights
from namo.scenes.scene import DEFAULT_OPTIONS

Interval = tuple[float, float]
Count = tuple[int, int]

SEALS = ("walls", "weight")
"""Materials of a seal, see `namo.scenes.generator.sealing`."""
OF_ALL_PARTS = frozenset({"seed", "scenes_per_layout", "mixture"})
"""Settings of the generator that no part of a mixture has of its own."""

DEFAULT_FAMILIES: Mapping[str, float] = {
    "room": 1.0,
    "row": 1.0,
    "corridor": 1.0,
    "maze": 1.0,
    "apartment": 1.0,
}


@dataclass(frozen=True)
class GeneratorSettings:
    """Ranges are (lowest, highest), both inclusive; values are drawn uniformly.

    Attributes:
        seed: of all random numbers.
        families: relative sampling weight of each layout family.
        templates: folder of walls-only scenes, for family `template`; searched recursively.
        scenes_per_layout: consecutive scenes that share their walls.
        wall_thickness_m: of all walls except those of templates.
        room_side_m: inner sides of rooms.
        rooms: number of rooms of a row; maximum of an apartment; half on each side of a corridor.
        door_width_m: width of doors.
        corridor_width_m: width of corridors.
        maze_cells: cells along each side of a maze.
        maze_cell_m: inner side of a cell.
        maze_walls_removed: fraction of the inner walls of a perfect maze to remove.
        robot_radius_m: the same in all scenes of a layout.
        scale: factor of all lengths of a layout, its boxes and its robot, the same in all its
            scenes; masses, forces and the lengths of pushes remain.
        boxes_in_passages: number of boxes in doors and other passages.
        boxes_elsewhere: number of boxes placed anywhere else.
        box_size_m: side of the square of equal area.
        box_aspect: ratio of the longer side to the shorter.
        box_mass_kg: of each box.
        box_friction: sliding friction coefficient of boxes; a contact with the floor uses the
            larger of the two.
        floor_friction: sliding friction coefficient of the floor, a multiple of 0.05.
        open_share: fraction of scenes whose goal may be reachable at the start.
        boundaries: times that boxes stand between robot and goal, see
            `namo.scenes.generator.boundaries`; None for any number.
        seal: what the boxes around the goal's region become, so that no pushing helps: "walls", or
            "weight" that the robot cannot push; None to leave them.
        options: MuJoCo's `<option>` attributes.
        mixture: parts of the set by name: a relative `weight`, and settings that differ from those
            here, all but `OF_ALL_PARTS`; None for a set of one kind.

    Raises:
        UsageError: a setting is out of range, or a layout family does not exist.
    """

    seed: int = 0
    families: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_FAMILIES))
    templates: str | None = None
    scenes_per_layout: int = 4
    wall_thickness_m: float = 0.1
    room_side_m: Interval = (2.4, 3.6)
    rooms: Count = (3, 5)
    door_width_m: Interval = (0.8, 1.0)
    corridor_width_m: Interval = (1.0, 1.4)
    maze_cells: Count = (4, 6)
    maze_cell_m: Interval = (0.9, 1.1)
    maze_walls_removed: Interval = (0.2, 0.5)
    robot_radius_m: Interval = (0.15, 0.15)
    scale: Interval = (1.0, 1.0)
    boxes_in_passages: Count = (1, 3)
    boxes_elsewhere: Count = (0, 4)
    box_size_m: Interval = (0.4, 0.8)
    box_aspect: Interval = (1.0, 2.0)
    box_mass_kg: Interval = (0.1, 0.1)
    box_friction: Interval = (0.0, 0.0)
    floor_friction: Interval = (0.5, 0.5)
    open_share: float = 0.1
    boundaries: Count | None = None
    seal: str | None = None
    options: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_OPTIONS))
    mixture: Parts | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed is {self.seed}; allowed are 0 to 2^63 - 1")
        if self.scenes_per_layout < 1:
            raise UsageError(f"scenes_per_layout is {self.scenes_per_layout}; at least 1")
        if not 0.0 <= self.open_share <= 1.0:
            raise UsageError(f"open_share is {self.open_share}; allowed are 0 to 1")
        if not 0.02 <= self.wall_thickness_m <= 1.0:
            raise UsageError(f"wall_thickness_m is {self.wall_thickness_m}; allowed are 0.02 to 1")
        if self.seal not in (None, *SEALS):
            raise UsageError(f"seal is '{self.seal}'; allowed are {', '.join(SEALS)}, or null")
        if self.open_share and (self.seal or self.boundaries):
            raise UsageError(
                f"open_share is {self.open_share}; with a seal or boundaries it must be 0"
            )
        for name in self.families:
            LAYOUT_FAMILIES.canonical(name)
        require_weights(self.families, "families")
        for name, (lowest, highest) in _LIMITS.items():
            if (interval := getattr(self, name)) is None:
                continue
            low, high = interval
            if not lowest <= low <= high <= highest:
                raise UsageError(
                    f"{name} is {low:g} to {high:g}; lowest first, within {lowest:g} to {highest:g}"
                )
        if self.mixture is not None:
            kinds = {
                name: kind
                for name, kind in types_of(GeneratorSettings).items()
                if name not in OF_ALL_PARTS
            }
            object.__setattr__(self, "mixture", parsed_parts(self.mixture, kinds))
            _ = self.parts  # each is checked

    @cached_property
    def parts(self) -> Mapping[str | None, GeneratorSettings]:
        """Settings of each part that has a weight, by name; of a set of one kind, under None.

        Raises:
            UsageError: the settings of a part contradict each other.
        """
        if self.mixture is None:
            return {None: self}
        common = {one.name: getattr(self, one.name) for one in fields(GeneratorSettings)}
        parts: dict[str | None, GeneratorSettings] = {}
        for name, values in self.mixture.items():
            own = {key: value for key, value in values.items() if key != WEIGHT}
            with named_part(name):
                part = GeneratorSettings(**{**common, "mixture": None, **own})
            if values[WEIGHT]:
                parts[name] = part
        return parts

    @property
    def weights(self) -> Mapping[str | None, float]:
        """Relative weight of each part that has one."""
        if self.mixture is None:
            return {None: 1.0}
        return {name: part[WEIGHT] for name, part in self.mixture.items() if part[WEIGHT]}


def template_files(settings: GeneratorSettings) -> list[Path]:
    """Return the template files, sorted by path; none if the family `template` has no weight.

    Raises:
        UsageError: the family has a weight, but there are no files, or the folder holds a broken
            link.
    """
    if not settings.families.get("template"):
        return []
    if settings.templates is None:
        raise UsageError("layout family 'template' needs 'templates', a folder of *.xml")
    folder = Path(expanded_path(settings.templates, "templates"))
    if not folder.is_dir():
        raise UsageError(f"templates {folder}: no such folder")
    found = files_below(folder)
    if problem := found.problem_of(SCENE_SUFFIX):
        raise UsageError(f"templates {folder}: {problem}")
    files = found.with_suffix(SCENE_SUFFIX)
    if not files:
        raise UsageError(f"templates {folder}: holds no .xml file at any depth")
    return files


_LIMITS: Mapping[str, Interval] = {
    "room_side_m": (1.5, 30.0),
    "rooms": (2, 50),
    "door_width_m": (0.4, 5.0),
    "corridor_width_m": (0.4, 10.0),
    "maze_cells": (2, 50),
    "maze_cell_m": (0.4, 10.0),
    "maze_walls_removed": (0.0, 1.0),
    "robot_radius_m": (0.02, 1.0),
    "scale": (0.1, 10.0),
    "boxes_in_passages": (0, 100),
    "boxes_elsewhere": (0, 100),
    "boundaries": (1, 100),
    "box_size_m": (0.1, 5.0),
    "box_aspect": (1.0, 10.0),
    "box_mass_kg": (0.001, 1000.0),
    "box_friction": (0.0, 5.0),
    "floor_friction": (0.0, 5.0),
}
