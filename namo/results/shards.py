"""Shards: one data set in numbered files of bounded size.

    with ShardWriter(write, limit=4096) as shards:
        for row in rows:
            shards.add(row)

`write(number, items)` writes one file; what an item is and how large it counts is up to the caller.
Every shard but the last holds the fewest items, in the order they were added, that reach the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

from namo.signals import check_termination

SPLITS = ("train", "val", "test")
"""Usual splits of a data set, in the order in which they are listed."""

Item = TypeVar("Item")


def shard_name(prefix: str, number: int, suffix: str = ".parquet") -> str:
    """Return the file name of a shard.

    Args:
        prefix: name of the split or of the data set.
        number: of the shard, from 0.
        suffix: of the file format.
    """
    return f"{prefix}-{number:05d}{suffix}"


class ShardWriter(Generic[Item]):
    """Gathers items and writes a shard whenever they reach a limit.

    The last shard, which may be smaller, is written when the block ends; not when it raises. No
    items, no shard.

    Attributes:
        items: how many were added.
        shards: how many were written.
    """

    def __init__(
        self,
        write: Callable[[int, list[Item]], None],
        limit: int,
        size_of: Callable[[Item], int] = lambda _: 1,
    ) -> None:
        """Start with no shard.

        Args:
            write: writes one shard, given its number, from 0, and its items.
            limit: size at which a shard is full, at least 1.
            size_of: size of an item in the unit of the limit; by default each counts 1.
        """
        self._write, self._limit, self._size_of = write, limit, size_of
        self._pending: list[Item] = []
        self._pending_size = 0
        self.items = self.shards = 0

    def add(self, item: Item) -> None:
        """Add an item; writes a shard if that makes it full.

        Raises:
            OSError: the shard cannot be written.
            TerminationRequested: a signal asked the process to end.
        """
        check_termination()
        self.items += 1
        self._pending.append(item)
        self._pending_size += self._size_of(item)
        if self._pending_size >= self._limit:
            self._flush()

    def _flush(self) -> None:
        self._write(self.shards, self._pending)
        self.shards += 1
        self._pending, self._pending_size = [], 0

    def __enter__(self) -> ShardWriter[Item]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None and self._pending:
            self._flush()
