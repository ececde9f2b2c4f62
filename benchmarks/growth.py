"""Scaling with the number of environments, boxes, rows to merge, and chunks to plan.

Measured on the same ten scenes, repeated; rooms with more and more boxes; a collection of a million
rows, merged in a process of its own; dry runs of Snakemake.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.common import (
    COLLECTOR,
    REPOSITORY,
    Figures,
    argument_parser,
    collect,
    show_table,
    write_json,
)
from benchmarks.reachability import room
from namo.collection.config import CollectionConfig
from namo.files import cache_folder, from_here
from namo.planning.planner import Termination
from namo.results.collected_scenes import file_text, scene_file_row
from namo.results.fingerprint import fingerprint_of
from namo.results.metadata_types import PartMetadata
from namo.results.parts import Part, write_part
from namo.results.plan import recorded_name
from namo.results.scene_row import scene_columns
from namo.results.schema import FILES, METRICS, PUSHES
from namo.results.schema import SCENES as SCENES_TABLE
from namo.scenes.physics import with_physics
from namo.scenes.reading import read_scene
from namo.scenes.sources import environments_from
from namo.strategies.goal_random import RandomGoals
from namo.world.push import Push
from namo.world.world import World

SCENES = 10
ROWS_PER_PART = 1000
PUSHES_PER_ROOM = 20
SNAKEMAKE = ("-m", "snakemake", "--cores", "1", "--quiet", "all")


def manifest(folder: Path, environments: int) -> Path:
    """Write a list that repeats the first demo scenes."""
    paths = environments_from(None, None).paths[:SCENES]
    path = folder / "scenes.txt"
    lines = [str(paths[i % SCENES].resolve()) for i in range(environments)]
    path.write_text("\n".join(lines) + "\n")
    return path


def measure_environments(counts: Sequence[int]) -> list[Figures]:
    """Return time and memory of one process, by number of environments."""
    figures = []
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            listed = manifest(Path(folder), count)
            options = ("--manifest", str(listed), "--physics", "fast", "--max-pushes", "2")
            run = collect(Path(folder) / "out", count, *options)
        figures.append(
            {
                "environments": count,
                "ms_per_environment": 1e3 * run["chunk_s"] / count,
                "peak_memory_mb": run["peak_memory_bytes"] / 1e6,
                "start_and_merge_s": run["start_s"] + run["merge_s"],
            }
        )
    return figures


def measure_boxes(counts: Sequence[int]) -> list[Figures]:
    """Return the cost of a push in the same room, by number of boxes, physics `fast`."""
    figures = []
    for count in counts:
        world = World(with_physics(room(boxes=count, inner_walls=0), "fast"))
        world.prepare()
        rng, pushes = np.random.default_rng(0), 0
        before, began = world.wall_times(), time.perf_counter()
        steps = world.physics_steps
        for _ in range(10 * PUSHES_PER_ROOM):
            name = str(rng.choice(world.reachability().reachable_objects))
            if pushes == PUSHES_PER_ROOM:
                break
            for goal in RandomGoals().propose(world, name, 1, rng):
                world.push(Push(name, goal), stop_at_open_goal=False)
                pushes += 1
        wall = time.perf_counter() - began
        physics, reachability, planning = (
            1e3 * (b - a) / pushes for a, b in zip(before, world.wall_times(), strict=True)
        )
        figures.append(
            {
                "boxes": count,
                "ms_per_push": 1e3 * wall / pushes,
                "physics_ms": physics,
                "reachability_ms": reachability,
                "planning_ms": planning,
                "us_per_step": 1e3 * physics * pushes / (world.physics_steps - steps),
            }
        )
    return figures


def measure_merge(counts: Sequence[int]) -> list[Figures]:
    """Return time and memory of merging, by number of rows, in parts of a thousand environments."""
    figures = []
    for rows in counts:
        with tempfile.TemporaryDirectory() as folder:
            listed = manifest(Path(folder), rows)
            _write_parts(Path(folder) / "out", environments_from(None, listed, look=False).paths)
            # The process of the merge reports its own peak.
            script = (
                "import resource, runpy, sys; sys.argv = sys.argv[1:]\n"
                "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
                "finally:\n"
                "    unit = 1 if sys.platform == 'darwin' else 1024\n"
                "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)"
            )
            command = [sys.executable, "-c", script, str(COLLECTOR), "--merge-only"]
            command += ["--output-dir", str(Path(folder) / "out"), "--manifest", str(listed)]
            command += ["--start-idx", "0", "--end-idx", "-1", "--hostname", "merged"]
            began = time.perf_counter()
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            took = time.perf_counter() - began
            merged = pq.ParquetFile(Path(folder) / "out" / "metrics.parquet").metadata.num_rows
            if merged != rows:
                raise RuntimeError(f"merged {merged} of {rows} rows")
        peak = int(done.stdout.split()[-1])
        figures.append({"rows": rows, "seconds": took, "peak_memory_mb": peak / 1e6})
    return figures


def _write_parts(output_dir: Path, scenes: Sequence[Path]) -> None:
    """Write the parts of a collection with one row per scene and no pushes, and empty records."""
    config = CollectionConfig()
    read = {path: read_scene(path) for path in dict.fromkeys(scenes)}
    output_dir.mkdir()
    metadata: PartMetadata = {
        "start": 0,
        "end": 0,
        "label": "merged",
        "config": config.as_dict(),
        "host": "merged",
        "process": 0,
        "numerics": "",
        "generation": 1,
        "began_unix_s": 0.0,
        "duration_s": 1.0,
        "work_s": 1.0,
        "environments": ROWS_PER_PART,
        "resumed": 0,
        "failed": {},
        "peak_memory_bytes": 0,
        "models_preloaded": [],
    }
    plain = {pa.string(): "text", pa.int64(): 0, pa.float64(): 0.5, pa.bool_(): True}
    for start in range(0, len(scenes), ROWS_PER_PART):
        numbers = range(start, start + ROWS_PER_PART)
        columns: dict[str, list[object]] = {
            field.name: [plain[field.type]] * ROWS_PER_PART for field in METRICS
        }
        columns |= {"env_index": [*numbers], "scene_sha256": [f"{i:064x}" for i in numbers]}
        columns |= {
            "xml_file": [recorded_name(from_here(scenes[i])) for i in numbers],
            "difficulty": [None] * ROWS_PER_PART,
            "termination": [Termination.EXHAUSTED.value] * ROWS_PER_PART,
            "physics": [config.physics] * ROWS_PER_PART,
            "fingerprint": [fingerprint_of(config.decisive, i, f"{i:064x}") for i in numbers],
        }
        files: dict[str, list[object]] = {
            "path": [f"merged_env_{i:06d}_results.pkl" for i in numbers]
        }
        files |= {
            "bytes": [0] * ROWS_PER_PART,
            "sha256": columns["scene_sha256"],
            "rows": [1] * ROWS_PER_PART,
        }
        for name in files["path"]:
            (output_dir / str(name)).touch()
        rows = [
            {
                "env_id": f"merged_env_{number:06d}",
                "env_index": number,
                "xml_file": columns["xml_file"][place],
                "scene_sha256": read[scenes[number]].sha256,
                "difficulty": None,
                **scene_columns(read[scenes[number]]),
            }
            for place, number in enumerate(numbers)
        ]
        part = Part.of(output_dir, start, start + ROWS_PER_PART)
        tables = {
            "metrics": [pa.table(columns, schema=METRICS)],
            "pushes": [PUSHES.empty_table()],
            "plans": [],
            "scenes": [pa.Table.from_pylist(rows, SCENES_TABLE)],
            "scene_files": [scene_file_row(each.sha256, file_text(each)) for each in read.values()],
            "files": [pa.table(files, schema=FILES)],
        }
        write_part(part, tables, {**metadata, "start": part.start, "end": part.end})


def measure_chunks(counts: Sequence[int], jobs: int) -> Figures:
    """Return the time of planning chunks in Snakemake, and its overhead per job."""
    dry = []
    for chunks in counts:
        with tempfile.TemporaryDirectory() as folder:
            settings = [f"manifest={manifest(Path(folder), chunks)}", "chunk_size=1"]
            settings += [f"output_dir={folder}/out", "end_idx=-1", "watch_scenes=False"]
            seconds = _snakemake(folder, settings, "--dry-run")
        dry.append({"chunks": chunks, "seconds": seconds})
    with tempfile.TemporaryDirectory() as folder:
        settings = [f"manifest={manifest(Path(folder), jobs)}", "chunk_size=1", "max_pushes=0"]
        settings += [f"output_dir={folder}/out", "end_idx=-1", "watch_scenes=False"]
        wall = _snakemake(folder, settings)
        began = [
            json.loads(path.read_text())["began_unix_s"]
            for path in Path(folder).glob("out/parts/*/part.json")
        ]
    each = (max(began) - min(began)) / (jobs - 1)
    return {"dry_run": dry, "jobs": jobs, "wall_s": wall, "seconds_per_job": each}


def _snakemake(folder: str, settings: Sequence[str], *options: str) -> float:
    command = [sys.executable, *SNAKEMAKE, *options, "--snakefile", str(REPOSITORY / "Snakefile")]
    began = time.perf_counter()
    subprocess.run(
        [*command, "--directory", folder, "--config", *settings],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "XDG_CACHE_HOME": f"{folder}/cache"} | _primitives(),
    )
    return time.perf_counter() - began


def _primitives() -> dict[str, str]:
    """Return the folder of the primitives, so that an empty cache does not simulate them again."""
    return {"NAMO_CACHE_DIR": str(cache_folder())}


def measure(*, environments: Sequence[int], rows: Sequence[int], chunks: Sequence[int]) -> Figures:
    """Return all figures of this benchmark."""
    measure_environments([SCENES])  # fills the cache
    return {
        "environments": measure_environments(environments),
        "boxes": measure_boxes((1, 4, 16, 64)),
        "merge": measure_merge(rows),
        "chunks": measure_chunks(chunks, jobs=10),
    }


def show(figures: Figures) -> None:
    """Print the figures."""
    for title, rows in (
        ("One process, by number of environments (ten scenes, repeated)", figures["environments"]),
        ("A push in a room of 11 m with more boxes, physics fast", figures["boxes"]),
        ("Merging metric rows", figures["merge"]),
        ("Snakemake: dry run", figures["chunks"]["dry_run"]),
    ):
        names = [*rows[0]]
        show_table(title, [name.replace("_", " ") for name in names], ([*r.values()] for r in rows))
    one = figures["chunks"]
    show_table(
        "Snakemake: chunks without work, one at a time",
        ("jobs", "wall s", "s per job, start of Python included"),
        [(str(one["jobs"]), one["wall_s"], one["seconds_per_job"])],
    )


def main() -> None:
    """Run from the command line."""
    parser = argument_parser(__doc__)
    for name, default in (
        ("environments", [10, 100, 1000]),
        ("rows", [10_000, 1_000_000]),
        ("chunks", [10, 1000, 10_000]),
    ):
        parser.add_argument(
            f"--{name}", type=int, nargs="+", default=default, help="sizes to measure"
        )
    arguments = parser.parse_args()
    figures = measure(
        environments=arguments.environments, rows=arguments.rows, chunks=arguments.chunks
    )
    show(figures)
    write_json(figures, arguments.json)


if __name__ == "__main__":
    main()
