"""Finished collections made from known rows, so that the content of a report is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from namo.collection.config import CollectionConfig
from namo.results.records import Record, file_entry, write_record
from namo.results.schema import FILES
from namo.results.summary import summarise
from namo.results.tables import DATA_TABLES, write_table

NASTY = """scènes/</script><img src=x onerror="window.hacked=1">'&\u2028.xml"""
"""A file name that the page must show as text only."""
BOX = [-0.3, -0.2, 0.3, -0.2, 0.3, 0.2, -0.3, 0.2]
TO_A_POSE = {"contact": None, "travel": None, "goal_x": 1.25, "goal_y": 1.0, "goal_theta": 0.0}
STRAIGHT = {"contact": 0, "travel": 0.5}
"""What pushes ask for."""
_BLANK = {"string": "", "int64": 0, "double": 0.0, "bool": False}


def row_of(table: str, **values: Any) -> Record:
    """A row of a table; columns not given are empty, 0 or false."""
    schema = DATA_TABLES[table]
    assert values.keys() <= set(schema.names)
    return {field.name: values.get(field.name, _BLANK.get(str(field.type))) for field in schema}


def identity(environment: int, episode: int = 0) -> Record:
    env_id = f"host_env_{environment:06d}"
    return {
        "env_id": env_id,
        "env_index": environment,
        "episode_id": f"{env_id}_episode_{episode}",
        "episode": episode,
    }


def episode_row(environment: int, termination: str = "solved", **values: Any) -> Record:
    """A row of the metrics."""
    solved = termination == "solved"
    defaults = {
        **identity(environment, values.pop("episode", 0)),
        "termination": termination,
        "xml_file": f"scenes/{environment:04d}.xml",
        "difficulty": "easy",
        "opening_fraction": None,
        "algorithm": "idfs",
        "object_strategy": "random",
        "goal_strategy": "random",
        "success": solved,
        "solution_found": solved,
        "solution_depth": 1 if solved else None,
        "found_depth": values.get("solution_depth", 1 if solved else None),
        "minimal": True if solved else None,
        "refined": False if solved else None,
        "replayed": True if solved else None,
        "pushes_simulated": 1,
        "nodes_expanded": 1,
        "search_time_ms": 1000.0,
        "physics_time_ms": 600.0,
        "kept": termination != "error",
    }
    return row_of("metrics", **(defaults | values))


def failure(
    environment: int, text: str, xml_file: str | None = None, kind: str = "scene"
) -> Record:
    """A row of a failed environment."""
    file = xml_file or f"scenes/{environment:04d}.xml"
    return episode_row(
        environment,
        "error",
        xml_file=file,
        pushes_simulated=0,
        search_time_ms=0.0,
        physics_time_ms=0.0,
        error_kind=kind,
        error_message=f"{file}: {text}",
        rerun_command=f"python collect.py --start-idx {environment}",
    )


def scene_of(row: Record) -> Record:
    """A square room with two boxes, the robot on the left and the goal on the right."""
    walls = [
        [x0, y0, x1, y0, x1, y1, x0, y1]
        for x0, y0, x1, y1 in (
            *((-2.1, -2.1, 2.1, -2.0), (-2.1, 2.0, 2.1, 2.1)),
            *((-2.1, -2.0, -2.0, 2.0), (2.0, -2.0, 2.1, 2.0)),
        )
    ]
    return row_of(
        "scenes",
        **{name: row[name] for name in ("env_id", "env_index", "xml_file", "difficulty")},
        bounds=[-2.1, -2.1, 2.1, 2.1],
        robot=[-1.5, 0.0, 0.15],
        goal=[1.5, 0.0, 0.15],
        walls=walls,
        movables=["box <1>", "box 2"],
        outlines=[BOX, BOX],
        poses=[0.0, 0.0, 0.5, 1.0, 1.0, 3.0],
        reachable=["box <1>", "box 2"],
        reached_area=9.0,
        goal_gap=2.0,
    )


def plan_of(row: Record) -> list[Record]:
    """The pushes of a plan, each with 12 frames in which the robot and box 2 move right.

    The first is one to a pose, the second a straight push, and so on.
    """
    pushes = []
    for step in range(row["solution_depth"] or 0):
        along = 0.1 * step + np.linspace(0.0, 0.1, 12)
        robot = np.stack([-1.5 + along, 0.0 * along], axis=1)
        poses = np.stack([1.0 + along, 1.0 + 0.0 * along, 3.0 + along], axis=1)
        poses[:, 2] = (poses[:, 2] + np.pi) % (2.0 * np.pi) - np.pi
        pushes.append(
            row_of(
                "plans",
                **{name: row[name] for name in identity(0)},
                step=step,
                object_id="box 2",
                **STRAIGHT if step % 2 else TO_A_POSE,
                moved=["box 2"],
                robot=robot.ravel().tolist(),
                poses=poses.ravel().tolist(),
            )
        )
    return pushes


