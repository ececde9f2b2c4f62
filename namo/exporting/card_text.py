"""The text of a data set card: `README.md`, for the Hub and for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import pyarrow as pa
import yaml

from namo.exporting.card import DatasetCard, Split, front_matter
from namo.markdown import markdown_table
from namo.results.schema import SCENE_FILES
from namo.results.summary_types import Solved

_MODEL_PATHS = ("ml_object_model", "ml_goal_model")
"""Settings with local paths of models; the card identifies models by hash instead."""
_FILES = {"scene_files": SCENE_FILES}
"""Tables that are one file, whatever the splits."""


def card_text(
    card: DatasetCard,
    splits: Sequence[Split],
    schemas: Mapping[str, pa.Schema],
    digests: Mapping[str, str],
    unassigned: int = 0,
) -> str:
    """Return the `README.md` of a data set.

    Args:
        card: content of the card.
        splits: exported splits.
        schemas: of the tables, by configuration.
        digests: hash over the files of each table, likewise, and of the stored scenes.
        unassigned: number of environments that are in no split, and so not exported.
    """
    tables = {
        name: f"{schema.metadata[b'what'].decode()}; sha256 {digests[name]}"
        for name, schema in {**schemas, **_FILES}.items()
    }
    files = {name: tables.pop(name) for name in _FILES}
    front = front_matter(card, splits, tables, files)
    lines = [
        *card_head(card, front),
        "Planning data for Navigation Among Movable Obstacles (NAMO): a robot must reach a goal, "
        "boxes block the way, and a search over pushes (which object, to which pose) finds a plan. "
        "The data contain the whole search: every simulated push, with all poses before and after.",
        "",
        *_usage(schemas, [one for one in schemas if not any(s.rows[one] for s in splits)]),
        *_counts(card, splits, schemas, unassigned),
        *collection_section(card),
        *_columns({**schemas, **_FILES}),
        *_omissions(),
        *licence_section(card),
        *citation_section(card),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _usage(schemas: Mapping[str, pa.Schema], empty: Sequence[str]) -> list[str]:
    return [
        "```python",
        "import datasets",
        "",
        f'data = datasets.load_dataset("path/to/this/folder", "{next(iter(schemas))}")',
        "```",
        "",
        f"There is one configuration per table: {', '.join(f'`{name}`' for name in schemas)}. "
        "Join them on `env_id` and `episode_id`. `scene_files` has the scenes themselves, each "
        "distinct one once; join it on `scene_sha256`. The data can be replayed with this folder "
        "alone: `namo verify` replays every plan in it, and `namo.load` opens it.",
        "",
        *(
            [
                f"Without rows: {', '.join(f'`{name}`' for name in empty)}. The `datasets` library "
                "reads a table of 0 rows with `streaming=True` only; other readers of Parquet need "
                "nothing special.",
                "",
            ]
            if empty
            else []
        ),
    ]


def _counts(
    card: DatasetCard, splits: Sequence[Split], schemas: Mapping[str, pa.Schema], unassigned: int
) -> list[str]:
    performance = card.summary["performance_stats"]
    solved, total = performance["solved_searches"], performance["searches"]
    known = performance["by_difficulty"]
    others: Solved = {
        "episodes": total - sum(each["episodes"] for each in known.values()),
        "solved": solved - sum(each["solved"] for each in known.values()),
    }
    classes = known | ({"unknown": others} if others["episodes"] else {})
    return [
        "## Contents",
        "",
        f"Environments: {performance['total_environments']:,}, of which "
        f"{performance['failed_environments']:,} failed (`error_message` in their rows gives the "
        f"reason). Episodes: {total:,}, of which {solved:,} are solved. An episode is solved when "
        "its plan makes the robot's goal reachable; `termination` says why the search ended.",
        "",
        markdown_table(
            ["scene difficulty", "episodes", "solved"],
            ([name, f"{n['episodes']:,}", f"{n['solved']:,}"] for name, n in classes.items()),
        ),
        "",
        markdown_table(
            ["split", "environments", *(f"rows of {name}" for name in schemas)],
            (
                [split.name, f"{split.environments:,}", *(f"{n:,}" for n in split.rows.values())]
                for split in splits
            ),
        ),
        "",
        *(
            [
                "Environments that are counted above but not exported, because their scene could "
                f"not be read and has no split: {unassigned:,}.",
                "",
            ]
            if unassigned
            else []
        ),
        "All rows of an environment are in the same split."
        if len(splits) > 1
        else f"The data are not split: all rows are in `{splits[0].name}`.",
        "",
    ]


def card_head(card: DatasetCard, front: Mapping[str, Any]) -> list[str]:
    """Return the first lines of a card: what the Hub reads, and the title."""
    return [
        "---",
        yaml.safe_dump({**front}, sort_keys=False, allow_unicode=True, width=1000).rstrip(),
        "---",
        "",
        f"# {card.title}",
        "",
    ]


def collection_section(card: DatasetCard) -> list[str]:
    """Return the lines of a card on how the collection was made."""
    run, config = card.run, card.run["config"]
    scenes = run["environments"]
    ranges = ", ".join(
        f"{start} to {end - 1}" if end - start > 1 else f"{start}"
        for start, end in _merged_ranges(scenes["collected"])
    )
    sources = "; ".join(f"`{PurePath(each).name}`" for each in scenes["source"].split("; "))
    settings = {name: value for name, value in config.items() if name not in _MODEL_PATHS}
    return [
        "## Collection",
        "",
        f"Collected with namo-collect {run['versions']['namo']}: environments {ranges} of "
        f"{scenes['listed']:,} scenes in {sources}. With the same versions, settings and scenes "
        "the rows are reproducible, apart from times. `replayed` is true if replaying the plan "
        "gave bitwise identical states.",
        "",
        markdown_table(
            ["setting", "value"],
            ([f"`{name}`", _cell(value)] for name, value in settings.items()),
        ),
        "",
        *(
            f"- {kind} model: sha256 `{model['sha256']}`, {model['parameters']:,} parameters"
            for kind, model in run["models"].items()
        ),
        *([""] if run["models"] else []),
        f"Versions: {', '.join(f'{name} {v}' for name, v in run['versions'].items() if v)}. "
        f"Numeric platform: {run['numerics']}.",
        *([f"Git commit: `{run['git_commit']}`."] if run["git_commit"] else []),
        f"Hash over the hashes of all scenes: `{scenes['scenes_sha256']}`.",
        "",
    ]


def _merged_ranges(ranges: Iterable[list[int]]) -> list[list[int]]:
    """Return ranges (start, end) in order, with touching and overlapping ones merged."""
    merged: list[list[int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged


def _columns(schemas: Mapping[str, pa.Schema]) -> list[str]:
    lines = [
        "## Columns",
        "",
        "The field metadata of the files hold the same units and descriptions. `episodes` is the "
        "table that they call metrics.",
        "",
    ]
    for name, schema in schemas.items():
        lines += [f"### {name}: {schema.metadata[b'what'].decode()}", ""]
        lines += [
            markdown_table(
                ["column", "type", "unit", "description"],
                (
                    [
                        f"`{field.name}`",
                        _type_name(field.type),
                        field.metadata[b"unit"].decode(),
                        field.metadata[b"description"].decode(),
                    ]
                    for field in schema
                ),
            ),
            "",
        ]
    return lines


def _type_name(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_type_name(kind.value_type)}"
    return {"double": "float64", "float": "float32"}.get(str(kind), str(kind))


def _omissions() -> list[str]:
    return [
        "## What is left out",
        "",
        "- The folder of the scenes: `xml_file` is a name at collection time, and absolute paths "
        "are relative to the common folder of all scenes.",
        "- The records of the environments (pickles). Beyond these tables they hold heights, "
        "statistics of the planner, and tracebacks of failures.",
        "- Host names, and commands that only run on the machine of the collection. Ids begin "
        "with the label of the run, which is a host name unless another label was chosen.",
        "",
    ]


def licence_section(card: DatasetCard) -> list[str]:
    """Return the lines of a card on the licence of the data."""
    text = (
        f"`{card.licence}`"
        if card.licence
        else "None was chosen at the time of export. Until the authors choose one, nobody else may "
        "use the data."
    )
    return ["## Licence", "", text, ""]


def citation_section(card: DatasetCard) -> list[str]:
    """Return the lines of a card on what to cite: the data, if it says so, and the software."""
    data = [] if card.citation is None else ["```bibtex", card.citation, "```", ""]
    return [
        "## Citation",
        "",
        *data,
        "Software used for the collection:",
        "",
        "```bibtex",
        "@software{namo_collect,",
        "  title = {namo-collect: planning data for Navigation Among Movable Obstacles},",
        "  author = {{The namo-collect authors}},",
        f"  version = {{{card.run['versions']['namo']}}},",
        "}",
        "```",
    ]


def _cell(value: object) -> str:
    return (
        "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )
