"""Settings of an export; importable without Arrow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from namo.errors import UsageError

PLAN, ALL = "plan", "all"
PUSHES = (PLAN, ALL)
MIN_PIXEL_M, MAX_PIXEL_M = 1e-5, 1e3

_LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]*")


@dataclass(frozen=True)
class ExportSettings:
    """Settings of an export; each format uses some of them.

    Attributes:
        licence: of the data, an identifier such as cc-by-4.0; None if none was chosen.
        citation: file with a BibTeX entry for the data; None for none.
        manifest: of the scenes, which assigns them to splits; None for a single split.
        pushes: which pushes become samples: those of plans, or all simulated ones.
        metres_per_pixel: scale of all images; None to fit each scene into its own.
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
            raise UsageError(f"--pushes {self.pushes}: expected one of: {', '.join(PUSHES)}")
        side = self.metres_per_pixel
        if side is not None and not MIN_PIXEL_M <= side <= MAX_PIXEL_M:
            raise UsageError(
                f"--metres-per-pixel {side}: must be a positive, finite number, from {MIN_PIXEL_M} "
                f"to {MAX_PIXEL_M}"
            )
