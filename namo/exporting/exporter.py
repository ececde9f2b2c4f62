"""The interface of exporters, and how a collection is exported with one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from namo.exporting.settings import ExportSettings
from namo.files import copy_regular, new_folder
from namo.results.collection import Collection


@dataclass(frozen=True)
class Export:
    """One export.

    Attributes:
        collection: to export.
        settings: of the export.
        folder: to write into; renamed to `output` when everything is written.
        output: final path of the folder.
    """

    collection: Collection
    settings: ExportSettings
    folder: Path
    output: Path

    @property
    def name(self) -> str:
        """Name of the collection: that of its folder."""
        return self.collection.folder.resolve().name


class Exporter(Protocol):
    """Writes collections in one format, with the same bytes for the same collection.

    Whatever the format, `scene_files.parquet` of the collection lies beside what it has written: in
    the folder, or where the exporter moves it.

    Attributes:
        SETTINGS: names of the `ExportSettings` that it uses.
    """

    SETTINGS: ClassVar[frozenset[str]]

    def write(self, export: Export) -> list[str]:
        """Write the files.

        Returns:
            Lines to print: exported data, omissions, how to load the data.

        Raises:
            NamoError: something is missing, damaged, or changed since it was collected.
        """
        ...


def export_with(
    exporter: Exporter, collection: Collection, output: Path, settings: ExportSettings
) -> list[str]:
    """Export a collection, completely or not at all.

    Args:
        exporter: of the format.
        collection: to export.
        output: folder to write; must not exist, or be empty.
        settings: of the export.

    Returns:
        See `Exporter.write`.

    Raises:
        UsageError: the output exists and is not an empty folder.
        NamoError: see `Exporter.write`; nothing is left of the output.
    """
    with new_folder(output) as folder:
        stored = collection.scene_files_path()
        copy_regular(stored, folder / stored.name)
        return exporter.write(Export(collection, settings, folder, output))
