"""Import scenes of other projects, and print one line per file.

The line names what was left out of a scene. The lines are also written to import.txt in DIR, with
one for each file that only its suffix makes look like a scene. The manifest scenes.parquet in DIR
lists all its scenes, as `namo scenes certify` does without --effort. Formats are described in
docs/scenes.md.

Exit codes: 0 all files imported; 1 some not; 2 wrong usage, nothing is written.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from namo.errors import SceneError, UsageError
from namo.files import replacing
from namo.scenes.folders import files_below
from namo.scenes.importers.registry import IMPORTERS
from namo.scenes.importers.settings import DEFAULT_CELL_SIZE_M, ImportSettings
from namo.signals import check_termination
from namo.wording import printable, truncated_list

if TYPE_CHECKING:
    from namo.certification.figures import Row
    from namo.plug_ins import PlugIn
    from namo.scenes.importers.importer import Importer

HELP = "import scenes of other projects"

AUTO = "auto"
REPORT, MANIFEST = "import.txt", "scenes.parquet"
_MAX_PRINTED_UNKNOWN = 10
_SETTING_OPTIONS = {
    "robot": "--robot",
    "goal": "--goal",
    "cell_size_m": "--cell-size",
    "robot_radius_m": "--robot-radius",
}
_MAX_SCALE, _MAX_CELL_SIZE_M, _MAX_RADIUS_M = 1e6, 1e6, 1e2
_OWN_ROBOT = re.compile(r"""<body\b[^>]*\bname\s*=\s*["']robot["']""")


@dataclass(frozen=True)
class _Job:
    """A file to import.

    Attributes:
        name: of the source, relative to the folder that was given.
        source: the file.
        target: what to write.
        importer: reads it; None where its text cannot be read to find out which.
        plug_in: that the importer is; None for one of this package.
    """

    name: str
    source: Path
    target: Path
    importer: Importer | None
    plug_in: PlugIn | None


@dataclass
class _LeftAlone:
    """Files that are not imported.

    Attributes:
        count: of all such files.
        reasons: why those with a suffix of a format, and what cannot be read, are left alone, by
            their names relative to the folder.
        unusable: messages of installed importers that cannot be imported.
    """

    count: int = 0
    reasons: dict[str, str] = field(default_factory=dict)
    unusable: list[str] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "source", metavar="SOURCE", type=Path, help="file, or folder to search recursively"
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        required=True,
        default=argparse.SUPPRESS,
        help="folder for import.txt and the scenes, which keep their relative path and stem",
    )
    parser.add_argument(
        "--format",
        choices=IMPORTERS,
        metavar="NAME",
        default=AUTO,
        help=f"format of the files, or {AUTO}, the first that recognises each file",
    )
    parser.add_argument(
        "--robot",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="robot to use where a scene has several (default: the first)",
    )
    parser.add_argument(
        "--goal",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="goal to use where the robot has several (default: the first)",
    )
    parser.add_argument(
        "--scale",
        metavar="X",
        type=float,
        default=1.0,
        help="factor for all lengths of the file, the radius of its robot included; what the file "
        "does not have is placed afterwards",
    )
    parser.add_argument(
        "--robot-radius",
        metavar="M",
        type=float,
        dest="robot_radius_m",
        default=argparse.SUPPRESS,
        help="radius of the robot in walls-only files, after scaling [m] (default: that of the "
        "file's robot, else 0.15)",
    )
    parser.add_argument(
        "--cell-size",
        metavar="M",
        type=float,
        dest="cell_size_m",
        default=argparse.SUPPRESS,
        help="side of a cell in formats made of cells [m] (default: "
        f"{DEFAULT_CELL_SIZE_M}, twice the width of the standard robot)",
    )


