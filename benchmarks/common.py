"""Shared by all benchmarks: paths of the scenes, the machine, tables on the screen."""

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
"""Results of a benchmark: JSON values only."""

# Tables keep their columns where the output is not a terminal.
console = Console(width=None if sys.stdout.isatty() else 140)


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the arguments common to all benchmarks.

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
        help="folder with rooms/ and reference/; benchmarks that need it are skipped without it",
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser


def add_counts(parser: argparse.ArgumentParser, *counts: tuple[str, int, str]) -> None:
    """Add options that are whole numbers.

    Args:
        parser: of a benchmark.
        counts: name, default and help of each.
    """
    for name, default, text in counts:
        parser.add_argument(f"--{name}", type=int, default=default, help=text)


def write_json(figures: Figures, path: Path | None) -> None:
    """Write the figures and the machine to a file, if one is given."""
    if path is not None:
        text = json.dumps({"machine": machine(), **figures}, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


def scene_files(scenes: Path, *folders: str) -> list[Path]:
    """Return the scene files of these folders, sorted within each; empty if there are none."""
    return [path for folder in folders for path in sorted((scenes / folder).glob("*.xml"))]


def skipped(what: str, scenes: Path) -> bool:
    """Return whether the scenes are missing; print that the benchmark is skipped if so."""
    if scene_files(scenes, "rooms"):
        return False
    console.print(
        f"{what}: skipped, no scenes in {scenes / 'rooms'}; set --scenes",
        style="yellow",
    )
    return True


def machine() -> Figures:
    """Return the machine of the figures, without names."""
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
    """Return a fraction as text, such as "57 %"; "-" if the whole is zero."""
    return f"{100.0 * part / whole:.0f} %" if whole else "-"


def collect(output_dir: Path, environments: int, *options: str) -> Figures:
    """Run the collector in a process of its own; return its times (s) and peak memory (bytes).

    Args:
        output_dir: of the collection.
        environments: number of environments, from the first.
        options: additional options of the collector.

    Raises:
        subprocess.CalledProcessError: the collector failed.
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
