"""Plans of real searches that push more than their plans need."""

import pytest

from namo.results.minimal_check import MinimalCheck
from namo.results.verify import Verification

FOUND = ("pushes_simulated", "physics_steps", "nodes_expanded", "termination", "found_depth")


@pytest.fixture(scope="module")
def minimal(rig, several, tmp_path_factory):
    """The searches of `several`, whose plans are made minimal. Read only."""
    settings = several.summary()["collection_metadata"]["config"]
    config = rig.config(**(settings | {"smooth": True}))
    return rig.collect_and_merge(several.scenes, tmp_path_factory.mktemp("minimal") / "out", config)


def test_no_stored_plan_can_be_shorter(minimal):
    verification = Verification(minimal.output, minimal=MinimalCheck())
    assert [str(problem) for problem in verification.problems()] == []
    assert verification.minimal.minimal == verification.plans > 0
    rows = [row for row in minimal.table("metrics") if row["solution_found"]]
    assert all(row["minimal"] and row["replayed"] for row in rows)


def test_the_search_and_what_it_found_are_what_they_are_without(several, minimal):
    assert minimal.table("pushes") == several.table("pushes")
    for before, after in zip(several.table("metrics"), minimal.table("metrics"), strict=True):
        assert {name: after[name] for name in FOUND} == {name: before[name] for name in FOUND}
        assert before["solution_depth"] == before["found_depth"]
        assert (before["smoothing_pushes"], before["minimal"]) == (0, None)
    shorter = 0
    for before, after in zip(several.records(), minimal.records(), strict=True):
        for as_found, plan in zip(before["episode_results"], after["episode_results"], strict=True):
            assert plan["found_sequence"] == as_found["action_sequence"]
            assert (as_found["dropped"] is None) == (plan["action_sequence"] is None)
            shorter += bool(plan["dropped"])
    assert shorter > 0


def test_the_shortest_episodes_are_those_of_the_shortest_minimal_plans(rig, minimal, tmp_path):
    settings = minimal.summary()["collection_metadata"]["config"]
    config = rig.config(**(settings | {"filter_minimum_length": True}))
    kept = rig.collect_and_merge(minimal.scenes, tmp_path / "out", config).table("metrics")
    for index in (0, 1):
        lengths = {
            row["episode"]: row["solution_depth"]
            for row in minimal.table("metrics")
            if row["env_index"] == index and row["solution_found"]
        }
        assert {
            row["episode"]
            for row in kept
            if row["env_index"] == index and row["solution_found"] and row["kept"]
        } == {episode for episode, length in lengths.items() if length == min(lengths.values())}


def test_refined_plans_replay_and_are_minimal(rig, minimal, tmp_path):
    settings = minimal.summary()["collection_metadata"]["config"]
    config = rig.config(**(settings | {"refine": True}))
    refined = rig.collect_and_merge(minimal.scenes, tmp_path / "out", config)
    verification = Verification(refined.output, minimal=MinimalCheck())
    assert [str(problem) for problem in verification.problems()] == []
    assert verification.minimal.minimal == verification.plans > 0
    effort = [
        sum(row["smoothing_pushes"] for row in each.table("metrics")) for each in (minimal, refined)
    ]
    assert effort[1] > effort[0], "refined targets were tried"
