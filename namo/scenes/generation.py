"""Candidates: scene `i` of a seed, the same however many are drawn and in however many jobs.

A candidate is drawn from its number alone. Its layout comes from the number divided by
`scenes_per_layout`, so that several scenes in a row share their walls.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from namo.scenes.furnishing import Rejection, Site, furnish, widest_passage
from namo.scenes.generator_settings import GeneratorSettings
from namo.scenes.layouts.layout import LayoutFamily
from namo.scenes.layouts.registry import LAYOUT_FAMILIES
from namo.scenes.scene import Scene
from namo.seeding import Purpose, stream


@dataclass(frozen=True)
class Candidate:
    """What was drawn for a number.

    Attributes:
        number: of the candidate, from 0.
        family: that drew its walls.
        layout_id: of its walls.
        scene: None where there is none.
        rejection: why there is none.
    """

    number: int
    family: str
    layout_id: str
    scene: Scene | None
    rejection: Rejection | None = None

    @property
    def file_name(self) -> str:
        """Name of its file: the number, so that a name means the same scene in any selection."""
        return f"scene_{self.number:07d}.xml"


class Generator:
    """Draws candidates for one set of settings."""

    def __init__(self, settings: GeneratorSettings) -> None:
        """Make the families ready.

        Raises:
            UsageError: the settings do not suit a family.
        """
        self.settings = settings
        self._names = [name for name, weight in settings.families.items() if weight > 0.0]
        weights = np.array([settings.families[name] for name in self._names])
        self._shares = weights / weights.sum()
        self._families: dict[str, LayoutFamily] = {
            name: LAYOUT_FAMILIES.load(name)(settings) for name in self._names
        }
        self._site = lru_cache(maxsize=8)(self._draw_site)

    def draw(self, number: int) -> Candidate:
        """Return candidate `number`."""
        family, site = self._site(number // self.settings.scenes_per_layout)
        rng = stream(self.settings.seed, number, 0, Purpose.FURNISHING)
        drawn = furnish(site, self.settings, rng)
        layout_id = site.layout.layout_id
        if isinstance(drawn, Rejection):
            return Candidate(number, family, layout_id, None, drawn)
        return Candidate(number, family, layout_id, drawn)

    def _draw_site(self, number: int) -> tuple[str, Site]:
        rng = stream(self.settings.seed, number, 0, Purpose.LAYOUTS)
        family = self._names[int(rng.choice(len(self._names), p=self._shares))]
        layout = self._families[family].draw(rng)
        return family, Site(layout, widest_passage(self.settings))
