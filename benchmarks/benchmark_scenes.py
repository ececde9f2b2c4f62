"""Make the frozen benchmark scenes again: draw and measure the sets of a recipe, and pack them.

Interrupted runs resume. Measuring takes an hour or two of one core, and showing how many pushes are
needed half of one; `--pack-only` takes the sets as they are, `--prove-only` the packed scenes.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from benchmarks.common import REPOSITORY
from benchmarks.proven_depths import prove
from namo.certification.scene_set import make_scenes
from namo.certification.settings import SceneSetSettings
from namo.errors import NamoError
from namo.learning.bundle_files import seen_layouts
from namo.scenes.manifest import MANIFEST, listed_scenes
from namo.scenes.packed import PACKED, pack, read_packed

FOLDER = REPOSITORY / "resources" / "scenes" / "benchmark"
RECIPE, SCENES = FOLDER / "recipe.yaml", FOLDER / MANIFEST
WORK = Path("results/benchmark_scenes")


@dataclass(frozen=True)
class BenchmarkSet:
    """One set of a recipe.

    Attributes:
        settings: how its scenes are drawn and measured.
        kind: class of its scenes; None where it is measured.
        shown: scenes are kept if they are shown to need so many pushes; None keeps all.
    """

    settings: SceneSetSettings
    kind: str | None
    shown: int | None


def sets_of(recipe: Path) -> dict[str, BenchmarkSet]:
    """Return the sets of a recipe by name.

    Args:
        recipe: YAML file.

    Raises:
        UsageError: the settings of a set are invalid.
    """
    content = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    found = {}
    for name, values in content["sets"].items():
        own = {key: value for key, value in values.items() if key not in ("class", "shown")}
        settings = SceneSetSettings.from_mapping(content["common"] | own, f"{recipe}: {name}")
        found[name] = BenchmarkSet(settings, values.get("class"), values.get("shown"))
    return found


def known_layouts() -> frozenset[str]:
    """Return the layouts of the demo scenes, and those that the shipped models were trained on.

    Raises:
        UsageError: the manifest of the demo scenes cannot be read.
        ModelError: the layouts of a model cannot be read.
    """
    demo = listed_scenes(REPOSITORY / "resources" / "scenes" / "demo" / MANIFEST).values()
    models = (REPOSITORY / "resources" / "models" / kind for kind in ("object", "goal"))
    return frozenset({one.layout_id for one in demo}).union(*map(seen_layouts, models))


def packed_rows(work: Path, sets: Mapping[str, BenchmarkSet]) -> list[dict[str, Any]]:
    """Return the rows of all sets, in the order of the recipe.

    Args:
        work: folder of the sets.
        sets: see `sets_of`.

    Raises:
        NamoError: a layout is one of the known ones, or a scene occurs twice.
    """
    rows: list[dict[str, Any]] = []
    for name, its_set in sets.items():
        for row in pq.read_table(work / name / MANIFEST).to_pylist():
            text = (work / name / row["file"]).read_bytes().decode()
            kept = {column: row.get(column) for column in PACKED.names}
            difficulty = its_set.kind or row["difficulty"]
            rows.append(
                kept
                | {"index": len(rows), "file": f"{name}_{row['candidate']:05d}.xml"}
                | {"difficulty": difficulty, "set": name, "xml": text}
            )
    if seen := {row["layout_id"] for row in rows} & known_layouts():
        raise NamoError(f"layouts of other sets: {', '.join(sorted(seen))}; take another seed")
    if len({row["sha256"] for row in rows}) < len(rows):
        raise NamoError("a scene occurs twice; take another seed")
    return rows


def kept_rows(rows: list[dict[str, Any]], sets: Mapping[str, BenchmarkSet]) -> list[dict[str, Any]]:
    """Return the rows that their set keeps, with new indexes.

    Args:
        rows: with `proven_depth`.
        sets: see `sets_of`.
    """
    wanted = {name: its_set.shown for name, its_set in sets.items()}
    kept = [row for row in rows if wanted[row["set"]] in (None, row["proven_depth"])]
    return [row | {"index": index} for index, row in enumerate(kept)]


def main() -> None:
    """Make the sets and pack them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=WORK, help="folder of the sets")
    parser.add_argument("--output", type=Path, default=SCENES, help="file of the packed scenes")
    parser.add_argument("--jobs", type=int, default=2, help="processes that measure scenes")
    parser.add_argument("--pack-only", action="store_true", help="take the sets as they are")
    parser.add_argument(
        "--prove-only", action="store_true", help="only show again how many pushes are needed"
    )
    options = parser.parse_args()
    sets = sets_of(RECIPE)
    for name, its_set in sets.items():
        if not (options.pack_only or options.prove_only):
            print(make_scenes(its_set.settings, options.work / name, options.jobs, show=print))
    drawn = read_packed(SCENES) if options.prove_only else packed_rows(options.work, sets)
    clearances = {name: its_set.settings.effort.clearance for name, its_set in sets.items()}
    rows = kept_rows(prove(drawn, clearances, options.work), sets)
    pack(options.output, rows)
    for kind, number in Counter(row["difficulty"] for row in rows).items():
        print(f"{number:>6} {kind}")


if __name__ == "__main__":
    main()
