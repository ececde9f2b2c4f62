"""Train a model from a data set; a killed training goes on where it was."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch is told its threads by the settings

from namo.config_parsing import parse_dataclass
from namo.errors import NamoError, UsageError
from namo.scenes.sources import environments_from
from namo.training.settings import TrainingSettings


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=("object", "goal"), required=True)
    parser.add_argument("--dataset", type=Path, required=True, help="folder of the data set")
    parser.add_argument(
        "--manifest", type=Path, required=True, help="scenes to search after each epoch: split val"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of the bundle")
    parser.add_argument("--goal-model", type=Path, help="bundle; needed for --kind object")
    parser.add_argument("--settings", default="{}", help="JSON of the settings under `training`")
    return parser


def main() -> int:
    """Run the script and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    options = make_parser().parse_args()
    try:
        settings = parse_dataclass(TrainingSettings, json.loads(options.settings), "--settings")
        held_out = environments_from(None, options.manifest, "val").paths
        from namo.training.train import Training  # loads torch

        training = Training(
            options.kind,
            options.dataset,
            options.output,
            settings,
            held_out[: settings.search_scenes],
            options.goal_model,
            show=lambda line: print(line, flush=True),
        )
        quality = training.run()
    except (NamoError, OSError, json.JSONDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    print(
        f"{options.output}: {quality.pushes:.2f} pushes a held-out search, "
        f"{100 * quality.within_five:.0f} % within 5"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
