"""Fill the quotas: which candidates become scenes, and what became of the others.

Candidates are taken in the order of their numbers, so the choice depends on the settings alone, and
a scene's file keeps its name when more are made.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from namo.certification.candidates import CANDIDATES
from namo.certification.owned_files import Written, is_whole
from namo.certification.settings import SceneSetSettings
from namo.errors import NamoError, ResultFileError
from namo.files import replacing
from namo.numerics import numerics
from namo.scenes.difficulty import Difficulty
from namo.scenes.manifest import (
    MANIFEST,
    SCENES,
    SETTINGS,
    split_of,
    split_problems,
    write_manifest,
)
from namo.version import GENERATOR_VERSION, __version__

Row = dict[str, Any]

REPORT = "scenes.txt"
SURPLUS = "its class was full"
UNMEASURED = "unmeasured"


@dataclass
class Tally:
    """What was taken of the candidates seen so far.

    Attributes:
        settings: of the set.
        taken: how many of each class.
        found: how many of each class were drawn.
        rejected: how many candidates became no scene, by reason.
        examples: the first of each reason, in full.
        candidates: how many were seen.
    """

    settings: SceneSetSettings
    taken: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    candidates: int = 0
    examples: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def takes(self, row: Row) -> bool:
        """Count a candidate and return whether it becomes a scene."""
        self.candidates += 1
        reason = row["rejection"]
        if reason is None and row["sha256"] in self._seen:
            reason = "the same scene as an earlier one"
        if reason is not None:
            kind = reason.partition(":")[0]  # of a refusal: the rest is this candidate's own
            self.rejected[kind] += 1
            self.examples.setdefault(kind, reason)
            return False
        kind = row["difficulty"] or UNMEASURED
        self.found[kind] += 1
        if not self._is_wanted(kind):
            self.rejected[SURPLUS] += 1
            return False
        self._seen.add(row["sha256"])
        self.taken[kind] += 1
        return True

    def _is_wanted(self, kind: str) -> bool:
        quotas = self.settings.quotas
        if quotas is None:
            return self.taken.total() < self.settings.count
        return self.taken[kind] < quotas.get(kind, 0)

    @property
    def missing(self) -> dict[str, int]:
        """How many scenes are still wanted, by class."""
        quotas = self.settings.quotas
        if quotas is None:
            left = self.settings.count - self.taken.total()
            return {"any class": left} if left else {}
        return {
            kind: quota - self.taken[kind]
            for kind, quota in quotas.items()
            if quota > self.taken[kind]
        }


def read_candidates(chunks: Iterable[Path], *, texts: bool) -> Iterator[Row]:
    """Yield the candidates of finished chunks, in the order of the chunks given.

    Args:
        chunks: files of candidates.
        texts: whether to read the texts of the scenes too.

    Raises:
        ResultFileError: a file is damaged; it is named.
    """
    columns = [name for name in CANDIDATES.names if texts or name != "xml"]
    for path in chunks:
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=64, columns=columns):
                    yield from batch.to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise ResultFileError(f"{path}: damaged ({error}); delete it and run again") from error


def select(settings: SceneSetSettings, chunks: Sequence[Path], output_dir: Path) -> str:
    """Write the scenes, the manifest and the report; return the report.

    Scenes that this stage wrote here before and that are not taken any more are removed.

    Args:
        settings: of the set.
        chunks: finished, from candidate 0 on, without gaps.
        output_dir: of the set.

    Raises:
        NamoError: the candidates do not fill the quotas, a layout would be in two splits, or a file
            in the place of a scene is not of this stage; nothing is written then.
    """
    counted = Tally(settings)
    rows: list[Row] = []
    for row in read_candidates(chunks, texts=False):
        if counted.missing and counted.takes(row):
            rows.append(_manifest_row(settings, row, len(rows)))
    if counted.missing:
        raise NamoError(shortage(counted))
    if problems := split_problems(pa.Table.from_pylist(rows, SCENES)):
        raise NamoError(f"{output_dir}: " + "; ".join(problems))
    wanted = {row["file"]: row["sha256"] for row in rows}
    written = Written(output_dir)
    written.refuse_foreign_files(wanted)
    written.remember({**written.files, **wanted})
    for row in read_candidates(chunks, texts=True):
        path = output_dir / row["file"]
        if row["file"] in wanted and not is_whole(path, row["sha256"]):
            with replacing(path) as handle:
                handle.write(row["xml"].encode())
    write_manifest(output_dir / MANIFEST, rows, _provenance(settings))
    report = report_text(counted, rows)
    with replacing(output_dir / REPORT) as handle:
        handle.write(report.encode())
    written.remove_all_but(wanted)
    return report


def _provenance(settings: SceneSetSettings) -> dict[str, str]:
    return {
        SETTINGS: json.dumps(settings.as_dict(), sort_keys=True),
        "namo_collect": __version__,
        "numerics": json.dumps(numerics(), sort_keys=True),
    }


def _manifest_row(settings: SceneSetSettings, row: Row, index: int) -> Row:
    return {
        **{name: row.get(name) for name in SCENES.names},
        "index": index,
        "split": split_of(row["layout_id"], settings.splits),
        "seed": settings.seed,
        "generator_version": GENERATOR_VERSION,
    }


def shortage(counted: Tally) -> str:
    """Return what a person needs to know when the quotas are not filled."""
    missing = ", ".join(f"{number} of {kind}" for kind, number in counted.missing.items())
    found = ", ".join(f"{kind} {number}" for kind, number in _by_class(counted.found))
    rejected = ", ".join(
        f"{number} because {counted.examples[kind]}"
        for kind, number in counted.rejected.most_common()
        if kind in counted.examples
    )
    return (
        f"{counted.candidates} candidates leave these missing: {missing}; found were: "
        f"{found or 'none'}; rejected: {rejected or 'none'}. Raise max_candidates, lower the "
        "quotas, or widen the ranges"
    )


def _by_class(counts: Counter[str]) -> list[tuple[str, int]]:
    return [(kind, counts[kind]) for kind in (*Difficulty, UNMEASURED) if counts[kind]]


def report_text(counted: Tally, rows: list[Row]) -> str:
    """Return the report of a set: yield by class, reasons for rejection, splits, families."""
    quotas = counted.settings.quotas or {}
    lines = [
        f"{len(rows)} scenes of {counted.candidates} candidates, seed {counted.settings.seed}",
        "",
        f"{'class':<16}{'wanted':>8}{'found':>8}{'yield':>8}{'taken':>8}",
    ]
    for kind in (*Difficulty, UNMEASURED):
        if counted.found[kind] or kind in quotas:
            share = counted.found[kind] / counted.candidates
            wanted = quotas.get(kind, 0) if quotas else "any"
            lines.append(
                f"{kind:<16}{wanted:>8}{counted.found[kind]:>8}{share:>8.1%}{counted.taken[kind]:>8}"
            )
    lines += ["", "not taken"]
    reasons = counted.rejected.most_common()
    lines += [
        f"{number:>8}  {counted.examples.get(reason, reason)}" for reason, number in reasons
    ] or ["       -"]
    for column in ("family", "split"):
        layouts = {(row[column], row["layout_id"]) for row in rows}
        lines += ["", f"{column:<16}{'scenes':>8}{'layouts':>8}"]
        for name, number in sorted(Counter(row[column] for row in rows).items()):
            lines.append(f"{name:<16}{number:>8}{sum(one[0] == name for one in layouts):>8}")
    return "\n".join(lines) + "\n"
