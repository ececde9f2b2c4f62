"""Interleavings as hypothesis draws them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.simulation.searches import Searches
from tests.simulation.simulation import MAX_PROCESSES, RANGES, Simulation

RUNS = st.sampled_from(["two pushes", "two pushes", "one push"])
PLACES = st.integers(0, len(RANGES) - 1)
PROCESSES = st.integers(0, MAX_PROCESSES - 1)
FILES = st.integers(0, 60)
OPERATIONS = st.one_of(st.integers(1, 8), st.integers(1, 150))
JUMPS_S = st.sampled_from([-1e6, -3600.0, -1.0, 1.0, 3600.0, 1e6])


class Interleaving(RuleBasedStateMachine):
    """One interleaving; ends with a run that nothing disturbs."""

    def __init__(self, searches: Searches, root: Path, tried: list[int]) -> None:
        """Begin with an empty folder.

        Args:
            searches: to look up.
            root: folder to make one in.
            tried: takes the number of steps.
        """
        super().__init__()
        self._tried, self._steps, self._complete = tried, 0, True
        self._simulation = Simulation(searches, Path(tempfile.mkdtemp(dir=root)) / "out")

    @rule(run=RUNS, place=PLACES)
    def collect(self, run: str, place: int) -> None:
        self._step("collect", run, place)

    @rule(run=RUNS, place=PLACES)
    def collect_by_hand(self, run: str, place: int) -> None:
        self._step("collect_by_hand", run, place)

    @rule(run=RUNS)
    def merge(self, run: str) -> None:
        self._step("merge", run)

    @rule()
    def recollect(self) -> None:
        self._step("recollect")

    @rule(place=PROCESSES, operations=OPERATIONS)
    def advance(self, place: int, operations: int) -> None:
        self._step("advance", place, operations)

    @rule(place=PROCESSES, operations=OPERATIONS)
    def advance_another(self, place: int, operations: int) -> None:
        self._step("advance", place, operations)

    @rule(place=PROCESSES)
    def advance_to_its_end(self, place: int) -> None:
        self._step("advance", place, 10_000)

    @rule(place=PROCESSES, memory=st.booleans())
    def kill(self, place: int, memory: bool) -> None:
        self._step("kill", place, memory=memory)

    @rule(seconds=JUMPS_S)
    def jump(self, seconds: float) -> None:
        self._step("jump", seconds)

    @rule(place=FILES, how=st.sampled_from(["delete", "cut"]))
    def damage(self, place: int, how: str) -> None:
        self._step("damage", place, how)

    @rule(place=PROCESSES)
    def delete_part(self, place: int) -> None:
        self._step("delete_part", place)

    def teardown(self) -> None:
        """Finish, unless a step has failed."""
        try:
            if self._complete:
                self._simulation.finish()
                self._tried.append(self._steps)
        finally:
            self._simulation.close()

    def _step(self, name: str, *arguments: Any, **options: Any) -> None:
        self._complete = False
        getattr(self._simulation, name)(*arguments, **options)
        self._complete = True
        self._steps += 1
