"""What the card of an exported data set is made of, and its front matter for the Hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from namo.errors import UsageError
from namo.exporting.exporter import Export
from namo.results.collection import Record
from namo.results.records import record_in
from namo.results.run_file import read_run_file

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
    """One split, as it was written.

    Attributes:
        name: of the split.
        environments: that are in it.
        rows: of each table.
    """

    name: str
    environments: int
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Card:
    """What a card says that is not counted while rows are written.

    Attributes:
        name: of the collection.
        run: content of its `run.json`.
        summary: of its summary pickle.
        licence: of the data; None where nobody has chosen one.
        citation: a BibTeX entry of its makers; None where they gave none.
    """

    name: str
    run: Record
    summary: Record
    licence: str | None
    citation: str | None

    @classmethod
    def of(cls, export: Export) -> Card:
        """Return what there is to say.

        Raises:
            UsageError: the citation cannot be used.
            ResultFileError: `run.json` or the summary is missing or damaged.
        """
        folder, settings = export.collection.folder, export.settings
        citation = None if settings.citation is None else _bibtex(settings.citation)
        run = read_run_file(folder)
        summary = record_in(folder, f"collection_summary_{run['label']}.pkl")
        return cls(export.name, run, summary, settings.licence, citation)

    @property
    def title(self) -> str:
        """What the data set is called."""
        return f"NAMO planning data: {self.name}"


def _bibtex(path: Path) -> str:
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--citation {path}: cannot be read: {error}") from None
    if not text.startswith("@") or "```" in text:
        raise UsageError(f"--citation {path}: is no BibTeX; an entry begins with @")
    return text


def front_matter(card: Card, splits: Sequence[Split], tables: Mapping[str, str]) -> dict[str, Any]:
    """Return what the Hub reads.

    Args:
        card: where the data come from.
        splits: what was written.
        tables: what each is, by name, the one to show first in front. The library keeps what it
            has read by the name of the folder and this text: it has to differ with the content.
    """
    most = max(sum(split.rows[name] for split in splits) for name in tables)
    chosen = {"license": card.licence}
    written = [name for name in tables if any(split.rows[name] for split in splits)]
    return {
        **(chosen if card.licence else {"license": "other", "license_name": NO_LICENCE}),
        "pretty_name": card.title,
        "size_categories": [_size(most)],
        "task_categories": ["robotics"],
        "tags": list(TAGS),
        "configs": [
            {
                "config_name": name,
                "description": tables[name],
                **({"default": True} if place == 0 else {}),
                "data_files": [
                    {"split": split.name, "path": f"{name}/{split.name}-*.parquet"}
                    for split in splits
                    if split.rows[name]
                ],
            }
            for place, name in enumerate(written)
        ],
    }


def _size(rows: int) -> str:
    """Return the Hub's name for so many rows."""
    for place, name in enumerate(_SIZES):
        if rows < 1000 * 10**place:
            return f"{_SIZES[place - 1]}<n<{name}" if place else f"n<{name}"
    return f"n>{_SIZES[-1]}"
