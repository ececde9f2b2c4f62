"""Train a model from a data set. Rerun the same command to resume an interrupted training.

Exit codes: 0 done; 1 a file is missing or damaged; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.commands.arguments import mapping_from_json, use_one_thread
from namo.extras import require_extra

HELP = "train a model from a data set"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "--kind",
        choices=("object", "goal"),
        required=True,
        help="what the model chooses: the object to push, or the goal of a push",
    )
    parser.add_argument(
        "--dataset", type=Path, required=True, metavar="DIR", help="folder of the data set"
    )
    parser.add_argument(
        "--manifest",
        type=Path,
        required=True,
        metavar="FILE",
        help="Parquet manifest of the scenes; those of split val are searched after each epoch",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder of the model"
    )
    parser.add_argument(
        "--goal-model",
        type=Path,
        metavar="DIR",
        help="folder of a goal model; required by --kind object",
    )
    parser.add_argument(
        "--settings",
        default="{}",
        metavar="JSON",
        help="settings under `training` of config/learning.yaml",
    )


def run(options: argparse.Namespace) -> int:
    """Train the model and return the exit code.

    Raises:
        UsageError: a setting or option is wrong, or torch is not installed.
    """
    require_extra("learn", "training")
    use_one_thread()  # torch is told its threads by the settings
    from namo.config_parsing import parse_dataclass
    from namo.scenes.manifest import read_columns
    from namo.scenes.sources import environments_from
    from namo.training.settings import TrainingSettings

    values = mapping_from_json(options.settings, "--settings")
    settings = parse_dataclass(TrainingSettings, values, "--settings")
    held_out = environments_from(None, options.manifest, "val", look=False).paths
    listed = read_columns(options.manifest, ["split", "layout_id"]).to_pylist()
    layouts = [row["layout_id"] for row in listed if row["split"] == "val"]

    from namo.training.train import Training  # loads torch

    training = Training(
        options.kind,
        options.dataset,
        options.output,
        settings,
        held_out[: settings.search_scenes],
        options.goal_model,
        layouts[: settings.search_scenes],
        show=lambda line: print(line, flush=True),
    )
    quality = training.run()
    print(
        f"{options.output}: {quality.pushes:.2f} pushes per held-out search, "
        f"{100 * quality.within_five:.0f} % within 5"
    )
    return 0