def run(options: argparse.Namespace) -> int:
    """Import the files and return the exit code.

    Raises:
        UsageError: an option is out of its range, or does not suit the files.
    """
    asked = {name: getattr(options, name) for name in _SETTING_OPTIONS if hasattr(options, name)}
    settings = ImportSettings(**asked, scale=options.scale)
    for option, value, highest in (
        ("--scale", options.scale, _MAX_SCALE),
        ("--cell-size", settings.cell_size_m, _MAX_CELL_SIZE_M),
        ("--robot-radius", settings.robot_radius_m, _MAX_RADIUS_M),
    ):
        if value is not None and not 0.0 < value <= highest:
            raise UsageError(
                f"{option} {value}: must be a positive, finite number, at most {highest:g}"
            )
    jobs, others = _jobs(options.source, options.output, options.format)
    _check_usage(jobs, options.source, options.output, asked)
    from namo.certification.own_scenes import require_own

    require_own(options.output / MANIFEST)
    lines = list(others.unusable)
    for line in lines:
        print(line, flush=True)
    figures: dict[str, Row] = {}
    imported = 0
    for job in jobs:
        check_termination()
        try:
            line = f"imported: {_import(job, settings, figures)}"
            imported += 1
        except SceneError as error:
            line = f"not imported: {_reason(error, job)}"
        lines.append(f"{job.name}: {line}")
        print(lines[-1], flush=True)
    unknown = [f"{name}: left alone: {why}" for name, why in others.reasons.items()]
    lines.extend(unknown)
    for line in unknown if len(unknown) <= _MAX_PRINTED_UNKNOWN else ():
        print(line)
    if imported:
        _write_manifest(options.output, figures)
    rest = f"; {_count(others.count, 'other file')} left alone" if others.count else ""
    lines.append(f"{imported} of {_count(len(jobs), 'file')} imported{rest}")
    print(lines[-1])
    with replacing(options.output / REPORT) as report:
        report.write("".join(f"{printable(line)}\n" for line in lines).encode())
    return 0 if imported == len(jobs) else 1


def _jobs(source: Path, output: Path, wanted: str) -> tuple[list[_Job], _LeftAlone]:
    """Return the files to import, and those that are left alone.

    Raises:
        UsageError: there is no such file or folder, it has nothing to import, or the format that is
            wanted is not there.
    """
    if not source.exists():
        raise UsageError(f"SOURCE {source}: no such file or folder")
    folder = source if source.is_dir() else source.parent
    jobs = []
    others = _LeftAlone()
    importers = []
    plug_ins = {}
    for name in IMPORTERS.names() if wanted == AUTO else [wanted]:
        try:
            kind: type[Importer] = IMPORTERS.load(name)
        except UsageError as error:
            if wanted != AUTO:
                raise
            others.unusable.append(f"left out: {error}")
            continue
        importers.append(kind())
        plug_ins[kind] = IMPORTERS.plug_in(name)
    files = [source]
    if source.is_dir():
        found = files_below(folder)
        files, others.reasons = found.files, dict(found.problems)
        others.count = len(found.problems)
    for path in files:
        fitting = [one for one in importers if path.suffix.lower() in one.SUFFIXES]
        if not fitting:
            others.count += 1
            continue
        importer: Importer | None = fitting[0]
        if wanted == AUTO:
            try:
                importer, text = _recognising(path, fitting)
            except SceneError:
                importer = None  # raised again, and reported, when it is imported
            else:
                if importer is None:
                    others.count += 1
                    others.reasons[path.relative_to(folder).as_posix()] = _why_unknown(text)
                    continue
        relative = path.relative_to(folder)
        target = (output / relative).with_suffix(".xml")
        plug_in = None if importer is None else plug_ins[type(importer)]
        jobs.append(_Job(relative.as_posix(), path, target, importer, plug_in))
    if not jobs:
        suffixes = sorted({suffix for importer in importers for suffix in importer.SUFFIXES})
        reasons = truncated_list((f"{n}: {why}" for n, why in others.reasons.items()), 3, "; ")
        raise UsageError(
            f"SOURCE {source}: nothing to import as {wanted} ({', '.join(suffixes)})"
            f"{f'; {reasons}' if reasons else ''}"
        )
    return jobs, others


def _recognising(path: Path, importers: Sequence[Importer]) -> tuple[Importer | None, str]:
    """Return the importer of a file, if there is one, and the text of the file.

    Raises:
        SceneError: the file cannot be read.
    """
    from namo.scenes.importers.importer import read_text

    text = read_text(path)
    return next((one for one in importers if one.recognises(path, text)), None), text


