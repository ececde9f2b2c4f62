"""Settings of imports; this module does not load MuJoCo."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_CELL_SIZE_M = 0.6
"""Twice the diameter of the standard robot, and the size of a typical generated box."""


@dataclass(frozen=True)
class ImportSettings:
    """Choices that a file leaves open.

    Attributes:
        robot: name of the robot to use if there are several; None for the first.
        goal: name of the goal to use if the robot has several; None for the first.
        cell_size_m: side of a cell, for grid formats.
        robot_radius_m: radius of the robot after scaling, for formats whose files may have none;
            None for that of the file, or of the standard robot.
        scale: factor for all lengths of the file.
    """

    robot: str | None = None
    goal: str | None = None
    cell_size_m: float = DEFAULT_CELL_SIZE_M
    robot_radius_m: float | None = None
    scale: float = 1.0
