"""Fill the quotas: which candidates become scenes, and what became of the others.

Candidates are taken in the order of their numbers, so the choice depends on the settings alone, and
a scene's file keeps its name when more are made.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from namo.certification.settings import SceneSetSettings
from namo.errors import NamoError
from namo.files import replacing
from namo.numerics import numerics
from namo.scenes.difficulty import Difficulty
from namo.scenes.manifest import MANIFEST, SCENES, audit_manifest, split_of, write_manifest
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
        candidates: how many were seen.
    """

    settings: SceneSetSettings
    taken: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    candidates: int = 0
    _seen: dict[str, str] = field(default_factory=dict)

    def takes(self, row: Row) -> bool:
        """Count a candidate and return whether it becomes a scene."""
        self.candidates += 1
        reason = row["rejection"]
        if reason is None and row["sha256"] in self._seen:
            reason = "the same scene as an earlier one"
        if reason is not None:
            # Of a refusal only the kind: the rest names the file.
            self.rejected[reason.partition(":")[0]] += 1
            return False
        kind = row["difficulty"] or UNMEASURED
        self.found[kind] += 1
        if not self._is_wanted(kind):
            self.rejected[SURPLUS] += 1
            return False
        self._seen[row["sha256"]] = row["file"]
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


def read_candidates(chunks: Iterable[Path]) -> Iterator[Row]:
    """Yield the candidates of finished chunks, in the order of the chunks given."""
    for path in chunks:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=64):
                yield from batch.to_pylist()


def tally(settings: SceneSetSettings, chunks: Iterable[Path]) -> Tally:
    """Return what the candidates of these chunks, from number 0 on, amount to."""
    counted = Tally(settings)
    for row in read_candidates(chunks):
        counted.takes(row)
        if not counted.missing:
            break
    return counted


def select(settings: SceneSetSettings, chunks: Iterable[Path], output_dir: Path) -> str:
    """Write the scenes, the manifest and the report; return the report.

    Scenes that an earlier manifest in this folder lists and this one does not are removed.

    Args:
        settings: of the set.
        chunks: finished, from candidate 0 on, without gaps.
        output_dir: of the set.

    Raises:
        NamoError: the candidates do not fill the quotas, or a layout would be in two splits;
            nothing is written then.
    """
    manifest = output_dir / MANIFEST
    before = _listed(manifest)
    counted = Tally(settings)
    rows: list[Row] = []
    chunks = list(chunks)
    short = tally(settings, chunks)
    if short.missing:
        raise NamoError(shortage(short))
    for row in read_candidates(chunks):
        if counted.takes(row):
            rows.append(_manifest_row(settings, row, len(rows)))
            with replacing(output_dir / row["file"]) as handle:
                handle.write(row["xml"].encode())
        if not counted.missing:
            break
    write_manifest(
        manifest,
        rows,
        {
            "settings": json.dumps(settings.as_dict(), sort_keys=True),
            "namo_collect": __version__,
            "numerics": json.dumps(numerics(), sort_keys=True),
        },
    )
    for name in before - {row["file"] for row in rows}:
        (output_dir / name).unlink(missing_ok=True)
    if problems := audit_manifest(manifest):
        raise NamoError(f"{manifest}: " + "; ".join(problems))
    report = report_text(counted, rows)
    with replacing(output_dir / REPORT) as handle:
        handle.write(report.encode())
    return report


def _listed(manifest: Path) -> set[str]:
    """Return the files that a manifest in this place lists."""
    if not manifest.exists():
        return set()
    return set(pq.read_table(manifest, columns=["file"]).column("file").to_pylist())


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
    return (
        f"{counted.candidates} candidates leave these missing: {missing}; found were: "
        f"{found or 'none'}. Raise max_candidates, lower the quotas, or widen the ranges"
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
    lines += [f"{number:>8}  {reason}" for reason, number in reasons] or ["       -"]
    for column in ("family", "split"):
        layouts = {(row[column], row["layout_id"]) for row in rows}
        lines += ["", f"{column:<16}{'scenes':>8}{'layouts':>8}"]
        for name, number in sorted(Counter(row[column] for row in rows).items()):
            lines.append(f"{name:<16}{number:>8}{sum(one[0] == name for one in layouts):>8}")
    return "\n".join(lines) + "\n"
