"""Why a search found no plan, as far as what it simulated shows it.

Rules from the most to the least certain; the first that applies is the cause. Each text states the
evidence, so that a reader can judge it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from namo.planning.planner import Termination
from namo.reporting.scene_shapes import ROOM_M
from namo.reporting.search_facts import ObjectFacts, SearchFacts
from namo.reporting.searches import SearchMetrics
from namo.results.terminations import termination_name
from namo.wording import counted, truncated_list

NOTHING = "\N{EN DASH}"
"""Text for a value that there is none of."""
SHOWN = 3
"""Movables that a text names."""
_BUDGETS = (Termination.PUSHES, Termination.TERMINAL_CHECKS, Termination.TIMEOUT)


class Cause(Enum):
    """What the evidence points to; the value is a heading."""

    SEALED = "movables far too heavy for the robot close its goal"
    WALLS = "walls alone separate the robot from its goal"
    NO_OBJECT = "the robot reaches no movable"
    IMMOVABLE = "a movable did not move, as if too heavy for the robot"
    HELD = "no push moved anything"
    UNTRIED = "the budget ended before every movable in reach was pushed"
    PROVEN = "no plan among all candidates up to the depth searched, as trying them showed"
    JAMMED = "a movable was pushed until it stood against an obstacle"
    BUDGET = "the budget ended while the search still found new states"
    DEPTH = "no plan within the depth limit, among the pushes that were sampled"
    EXHAUSTED = "every sampled push was tried"


@dataclass(frozen=True)
class Explanation:
    """A cause, and its evidence.

    Attributes:
        cause: what the evidence points to.
        text: the evidence, as sentences.
    """

    cause: Cause
    text: str


def explanation_of(facts: SearchFacts) -> Explanation:
    """Return the cause that the evidence of an unsolved search points to."""
    for cause, rule in _RULES:
        if (text := rule(facts)) is not None:
            return Explanation(cause, text)
    return Explanation(Cause.EXHAUSTED, f"Every sampled push was tried: {_effort(facts)}.")


def shown_by(metrics: SearchMetrics) -> str | None:
    """Return what an unsolved search has shown about plans, as text; None for nothing."""
    if metrics["termination"] == Termination.IMPOSSIBLE:
        return "no pushing can open the goal"
    depth, candidates = metrics["proof_depth"], metrics["proof_candidates"]
    if not depth or candidates is None:
        return None
    is_closed = metrics["termination"] == Termination.EXHAUSTED
    length = "of any length" if is_closed else f"of up to {counted(depth, 'push', 'pushes')}"
    return f"no plan {length} among these {counted(candidates, 'candidate', 'candidates')}"


def metres(length: float | None) -> str:
    """Return a length (m) as text."""
    return NOTHING if length is None else f"{length:.2f}\N{NO-BREAK SPACE}m"


def square_metres(area: float | None) -> str:
    """Return an area (m²) as text."""
    return NOTHING if area is None else f"{area:.2f}\N{NO-BREAK SPACE}m²"


def _sealed(facts: SearchFacts) -> str | None:
    names = facts.search.metrics["sealed_by"]
    if not names:
        return None
    close, they = ("closes", "it is") if len(names) == 1 else ("close", "they are")
    return (
        f"{truncated_list(names, SHOWN)} {close} the goal together with the walls, and {they} far "
        "too heavy for the robot: no pushing can open it, whatever becomes of other movables."
    )


def _walls(facts: SearchFacts) -> str | None:
    start = facts.start
    is_shown = facts.search.metrics["termination"] == Termination.IMPOSSIBLE
    if not is_shown and (start.gap is not None or not start.area):
        return None
    shown = " No pushing can change that." if is_shown else ""
    return (
        f"Walls alone separate the robot from its goal: even without movables it could not drive "
        f"there from the {square_metres(start.area)} that it reaches at the start.{shown}"
    )


def _no_object(facts: SearchFacts) -> str | None:
    start = facts.start
    if start.reachable != [] or facts.search.pushes:
        return None
    if not start.area:
        return "The robot is wedged in at the start: it can neither drive nor push."
    return (
        f"The robot reaches {square_metres(start.area)} at the start and none of "
        f"{counted(len(facts.objects), 'movable', 'movables')}, so there was nothing to push."
    )


def _immovable(facts: SearchFacts) -> str | None:
    heavy = [each for each in facts.objects if not each.moved and each.unmoved_with_room]
    if not heavy or (_untried(facts) and any(each.moved for each in facts.objects)):
        return None
    each = max(heavy, key=lambda each: each.unmoved_with_room)
    return (
        f"No push moved {_names(heavy)}, although in {each.unmoved_with_room} of "
        f"{counted(each.simulations, 'push', 'pushes')} of {each.name} the robot could get behind "
        f"it and {metres(ROOM_M)} were free ahead. A movable that is too heavy for it behaves so."
    )


def _held(facts: SearchFacts) -> str | None:
    if not facts.search.pushes or any(push["moved"] for push in facts.search.pushes):
        return None
    pushed = [each for each in facts.objects if each.pushes]
    return (
        f"No push moved {_names(pushed)}: the robot reaches no side from which obstacles leave "
        f"{metres(ROOM_M)} of room; {_effort(facts)}."
    )


def _untried(facts: SearchFacts) -> str | None:
    if facts.search.metrics["termination"] not in _BUDGETS:
        return None
    left = [each for each in facts.objects if each.states_in_reach and not each.pushes]
    pushed = [each for each in facts.objects if each.pushes]
    if not left or not pushed:
        return None
    from_start = [each for each in left if each.at_start]
    left, when = (from_start, "from the start") if from_start else (left, "after other pushes")
    advice = " Another order of movables could do better." if from_start else ""
    return (
        f"The {_budget(facts)} ended the search before it pushed {_names(left)}, which the robot "
        f"could push {when}; all {_simulated(facts)} went to {_names(pushed)}.{advice}"
    )


def _jammed(facts: SearchFacts) -> str | None:
    jammed = max(
        facts.objects,
        key=lambda each: each.against_obstacle,
        default=None,
    )
    if jammed is None or not jammed.moved or 2 * jammed.against_obstacle <= jammed.simulations:
        return None
    return (
        f"{jammed.name} was pushed up to {metres(jammed.farthest_m)} from its start, and "
        f"{jammed.against_obstacle} of its {jammed.simulations} pushes gave up with a wall or "
        f"another movable between it and its target, as when it is jammed. {_closest(facts)}"
    )


def _out_of_budget(facts: SearchFacts) -> str | None:
    if facts.search.metrics["termination"] not in _BUDGETS:
        return None
    found = counted(len(facts.states) - 1, "new state", "new states")
    last = max((each.push["push"] for each in facts.states.values() if each.push), default=None)
    if last is None:
        return f"The {_budget(facts)} ended the search: {_effort(facts)}."
    return (
        f"The {_budget(facts)} ended the search after {_simulated(facts)}, when {found} had been "
        f"found, the last by push {last}. "
        f"{_later(facts)}{_closest(facts)}"
    )


def _proven(facts: SearchFacts) -> str | None:
    if facts.search.metrics["termination"] not in (Termination.DEPTH, Termination.EXHAUSTED):
        return None
    if (shown := shown_by(facts.search.metrics)) is None:
        return None
    return f"The search has shown: {shown}. {_later(facts)}{_closest(facts)}"


def _depth(facts: SearchFacts) -> str | None:
    if facts.search.metrics["termination"] != Termination.DEPTH:
        return None
    deepest = facts.search.metrics["max_depth_reached"]
    return (
        f"No sampled sequence of up to {counted(deepest, 'push', 'pushes')} opens the goal; longer "
        f"ones were not allowed. {_later(facts)}{_closest(facts)}"
    )


_RULES: tuple[tuple[Cause, Callable[[SearchFacts], str | None]], ...] = (
    (Cause.SEALED, _sealed),
    (Cause.WALLS, _walls),
    (Cause.NO_OBJECT, _no_object),
    (Cause.IMMOVABLE, _immovable),
    (Cause.HELD, _held),
    (Cause.UNTRIED, _untried),
    (Cause.PROVEN, _proven),
    (Cause.JAMMED, _jammed),
    (Cause.BUDGET, _out_of_budget),
    (Cause.DEPTH, _depth),
)


def _closest(facts: SearchFacts) -> str:
    """Return a sentence on the state that came closest."""
    start = facts.start.gap
    if not facts.ranked or facts.ranked[0].gap is None:
        return ""
    best = facts.ranked[0].gap
    if start is None or best >= start:
        return f"No state is closer to the goal than the start ({metres(start)})."
    return f"The closest state leaves {metres(best)} of {metres(start)} to the goal."


def _later(facts: SearchFacts) -> str:
    """Return a sentence on movables that other pushes brought within reach."""
    later = [each for each in facts.objects if each.at_start is False and each.states_in_reach]
    if not later:
        return ""
    pushes = counted(sum(each.simulations for each in later), "push", "pushes")
    return f"Only after other pushes could the robot push {_names(later)} ({pushes}). "


def _effort(facts: SearchFacts) -> str:
    found = counted(len(facts.states) - 1, "other state", "other states")
    return f"{_simulated(facts)} led to {found}"


def _simulated(facts: SearchFacts) -> str:
    return counted(facts.simulations, "simulated push", "simulated pushes")


def _budget(facts: SearchFacts) -> str:
    termination = facts.search.metrics["termination"]
    return "time limit" if termination == Termination.TIMEOUT else termination_name(termination)


def _names(objects: list[ObjectFacts]) -> str:
    return truncated_list([each.name for each in objects], SHOWN)
