"""What can be wrong with a collection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a collection.

    Attributes:
        path: of the file that is wrong, relative to the collection's folder.
        text: what is wrong.
        environment: number of the environment to collect again; None where a merge repairs it.
        repairable: whether collecting or merging again repairs it; a missing scene file cannot be
            repaired that way.
    """

    path: str
    text: str
    environment: int | None = None
    repairable: bool = True

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"
