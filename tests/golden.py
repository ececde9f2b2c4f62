"""The golden collection: what twenty demo scenes gave when this was last written.

    python -m tests.golden            compare with the stored file
    python -m tests.golden --write    write the file again

Write it after a change that is meant to alter results, together with a larger `RESULTS_VERSION`.
An optimisation never writes it: plans, states and counts stay what they were, to the last bit.

Results are the same on all x86-64 processors whose C library computes with fused multiply-add, see
`tests/processors`; on others, and with other libraries, there is nothing to compare.
"""

import hashlib
import json
import sys
from pathlib import Path

from namo.collection.collect_environment import collect_environment
from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.models import make_planner
from namo.numeric_platform import numeric_platform
from namo.scenes.sources import environments_from
from namo.version import RESULTS_VERSION

FILE = Path(__file__).with_name("golden.json")
SCENES = (*range(8), *range(9, 14), 16, 17, *range(19, 24))
ALGORITHMS = ("idfs", "tree_idfs")
PUSHES = 12
"""Budget of a search; some scenes use it up."""


def why_not_here(known, got):
    """Return why results need not be those of the file; None if they must be.

    Args:
        known: content of the file.
        got: what `collect` returned.
    """
    # Before the semicolon stands what decides the results of this package.
    decisive, here = (each["numerics"].partition("; ")[0] for each in (known, got))
    if decisive != here:
        return f"the stored results are those of {decisive}; here is {here}"
    return None


def differences(known, got):
    """Return the names of the episodes that differ between two results of `collect`."""
    names = known["episodes"].keys() | got["episodes"].keys()
    return sorted(
        name for name in names if known["episodes"].get(name) != got["episodes"].get(name)
    )


def collect(**settings):
    """Return what decides whether two collections are the same, to the last bit.

    Args:
        settings: of the collection, beside algorithm, object strategy and budget.
    """
    paths = environments_from(None, None).paths
    episodes = {}
    for algorithm in ALGORITHMS:
        config = CollectionConfig(
            algorithm=algorithm,
            object_strategy="nearest_first",
            max_pushes=PUSHES,
            smooth=False,
            clearance=0.0,
            **settings,
        )
        planner, _ = make_planner(config)
        for index in SCENES:
            environment = Environment(index, paths[index], "golden")
            record = collect_environment(environment, planner, config, "")
            episodes[f"{algorithm} {index}"] = _essence(record)
    return {
        "numerics": numeric_platform(),
        "results_version": RESULTS_VERSION,
        "episodes": episodes,
    }


def _essence(record):
    """Return the counts of an episode as they are, and plan and states as hashes of their bits."""
    (episode,), (row,), pushes = record["episode_results"], record["metrics"], record["pushes"]
    counts = ("nodes_expanded", "physics_steps", "terminal_checks", "max_depth_reached")
    return {
        "termination": row["termination"],
        "solution_depth": row["solution_depth"],
        **{name: row[name] for name in counts},
        "status": pushes["status"],
        "plan": _hash(episode["action_sequence"] or []),
        "states": _hash([pushes[name] for name in _STATES]),
    }


_STATES = ("state", "next_state", "object_id", "goal_x", "goal_y", "goal_theta", "contacts")
_STATES += ("result_x", "result_y", "result_theta", "poses_before", "poses_after", "goal_open")


def _hash(value):
    # JSON writes every float with all its digits.
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def main(arguments):
    """Compare with the stored file, or write it; returns the exit code."""
    if arguments == ["--write"]:
        FILE.write_text(json.dumps(collect(), indent=1) + "\n")
        return 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    known, got = json.loads(FILE.read_text()), collect()
    reason = why_not_here(known, got)
    differing = differences(known, got)
    if reason is not None:
        print(f"not comparable: {reason}")
    print(f"{len(differing)} of {len(known['episodes'])} episodes differ", *differing)
    return 1 if differing or reason else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
