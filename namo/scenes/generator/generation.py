"""Candidates: scene `i` of a seed, the same however many are drawn and in however many jobs.

A candidate depends on settings, seed and its number only. Its layout, and the part of a mixture
that it is of, are those of the number divided by `scenes_per_layout`, so that consecutive scenes
share their walls. A part draws what a generator with its settings draws for the same number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from namo.errors import SceneError, UsageError
from namo.scenes.generator.boxes import widest_passage
from namo.scenes.generator.layouts.layout import LayoutFamily, drawn, scaled_layout
from namo.scenes.generator.layouts.registry import LAYOUT_FAMILIES
from namo.scenes.generator.mixture import drawn_name, named_part
from namo.scenes.generator.population import Rejection, populate
from namo.scenes.generator.prepared_layout import PreparedLayout
from namo.scenes.generator.settings import GeneratorSettings
from namo.scenes.layout_id import layout_id_of
from namo.scenes.reading import parse_scene
from namo.scenes.scene import Goal, Robot, Scene
from namo.scenes.writing import scene_xml
from namo.seeding import Purpose, stream

CLOSED_OFF_M2 = 0.25
"""Maximum unreachable free area of a layout at scale 1; more means a room without a door."""


@dataclass(frozen=True)
class Candidate:
    """A scene drawn for a number, or the reason why there is none.

    Attributes:
        number: of the candidate, from 0.
        part: of the mixture; None without one.
        family: layout family of its walls.
        layout_id: see `namo.scenes.layout_id`.
        scene: None for a rejected candidate.
        rejection: why it was rejected; the part before a colon is the kind of reason.
    """

    number: int
    part: str | None
    family: str
    layout_id: str
    scene: Scene | None
    rejection: str | None = None

    @property
    def file_name(self) -> str:
        """Name of its file, from its number: it is the same in every selection."""
        return f"scene_{self.number:07d}.xml"


class Generator:
    """Draws the candidates of one configuration."""

    def __init__(self, settings: GeneratorSettings) -> None:
        """Load the families.

        Raises:
            UsageError: the settings are invalid for a family, or MuJoCo refuses the options.
        """
        self.settings = settings
        self._parts: dict[str | None, _Part] = {}
        for name, part in settings.parts.items():
            with named_part(name):
                self._parts[name] = _Part(name, part)

    def draw(self, number: int) -> Candidate:
        """Return candidate `number`."""
        layout = number // self.settings.scenes_per_layout
        rng = stream(self.settings.seed, layout, 0, Purpose.PARTS)
        return self._parts[drawn_name(rng, self.settings.weights)].draw(number)


class _Part:
    """Draws the candidates of one part of a mixture, or of a set of one kind."""

    def __init__(self, name: str | None, settings: GeneratorSettings) -> None:
        self.name, self.settings = name, settings
        self._weights = _in_order(settings.families)
        self._families: dict[str, LayoutFamily] = {
            name: LAYOUT_FAMILIES.load(name)(settings)
            for name, weight in self._weights.items()
            if weight > 0.0
        }
        self._check_options()
        self._layout = lru_cache(maxsize=8)(self._draw_layout)

    def draw(self, number: int) -> Candidate:
        family, prepared = self._layout(number // self.settings.scenes_per_layout)
        if isinstance(prepared, str):
            return Candidate(number, self.name, family, "", None, prepared)
        rng = stream(self.settings.seed, number, 0, Purpose.POPULATION)
        scene = populate(prepared, self.settings, rng)
        layout = prepared.layout
        if isinstance(scene, Rejection):
            return Candidate(number, self.name, family, layout.layout_id, None, str(scene))
        same = scene.walls is layout.walls
        layout_id = layout.layout_id if same else layout_id_of(scene.walls)
        return Candidate(number, self.name, family, layout_id, scene)

    def _draw_layout(self, number: int) -> tuple[str, PreparedLayout | str]:
        """Return a family and its layout, or the reason why there is none."""
        rng = stream(self.settings.seed, number, 0, Purpose.LAYOUTS)
        family = drawn_name(rng, self._weights)
        try:
            layout = self._families[family].draw(rng)
            radius = drawn(rng, self.settings.robot_radius_m, 0.01)
            scale = drawn(rng, self.settings.scale, 0.01)
            radius = round(scale * radius, 4)
            widest = widest_passage(self.settings, scale, radius)
            prepared = PreparedLayout(scaled_layout(layout, scale), scale, radius, widest)
        except SceneError as error:
            return family, str(error)
        if family != "template" and prepared.closed_off_m2 > CLOSED_OFF_M2 * scale**2:
            return family, f"walls close off a part: {prepared.closed_off_m2:.2f} m2 of floor"
        return family, prepared

    def _check_options(self) -> None:
        """Refuse invalid MuJoCo options.

        Raises:
            UsageError: MuJoCo refuses them.
        """
        plain = Scene((), (), Robot(0.0, 0.0), Goal(1.0, 0.0), options=self.settings.options)
        try:
            parse_scene(scene_xml(plain).encode(), "options")
        except SceneError as error:
            raise UsageError(f"options is {dict(self.settings.options)}: {error}") from error


def _in_order(families: Mapping[str, float]) -> dict[str, float]:
    """Return weights of families as they are registered, plug-ins last, however they were given.

    Settings that are stored or handed to a job have their names sorted.
    """
    own = [*LAYOUT_FAMILIES.targets]
    names = sorted(families, key=lambda name: (own.index(name) if name in own else len(own), name))
    return {name: families[name] for name in names}
