"""What the benchmarks share: where the scenes are, the machine, and tables on the screen."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import mujoco
from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parents[1]
SCENES = REPOSITORY.parent / "shared" / "scenes"
COLLECTOR = REPOSITORY / "workflow" / "scripts" / "sequential_ml_collection.py"

Figures = dict[str, Any]
"""What a benchmark measured: JSON values only."""

# Tables keep their columns where the output is no terminal.
console = Console(width=None if sys.stdout.isatty() else 140)


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the arguments that every benchmark has.

    Args:
        description: the benchmark's module docstring; its first line is shown.
    """
    parser = argparse.ArgumentParser(
        description=(description or "").strip().splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--scenes",
        type=Path,
        default=SCENES,
        help="folder with rooms/ and reference/; what needs it is skipped without it",
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser


def write_json(figures: Figures, path: Path | None) -> None:
    """Write the figures to a file, if one is named, with the machine they were measured on."""
    if path is not None:
        text = json.dumps({"machine": machine(), **figures}, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


def scene_files(scenes: Path, *folders: str) -> list[Path]:
    """Return the scene files of these folders, sorted within each; empty where there are none."""
    return [path for folder in folders for path in sorted((scenes / folder).glob("*.xml"))]


def skipped(what: str, scenes: Path) -> bool:
    """Say that a benchmark is skipped, and why, where the scenes are absent."""
    if scene_files(scenes, "rooms"):
        return False
    console.print(
        f"{what}: skipped, there are no scenes in {scenes / 'rooms'}; name them with --scenes",
        style="yellow",
    )
    return True


def machine() -> Figures:
    """Return what the figures were measured on, in neutral words."""
    return {
        "cpu": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "mujoco": mujoco.__version__,
    }


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; the first column is text, the others are numbers."""
    table = Table(title=title, title_justify="left")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", no_wrap=i == 0)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return str(value)


def percent(part: float, whole: float) -> str:
    """Return a share for people, such as "57 %"; "-" of nothing."""
    return f"{100.0 * part / whole:.0f} %" if whole else "-"


def collect(output_dir: Path, environments: int, *options: str) -> Figures:
    """Run the collector as a user runs it and return its times (s) and peak memory (bytes).

    Args:
        output_dir: of the collection.
        environments: how many, from the first on.
        options: further ones of the collector.

    Raises:
        subprocess.CalledProcessError: it did not end well.
    """
    command = [sys.executable, str(COLLECTOR), "--output-dir", str(output_dir)]
    began, tick = time.time(), time.perf_counter()
    subprocess.run(
        [*command, "--start-idx", "0", "--end-idx", str(environments), *options],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wall = time.perf_counter() - tick
    (part,) = (json.loads(path.read_text()) for path in output_dir.glob("parts/*/part.json"))
    start = part["began_unix_s"] - began
    return {
        "wall_s": wall,
        "start_s": start,
        "chunk_s": part["duration_s"],
        "work_s": part["work_s"],
        "merge_s": wall - start - part["duration_s"],
        "peak_memory_bytes": part["peak_memory_bytes"],
    }
