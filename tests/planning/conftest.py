"""A fake world whose states are names, so that tests can read the order of a search."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from namo.geometry import Pose2D
from namo.world.push import Push, PushOutcome, PushStatus
from namo.world.push_pool import PushPool
from namo.world.world import Reach, Situation

Path = tuple[str, ...]


class FakeState(tuple):
    """The pushes so far; `key` identifies the state."""

    __slots__ = ()

    @property
    def key(self) -> str:
        return " ".join(self)


class NamedWorld:
    """A fake world whose state is the pushes so far, each as "<object><goal x>" ("a1", "b2").

    Attributes:
        state: the pushes so far.
        pushed: every push, as the path it was made from and its name.
    """

    def __init__(
        self,
        objects: str = "a",
        opens: Callable[[Path], bool] = lambda path: False,
        stuck: Callable[[Path], bool] = lambda path: False,
        reachable: Callable[[Path], str] | None = None,
        push_s: float = 0.0,
    ) -> None:
        self._opens, self._stuck = opens, stuck
        self._reachable = reachable or (lambda path: objects)
        self._push_s = push_s
        self.state: Path = FakeState()
        self.pool = PushPool()
        self.pushed: list[tuple[Path, str]] = []

    def save(self) -> Path:
        return self.state

    def restore(self, state: Path) -> None:
        self.state = state

    def reachability(self) -> SimpleNamespace:
        return SimpleNamespace(
            goal_reachable=self._opens(self.state),
            reachable_objects=tuple(self._reachable(self.state)),
        )

    def seal(self) -> None:
        """It is never known that no pushing can open the goal."""

    def observation(self) -> dict[str, list[float]]:
        return {"_".join(("at", *self.state)): [float(len(self.state)), 0.0, 0.0]}

    def situation(self) -> Situation:
        now = self.reachability()
        reach = Reach(now.reachable_objects, 1.0, 0.0 if now.goal_reachable else 1.0)
        return Situation(self.state, now.goal_reachable, reach, self.observation())

    def push_from(
        self, state: Path, push: Push, deadline: float = math.inf
    ) -> tuple[PushOutcome, Situation]:
        self.state = state
        return self.push(push, deadline), self.situation()

    def push(self, push: Push, deadline: float = math.inf) -> PushOutcome:
        name = f"{push.object_name}{push.goal.x:g}"
        self.pushed.append((self.state, name))
        until = time.monotonic() + self._push_s
        while time.monotonic() < until:
            if time.monotonic() > deadline:
                return PushOutcome(PushStatus.INTERRUPTED, push.goal, 1, 1, moved=False)
        moved = not self._stuck((*self.state, name))
        if moved:
            self.state = FakeState((*self.state, name))
        status = PushStatus.REACHED if moved else PushStatus.BLOCKED
        return PushOutcome(status, push.goal, 1, 1, moved=moved)

    @property
    def order(self) -> list[str]:
        """The pushes in order, each as the whole path: "a1 b2"."""
        return [" ".join((*path, name)) for path, name in self.pushed]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a millisecond pass whenever the clock is read, however busy the machine is."""
    readings = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: next(readings) / 1000)


class ScriptedGoals:
    """Proposes x = 1, 2, ... up to `many` (or `count`), and records the calls."""

    def __init__(self, many: int = 2) -> None:
        self._many = many
        self.calls: list[tuple[Path, str, int]] = []

    def propose(self, world, name, count, rng) -> list[Pose2D]:
        self.calls.append((world.save(), name, count))
        return [Pose2D(float(i + 1), 0.0, 0.0) for i in range(min(count, self._many))]


class LastFirst:
    """Ranks the objects in reverse file order."""

    def rank(self, world, reachable, rng) -> list[str]:
        return reachable[::-1]


@pytest.fixture(scope="session")
def fakes() -> SimpleNamespace:
    """`NamedWorld`, `ScriptedGoals` and `LastFirst`."""
    return SimpleNamespace(NamedWorld=NamedWorld, ScriptedGoals=ScriptedGoals, LastFirst=LastFirst)


class Checks:
    """Invariants of every real search, for any planner."""

    def replayed(self, result, scene) -> None:
        """Replayed in a new world, the plan passes through the recorded states to an open goal."""
        from namo.world.world import World

        world = World(scene)
        assert len(result.plan_states) == len(result.plan) + 1
        assert result.plan_states[0] == 0
        assert world.observation() == result.states[0]
        for push, state in zip(result.plan, result.plan_states[1:], strict=True):
            assert not world.reachability().goal_reachable
            world.push(push)
            assert world.observation() == result.states[state]
        assert world.reachability().goal_reachable

    def consistent(self, result) -> None:
        """The records of the search are consistent."""
        seen = {0: {0}}  # the depths at which each state was reached
        for record in result.pushes:
            assert record.depth - 1 in seen[record.state]
            assert record.outcome.moved is (record.next_state != record.state)
            assert record.next_state <= len(seen)  # a new state gets the next number
            seen.setdefault(record.next_state, set()).add(record.depth)
        assert len(result.states) == len(seen)
        assert len({str(state) for state in result.states}) == len(result.states)
        assert result.pushes_tried >= result.simulations
        led = {(r.state, r.push): r.next_state for r in result.pushes}
        assert len(led) == len(result.pushes)  # nothing is simulated twice
        for push, start, end in zip(
            result.plan, result.plan_states, result.plan_states[1:], strict=False
        ):
            assert led[start, push] == end
        assert result.max_depth_reached >= max((r.depth for r in result.pushes), default=0)

    def same(self, first, second) -> bool:
        """Whether two results are equal, wall times aside."""
        return all(
            getattr(first, name) == getattr(second, name)
            for name in (
                "termination",
                "plan",
                "plan_states",
                "states",
                "pushes",
                "pushes_tried",
                "terminal_checks",
                "max_depth_reached",
            )
        )


@pytest.fixture(scope="session")
def checks() -> Checks:
    """Invariants of every real search."""
    return Checks()
