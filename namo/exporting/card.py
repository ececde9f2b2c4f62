"""The content of a data set card, and its front matter for the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from namo.errors import UsageError
from namo.exporting.exporter import Export
from namo.results.metadata_types import RunFile
from namo.results.records import read_listed_record
from namo.results.run_file import read_run_file
from namo.results.summary_types import Summary

NO_LICENCE = "none-chosen"
TAGS = (
    "namo",
    "navigation-among-movable-obstacles",
    "task-and-motion-planning",
    "motion-planning",
    "mujoco",
)
_SIZES = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")


@dataclass(frozen=True)
class Split:
    """An exported split.

    Attributes:
        name: of the split.
        environments: number of environments in it.
        rows: number of rows per table.
    """

    name: str
    environments: int
    rows: Mapping[str, int]


@dataclass(frozen=True)
class DatasetCard:
    """The content of a card, apart from counts of exported rows.

    Attributes:
        name: of the collection.
        run: content of its `run.json`.
        summary: content of its summary pickle.
        licence: of the data; None if none was chosen.
        citation: BibTeX entry for the data; None for none.
    """

    name: str
    run: RunFile
    summary: Summary
    licence: str | None
    citation: str | None

    @classmethod
    def of(cls, export: Export) -> DatasetCard:
        """Read the content of a card.

        Raises:
            UsageError: the citation cannot be read or is not BibTeX.
            ResultFileError: `run.json` or the summary is missing or damaged.
        """
        folder, settings = export.collection.folder, export.settings
        citation = None if settings.citation is None else _bibtex(settings.citation)
        run = read_run_file(folder)
        name = f"collection_summary_{run['label']}.pkl"
        summary = read_listed_record(folder, name, Summary)
        return cls(export.name, run, summary, settings.licence, citation)

    @property
    def title(self) -> str:
        """Title of the data set."""
        return f"NAMO planning data: {self.name}"


def _bibtex(path: Path) -> str:
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--citation {path}: cannot be read: {error}") from None
    if not text.startswith("@") or "```" in text:
        raise UsageError(f"--citation {path}: not a BibTeX entry, which starts with @")
    return text


def front_matter(
    card: DatasetCard,
    splits: Sequence[Split],
    tables: Mapping[str, str],
    files: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the metadata that the Hub reads.

    Args:
        card: content of the card.
        splits: exported splits.
        tables: description of each table by name, the default one first. It must differ with the
            content: the `datasets` library caches by folder name and front matter.
        files: description of each table that is one file and not split, likewise.
    """
    largest = max(sum(split.rows[name] for split in splits) for name in tables)
    return {
        **common_front_matter(card, largest),
        "configs": [
            {
                "config_name": name,
                "description": tables[name],
                **({"default": True} if index == 0 else {}),
                "data_files": [
                    {"split": split.name, "path": f"{name}/{split.name}-*.parquet"}
                    for split in splits
                    if split.rows[name] or not any(one.rows[name] for one in splits)
                ],
            }
            for index, name in enumerate(tables)
        ]
        + [
            {"config_name": name, "description": text, "data_files": f"{name}.parquet"}
            for name, text in files.items()
        ],
    }


def common_front_matter(card: DatasetCard, rows: int) -> dict[str, Any]:
    """Return the metadata that the Hub reads of any data set.

    Args:
        card: content of the card.
        rows: number of rows of the largest table.
    """
    chosen = {"license": card.licence}
    return {
        **(chosen if card.licence else {"license": "other", "license_name": NO_LICENCE}),
        "pretty_name": card.title,
        "size_categories": [_size_category(rows)],
        "task_categories": ["robotics"],
        "tags": list(TAGS),
    }


def _size_category(rows: int) -> str:
    """Return the Hub's size category for a number of rows."""
    for index, name in enumerate(_SIZES):
        if rows < 1000 * 10**index:
            return f"{_SIZES[index - 1]}<n<{name}" if index else f"n<{name}"
    return f"n>{_SIZES[-1]}"
