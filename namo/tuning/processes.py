"""What Linux counts of processes: memory, page by page, and how long they waited for a core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROLLUP = "/proc/{}/smaps_rollup"
HAS_ROLLUP = Path(ROLLUP.format("self")).exists()
"""Whether this system counts memory page by page."""
_KB = 1024


@dataclass(frozen=True)
class Memory:
    """Memory of one process.

    Attributes:
        proportional_bytes: pages, each divided by the number of processes that share it (bytes).
        private_bytes: pages that no other process has (bytes).
    """

    proportional_bytes: int = 0
    private_bytes: int = 0


def memory_of(process: int) -> Memory:
    """Return the memory of a process, by its id; zero if it has ended."""
    try:
        text = Path(ROLLUP.format(process)).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return Memory()
    sizes = dict[str, int]()
    for line in text.splitlines()[1:]:
        name, size, *_ = line.split()
        sizes[name] = _KB * int(size)
    if not sizes:  # it is ending, and has given its memory back
        return Memory()
    return Memory(sizes["Pss:"], sizes["Private_Clean:"] + sizes["Private_Dirty:"])


def waited_s(process: int | str = "self") -> float:
    """Return how long a process has waited for a core that others used (s).

    Args:
        process: its id; zero if it has ended, or if the kernel does not count that.
    """
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def children_of(processes: Sequence[int]) -> Iterator[int]:
    """Yield the ids of the processes that these have started and that have not ended."""
    for process in processes:
        try:
            text = Path(f"/proc/{process}/task/{process}/children").read_text()
        except (FileNotFoundError, ProcessLookupError):  # it has ended
            continue
        yield from map(int, text.split())
