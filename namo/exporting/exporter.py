"""What an exporter is, and how a collection is exported with one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from namo.exporting.settings import ExportSettings
from namo.files import new_folder
from namo.results.collection import Collection


@dataclass(frozen=True)
class Export:
    """One export.

    Attributes:
        collection: what to export.
        settings: what was asked for.
        folder: to write into; it gets its name when all is written.
        output: that name.
    """

    collection: Collection
    settings: ExportSettings
    folder: Path
    output: Path

    @property
    def name(self) -> str:
        """What the collection is called: the name of its folder."""
        return self.collection.folder.resolve().name


class Exporter(Protocol):
    """Writes collections in one format, the same bytes for the same collection.

    Attributes:
        SETTINGS: names of the `ExportSettings` that it looks at.
    """

    SETTINGS: ClassVar[frozenset[str]]

    def write(self, export: Export) -> list[str]:
        """Write the files.

        Returns:
            Lines for the person who asked: what was written, what was left out, how it is loaded.

        Raises:
            NamoError: something is missing, damaged or not as it was collected.
        """
        ...


def export_with(
    exporter: Exporter, collection: Collection, output: Path, settings: ExportSettings
) -> list[str]:
    """Export a collection, whole or not at all.

    Args:
        exporter: of the format.
        collection: what to export.
        output: folder to write; must not exist, or be empty.
        settings: what was asked for.

    Returns:
        As `Exporter.write`.

    Raises:
        UsageError: the output is there already.
        NamoError: see `Exporter.write`; nothing is left of the output.
    """
    with new_folder(output) as folder:
        return exporter.write(Export(collection, settings, folder, output))
