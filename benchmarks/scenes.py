"""Generated scenes: throughput, validity for the collector, and reproducibility of certification.

Needs no other scenes. Every scene is read from its file and simulated, and MuJoCo reports whether
anything but the floor is in contact at the start.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import mujoco
import pyarrow.parquet as pq

from benchmarks.common import Figures, argument_parser, show_table, write_json
from namo.certification.candidates import make_chunk
from namo.certification.scene_set import make_scenes
from namo.certification.settings import SceneSetSettings
from namo.errors import SceneError
from namo.scenes.reading import read_scene
from namo.scenes.sources import environments_from
from namo.world.world import World

SCENES = 1000
CERTIFIED = 24
PROCESSES = 2


def measure(*, scenes: int = SCENES, certified: int = CERTIFIED) -> Figures:
    """Generate scenes without and with certification, and check them."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            **_generation(Path(folder) / "many", scenes),
            **_repeated_figures(Path(folder), certified),
        }


def _generation(folder: Path, scenes: int) -> Figures:
    settings = SceneSetSettings(count=scenes, candidates=round(1.05 * scenes), certify=False)
    began = time.monotonic()
    make_scenes(settings, folder, PROCESSES, show=lambda _line: None)
    seconds = time.monotonic() - began
    listed = environments_from(None, folder / "scenes.parquet").paths
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        found = Counter(pool.map(_inspect, listed, chunksize=20))
    return {
        "scenes": len(listed),
        "seconds": round(seconds, 2),
        "scenes_per_second": round(len(listed) / seconds, 1),
        "processes": PROCESSES,
        "refused_by_the_collector": found["refused"],
        "touching_something_at_the_start": found["touching"],
    }


def _inspect(path: Path) -> str:
    """Return whether a scene is rejected, or has contacts with anything but the floor."""
    try:
        simulation = World(read_scene(path)).simulation
    except SceneError:
        return "refused"
    mujoco.mj_forward(simulation.model, simulation.data)
    floor = simulation.model.geom("floor").id
    clear = (simulation.data.contact.geom == floor).any(axis=1).all()
    return "clear" if clear else "touching"


def _repeated_figures(folder: Path, certified: int) -> Figures:
    """Certify the same candidates in one chunk, and in small ones in reverse order."""
    settings = SceneSetSettings(scenes_per_layout=1)
    whole = [range(certified)]
    small = [range(start, min(start + 5, certified)) for start in range(0, certified, 5)][::-1]
    began = time.monotonic()
    first = _certified(settings, whole, folder / "whole")
    seconds = time.monotonic() - began
    again = _certified(settings, small, folder / "small")
    return {
        "certified": certified,
        "seconds_each": round(seconds / certified, 2),
        "same_in_other_chunks_and_order": sum(
            first[number] == again[number] for number in range(certified)
        ),
        "classes": dict(Counter(row["difficulty"] or row["rejection"] for row in first.values())),
    }


def _certified(
    settings: SceneSetSettings, chunks: list[range], folder: Path
) -> dict[int, dict[str, object]]:
    rows = [
        row
        for chunk in chunks
        for row in pq.read_table(make_chunk(settings, chunk, folder)).to_pylist()
    ]
    return {int(row["candidate"]): row for row in rows}


def show(figures: Figures) -> None:
    """Print the table."""
    classes = ", ".join(f"{name} {count}" for name, count in figures["classes"].items())
    show_table(
        "generated scenes",
        ("what", "figure"),
        [
            (
                f"{figures['scenes']} scenes, not certified, {figures['processes']} processes",
                f"{figures['scenes_per_second']} per second",
            ),
            ("rejected by the collector", str(figures["refused_by_the_collector"])),
            (
                "in contact at the start (MuJoCo)",
                str(figures["touching_something_at_the_start"]),
            ),
            (f"certifying {figures['certified']} candidates", f"{figures['seconds_each']} s each"),
            ("same figures in other chunks", str(figures["same_in_other_chunks_and_order"])),
            ("classes", classes),
        ],
    )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--count", type=int, default=SCENES, help="scenes to generate")
    parser.add_argument("--certified", type=int, default=CERTIFIED, help="candidates to certify")
    arguments = parser.parse_args()
    figures = measure(scenes=arguments.count, certified=arguments.certified)
    show(figures)
    write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
