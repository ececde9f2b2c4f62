"""Tables of columns, from the Arrow schemas of collections, scene sets and data sets."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from namo.errors import UsageError
from namo.results import schema
from namo.scenes import manifest
from namo.training import data_schema
from namo.wording import did_you_mean
from reference.markdown import code, prose, table

SCHEMAS: Mapping[str, pa.Schema] = {
    "metrics": schema.METRICS,
    "pushes": schema.PUSHES,
    "plans": schema.PLANS,
    "scenes": schema.SCENES,
    "scene_files": schema.SCENE_FILES,
    "manifest": schema.FILES,
    "scene_set": manifest.SCENES,
    "candidates": data_schema.CANDIDATE_ROWS,
    "candidate_scenes": data_schema.SCENE_ROWS,
}


def columns(name: str) -> str:
    """Return the columns of a table.

    Raises:
        UsageError: there is no such table.
    """
    if name not in SCHEMAS:
        raise UsageError(f"unknown table '{name}'; {did_you_mean(name, SCHEMAS)}")
    return table(
        ["column", "type", "unit", "meaning"],
        [
            (
                code(field.name),
                code(field.type),
                prose(_said(field, "unit")),
                prose(_said(field, "description")),
            )
            for field in SCHEMAS[name]
        ],
    )


def _said(field: pa.Field, what: str) -> str:
    text: str = field.metadata[what.encode()].decode()
    return text
