"""Plot of a training: loss and held-out search quality by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from namo.files import replacing


def plot_history(history: Sequence[dict[str, Any]], kind: str, path: Path) -> None:
    """Plot loss and search quality by epoch into an SVG file.

    Args:
        history: one row per epoch: epoch, loss, pushes, within_five, kept.
        kind: of the model, for the title.
        path: of the file.
    """
    epochs = [row["epoch"] + 1 for row in history]
    kept = last_kept(history)["epoch"] + 1
    figure = Figure(figsize=(9, 3), layout="constrained")
    panels = figure.subplots(1, 3)
    for panel, name, title in zip(
        panels,
        ("loss", "pushes", "within_five"),
        ("training loss", "pushes per held-out search", "fraction solved within 5 pushes"),
        strict=True,
    ):
        panel.plot(epochs, [row[name] for row in history], "o-", color="#0072b2", markersize=4)
        panel.axvline(kept, color="#999999", linewidth=0.8, linestyle="--")
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("epoch")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{kind} model; dashed: the epoch that was kept", fontsize=10)
    with replacing(path) as handle:
        figure.savefig(handle, format="svg", metadata={"Date": None})


def last_kept(history: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the row of the last epoch whose network was kept."""
    return next(row for row in reversed(history) if row["kept"])
