"""The text of the card of a LeRobot data set: `README.md`, for the Hub and for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from namo.exporting.card import DatasetCard, common_front_matter
from namo.exporting.card_text import (
    card_head,
    citation_section,
    collection_section,
    licence_section,
)
from namo.exporting.lerobot_features import FPS, PIXELS, Feature
from namo.markdown import markdown_table
from namo.wording import counted


def lerobot_card(
    card: DatasetCard,
    features: Mapping[str, Feature],
    episodes: int,
    frames: int,
    omissions: Sequence[str],
) -> str:
    """Return the `README.md` of a LeRobot data set.

    Args:
        card: content of the card.
        features: by name.
        episodes: number of episodes.
        frames: number of frames.
        omissions: lines that say what was left out.
    """
    common = common_front_matter(card, frames)
    front = {
        **common,
        "tags": ["LeRobot", *common["tags"]],
        "configs": [{"config_name": "default", "data_files": "data/*/*.parquet"}],
    }
    lines = [
        *card_head(card, front),
        "Navigation Among Movable Obstacles (NAMO): a robot, a disc, must reach a goal, boxes "
        "block the way, and the pushes of a plan clear it. An episode is a plan that a search in "
        "simulation found, from the start of the scene until the robot is at its goal.",
        "",
        "```python",
        "from lerobot.datasets.lerobot_dataset import LeRobotDataset",
        "",
        'data = LeRobotDataset("USER/NAME", root="path/to/this/folder")',
        "```",
        "",
        "## Contents",
        "",
        f"{counted(episodes, 'episode', 'episodes')}, {counted(frames, 'frame', 'frames')}, "
        f"{FPS} per second; images of {PIXELS} x {PIXELS} pixels. Format LeRobot v3.0. "
        "`meta/episodes` has `episode_id`, `scene_sha256` and `metres_per_pixel` of each episode; "
        "`scene_files.parquet` has the scenes.",
        "",
        *(f"- {line}" for line in omissions),
        *([""] if omissions else []),
        markdown_table(
            ["feature", "type", "shape", "meaning"],
            (
                [f"`{name}`", each.dtype, " x ".join(map(str, each.shape)), each.meaning]
                for name, each in features.items()
            ),
        ),
        "",
        "All coordinates are in the world frame. While the robot pushes, the motion is simulated; "
        "between pushes it is shown driving along a free path at constant speed.",
        "",
        *collection_section(card),
        *licence_section(card),
        *citation_section(card),
    ]
    return "\n".join(lines).rstrip() + "\n"