def pushes_of(row: Record) -> list[Record]:
    """The pushes of an episode; the last one of a solved episode opens the goal."""
    names = {name: row[name] for name in identity(0)}
    count = row["pushes_simulated"]
    poses = [
        [-1.5 + 0.01 * n, 0.0, 0.0, 0.02 * n, 0.0, 0.5, 1.0, 1.0, 3.0] for n in range(count + 1)
    ]
    return [
        row_of(
            "pushes",
            **names,
            push=push,
            state=push,
            next_state=push + 1,
            depth=push + 1,
            poses_before=poses[push],
            poses_after=poses[push + 1],
            reachable=["box <1>"],
            reached_area=9.0 - 0.01 * push,
            goal_gap=2.0 - 0.1 * (push % 5),
            simulation=push,
            object_id="box 2" if push == count - 1 else "box <1>",
            **TO_A_POSE,
            status="reached",
            moved=push % 2 == 0,
            goal_open=row["solution_found"] and push == count - 1,
            on_plan=row["solution_found"] and push == count - 1,
        )
        for push in range(count)
    ]


MODEL = {
    "kind": "goal",
    "path": "models/<goal>",
    "sha256": "ab" * 32,
    "parameters": 1234,
    "bytes": 4936,
    "device": "cpu",
    "load_s": 0.5,
    "warm_up_s": 0.1,
    "loads": 2,
    "batches": {"3": 10},
    "latencies": {"-400": 10},
    "seconds": 0.2,
    "forward_s": 0.1,
}


def write_collection(
    folder: Path,
    metrics: Sequence[Record],
    models: Sequence[Record] = (),
    remarks: Mapping[int, list[Record]] | None = None,
    **run: Any,
) -> Path:
    """Write the files of a collection with these metrics rows and remarks on scenes by number."""
    found = remarks or {}
    episodes = [row for row in metrics if row["termination"] != "error"]
    rows = {
        "metrics": list(metrics),
        "pushes": [push for row in episodes for push in pushes_of(row)],
        "plans": [push for row in episodes for push in plan_of(row)],
        "scenes": [
            scene_of(row) | {"remarks": found.get(number, [])}
            for number, row in {row["env_index"]: row for row in episodes}.items()
        ],
    }
    for name, schema in DATA_TABLES.items():
        table = pa.Table.from_pylist(rows[name], schema)
        write_table(folder / f"{name}.parquet", schema, [table])
    config = CollectionConfig().as_dict()
    part = {
        "label": "host",
        "config": config,
        "generation": 1,
        "began_unix_s": 86390.0,
        "duration_s": 100.0,
        "work_s": 10.0,
        "models_preloaded": list(models),
        "host": "worker",
        "peak_memory_bytes": 1000,
    }
    summary = summarise(folder, [part], final=Path("out"))
    write_record(folder / "collection_summary_host.pkl", summary)
    entry = file_entry(folder / "collection_summary_host.pkl", folder, None)
    write_table(folder / "manifest.parquet", FILES, [pa.Table.from_pylist([entry], FILES)])
    content = {
        "config": config,
        "label": "host",
        "environments": {
            "source": "scenes",
            "listed": len(metrics),
            "collected": [],
            "scenes_sha256": "cd" * 32,
        },
        "models": {use["kind"]: use for use in models},
        "versions": {"namo": "1", "torch": None},
        "numerics": "NumPy",
        "git_commit": None,
        "host": {"name": "worker", "system": "Linux", "machine": "x", "gpus": []},
        "command": ["collect.py", "--output-dir", "out", "--start-idx", "0", "--end-idx", "9"],
    }
    (folder / "run.json").write_text(json.dumps(content | run))
    return folder


def mixed() -> list[Record]:
    """Episodes and failures of all kinds, one per environment."""
    return [
        episode_row(0, difficulty="open", solution_depth=0, pushes_simulated=0, nodes_expanded=0),
        episode_row(1),
        episode_row(
            2,
            difficulty="two_pushes",
            solution_depth=2,
            found_depth=3,
            pushes_simulated=7,
            nodes_expanded=9,
        ),
        episode_row(3, "pushes", difficulty="hard", pushes_simulated=30, search_time_ms=9000.0),
        failure(4, "KeyError: '<goal>'", NASTY, "KeyError"),
        failure(5, "no site named 'goal'"),
        episode_row(6, "exhausted", difficulty="hard", pushes_simulated=4),
        episode_row(7, "timeout", difficulty=None, pushes_simulated=12, search_time_ms=60000.0),
        episode_row(8, replayed=False, xml_file=NASTY.replace(".xml", "2.xml")),
    ]


@pytest.fixture
def make_collection(tmp_path: Path) -> Callable[..., Path]:
    """Writes a collection with given metrics rows into a new folder and returns the folder."""

    def make(metrics: Sequence[Record], **options: Any) -> Path:
        (tmp_path / "collection").mkdir()
        return write_collection(tmp_path / "collection", metrics, **options)

    return make


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection with all kinds of rows and a model. Read only."""
    return write_collection(tmp_path_factory.mktemp("collection"), mixed(), [MODEL])
