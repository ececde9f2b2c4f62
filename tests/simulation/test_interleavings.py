"""Whatever processes do in one folder, and in whatever order, nothing is lost or counted twice.

NAMO_INTERLEAVINGS is how many interleavings to try, NAMO_SIMULATION_SEED makes others.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.machine import Interleaving
from tests.simulation.searches import Searches
from tests.simulation.simulation import Simulation

INTERLEAVINGS = int(os.environ.get("NAMO_INTERLEAVINGS", "40"))
"""How many interleavings to try; `make test-simulation` tries thousands."""
SEED = int(os.environ.get("NAMO_SIMULATION_SEED", "0"))
STEPS, MIN_STEPS = 25, 20
SHARES = 4
"""Tests that the interleavings are divided among, for several cores."""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def searches(rig, tmp_path_factory):
    return Searches(rig, tmp_path_factory.mktemp("simulation"))


@pytest.mark.parametrize("operations", range(3, 9))
def test_a_merge_of_a_part_that_is_collected_again_meanwhile_is_refused(
    searches, tmp_path, operations
):
    """It had metrics of one run and pushes of the other."""
    steps = [
        *(("collect", "two pushes", 2), ("advance", 0, 10_000)),
        *(("merge", "two pushes"), ("advance", 0, operations)),
        *(("collect", "one push", 2), ("advance", 1, 10_000), ("advance", 0, 10_000)),
    ]
    act(Simulation(searches, tmp_path / "out"), steps)


@pytest.mark.parametrize("operations", range(1, 8))
def test_a_kill_while_the_plan_is_written_leaves_no_temporary_file(searches, tmp_path, operations):
    steps = [("collect_by_hand", "two pushes", 0), ("advance", 0, operations), ("kill", 0)]
    act(Simulation(searches, tmp_path / "out"), steps)


@pytest.mark.parametrize("operations", range(20, 34))
def test_a_kill_while_the_journal_is_written_leaves_no_temporary_file(
    searches, tmp_path, operations
):
    steps = [("collect", "two pushes", 0), ("advance", 0, operations), ("kill", 0)]
    act(Simulation(searches, tmp_path / "out"), steps)


@pytest.mark.parametrize("operations", range(24, 60, 6))
def test_two_chunks_may_replace_environments_of_a_third_at_once(searches, tmp_path, operations):
    """One overwrote what the other had noted; where that one was killed, the old rows counted."""
    steps = [
        *(("collect", "two pushes", 2), ("advance", 0, 10_000)),
        *(("damage", 0, "cut"), ("damage", 1, "cut")),
        *(("collect", "two pushes", 3), ("collect", "two pushes", 4)),
        *(("advance", 1, 1), ("advance", 0, 1)) * operations,
        *(("kill", 1), ("advance", 0, 10_000)),
    ]
    act(Simulation(searches, tmp_path / "out"), steps)


def act(simulation, steps):
    """Take steps, and make sure that a run brings everything in order."""
    try:
        for name, *arguments in steps:
            getattr(simulation, name)(*arguments)
        simulation.finish()
    finally:
        simulation.close()


@pytest.mark.parametrize("share", range(SHARES))
def test_in_no_interleaving_is_anything_lost_or_counted_twice(searches, tmp_path, share):
    tried: list[int] = []

    @seed(SEED * SHARES + share)
    def interleaving() -> Interleaving:
        return Interleaving(searches, tmp_path, tried)

    run_state_machine_as_test(
        interleaving,
        settings=settings(
            # Hypothesis draws some that are shorter.
            max_examples=-(-3 * INTERLEAVINGS // (2 * SHARES)),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    whole = [steps for steps in tried if steps >= MIN_STEPS]
    assert len(whole) >= INTERLEAVINGS // SHARES
    print(f"{len(whole)} interleavings of {MIN_STEPS} steps or more, {sum(tried)} steps in all")
