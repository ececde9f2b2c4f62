"""Layouts from a folder of walls-only scene files."""

from __future__ import annotations

import numpy as np

from namo.errors import SceneError, UsageError
from namo.scenes.generator.layouts.layout import Layout
from namo.scenes.generator.settings import GeneratorSettings, template_files
from namo.scenes.importers.walls_only import read_walls


class Template:
    """The walls of one of the files in `templates`, drawn uniformly."""

    def __init__(self, settings: GeneratorSettings) -> None:
        """Read all templates.

        Raises:
            UsageError: there are none, or one cannot be used.
        """
        try:
            self._layouts = [
                Layout("template", read_walls(path)) for path in template_files(settings)
            ]
        except SceneError as error:
            raise UsageError(f"templates: {error}") from error

    def draw(self, rng: np.random.Generator) -> Layout:
        """See `namo.scenes.generator.layouts.layout.LayoutFamily`."""
        return self._layouts[int(rng.integers(len(self._layouts)))]
