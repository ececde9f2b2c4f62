"""Outcomes of all episodes and environments: unexplained first, then failures, then episodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namo.planning.planner import Termination
from namo.reporting.episodes import Episodes
from namo.results.terminations import termination_name

_TEXTS = {
    Termination.SOLVED: "solved",
    Termination.IMPOSSIBLE: "unsolved: impossible (no pushing can open the goal)",
    Termination.EXHAUSTED: "unsolved: search space exhausted (every sampled push was tried)",
    Termination.DEPTH: "unsolved: depth limit reached",
    Termination.PUSHES: "unsolved: push budget used up",
    Termination.TERMINAL_CHECKS: "unsolved: reachability-check budget used up",
    Termination.TIMEOUT: "unsolved: timeout",
}


@dataclass(frozen=True)
class Outcome:
    """One kind of outcome.

    Attributes:
        text: description.
        count: number of episodes or environments.
        kind: `unexplained`, `failed`, `unsolved` or `solved`.
    """

    text: str
    count: int
    kind: str


def unsolved_text(termination: str) -> str:
    """Return the outcome of an unsolved search: "unsolved (push budget)"."""
    return f"unsolved ({termination_name(termination)})"


def outcomes(episodes: Episodes) -> list[Outcome]:
    """Return all outcomes that occur, those that need attention first."""
    found = []
    if diverged := int(episodes.diverged.sum()):
        found.append(Outcome("replay diverged", diverged, "unexplained"))
    for cause, count in sorted(episodes.failure_causes.items()):
        kind = "failed" if cause.explained else "unexplained"
        found.append(Outcome(f"failed: {cause.text}", count, kind))
    counts = np.bincount(episodes.termination, minlength=len(episodes.terminations)).tolist()
    by_name = dict(zip(episodes.terminations, counts, strict=True))
    unsolved = [name for name in by_name if name not in (Termination.ERROR, Termination.SOLVED)]
    unsolved.sort(key=lambda name: -by_name[name])
    found += [Outcome(_TEXTS[Termination(name)], by_name[name], "unsolved") for name in unsolved]
    if Termination.SOLVED in by_name:
        found.append(Outcome("solved", by_name[Termination.SOLVED], "solved"))
    return found
