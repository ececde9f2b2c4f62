"""Whether a push of a stored plan can be dropped: replays its subsequences, and nothing else.

It shares no code with `namo.planning.minimal`, whose claims it checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from namo.results.actions import push_of
from namo.results.record_types import EpisodePlan, PlanRecord
from namo.signals import check_termination
from namo.wording import counted, truncated_list
from namo.world.push import Action
from namo.world.world import World

ALL_SUBSEQUENCES = 6
"""Longest plan of which all subsequences are replayed; of longer ones those without one push."""


SHOWN = 5
"""Number of plans that a note names."""


@dataclass
class MinimalCheck:
    """Checks plans one after another.

    Attributes:
        minimal: number of plans of which no push can be dropped.
        unclaimed: plans of which pushes can be dropped, and that do not claim otherwise.
    """

    minimal: int = 0
    unclaimed: list[str] = field(default_factory=list)

    def problem(self, world: World, episode: EpisodePlan) -> str | None:
        """Return what is wrong with the plan of an episode; None if it is as it claims to be.

        Args:
            world: see `shorter_plan`.
            episode: with a plan.

        Raises:
            TerminationRequested: see `shorter_plan`.
            UnknownMovableError: likewise.
            SceneError: likewise.
            OSError: likewise.
        """
        enough = shorter_plan(world, episode)
        if enough is None:
            self.minimal += 1
        elif episode["minimal"]:
            return (
                f"plan of {counted(episode['solution_depth'] or 0, 'push', 'pushes')} is not "
                f"minimal: the goal opens with {_named(enough)}"
            )
        else:
            self.unclaimed.append(episode["episode_id"])
        return None

    def notes(self) -> Iterator[str]:
        """Yield lines about the plans that were checked."""
        if self.unclaimed:
            noun = "plan that is" if len(self.unclaimed) == 1 else "plans that are"
            yield (
                f"{len(self.unclaimed)} {noun} not said to be minimal can be shorter: "
                f"{truncated_list(self.unclaimed, SHOWN)}"
            )


def _named(pushes: Sequence[int]) -> str:
    if not pushes:
        return "no push at all"
    noun = "push" if len(pushes) == 1 else "pushes"
    return f"{noun} {', '.join(str(number + 1) for number in pushes)} alone"


def shorter_plan(world: World, plan: PlanRecord) -> list[int] | None:
    """Return which pushes of a plan open the robot's goal without the others, from 0.

    Args:
        world: of the scene, under the physics it was collected with; its state changes.
        plan: of an episode.

    Returns:
        None when no push can be dropped, any number of them from a plan of up to `ALL_SUBSEQUENCES`
        pushes, one alone from a longer one.

    Raises:
        TerminationRequested: a signal asked the process to end.
        UnknownMovableError: the scene has no such movable.
        SceneError: see `World.primitives`.
        OSError: likewise.
    """
    pushes = [push_of(action) for action in plan["action_sequence"] or ()]
    if not pushes:
        return None
    world.reset()
    if world.reachability().goal_reachable:
        return []
    openings = _all_openings if len(pushes) <= ALL_SUBSEQUENCES else _openings_without_one
    return next(openings(world, pushes), None)


def _all_openings(world: World, pushes: Sequence[Action]) -> Iterator[list[int]]:
    """Yield every proper subsequence that opens the goal with its last push."""
    waiting = [(list[int](), world.save())]
    while waiting:
        numbers, state = waiting.pop()
        for number in range(numbers[-1] + 1 if numbers else 0, len(pushes)):
            longer = [*numbers, number]
            if len(longer) == len(pushes):
                continue
            world.restore(state)
            if _opens(world, pushes[number]):
                yield longer
            else:
                waiting.append((longer, world.save()))


def _openings_without_one(world: World, pushes: Sequence[Action]) -> Iterator[list[int]]:
    """Yield what opens the goal of each subsequence that lacks one push."""
    for dropped in range(len(pushes)):
        world.reset()
        numbers = [number for number in range(len(pushes)) if number != dropped]
        for count, number in enumerate(numbers, start=1):
            if _opens(world, pushes[number]):
                yield numbers[:count]
                break


def _opens(world: World, push: Action) -> bool:
    check_termination()
    world.push(push)
    return world.reachability().goal_reachable
