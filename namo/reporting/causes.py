"""Why environments failed, from what their rows say: what is unexplained comes first."""

from __future__ import annotations

import re
from dataclasses import dataclass

_EXCEPTION = re.compile(r"([A-Za-z_]\w*(?:Error|Exception|Exit|Interrupt|Iteration|Warning)): ")
_CRASHED = "set aside after "


@dataclass(frozen=True, order=True)
class Cause:
    """A reason why environments failed; sorted, the unexplained ones come first.

    Attributes:
        explained: whether it is known to be the scene's fault, and not ours.
        text: what happened, a few words.
    """

    explained: bool
    text: str


UNUSABLE = Cause(explained=True, text="scene cannot be used")
DIED = Cause(explained=False, text="the process died")


def cause_of(message: str, xml_file: str) -> Cause:
    """Return the cause of a failure.

    Args:
        message: `error_message` of the failed environment's row.
        xml_file: its scene file, which the message begins with.
    """
    text = message.removeprefix(f"{xml_file}: ")
    if text.startswith(_CRASHED):
        return DIED
    if exception := _EXCEPTION.match(text):
        return Cause(explained=False, text=exception[1])
    return UNUSABLE
