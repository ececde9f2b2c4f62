"""What a person may ask of an export; importable without Arrow."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from namo.errors import UsageError

PLAN, ALL = "plan", "all"
PUSHES = (PLAN, ALL)

_LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]*")


@dataclass(frozen=True)
class ExportSettings:
    """What to make of a collection, as far as a format leaves a choice.

    Attributes:
        licence: of the data, an identifier such as cc-by-4.0; None where nobody has chosen one.
        citation: file with a BibTeX entry for the data; None for none.
        manifest: of the scenes, to take their splits from; None for one split.
        pushes: which become samples: those of the plans, or all that were simulated.
        metres_per_pixel: of all pictures; None where each scene fills its own.
    """

    licence: str | None = None
    citation: Path | None = None
    manifest: Path | None = None
    pushes: str = PLAN
    metres_per_pixel: float | None = None

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            UsageError: names the option, the value and what is allowed.
        """
        if self.licence is not None and not _LICENCE.fullmatch(self.licence):
            raise UsageError(
                f"--licence {self.licence}: must be an identifier in lower case, such as "
                "cc-by-4.0, mit or other"
            )
        if self.pushes not in PUSHES:
            raise UsageError(f"--pushes {self.pushes}: allowed: {', '.join(PUSHES)}")
        side = self.metres_per_pixel
        if side is not None and not (math.isfinite(side) and side > 0.0):
            raise UsageError(f"--metres-per-pixel {side}: must be a positive, finite number")
