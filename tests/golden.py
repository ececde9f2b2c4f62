"""The golden collection: what eight demo scenes gave when this was last written.

    python -m tests.golden --write

after a change that is meant to alter results, together with a larger `RESULTS_VERSION`.
"""

import json
import sys
from pathlib import Path

from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment, collect_environment, make_planner
from namo.numerics import numerics
from namo.scenes.sources import environments_from
from namo.version import RESULTS_VERSION

FILE = Path(__file__).with_name("golden.json")
SCENES = (0, 1, 4, 5, 6, 7, 10, 12)
ALGORITHMS = ("idfs", "tree_idfs")


def collect():
    """Return what decides whether two collections are the same, to the last bit."""
    paths = environments_from(None, None).paths
    episodes = {}
    for algorithm in ALGORITHMS:
        config = CollectionConfig(algorithm=algorithm, object_strategy="nearest_first")
        planner = make_planner(config)
        for index in SCENES:
            record = collect_environment(
                Environment(index, paths[index], "golden"), planner, config, ""
            )
            (row,) = record["metrics"]
            pushes = record["pushes"]
            episodes[f"{algorithm} {index}"] = {
                "termination": row["termination"],
                "solution_depth": row["solution_depth"],
                "physics_steps": row["physics_steps"],
                "terminal_checks": row["terminal_checks"],
                "status": pushes["status"],
                "results": [
                    [value.hex() for value in pose]
                    for pose in zip(
                        pushes["result_x"], pushes["result_y"], pushes["result_theta"], strict=True
                    )
                ],
            }
    return {
        "numerics": numerics(),
        "results_version": RESULTS_VERSION,
        "episodes": episodes,
    }


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    FILE.write_text(json.dumps(collect(), indent=1) + "\n")
