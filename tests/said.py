"""What a collection says of itself, but for clocks and the number of processes."""

from __future__ import annotations

import copy
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa

from namo.reporting.page import PageInputs, make_page
from namo.results.run_file import read_run_file
from namo.results.schema import METRICS
from namo.results.summary_text import summary_text
from namo.results.tables import write_table
from tests.collecting import Collection

CLOCKS_AND_PROCESSES = re.compile(
    r".*time_ms.*|total_duration_seconds|(began|ended)_unix_s|processes|peak_memory_bytes"
    r"|inference_time_ms|loads|(load|warm_up|forward)_s|seconds|latency_ms"
)


def said(collection: Collection, folder: Path) -> dict[str, Any]:
    """Summary, its text, and page of a collection with its clocks stopped, made in a copy."""
    shutil.copytree(collection.output, folder)
    rows = [
        {name: 1.0 if name.endswith("_time_ms") else value for name, value in row.items()}
        for row in collection.table("metrics")
    ]
    write_table(folder / "metrics.parquet", METRICS, [pa.Table.from_pylist(rows, METRICS)])
    summary = without_clocks(copy.deepcopy(collection.summary()))
    summary["collection_metadata"]["folder"] = "the same"
    run = {**read_run_file(folder), "name": "the same", "command": ["collect"]}
    texts = {
        "page": make_page(PageInputs(folder, run, summary)),
        "text": summary_text(summary, Path("out")),
    }
    for path in (folder, collection.output):  # in commands
        texts = {name: text.replace(str(path), "out") for name, text in texts.items()}
    return {"summary": summary, **texts}


def without_clocks(value: Any) -> Any:
    """A summary with what clocks and processes decide set to a constant."""
    if isinstance(value, list):
        return [without_clocks(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _constant(key, item) if CLOCKS_AND_PROCESSES.fullmatch(key) else without_clocks(item)
        for key, item in value.items()
    }


def _constant(key: str, value: Any) -> Any:
    if key == "latency_ms" and value:
        return {"p50": 1.0, "p90": 1.0, "p99": 1.0, "max": 1.0}
    return dict.fromkeys(value, 1.0) if isinstance(value, dict) else 1
