"""Fields of Arrow schemas that say what they hold and in which unit."""

from __future__ import annotations

import pyarrow as pa


def described_field(
    name: str, kind: pa.DataType, unit: str, description: str, *, unit_first: bool = False
) -> pa.Field:
    """Return a field whose metadata are its unit and description.

    Args:
        name: of the column.
        kind: Arrow type.
        unit: such as "m" or "m, m, rad"; empty where there is none.
        description: what the values are.
        unit_first: order of the two metadata keys, which Parquet files keep: the bytes of a file
            depend on it.
    """
    metadata = {"description": description, "unit": unit}
    if unit_first:
        metadata = dict(reversed(metadata.items()))
    return pa.field(name, kind, metadata=metadata)
