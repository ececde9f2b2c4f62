"""What Snakemake says on the terminal, without what it says about itself."""

from __future__ import annotations

import logging
from collections.abc import Callable

_EVENTS = frozenset(
    {"JOB_FINISHED", "JOB_STARTED", "RESOURCES_INFO", "RUN_INFO", "WORKFLOW_STARTED"}
)
"""Events that the progress of the run stands for."""
_CHATTER = (
    "Assuming unrestricted shared filesystem",
    "Building DAG",
    "Complete log(s):",
    "Conda environments: ignored",
    "Config file ",
    "Elapsed time",
    "Execute ",
    "Select jobs",
    "Terminating processes on user request",
    "Touching output file",
    "Using shell",
)
"""Beginnings of lines that say nothing about the run; a new one of Snakemake's is shown."""


class WithoutChatter(logging.Filter):
    """Lets warnings, errors and what a user asked for through; the log file holds the rest.

    Attributes:
        before_line: called before a line is shown.
        progress: whether "3 of 14 steps" is shown.
    """

    def __init__(self) -> None:
        super().__init__()
        self.before_line: Callable[[], object] = lambda: None
        self.progress = True

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is shown."""
        event = getattr(getattr(record, "event", None), "name", None)
        shown = record.levelno > logging.INFO or not (
            event in _EVENTS
            or (event == "PROGRESS" and not self.progress)
            or (event is None and str(record.msg).startswith(_CHATTER))
        )
        if shown:
            self.before_line()
        return shown


def quieten(logger: logging.Logger) -> WithoutChatter:
    """Leave the chatter out of what a logger shows on the terminal, and return the filter."""
    chatter = WithoutChatter()
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(
            handler, logging.FileHandler
        ):
            handler.addFilter(chatter)
    return chatter
