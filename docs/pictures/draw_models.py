"""Draw `models.svg`: memory and time of a collection against the number of processes.

python -m benchmarks.models --json FIGURES.json; python docs/pictures/draw_models.py FIGURES.json

Without an argument it reads benchmarks/results.json, which `make bench` writes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

HERE = Path(__file__).parent
FIGURES = HERE.parents[1] / "benchmarks" / "results.json"
STYLES = {"small": ("#0072b2", "o", -8), "large": ("#d55e00", "s", 8)}
"""(colour, marker, vertical offset of the label (points)); the colours are safe for colour-blind
readers (Okabe and Ito 2008)."""
PANELS = (
    ("peak_bytes", 1e9, "Peak memory of all processes, GB"),
    ("wall_s", 1.0, "Wall time, s"),
)


def main() -> None:
    """Draw from the figures of the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("figures", type=Path, nargs="?", default=FIGURES, help="JSON file")
    figures = json.loads(parser.parse_args().figures.read_text(encoding="utf-8"))
    mpl.rcParams.update({"svg.hashsalt": "models", "svg.fonttype": "none", "font.size": 11})
    picture = draw(figures.get("models", figures), figures["machine"]["cores"])
    picture.savefig(HERE / "models.svg", metadata={"Date": None})


def draw(figures: dict[str, Any], cores: int) -> Figure:
    """Return the picture: one panel for memory, one for time.

    Args:
        figures: of `benchmarks.models`.
        cores: of the machine.
    """
    picture = Figure(figsize=(8.2, 3.4), facecolor="white", layout="constrained")
    for axes, (key, unit, title) in zip(picture.subplots(1, 2), PANELS, strict=True):
        for name, (colour, marker, raised) in STYLES.items():
            splits = [one for one in figures["splits"] if one["models"] == name]
            points = [(one["processes"], one[key] / unit) for one in splits if one[key] is not None]
            if points:
                megabytes = splits[0]["model_bytes"] / 1e6
                axes.plot(*zip(*points, strict=True), color=colour, marker=marker, linewidth=2)
                _label(axes, points[-1], f"{name},\n{megabytes:.0f} MB", colour, raised)
        axes.set_title(title, loc="left", fontsize=11)
        axes.set_xlabel("parallel processes")
        axes.set_xticks(sorted({one["processes"] for one in figures["splits"]}))
        axes.set_ylim(0, 1.1 * axes.get_ylim()[1])
        axes.set_xlim(right=axes.get_xlim()[1] + 0.9)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#dddddd")
        axes.set_axisbelow(True)
    picture.suptitle(
        f"{figures['environments']} environments on {cores} cores, distributed over processes that "
        "each load both models once",
        fontsize=11,
        x=0.01,
        ha="left",
    )
    return picture


def _label(axes: Axes, point: tuple[float, float], text: str, colour: str, raised: int) -> None:
    axes.annotate(
        text, point, xytext=(9, raised), textcoords="offset points", color=colour, va="center"
    )


if __name__ == "__main__":
    main()
