"""Check scene files, print one line per file, and draw them on a contact sheet.

A file is `ok`, `odd` (it can be used, but probably not as intended) or `unusable` (the collector
refuses it).

Exit codes: 0 all files can be used; 1 some cannot; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from namo.commands.arguments import require_time_limit
from namo.errors import SceneError, UsageError
from namo.scenes.checker_process import CheckerProcess, GaveUpError
from namo.scenes.conditions import DEFAULT_CLEARANCE_M, require_clearance
from namo.scenes.scene_files import scene_files
from namo.scenes.sources import ListedScene
from namo.wording import counted

if TYPE_CHECKING:
    from namo.scenes.remarks import Remark
    from namo.scenes.scene import Scene

HELP = "check scenes, and draw them on a contact sheet"

DEFAULT_COLUMNS = 6
DEFAULT_LIMIT = 240
MAX_THUMBNAILS = 10_000
DEFAULT_TIME_LIMIT_S = 60.0
MAX_OF_A_KIND = 3
"""Remarks of one kind to spell out in a line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "source",
        metavar="SOURCE",
        type=Path,
        help="a scene, a folder (*.xml, searched recursively) or a list of scenes (.parquet with a "
        "column 'file', or text with one path per line)",
    )
    parser.add_argument(
        "--sheet",
        metavar="FILE",
        type=Path,
        default=argparse.SUPPRESS,
        help="contact sheet to draw: .png, .svg or .pdf",
    )
    parser.add_argument(
        "--columns", metavar="N", type=int, default=DEFAULT_COLUMNS, help="thumbnails per row"
    )
    parser.add_argument(
        "--limit",
        metavar="N",
        type=int,
        default=DEFAULT_LIMIT,
        help="thumbnails on the sheet, at most",
    )
    parser.add_argument(
        "--time-limit",
        metavar="SECONDS",
        type=float,
        default=DEFAULT_TIME_LIMIT_S,
        help="give up on a file after this time and report it as unusable "
        f"({DEFAULT_TIME_LIMIT_S:g})",
    )
    parser.add_argument(
        "--clearance",
        type=float,
        default=DEFAULT_CLEARANCE_M,
        metavar="METRES",
        help="room that must be left around the robot where it drives, as in `namo collect` "
        f"({DEFAULT_CLEARANCE_M:g})",
    )
    parser.add_argument(
        "--quiet",
        action="store_true",
        help="print only files that are odd or unusable, with the reason, and the counts",
    )


def run(options: argparse.Namespace) -> int:
    """Check the scenes, draw the sheet if asked to, and return the exit code.

    Raises:
        UsageError: an option is out of its range.
    """
    sheet: Path | None = getattr(options, "sheet", None)
    for name in ("columns", "limit"):
        if not 1 <= getattr(options, name) <= MAX_THUMBNAILS:
            raise UsageError(
                f"--{name} {getattr(options, name)}: must be 1 or more, at most {MAX_THUMBNAILS}"
            )
    require_time_limit(options.time_limit)
    require_clearance(options.clearance)
    if sheet is not None:
        from namo.scenes.contact_sheet import require_format

        require_format(sheet)
    from namo.scenes.manifest import audit_manifest, left_out_of

    source: Path = options.source
    is_manifest = source.suffix == ".parquet" and source.is_file()
    audit = audit_manifest(source) if is_manifest else []
    for problem in audit:
        print(f"{source.name}: {problem}", flush=True)
    for name, why in left_out_of(source).items() if is_manifest else ():
        print(f"{source.name}: does not list {name}: {why}", flush=True)
    files = scene_files(source)
    findings = [Finding(name, None, problem=problem) for name, problem in files.problems.items()]
    for finding in findings:
        print(finding.line, flush=True)
    thumbnails = 0 if sheet is None else options.limit
    with CheckerProcess(_check, _load, options.time_limit) as checker:
        for scene, name in zip(files.listed, files.names, strict=True):
            try:
                finding = checker((scene, name, options.clearance, len(findings) < thumbnails))
            except GaveUpError as error:
                finding = Finding(name, None, problem=str(error))
            if not options.quiet or finding.problem or finding.odd_kinds:
                print(finding.line, flush=True)
            findings.append(finding)
    if sheet is not None:
        _draw(findings[: options.limit], sheet, options.columns)
        some = (
            f" (the first of {len(findings)}; see --limit)" if len(findings) > options.limit else ""
        )
        print(f"{sheet}: {min(len(findings), options.limit)} thumbnails{some}")
    print(_counts(findings))
    return int(bool(audit) or any(finding.problem for finding in findings))


