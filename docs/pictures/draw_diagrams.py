"""Draw the diagrams of docs/architecture.md and docs/concepts.md: stages, layers, chunks.

python docs/pictures/draw_diagrams.py
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import wrap

from drawn import HERE, text, write_picture

LAYERS = (
    {
        "commands": "the namo command, one file per subcommand",
        "pipeline": "settings, chunks and jobs of the rules",
    },
    {"tuning": "what jobs cost on a machine, and how to divide it among them"},
    {
        "certification": "scene difficulty",
        "collection": "chunks, episodes",
        "reporting": "report, charts, videos",
        "exporting": "other formats",
        "training": "data sets, models",
    },
    {"gym": "a scene as a Gymnasium environment"},
    {"results": "a collection on disk: schema, tables, records, merge, replay, verify"},
    {"planning": "searches, budgets, search results"},
    {"strategies": "which object, which goal"},
    {"learning": "running a model: rasters, queries, networks, bundles, scoring"},
    {"world": "a scene in MuJoCo: state, reachability, push skill"},
    {"scenes": "footprints; read, write, check, draw, generate, import"},
)
"""The packages of namo and what each contains; a package imports only from rows below its own."""
BOTTOM = (
    "wording",
    "markdown",
    "arrow_fields",
    "declared_settings",
    "option_checks",
    "signals",
    "geometry",
    "binomial",
    "seeding",
    "registry",
    "pictured",
    "plug_ins",
    "files",
    "shipped",
    "extras",
    "regular_files",
    "cache_files",
    "machine_code",
    "syncing",
    "locks",
    "config_parsing",
    "numeric_platform",
    "portable_math",
    "compiled",
    "errors",
)
"""Base modules, below all packages."""

MARGIN = 16.0
HEAD = (
    '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" '
    'markerHeight="8" orient="auto"><path class="faint" d="M0 1L10 5L0 9z"/></marker></defs>'
)


@dataclass(frozen=True)
class Box:
    """A labelled box.

    Attributes:
        x: of its left side (pixels).
        y: of its top.
        width: pixels.
        height: likewise.
        lines: of text; the first is the name.
        kind: class of the fill: accent for jobs and packages, tile for files.
        many: whether it stands for several of a kind.
    """

    x: float
    y: float
    width: float
    height: float
    lines: Sequence[str]
    kind: str = "accent"
    many: bool = False

    def __str__(self) -> str:
        sides = "".join(
            f'<rect class="{self.kind} edge" x="{self.x + by:.0f}" y="{self.y - by:.0f}" '
            f'width="{self.width:.0f}" height="{self.height:.0f}" rx="5"/>'
            for by in ((8, 4, 0) if self.many else (0,))
        )
        x, first = self.x + self.width / 2, self.y + self.height / 2 + 13.5 - 8.5 * len(self.lines)
        words = [
            text(x, first + 17 * place, line, "faint small" if place else "ink name")
            for place, line in enumerate(self.lines)
        ]
        return sides + "".join(words)

    @property
    def left(self) -> tuple[float, float]:
        """The middle of the left side."""
        return self.x, self.y + self.height / 2

    @property
    def right(self) -> tuple[float, float]:
        """The middle of the right side, of the rearmost box where there are many."""
        return self.x + self.width + 8 * self.many, self.y + self.height / 2

    @property
    def top(self) -> tuple[float, float]:
        """The middle of the upper side, of the rearmost box where there are many."""
        return self.x + self.width / 2, self.y - 8 * self.many

    @property
    def bottom(self) -> tuple[float, float]:
        """The middle of the lower side."""
        return self.x + self.width / 2, self.y + self.height


def arrow(*points: tuple[float, float]) -> str:
    """Return an arrow through points, its head at the last."""
    way = "L".join(f"{x:.0f} {y:.0f}" for x, y in points)
    return f'<path class="line" marker-end="url(#head)" d="M{way}"/>'


def main() -> None:
    """Draw all diagrams into the folder of this file."""
    draw_stages()
    draw_layers()
    draw_chunks()


def draw_stages() -> None:
    """Draw the jobs of the pipeline and the files between them."""
    across, down, width = 176.0, 106.0, 146.0

    def job(column: int, row: int, *lines: str, many: bool = False) -> Box:
        return Box(MARGIN + column * across, 44 + row * down, width, 52, lines, many=many)

    def file(column: int, row: int, *lines: str) -> Box:
        return Box(MARGIN + column * across, 44 + row * down, width, 52, lines, "tile")

    making = [
        job(0, 0, "certify", "sample and measure", many=True),
        job(1, 0, "scenes", "fill the quotas"),
        file(2, 0, "scenes.parquet", "*.xml"),
    ]
    collecting = [
        job(0, 1, "collect", "one process each", many=True),
        file(1, 1, "parts", "*_results.pkl"),
        job(2, 1, "merge", "check, assemble"),
        file(3, 1, "*.parquet", "run.json, summary"),
        job(4, 1, "report, summary", "report.html, verdict"),
    ]
    learning = [
        job(3, 2, "make_dataset", "label candidates"),
        job(2, 2, "train_model", "goal"),
        job(1, 2, "train_model", "object"),
        file(0, 2, "models", "two bundles"),
    ]
    comparing = [
        job(1, 3, "search_chunk", "one arm each", many=True),
        job(2, 3, "search_merge", "one collection each"),
        job(3, 3, "compare", "paired statistics"),
        file(4, 3, "evaluation", ".txt .json .svg"),
    ]
    scene_set, collect, models, search = making[-1], collecting[0], learning[-1], comparing[0]
    turn = scene_set.bottom[1] + 22
    body = [
        *_in_a_row(making),
        *_in_a_row(collecting),
        *_in_a_row(comparing),
        *(arrow(one.left, other.right) for one, other in pairwise(learning)),
        arrow(scene_set.bottom, (scene_set.bottom[0], turn), (collect.top[0], turn), collect.top),
        arrow(collecting[3].bottom, learning[0].top),
        arrow(models.top, collect.bottom),
        arrow(models.bottom, (models.bottom[0], search.left[1]), search.left),
        *map(str, (*making, *collecting, *learning, *comparing)),
        _note(MARGIN, 22, "snakemake scenes"),
        _note(collecting[1].x, collect.y - 10, "snakemake"),
        _note(learning[0].x + 82, learning[0].y - 20, "snakemake dataset, train, rounds"),
        _note(search.x, search.y + 76, "snakemake evaluate; rounds explore with the same two jobs"),
        *(
            str(Box(MARGIN + 4 * across, 14 + 29 * place, 60, 22, [name], kind, many=many))
            for place, (name, kind, many) in enumerate(
                (("jobs", "accent", True), ("job", "accent", False), ("file", "tile", False))
            )
        ),
    ]
    _write(
        "stages",
        2 * MARGIN + 4 * across + width,
        4 * down + 38,
        body,
        "The jobs of the pipeline: generate scenes, collect, train, and compare models",
    )


def draw_layers() -> None:
    """Draw the packages in layers; each imports only from the layers below it."""
    width, height, gap = 840.0, 50.0, 10.0
    rows = [
        [("Snakefile, workflow/", "rules, and one thin script per stage", "tile")],
        *([(f"namo/{name}", about, "accent") for name, about in row.items()] for row in LAYERS),
    ]
    body = []
    for number, row in enumerate(rows):
        wide = (width + gap) / len(row) - gap
        for place, (name, about, kind) in enumerate(row):
            x, y = MARGIN + place * (wide + gap), MARGIN + number * (height + gap)
            body.append(str(Box(x, y, wide, height, [name, about], kind)))
    names = wrap(", ".join(BOTTOM), 115)
    top, below = MARGIN + len(rows) * (height + gap), height + 17 * (len(names) - 1)
    body.append(str(Box(MARGIN, top, width, below, ["base modules", *names], "tile")))
    full = top + below + MARGIN
    x = MARGIN + width + 22
    body.append(arrow((x, MARGIN + 6), (x, full - MARGIN - 6)))
    turned = f'transform="translate({x + 12:.0f} {full / 2:.0f}) rotate(90)"'
    body.append(f"<g {turned}>{text(0, 0, 'imports', 'faint small')}</g>")
    label = "The packages of namo in layers; each imports those below it"
    _write("layers", width + 72, full, body, label)


def draw_chunks() -> None:
    """Draw how environments are cut into chunks and become files and tables."""
    chunks, size, square, gap = 4, 6, 26.0, 5.0
    wide = size * (square + gap) - gap
    across = wide + 24
    full = chunks * across - 24
    merge = Box(MARGIN, 296, full, 50, ["merge", "checks the parts and assembles the tables"])
    body = [_note(MARGIN, 28, "a list of scenes: the environments"), str(merge)]
    for chunk in range(chunks):
        x, first = MARGIN + chunk * across, chunk * size
        listed = [
            Box(x + place * (square + gap), 42, square, square, [str(first + place)], "tile")
            for place in range(size)
        ]
        bounds = f"{first:06d}-{first + size:06d}"
        process = Box(x, 102, wide, 66, [bounds, "a process that loads", "its models once"])
        kept = ["*_results.pkl", "one per environment,", "and a part"]
        files = Box(x, 200, wide, 66, kept, "tile")
        body += map(str, (*listed, process, files))
        body += [
            arrow((process.top[0], listed[0].bottom[1] + 4), process.top),
            arrow(process.bottom, files.top),
            arrow(files.bottom, (files.bottom[0], merge.y)),
        ]
    tables = {
        "metrics.parquet": "one row per episode",
        "pushes.parquet": "one row per push",
        "plans.parquet": "one row per plan push",
        "scenes.parquet": "one row per scene",
    }
    for place, named in enumerate(tables.items()):
        table = Box(MARGIN + place * across, 380, wide, 50, named, "tile")
        body += [str(table), arrow((table.top[0], merge.bottom[1]), table.top)]
    label = "A list of environments cut into chunks; one process each; records; merged tables"
    _write("chunks", full + 2 * MARGIN, 446, body, label)


def _in_a_row(boxes: Sequence[Box]) -> list[str]:
    return [arrow(one.right, other.left) for one, other in pairwise(boxes)]


def _note(x: float, y: float, words: str) -> str:
    return text(x, y, words, "faint small", "start")


def _write(name: str, width: float, height: float, body: Sequence[str], label: str) -> None:
    write_picture(HERE / f"{name}.svg", width, height, "\n".join([HEAD, *body]), label)


if __name__ == "__main__":
    main()
