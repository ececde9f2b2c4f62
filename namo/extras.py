"""Packages that only some features need, and the extra of this package that installs them."""

from __future__ import annotations

import importlib.util

from namo.errors import UsageError

EXTRAS = {
    "learn": ("torch", "safetensors", "tensorboardX"),
    "export": ("minari", "gymnasium", "av"),
    "view": ("rerun",),
}
"""Extra -> the packages that are imported when one of its features is used."""


def require_extra(extra: str, feature: str) -> None:
    """Make sure that the packages of an extra are installed, without loading them.

    Args:
        extra: one of `EXTRAS`.
        feature: what needs it, as in "--goal-strategy ml".

    Raises:
        UsageError: one is not installed; says how to install it.
    """
    for package in EXTRAS[extra]:
        if importlib.util.find_spec(package) is None:
            raise UsageError(f"{feature} needs {_missing(package, extra)}")


def explained(error: ModuleNotFoundError) -> UsageError | None:
    """Return what to do about a package that could not be imported; None if it is of no extra."""
    package = (error.name or "").partition(".")[0]
    for extra, packages in EXTRAS.items():
        if package in packages:
            return UsageError(f"this needs {_missing(package, extra)}")
    return None


def _missing(package: str, extra: str) -> str:
    return f"{package}, which is not installed: pip install 'namo-collect[{extra}]'"
