"""Layouts from a folder of walls-only scenes drawn elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from namo.errors import UsageError
from namo.scenes.generator_settings import GeneratorSettings
from namo.scenes.importers.walls_only import read_walls
from namo.scenes.layouts.layout import Layout


class Template:
    """The walls of one of the files in `templates`, each as likely as the others."""

    def __init__(self, settings: GeneratorSettings) -> None:
        """See `namo.scenes.layouts.layout.LayoutFamily`."""
        if settings.templates is None:
            raise UsageError("layout family 'template' needs 'templates', a folder of *.xml")
        folder = Path(settings.templates)
        self._files = sorted(folder.rglob("*.xml"), key=lambda path: path.as_posix())
        if not self._files:
            raise UsageError(f"templates {folder}: holds no .xml file at any depth")
        self._layouts: dict[Path, Layout] = {}

    def draw(self, rng: np.random.Generator) -> Layout:
        """See `namo.scenes.layouts.layout.LayoutFamily`."""
        path = self._files[int(rng.integers(len(self._files)))]
        if path not in self._layouts:
            self._layouts[path] = Layout("template", read_walls(path))
        return self._layouts[path]
