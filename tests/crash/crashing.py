"""A run in which power is cut at every moment, also while it is repeated after a power cut."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from tests.crash.disk import DiskState, Recorder, disk_states

STATES = int(os.environ.get("NAMO_CRASH_STATES", "40"))
"""How many states of the disk to try of each run; `make test-crash` tries thousands."""
ONLY = os.environ.get("NAMO_CRASH_STATE")
"""Label of the only state to try, as a failure names it."""
_THEN = "; then "
MAX_REPEATED = 50
"""States from which the repeated run is recorded too, to cut its power as well."""


@dataclass(frozen=True)
class Run:
    """Something that is done to a folder, and done again after a power cut.

    Attributes:
        root: the folder.
        act: does it.
        look: returns what must be the same whatever happened, with `act` as the last thing done.
    """

    root: Path
    act: Callable[[], object]
    look: Callable[[], object]

    def recorded(self) -> Recorder:
        """Do it and return what happened to the folder."""
        recorder = Recorder(self.root)
        with recorder.recording():
            self.act()
        return recorder


def try_power_cuts(run: Run, expected: object = None) -> None:
    """Cut the power of a run at many moments, and make sure that a repeated run repairs everything.

    Args:
        run: whose folder is as it is before the run.
        expected: what an undisturbed run leads to; None for what this one does.
    """
    first = [*disk_states(run.recorded())]
    wanted = run.look()
    assert expected is None or wanted == expected, "undisturbed"
    if ONLY is not None:
        _repeat(run, _labelled(run, first, ONLY), wanted)
        return
    tried, states = 0, _spread(first, STATES)
    for state in states:
        _repeat(run, state, wanted)
        tried += 1
    while tried < STATES:
        for state in islice(_again(run, _spread(first, MAX_REPEATED)), STATES - tried):
            _repeat(run, state, wanted)
            tried += 1
    print(f"\n{tried} states of the disk, {len(first)} of them after one power cut")


def _labelled(run: Run, first: list[DiskState], label: str) -> DiskState:
    """Return the state with a label."""
    cut, _, cut_again = label.partition(_THEN)
    (state,) = (one for one in first if one.label == cut)
    if not cut_again:
        return state
    return next(one for one in _after(run, state) if one.label == label)


def _after(run: Run, state: DiskState) -> Iterator[DiskState]:
    """Yield states of the disk after a second power cut, of the run that follows the first."""
    state.lay(run.root)
    for each in disk_states(run.recorded()):
        yield DiskState(f"{state.label}{_THEN}{each.label}", each.folders, each.files)


def _again(run: Run, states: list[DiskState]) -> Iterator[DiskState]:
    """Yield states of the disk after a second power cut, one after each of the first in turn."""
    second = [iter([*_after(run, state)]) for state in states]
    waiting = cycle(second)
    ended = 0
    while ended < len(second):
        state = next(next(waiting), None)
        ended = ended + 1 if state is None else 0
        if state is not None:
            yield state


def _repeat(run: Run, state: DiskState, wanted: object) -> None:
    state.lay(run.root)
    try:
        run.act()
        found = run.look()
        assert found == wanted
    except Exception as error:
        error.add_note(f"this state alone: NAMO_CRASH_STATE='{state.label}' pytest ... -k ...")
        raise


def _spread(states: list[DiskState], count: int) -> list[DiskState]:
    """Return at most so many states, evenly spread."""
    if len(states) <= count:
        return states
    return [states[place * len(states) // count] for place in range(count)]
