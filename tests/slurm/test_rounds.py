"""A round of learning on a real SLURM: what each kind of job is given, as docs/cluster.md says."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import yaml

from tests.slurm.cluster import jobs
from tests.slurm.conftest import PROFILE
from tests.workflow.test_learning import LEARNING, made

MINE: dict[str, Any] = {
    "configfile": "rounds.yaml",
    "default-resources": {"slurm_partition": "main"},
    "set-resources": {
        "search_chunk": {"mem_mb": 1100},
        "make_dataset": {"mem_mb": "attempt * 1200"},
        "train_model": {"mem_mb": "attempt * 1300", "gpu": 1},
    },
    "set-threads": {"make_dataset": 2},
}


def given(before: set[str]) -> set[tuple[str, str, str, bool]]:
    """Rule, cores, memory and whether a GPU was given, of all jobs but those of earlier tests."""
    command = ["scontrol", "--oneliner", "show", "jobs"]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    found = set()
    for line in text.splitlines():
        fields = dict(re.findall(r"(\w+)=(\S*)", line))
        if fields["JobId"] in before:
            continue
        rule = re.sub(r"^rule_|_wildcards_.*$", "", fields["Comment"])
        found.add((rule, fields["NumCPUs"], fields["MinMemoryNode"], "gpu:1" in line))
    return found


def test_each_kind_of_job_of_a_round_is_given_what_a_profile_of_ones_own_says(pipeline):
    pipeline.copy_rooms((0,))
    mine = pipeline.folder / "mine"
    mine.mkdir()
    learning = LEARNING | {
        "scenes_per_round": 2,
        "round_arms": ["random", "learned"],
        "manifest": made(pipeline.folder / "seen", 8, 1, {"train": 0.6, "val": 0.4}),
        "test_manifest": made(pipeline.folder / "unseen", 2, 2, {"test": 1.0}),
        "output_dir": str(pipeline.folder / "learning"),
    }
    (mine / "config.yaml").write_text(yaml.safe_dump(MINE))
    (mine / "rounds.yaml").write_text(yaml.safe_dump({"learning": learning}))
    profiles = ("--profile", PROFILE[1], "--workflow-profile", mine)
    before = set(jobs("all"))
    done = pipeline.submit("rounds", *profiles)
    assert done.returncode == 0, done.stdout
    assert (pipeline.folder / "learning" / "round_1" / "best" / "goal" / "config.json").exists()
    assert given(before) == {
        ("search_chunk", "1", "1100M", False),
        ("search_merge", "1", "2000M", False),
        ("make_dataset", "2", "1200M", False),
        ("train_model", "2", "1300M", True),
        ("compare", "1", "2000M", False),
    }
