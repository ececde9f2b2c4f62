"""How everything ended: what is unexplained first, then failures, then searches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namo.planning.planner import Termination
from namo.reporting.searches import Searches

_WORDS = {
    Termination.SOLVED: "solved",
    Termination.EXHAUSTED: "unsolved: every sampled push was tried",
    Termination.DEPTH: "unsolved: longer plans were not allowed",
    Termination.PUSHES: "unsolved: budget of simulated pushes used up",
    Termination.TERMINAL_CHECKS: "unsolved: budget of reachability checks used up",
    Termination.TIMEOUT: "unsolved: time was up",
}


@dataclass(frozen=True)
class Ending:
    """A way to end.

    Attributes:
        text: what it is.
        count: how often.
        kind: `unexplained`, `failed`, `unsolved` or `solved`.
    """

    text: str
    count: int
    kind: str


def endings(searches: Searches) -> list[Ending]:
    """Return all ways in which searches and environments ended, those that need a look first."""
    found = []
    if differs := int(searches.differs.sum()):
        found.append(Ending("the plan did not happen again", differs, "unexplained"))
    for cause, count in sorted(searches.causes.items()):
        kind = "failed" if cause.explained else "unexplained"
        found.append(Ending(f"failed: {cause.text}", count, kind))
    counts = np.bincount(searches.termination, minlength=len(searches.terminations)).tolist()
    by_name = dict(zip(searches.terminations, counts, strict=True))
    unsolved = [name for name in by_name if name not in (Termination.ERROR, Termination.SOLVED)]
    unsolved.sort(key=lambda name: -by_name[name])
    found += [Ending(_WORDS[Termination(name)], by_name[name], "unsolved") for name in unsolved]
    if Termination.SOLVED in by_name:
        found.append(Ending("solved", by_name[Termination.SOLVED], "solved"))
    return found