def _why_unknown(text: str) -> str:
    """Return why no importer reads a text."""
    if "<mujoco" in text and _OWN_ROBOT.search(text):
        return (
            "already a scene in this project's format, nothing to import; check it with `namo "
            "scenes check`, collect it with --xml-dir"
        )
    return "no importer recognises it"


def _check_usage(
    jobs: Sequence[_Job], source: Path, output: Path, asked: dict[str, object]
) -> None:
    """Raise UsageError where importing would overwrite a source, or an option would be unused."""
    if source.is_dir() and output.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"--output {output}: lies in SOURCE {source}; choose a folder outside it")
    if output.exists() and not output.is_dir():
        raise UsageError(f"--output {output}: is not a folder")
    sources = {job.source.resolve() for job in jobs}
    written: dict[Path, str] = {}
    for job in jobs:
        if job.target.resolve() in sources:
            raise UsageError(f"--output {output}: {job.target} is one of the files to import")
        if job.target in written:
            raise UsageError(
                f"'{written[job.target]}' and '{job.name}' would both become {job.target}"
            )
        written[job.target] = job.name
    for name in asked:
        if not any(job.importer is not None and name in job.importer.SETTINGS for job in jobs):
            option = _SETTING_OPTIONS[name]
            raise UsageError(f"{option}: no file of {source} is of a format that uses it")


def _import(job: _Job, settings: ImportSettings, figures: dict[str, Row]) -> str:
    """Import one file and return its line.

    Args:
        job: the file.
        settings: of the importer.
        figures: by SHA-256; those of the scene are added.

    Raises:
        SceneError: it cannot be imported; nothing is written.
    """
    from namo.certification.measuring import figures_of
    from namo.scenes.checking import warnings_collected
    from namo.scenes.grid import Grid
    from namo.scenes.importers.importer import read_text, scaled
    from namo.scenes.scene import GOAL_TOLERANCE_M
    from namo.scenes.writing import write_scene

    text = read_text(job.source)
    if job.importer is None:
        raise SceneError("no importer recognises it")
    imported = job.importer.read(job.source, text, settings)
    scale = settings.scale
    scene = imported.scene if imported.is_scaled else scaled(imported.scene, scale)
    Grid.over(scene.bounds)  # refuses what is too large for the collector
    with warnings_collected() as warnings:
        written = write_scene(scene, job.target)
    figures[written.sha256] = figures_of(written)
    start, goal = (written.robot.x, written.robot.y), (written.goal.x, written.goal.y)
    at_goal = math.dist(start, goal) <= GOAL_TOLERANCE_M
    facts = [
        f"{_count(len(written.movables), 'movable')}, {_count(len(written.walls), 'wall')}, "
        f"robot {written.robot.radius:.3g} m",
        *imported.remarks,
        *([f"read by {job.plug_in}"] if job.plug_in else []),
        *([f"the robot starts at its goal, within {GOAL_TOLERANCE_M} m"] if at_goal else []),
        *([f"lengths multiplied by {scale:g}"] if scale != 1.0 else []),
        *dict.fromkeys(_without_prefix(warning, job) for warning in warnings),
    ]
    return "; ".join(facts)


def _write_manifest(folder: Path, figures: Mapping[str, Row]) -> None:
    """Write the manifest of all scenes of a folder, and print what it lists."""
    from namo.certification.own_scenes import CertifySettings, certify_scenes
    from namo.scenes.scene_files import scene_files

    def show(line: str) -> None:
        if ": left out: " in line:
            print(line)

    settings = CertifySettings()
    manifest = folder / MANIFEST
    certified = certify_scenes(scene_files(folder), manifest, settings, show, figures)
    print(certified.heading(manifest))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _reason(error: SceneError, job: _Job) -> str:
    return _without_prefix(" ".join(str(error).split()), job)


def _without_prefix(message: str, job: _Job) -> str:
    """Return a message without the file name in front."""
    for prefix in (job.source, job.target, "scene"):
        message = message.removeprefix(f"{prefix}: ")
    return message
