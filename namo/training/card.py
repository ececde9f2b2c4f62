"""The card of a data set for people: content, class balance, provenance."""

from __future__ import annotations

from typing import Any

from namo.markdown import markdown_table

_COUNTS = ("rows", "states", "complete_states", "scenes", "layouts")
_LABELS = ("success", "failure", "untried", "unreachable")


def card_text(card: dict[str, Any]) -> str:
    """Return `README.md` of a data set.

    Args:
        card: content of `card.json`.
    """
    splits = {name: split for name, split in card["splits"].items() if split["rows"]}
    lines = [
        "# Labelled candidate pushes",
        "",
        "One row per movable and state: rasters of its surroundings, its candidate pushes, and a "
        "label for each candidate. Columns carry description and unit as metadata; the scenes are "
        "in `scenes.parquet`.",
        "",
        "```python",
        "from namo.training.data import CandidateData",
        f'data = CandidateData("{"path/to/this/folder"}", split="train", kind="goal")',
        "```",
        "",
        markdown_table(
            ["split", *(count.replace("_", " ") for count in _COUNTS)],
            ([name, *(f"{split[count]:,}" for count in _COUNTS)] for name, split in splits.items()),
        ),
        "",
        "Splits are by layout: all scenes with the same walls are in the same split. In a complete "
        "state every covered candidate of every movable has a known label (`known_share` is 1).",
        "",
        "## Labels of candidates",
        "",
        markdown_table(
            ["split", *_LABELS, "success rate", "at once", "later", "implied"],
            ([name, *_balance(split["labels"])] for name, split in splits.items()),
        ),
        "",
        "A success opened the robot's goal at once, or later with further pushes that a search "
        "found. The success rate is over tried candidates; an untried candidate is not a failure, "
        "and an unreachable one is covered by no straight push in its state. Implied labels follow "
        "from a longer or shorter push from the same contact point.",
        "",
        "## Rows by scene difficulty",
        "",
        *(
            f"- {name}: "
            + ", ".join(f"{kind} {count:,}" for kind, count in split["rows_by_difficulty"].items())
            for name, split in splits.items()
        ),
        "",
        "## Provenance",
        "",
        f"{card['pushes']:,} simulated pushes, of which {card['pushes_without_candidate']:,} match "
        "no candidate and are left out.",
        "",
        *(f"- left out: {scene}: {why}" for scene, why in card["scenes_left_out"].items()),
        "",
        *(_source(source) for source in card["sources"]),
        "",
        f"namo-collect {card['namo_version']}, data sha256 `{card['data_sha256']}`.",
    ]
    return "\n".join(lines) + "\n"


def _balance(labels: dict[str, int]) -> list[str]:
    tried = labels["success"] + labels["failure"]
    rate = f"{100.0 * labels['success'] / tried:.1f} %" if tried else "-"
    cells = [f"{labels[kind]:,}" for kind in _LABELS]
    rest = [f"{labels[kind]:,}" for kind in ("at_once", "later", "implied")]
    return [*cells, rate, *rest]


def _source(source: dict[str, Any]) -> str:
    config = source["config"]
    return (
        f"- `{source['collection']}`: {config['algorithm']}, objects {config['object_strategy']}, "
        f"goals {config['goal_strategy']}, {config['max_pushes']} pushes per search, depth "
        f"{config['max_depth']}, seed {config['seed']}, physics {config['physics']}, clearance "
        f"{100.0 * config['clearance']:g} cm"
    )
