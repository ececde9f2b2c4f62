"""Collect in this process, whose environment makes it act as some processor.

    python -m tests.processors.emulated FOLDER COUNT OUTPUT [--without-models]

FOLDER is where scenes are unpacked, OUTPUT a pickle with the rows. Imports nothing that only tests
have, so that any interpreter with this package's dependencies can run it.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from namo.collection.collect_environment import collect_environment
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.numeric_platform import numeric_platform
from tests.processors.searches import SEARCHES, scene_files


def main(folder: str, count: str, output: str, *options: str) -> None:
    """Collect and write."""
    files = scene_files(Path(folder), int(count))
    records, models = {}, {}
    for search in SEARCHES:
        if search.is_learned and "--without-models" in options:
            continue
        planner, scorers = make_planner(search.config)
        models[search.name] = [scorer.stats.platform for scorer in scorers]
        for index in range(0, len(files), search.every):
            environment = Environment(index, files[index], "host")
            record = collect_environment(environment, planner, search.config, "", scorers)
            records[f"{search.name} {index}"] = record
    result = {"numerics": numeric_platform(), "models": models, "records": records}
    Path(output).write_bytes(pickle.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
