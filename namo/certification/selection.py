"""Select the candidates that fill the quotas, and write the set: scenes, manifest and report.

Candidates are considered in the order of their numbers, so that the selection depends on the
settings alone and asking for more scenes only adds files. The quotas are those of difficulty
classes, or without them those of the parts of a mixture, by weight.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from namo.certification.candidates import CANDIDATES
from namo.certification.counts import count_lines
from namo.certification.figures import Row
from namo.certification.owned_files import OwnedFiles, has_checksum
from namo.certification.settings import SceneSetSettings
from namo.errors import NamoError, ResultFileError
from namo.files import remove_leftovers, replacing
from namo.numeric_platform import numeric_platform
from namo.scenes.difficulty import Difficulty
from namo.scenes.manifest import (
    MANIFEST,
    PART,
    SCENES,
    SETTINGS,
    split_problems,
    write_manifest,
)
from namo.scenes.splits import split_of
from namo.version import GENERATOR_VERSION, __version__

REPORT = "scenes.txt"
SURPLUS = "quota reached"
UNMEASURED = "unmeasured"
_HEADING = f"{{:<16}}{'wanted':>8}{'found':>8}{'yield':>8}{'taken':>8}"
_ROW = "{:<16}{:>8}{:>8}{:>8.1%}{:>8}"


@dataclass
class Selection:
    """Counts of the candidates considered so far.

    Attributes:
        settings: of the set.
        taken: selected candidates by class.
        found: valid candidates by class.
        parts: candidates that were `drawn`, `found` and `taken`, by part of the mixture.
        rejected: candidates that were not selected, by kind of reason.
        examples: the full text of the first reason of each kind.
        candidates: number of candidates considered.
    """

    settings: SceneSetSettings
    taken: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    parts: dict[str | None, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    rejected: Counter[str] = field(default_factory=Counter)
    candidates: int = 0
    examples: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _reached: Counter[str | None] = field(default_factory=Counter)

    def consider(self, row: Row) -> bool:
        """Count a candidate and return whether it is selected."""
        self.candidates += 1
        part = self.parts[row["part"]]
        part["drawn"] += 1
        reason = row["rejection"]
        if reason is None and row["sha256"] in self._seen:
            reason = "the same scene as an earlier one"
        if reason is not None:
            kind = reason.partition(":")[0]  # after a colon the text is specific to the candidate
            self.rejected[kind] += 1
            self.examples.setdefault(kind, reason)
            return False
        kind = row["difficulty"] or UNMEASURED
        self.found[kind] += 1
        part["found"] += 1
        target = row["part"] if self.settings.quotas is None else kind
        if self._reached[target] >= self.settings.targets.get(target, 0):
            self.rejected[SURPLUS] += 1
            return False
        self._seen.add(row["sha256"])
        self.taken[kind] += 1
        part["taken"] += 1
        self._reached[target] += 1
        return True

    @property
    def missing(self) -> dict[str, int]:
        """Number of scenes still wanted, by class or by part."""
        prefix = "part " if self.settings.quotas is None else ""
        return {
            "any class" if target is None else f"{prefix}{target}": wanted - self._reached[target]
            for target, wanted in self.settings.targets.items()
            if wanted > self._reached[target]
        }


def read_candidates(chunks: Iterable[Path], *, texts: bool) -> Iterator[Row]:
    """Yield the candidates of finished chunks, in the order given.

    Args:
        chunks: Parquet files of candidates.
        texts: whether to read the XML of the scenes too.

    Raises:
        ResultFileError: a file is damaged.
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

    Scenes of earlier runs that are no longer selected are removed.

    Args:
        settings: of the set.
        chunks: finished ones from candidate 0 on, without gaps.
        output_dir: of the set.

    Raises:
        NamoError: the candidates do not fill the quotas, a layout would be in two splits, or a
            scene would replace a foreign file; nothing is written then.
    """
    selection = Selection(settings)
    rows: list[Row] = []
    for row in read_candidates(chunks, texts=False):
        if selection.missing and selection.consider(row):
            rows.append(_manifest_row(settings, row, len(rows)))
    if selection.missing:
        raise NamoError(shortage(selection))
    if problems := split_problems(pa.Table.from_pylist(rows, SCENES)):
        raise NamoError(f"{output_dir}: " + "; ".join(problems))
    wanted = {row["file"]: row["sha256"] for row in rows}
    owned = OwnedFiles(output_dir)
    owned.refuse_foreign_files(wanted)
    remove_leftovers(output_dir, [*owned.files, *wanted, MANIFEST, REPORT])
    owned.remember({**owned.files, **wanted})
    for row in read_candidates(chunks, texts=True):
        path = output_dir / row["file"]
        if row["file"] in wanted and not has_checksum(path, row["sha256"]):
            with replacing(path) as handle:
                handle.write(row["xml"].encode())
    more = [] if settings.mixture is None else [PART]
    write_manifest(output_dir / MANIFEST, rows, _provenance(settings), more)
    report = report_text(selection, rows)
    with replacing(output_dir / REPORT) as handle:
        handle.write(report.encode())
    owned.remove_all_but(wanted)
    return report


def _provenance(settings: SceneSetSettings) -> dict[str, str]:
    return {
        SETTINGS: json.dumps(settings.as_record(), sort_keys=True),
        "namo_collect": __version__,
        "numerics": json.dumps(numeric_platform(), sort_keys=True),
    }


def _manifest_row(settings: SceneSetSettings, row: Row, index: int) -> Row:
    return {
        **{name: row.get(name) for name in (*SCENES.names, PART.name)},
        "index": index,
        "split": split_of(row["layout_id"], settings.splits),
        "seed": settings.seed,
        "generator_version": GENERATOR_VERSION,
    }


def shortage(selection: Selection) -> str:
    """Return the message for quotas that the candidates do not fill."""
    missing = ", ".join(f"{number} of {kind}" for kind, number in selection.missing.items())
    found = ", ".join(f"{kind} {number}" for kind, number in _by_class(selection.found))
    rejected = ", ".join(
        f"{number} because {selection.examples[kind]}"
        for kind, number in selection.rejected.most_common()
        if kind in selection.examples
    )
    return (
        f"{selection.candidates} candidates leave these missing: {missing}; found were: "
        f"{found or 'none'}; rejected: {rejected or 'none'}. Raise max_candidates, lower the "
        "quotas, or widen the ranges"
    )


def _by_class(counts: Counter[str]) -> list[tuple[str, int]]:
    return [(kind, counts[kind]) for kind in (*Difficulty, UNMEASURED) if counts[kind]]


def report_text(selection: Selection, rows: list[Row]) -> str:
    """Return the report of a set: yield per class and part, rejections, families and splits."""
    quotas = selection.settings.quotas or {}
    lines = [
        f"{len(rows)} scenes of {selection.candidates} candidates, seed {selection.settings.seed}",
        "",
        _HEADING.format("class"),
    ]
    for kind in (*Difficulty, UNMEASURED):
        if selection.found[kind] or kind in quotas:
            wanted = quotas.get(kind, 0) if quotas else "any"
            found, taken = selection.found[kind], selection.taken[kind]
            lines.append(_ROW.format(kind, wanted, found, found / selection.candidates, taken))
    if selection.settings.mixture is not None:
        lines += ["", _HEADING.format("part")]
        for part in selection.settings.parts:
            counts = selection.parts[part]
            wanted = "any" if quotas else selection.settings.targets[part]
            found, taken = counts["found"], counts["taken"]
            lines.append(_ROW.format(part, wanted, found, found / (counts["drawn"] or 1), taken))
    lines += ["", "not taken"]
    reasons = selection.rejected.most_common()
    lines += [
        f"{number:>8}  {selection.examples.get(reason, reason)}" for reason, number in reasons
    ] or ["       -"]
    for column in ("family", "split"):
        lines += ["", *count_lines(rows, column)]
    return "\n".join(lines) + "\n"
