"""Scenes and layouts, counted for reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from namo.certification.figures import Row


def count_lines(rows: Sequence[Row], column: str) -> list[str]:
    """Return lines of text: how many scenes and layouts have each value of a column.

    Args:
        rows: of a manifest.
        column: of text.
    """
    layouts = {(row[column], row["layout_id"]) for row in rows}
    lines = [f"{column:<16}{'scenes':>8}{'layouts':>8}"]
    for name, number in sorted(Counter(row[column] for row in rows).items()):
        lines.append(f"{name:<16}{number:>8}{sum(one[0] == name for one in layouts):>8}")
    return lines
