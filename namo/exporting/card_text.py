"""The card of an exported data set: `README.md`, for the Hub and for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

import pyarrow as pa
import yaml

from namo.exporting.card import Card, Split, front_matter

_MODEL_PATHS = ("ml_object_model", "ml_goal_model")
"""Settings that say where a model lies here; what it is, its hash says."""


def card_text(
    card: Card,
    splits: Sequence[Split],
    schemas: Mapping[str, pa.Schema],
    digests: Mapping[str, str],
    unknown: int = 0,
) -> str:
    """Return `README.md` of a data set.

    Args:
        card: where the data come from.
        splits: what was written.
        schemas: of the tables, by configuration.
        digests: hashes over the files of each, likewise.
        unknown: environments that are in no split, and so not in the data.
    """
    tables = {
        name: f"{schema.metadata[b'what'].decode()}; sha256 {digests[name]}"
        for name, schema in schemas.items()
    }
    front = front_matter(card, splits, tables)
    lines = [
        "---",
        yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000).rstrip(),
        "---",
        "",
        f"# {card.title}",
        "",
        "Planning data for Navigation Among Movable Obstacles: a robot must reach a goal, boxes "
        "block the way, and a search over pushes (which object, to which pose) finds a plan. The "
        "whole search is kept: every push that was simulated, with the poses before and after.",
        "",
        *_use(schemas),
        *_counts(card, splits, schemas, unknown),
        *_collected(card),
        *_contents(schemas),
        *_missing(),
        *_licence(card),
        *_citation(card),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _use(schemas: Mapping[str, pa.Schema]) -> list[str]:
    return [
        "```python",
        "import datasets",
        "",
        f'data = datasets.load_dataset("path/to/this/folder", "{next(iter(schemas))}")',
        "```",
        "",
        f"Configurations are the tables {', '.join(f'`{name}`' for name in schemas)}, as far as "
        "they have rows. `env_id` and `episode_id` join them.",
        "",
    ]


def _counts(
    card: Card, splits: Sequence[Split], schemas: Mapping[str, pa.Schema], unknown: int
) -> list[str]:
    said = card.summary["performance_stats"]
    solved, total = said["successful_episodes"], said["total_episodes"]
    known = said["by_difficulty"]
    others = {
        "episodes": total - sum(each["episodes"] for each in known.values()),
        "solved": solved - sum(each["solved"] for each in known.values()),
    }
    classes = known | ({"not known": others} if others["episodes"] else {})
    return [
        "## What is in it",
        "",
        f"Environments that were searched: {said['total_environments']:,}, in {total:,} episodes, "
        f"of which {solved:,} found a plan. Environments that failed: "
        f"{said['failed_environments']:,}; their rows say why. An episode is solved when its plan "
        "opens the robot's goal; `termination` says why a search ended.",
        "",
        *_table(
            ["difficulty of the scene", "episodes", "solved"],
            ([name, f"{of['episodes']:,}", f"{of['solved']:,}"] for name, of in classes.items()),
        ),
        *_table(
            ["split", "environments", *(f"rows of {name}" for name in schemas)],
            (
                [split.name, f"{split.environments:,}", *(f"{n:,}" for n in split.rows.values())]
                for split in splits
            ),
        ),
        *(
            [
                "Environments that are counted above, but in no split and not in here, since "
                f"their scene could not be read: {unknown:,}.",
                "",
            ]
            if unknown
            else []
        ),
        "All rows of an environment are in one split."
        if len(splits) > 1
        else f"No split was made: all rows are in `{splits[0].name}`.",
        "",
    ]


def _collected(card: Card) -> list[str]:
    run, config = card.run, card.run["config"]
    scenes = run["environments"]
    ranges = ", ".join(
        f"{start} to {end - 1}" if end - start > 1 else f"{start}"
        for start, end in _joined(scenes["collected"])
    )
    sources = "; ".join(f"`{PurePath(each).name}`" for each in scenes["source"].split("; "))
    settings = {name: value for name, value in config.items() if name not in _MODEL_PATHS}
    return [
        "## How it was collected",
        "",
        f"By namo-collect {run['versions']['namo']}: numbers {ranges} of {scenes['listed']:,} "
        f"scenes in {sources}. Under the same versions the same settings and scenes give the same "
        "rows, times aside. `replayed` says that a plan was carried out again with the same "
        "result to the last bit.",
        "",
        *_table(["setting", "value"], ([f"`{name}`", _cell(v)] for name, v in settings.items())),
        *(
            f"- {kind} model: sha256 `{use['sha256']}`, {use['parameters']:,} parameters"
            for kind, use in run["models"].items()
        ),
        *([""] if run["models"] else []),
        f"Versions: {', '.join(f'{name} {v}' for name, v in run['versions'].items() if v)}. "
        f"Numerics: {run['numerics']}.",
        *([f"Commit: `{run['git_commit']}`."] if run["git_commit"] else []),
        f"Hash of the hashes of all scenes: `{scenes['scenes_sha256']}`.",
        "",
    ]


def _joined(ranges: Iterable[list[int]]) -> list[list[int]]:
    """Return ranges, start and end, as few and in order; those that touch or overlap are one."""
    joined: list[list[int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return joined


def _contents(schemas: Mapping[str, pa.Schema]) -> list[str]:
    lines = [
        "## Columns",
        "",
        "Units and meanings are kept in the files too, as metadata of their fields. `episodes` is "
        "the table that they call metrics.",
        "",
    ]
    for name, schema in schemas.items():
        lines += [f"### {name}: {schema.metadata[b'what'].decode()}", ""]
        lines += _table(
            ["column", "type", "unit", "what it holds"],
            (
                [
                    f"`{field.name}`",
                    _kind(field.type),
                    field.metadata[b"unit"].decode(),
                    field.metadata[b"description"].decode(),
                ]
                for field in schema
            ),
        )
    return lines


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_kind(kind.value_type)}"
    return {"double": "float64", "float": "float32"}.get(str(kind), str(kind))


def _missing() -> list[str]:
    return [
        "## What is not in it",
        "",
        "- The scene files. `scenes` has their geometry, which is enough to draw and to learn "
        "from; to simulate a push again one needs the file, which `scene_sha256` tells. "
        "`xml_file` is what it was called where it was collected, without the folder above all "
        "scenes where that was an absolute path.",
        "- The records of the environments (pickles). Beside what is in these tables they hold "
        "heights, statistics of the planner, and where in the code a failure happened.",
        "- Names of machines, and commands that only run where the data were collected. Ids begin "
        "with the label of the run, which is a machine's name unless another was chosen.",
        "",
    ]


def _licence(card: Card) -> list[str]:
    said = (
        f"`{card.licence}`"
        if card.licence
        else "None was chosen when this folder was written. Until its makers choose one, nobody "
        "else may use the data."
    )
    return ["## Licence", "", said, ""]


def _citation(card: Card) -> list[str]:
    own = [] if card.citation is None else ["```bibtex", card.citation, "```", ""]
    return [
        "## Citation",
        "",
        *own,
        "The software it was collected with:",
        "",
        "```bibtex",
        "@software{namo_collect,",
        "  title = {namo-collect: planning data for Navigation Among Movable Obstacles},",
        "  author = {{The namo-collect authors}},",
        f"  version = {{{card.run['versions']['namo']}}},",
        "}",
        "```",
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(cells)} |" for cells in lines), ""]


def _cell(value: object) -> str:
    return (
        "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )
