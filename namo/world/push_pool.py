"""Simulating the pushes of one state in parallel, on worlds of the same scene in threads.

MuJoCo releases the interpreter lock while it steps, so threads run on several cores. A push depends
only on the state it starts from, so results are bit-identical for any number of threads.

Search trees and certification use this through `World.pool`:

    with closing(world.pool.map_pushes(world, try_push, pushes)) as results:
        for push, result in zip(pushes, results, strict=True):
            ...

A push of the skill observes its box and decides every 0.2 s of simulated time, so pushes do not run
in lockstep and `mujoco.batch` would not help.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from namo.world.world import WallTimes, World

Item = TypeVar("Item")
Result = TypeVar("Result")


class PushPool:
    """Worker worlds of one scene, created on first use.

    Holds no reference to the world that owns it, so that world is freed as soon as it is unused.

    Attributes:
        threads: number of worker worlds; with 1 there are none and calls run inline.
    """

    def __init__(self, threads: int = 1) -> None:
        """Create a pool without workers.

        Args:
            threads: how many pushes to simulate in parallel.
        """
        self.threads = threads
        self._workers: list[World] = []

    def runs_inline(self, items: int) -> bool:
        """Return whether `map_pushes` runs so many items on the given world itself."""
        return self.threads == 1 or items < 2

    def map_pushes(
        self, world: World, call: Callable[[World, Item], Result], items: Sequence[Item]
    ) -> Generator[Result, None, None]:
        """Yield the result of a call for each item, in their order.

        Inline (one thread, or fewer than two items), an item is processed when its result is
        requested. Otherwise workers process items ahead of the results requested, and `world` is
        left alone. An exception of a call is raised in place of its result. Closing the generator
        cancels the items that have not started.

        Args:
            world: owner of the pool.
            call: gets a world of the scene in an arbitrary state, and may change that; its result
                must depend on the item alone.
            items: one per call.

        Raises:
            SceneError: see `World.primitives`.
            OSError: likewise.
        """
        if self.runs_inline(len(items)):
            for item in items:
                yield call(world, item)
            return
        if not self._workers:
            world.prepare()
        while len(self._workers) < self.threads:
            self._workers.append(world.sibling())
        idle = SimpleQueue["World"]()
        for worker in self._workers:
            idle.put(worker)

        def work(item: Item) -> Result:
            worker = idle.get()
            try:
                return call(worker, item)
            finally:
                idle.put(worker)

        with ThreadPoolExecutor(self.threads) as executor:
            ahead: deque[Future[Result]] = deque()
            try:
                for item in items:
                    ahead.append(executor.submit(work, item))
                    if len(ahead) == self.threads:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                for future in ahead:
                    future.cancel()

    def wall_times(self) -> list[WallTimes]:
        """Return the wall times of the workers; discarded results are included."""
        return [worker.wall_times() for worker in self._workers]
