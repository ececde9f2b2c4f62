"""What Snakemake says on the terminal, without what it says about itself."""

from __future__ import annotations

import logging
from collections.abc import Callable

_EVENTS = frozenset(
    {"JOB_FINISHED", "JOB_STARTED", "RESOURCES_INFO", "RUN_INFO", "WORKFLOW_STARTED"}
)
"""Events that the progress of the run stands for."""
_INTERRUPTED = "Terminating processes on user request"
_AFTER_INTERRUPT = ("RuleException", "WorkflowError:\nAt least one job did not complete")
"""Beginnings of errors that only repeat that a job was interrupted."""
_CHATTER = (
    "Assuming unrestricted shared filesystem",
    "Building DAG",
    "Complete log(s):",
    "Conda environments: ignored",
    "Config file ",
    "Elapsed time",
    "Execute ",
    "Select jobs",
    _INTERRUPTED,
    "Touching output file",
    "Using shell",
)
"""Beginnings of lines that say nothing about the run; a new one of Snakemake's is shown."""


class WithoutChatter(logging.Filter):
    """Lets warnings, errors and what a user asked for through; the log file holds the rest.

    Attributes:
        before_line: called before a line is shown.
        progress: whether "3 of 14 steps" is shown.
        interrupted: whether a user has asked the run to end; what its jobs say of it is not shown.
    """

    def __init__(self) -> None:
        super().__init__()
        self.before_line: Callable[[], object] = lambda: None
        self.progress = True
        self.interrupted = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is shown."""
        event, text = getattr(getattr(record, "event", None), "name", None), str(record.msg)
        self.interrupted |= text.startswith(_INTERRUPTED)
        if record.levelno > logging.INFO:
            shown = not (self.interrupted and text.startswith(_AFTER_INTERRUPT))
        else:
            quiet = event in _EVENTS or (event == "PROGRESS" and not self.progress)
            shown = not quiet and not (event is None and text.startswith(_CHATTER))
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
