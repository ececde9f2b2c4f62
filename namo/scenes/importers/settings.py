"""What a person may ask of an import; importable without MuJoCo."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_CELL_SIZE_M = 0.6
"""Twice as wide as the standard robot, and as wide as the boxes of our own rooms."""


@dataclass(frozen=True)
class ImportSettings:
    """What to make of a scene that leaves a choice.

    Attributes:
        robot: name of the one to use where a scene has several; None for the first.
        goal: name of the one to use where a robot has several; None for the first.
        cell_size_m: side of a cell, for formats that are made of cells.
    """

    robot: str | None = None
    goal: str | None = None
    cell_size_m: float = DEFAULT_CELL_SIZE_M
