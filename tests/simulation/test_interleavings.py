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

INTERLEAVINGS = int(os.environ.get("NAMO_INTERLEAVINGS", "100"))
"""How many interleavings to try; `make test-simulation` tries thousands."""
SEED = int(os.environ.get("NAMO_SIMULATION_SEED", "0"))
STEPS = 25
SHARES = 4
"""Tests that the interleavings are divided among, for several cores."""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def searches(rig, tmp_path_factory):
    return Searches(rig, tmp_path_factory.mktemp("simulation"))


@pytest.mark.parametrize("share", range(SHARES))
def test_nothing_is_lost_or_counted_twice(searches, tmp_path, share):
    tried: list[int] = []

    @seed(SEED * SHARES + share)
    def interleaving() -> Interleaving:
        return Interleaving(searches, tmp_path, tried)

    run_state_machine_as_test(
        interleaving,
        settings=settings(
            max_examples=-(-INTERLEAVINGS // SHARES),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    whole = [steps for steps in tried if steps >= STEPS]
    print(f"\n{len(whole)} interleavings of {STEPS} steps, {sum(tried)} steps in all")
