"""Unsolved searches explained as text: one in detail, or all of a collection by cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from namo.reporting.episodes import display_name
from namo.reporting.outcomes import unsolved_text
from namo.reporting.search_facts import ObjectFacts, SearchFacts, SearchState
from namo.reporting.searches import Search
from namo.reporting.unsolved_causes import (
    NOTHING,
    Cause,
    explanation_of,
    metres,
    shown_by,
    square_metres,
)
from namo.results.actions import request_text
from namo.results.again import replay_command
from namo.wording import counted, truncated_list

SHOWN = 5
"""Searches of a cause whose evidence is printed."""
NAMED = 20
"""Further environments of a cause that are named."""


def explained_search(facts: SearchFacts, folder: str) -> Iterator[str]:
    """Yield the lines that explain one unsolved search.

    Args:
        facts: of the search.
        folder: of its collection, as commands name it.
    """
    metrics = facts.search.metrics
    outcome = unsolved_text(metrics["termination"])
    yield f"{metrics['episode_id']} ({metrics['xml_file']}): {outcome}"
    yield f"  {_plain(explanation_of(facts).text)}"
    yield ""
    for title, text in overview(facts):
        yield f"  {title:<9} {_plain(text)}"
    yield ""
    yield from _table(
        ("movable", "robot can push it", "pushes", "straight", "moved", "farthest", "outcomes"),
        [
            (
                *(each.name, in_reach(each, facts)),
                *map(str, (each.pushes, each.straight, each.moved)),
                *(metres(each.farthest_m), outcome_counts(each)),
            )
            for each in facts.objects
        ],
        numbers=(2, 3, 4, 5),
    )
    if facts.closest:
        yield ""
        yield from _table(
            ("closest states", "left to goal", "reached", "pushes that lead there"),
            [
                (
                    *(f"state {each.number}", metres(each.gap), square_metres(each.area)),
                    "; ".join(way_to(facts, each)),
                )
                for each in facts.closest
            ],
            numbers=(1, 2),
        )
        yield ""
        yield f"  {replay_of(facts, facts.closest[0], folder)}"


def explained_collection(searches: Iterable[Search]) -> Iterator[str]:
    """Yield the lines that explain all unsolved searches, by cause, the most frequent first."""
    texts: dict[Cause, list[str]] = defaultdict(list)
    names: dict[Cause, list[int]] = defaultdict(list)
    for search in searches:
        explanation = explanation_of(SearchFacts(search))
        index, episode = search.metrics["env_index"], search.metrics["episode"]
        names[explanation.cause].append(index)
        if len(texts[explanation.cause]) < SHOWN:
            name = f"{index}, episode {episode}" if episode else f"{index}"
            texts[explanation.cause].append(f"environment {name}: {_plain(explanation.text)}")
    for cause in sorted(names, key=lambda cause: -len(names[cause])):
        yield f"{counted(len(names[cause]), 'search', 'searches')}: {cause.value}"
        yield from (f"  {text}" for text in texts[cause])
        if rest := list(dict.fromkeys(names[cause][SHOWN:])):
            yield f"  and environments {truncated_list(rest, NAMED)}"
        yield ""


def ended_text(episode: Mapping[str, Any], folder: str) -> str:
    """Return how an episode ended; of one with a plan also the command that shows it.

    Args:
        episode: its row, see `rows_of_environment`.
        folder: of its collection, as commands name it.
    """
    length = episode["solution_depth"]
    if length is None:
        return episode["error_message"] or unsolved_text(episode["termination"])
    if not length:
        return "solved: the goal was reachable from the start"
    options = ("--episode", episode["episode"]) if episode["episode"] else ()
    command = replay_command(folder, episode["env_index"], *options)
    return f"solved with a plan of {counted(length, 'push', 'pushes')}: {command}"


def overview(facts: SearchFacts) -> list[tuple[str, str]]:
    """Return what the search did as pairs of title and text."""
    start, objects = facts.start, facts.objects
    pushes, shorter = facts.simulations, len(facts.search.pushes) - facts.simulations
    passed = f" ({shorter} shorter ones passed on the way)" if shorter else ""
    some = f", {facts.straight} of them straight" if 0 < facts.straight < pushes else ""
    kind = "straight " if pushes and facts.straight == pushes else ""
    effort = (
        f"{counted(pushes, f'{kind}push', f'{kind}pushes')} simulated{some}{passed}, "
        f"{counted(len(facts.states) - 1, 'new state', 'new states')}, "
        f"depth {facts.search.metrics['max_depth_reached']}"
    )
    remarks = [remark["text"] for remark in facts.search.scene["remarks"] or []]
    lines = [("effort", effort)]
    if shown := shown_by(facts.search.metrics):
        lines.append(("shown", shown))
    if remarks:
        lines.append(("scene", truncated_list(remarks, SHOWN, "; ")))
    if start.area is None or start.reachable is None:
        return [*lines, ("start", "what the robot reaches was not recorded by this version")]
    gap = (
        "no way to the goal, even without movables"
        if start.gap is None
        else f"{metres(start.gap)} to the goal, through movables"
    )
    text = f"reaches {square_metres(start.area)}, {len(start.reachable)} of {len(objects)} movables"
    lines.append(("start", f"{text}; {gap}"))
    if never := [each.name for each in objects if not each.states_in_reach]:
        lines.append(("never", f"within reach: {truncated_list(never, SHOWN)}"))
    if facts.ranked and facts.ranked[0].gap is not None:
        best = facts.ranked[0]
        lines.append(("closest", f"{metres(best.gap)} to the goal, {square_metres(best.area)}"))
    return lines


def in_reach(each: ObjectFacts, facts: SearchFacts) -> str:
    """Return in which states the robot can push an object, as text."""
    if each.at_start is None:
        return "not recorded"
    if not each.states_in_reach:
        return "never"
    states = f"{each.states_in_reach} of {len(facts.states)} states"
    return f"from the start, {states}" if each.at_start else f"later, {states}"


def outcome_counts(each: ObjectFacts) -> str:
    """Return how the pushes of an object ended, as text."""
    counts = (f"{count} {display_name(name)}" for name, count in each.statuses.most_common())
    return ", ".join(counts) or NOTHING


def way_to(facts: SearchFacts, state: SearchState) -> list[str]:
    """Return the pushes that lead to a state: number, movable and what was asked for."""
    return [
        f"{push['push']}: {push['object_id']}, {request_text(push)}" for push in facts.way_to(state)
    ]


def replay_of(facts: SearchFacts, state: SearchState, folder: str) -> str:
    """Return the command that replays the pushes that lead to a state after the start."""
    metrics, push = facts.search.metrics, state.push
    episode = ("--episode", metrics["episode"]) if metrics["episode"] else ()
    number = push["push"] if push else 0
    return replay_command(folder, metrics["env_index"], *episode, "--push", number)


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]
) -> Iterator[str]:
    """Yield the lines of a table; columns in `numbers` are aligned on the right."""
    lines = [head, *([_plain(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (
            cell.rjust(width) if place in numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        yield f"  {'  '.join(cells)}".rstrip()


def _plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")