@dataclass(frozen=True)
class Finding:
    """What was found in one file.

    Attributes:
        name: of the file, as it is printed.
        scene: in it; None if it cannot be used, or is no longer needed.
        remarks: on the scene.
        problem: why it cannot be used, otherwise empty.
        difficulty: its class, where a manifest has it.
    """

    name: str
    scene: Scene | None
    remarks: tuple[Remark, ...] = ()
    problem: str = ""
    difficulty: str | None = None

    @property
    def line(self) -> str:
        """What the command prints."""
        if self.problem:
            return f"{self.name}: unusable: {self.problem}"
        odd = "; ".join(_spelled_out([r for r in self.remarks if not r.is_note]))
        notes = "; ".join(remark.text for remark in self.remarks if remark.is_note)
        return f"{self.name}: {f'odd: {odd}' if odd else 'ok'}{f' ({notes})' if notes else ''}"

    @property
    def odd_kinds(self) -> tuple[str, ...]:
        """Kinds of odd remarks, each once."""
        kinds = (remark.kind.value for remark in self.remarks if not remark.is_note)
        return tuple(dict.fromkeys(kinds))

    def without_scene(self) -> Finding:
        """Return the same finding without the scene."""
        return replace(self, scene=None)


def _load() -> None:
    """Load what checking a file needs."""
    import namo.scenes.inspection
    import namo.scenes.reading  # noqa: F401


def _check(file: tuple[ListedScene, str, float, bool]) -> Finding:
    """Check a file; the scene is returned only for a thumbnail."""
    listed, name, clearance, is_drawn = file
    finding = check_file(listed, name, clearance)
    return finding if is_drawn else finding.without_scene()


def check_file(listed: ListedScene, name: str, clearance: float) -> Finding:
    """Return what is wrong or odd with a scene file.

    Args:
        listed: the file, and its entry in a manifest.
        name: under which to report it.
        clearance: room that must be left around the robot where it drives (m).
    """
    from namo.scenes.checking import warnings_collected
    from namo.scenes.inspection import inspect_scene
    from namo.scenes.reading import read_scene

    try:
        with warnings_collected():  # the inspection reports them as remarks
            scene = replace(read_scene(listed.path), clearance=clearance)
        remarks = tuple(inspect_scene(scene))
        return Finding(name, scene, remarks, difficulty=listed.difficulty)
    except SceneError as error:
        message = " ".join(str(error).removeprefix(f"{listed.path}: ").split())
        return Finding(name, None, problem=message)


def _spelled_out(remarks: Sequence[Remark]) -> Iterator[str]:
    """Yield the texts of remarks, the first few of each kind and how many more there are."""
    for kind in dict.fromkeys(remark.kind for remark in remarks):
        texts = [remark.text for remark in remarks if remark.kind is kind]
        yield from texts[:MAX_OF_A_KIND]
        if len(texts) > MAX_OF_A_KIND:
            yield f"{len(texts) - MAX_OF_A_KIND} more: {kind.value}"


def _draw(findings: Sequence[Finding], sheet: Path, columns: int) -> None:
    from namo.scenes.contact_sheet import Entry, draw_sheet

    entries = [
        Entry(
            finding.scene,
            Path(finding.name).stem,
            "unusable" if finding.problem else _subtitle(finding),
        )
        for finding in findings
    ]
    draw_sheet(entries, sheet, columns=columns)


def _subtitle(finding: Finding) -> str:
    difficulty = [finding.difficulty.replace("_", " ")] if finding.difficulty else []
    return ", ".join([*difficulty, *finding.odd_kinds])


def _counts(findings: Sequence[Finding]) -> str:
    kinds = Counter(kind for finding in findings for kind in finding.odd_kinds)
    unusable = sum(bool(finding.problem) for finding in findings)
    odd = sum(bool(finding.odd_kinds) for finding in findings)
    why = ", ".join(f"{kind}: {count}" for kind, count in kinds.most_common())
    files = counted(len(findings), "file", "files")
    odd_text = f"{odd} odd ({why})" if odd else "0 odd"
    return f"{files}: {len(findings) - odd - unusable} ok, {odd_text}, {unusable} unusable"
