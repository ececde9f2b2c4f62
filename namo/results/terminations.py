"""Why searches ended, in words."""

from __future__ import annotations

from namo.planning.planner import Termination

_NAMES = {
    Termination.DEPTH: "depth limit",
    Termination.PUSHES: "push budget",
    Termination.TERMINAL_CHECKS: "check budget",
}


def termination_name(termination: str) -> str:
    """Return a short name of a `Termination`."""
    return _NAMES.get(Termination(termination), termination)
