"""Code from outside this package: what installed distributions offer, and `package.module:Class`.

A distribution offers a class under a name by an entry point. Which there are, and where each comes
from, is known without importing any; `importlib.metadata` is loaded only when that is asked for.
"""

from __future__ import annotations

import hashlib
import importlib
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from namo.errors import UsageError

PLUG_INS = "plug_ins"
"""Key under which files name the plug-ins that decided what they hold."""

_IDENTIFIER = r"[A-Za-z_]\w*"
_TARGET = re.compile(rf"{_IDENTIFIER}(\.{_IDENTIFIER})*:{_IDENTIFIER}(\.{_IDENTIFIER})*")


@dataclass(frozen=True)
class PlugIn:
    """A class from outside this package.

    Attributes:
        target: "package.module:Class".
        origin: what it is from: name and version of the distribution, such as "namo-example 1.0";
            for a module of no distribution "source sha256" and the hash of its files.
    """

    target: str
    origin: str

    def __str__(self) -> str:
        return f"{self.target} ({self.origin})"


def with_plug_ins(settings: Mapping[str, Any], plug_ins: Mapping[str, str]) -> dict[str, Any]:
    """Return settings as files hold them: with the plug-ins that they choose, if any.

    Args:
        settings: by name.
        plug_ins: by the name of what chooses them.
    """
    return {**settings, PLUG_INS: dict(plug_ins)} if plug_ins else dict(settings)


def is_target(name: str) -> bool:
    """Return whether a name is one of a class in a module: "package.module:Class"."""
    return _TARGET.fullmatch(name) is not None


def load_target(target: str) -> Any:  # noqa: ANN401 - a class of any type
    """Import a module and return what it calls by a name.

    Args:
        target: "package.module:Class".

    Raises:
        Exception: whatever the module raises when it is imported, or AttributeError.
    """
    module, _, attribute = target.partition(":")
    return operator.attrgetter(attribute)(importlib.import_module(module))


@cache
def installed(group: str) -> Mapping[str, tuple[PlugIn, ...]]:
    """Return the plug-ins that are installed, sorted by name; none of them is imported.

    Args:
        group: of entry points.

    Returns:
        Name -> the plug-ins of that name; several where distributions do not agree.
    """
    from importlib.metadata import entry_points  # 25 ms

    found: dict[str, list[PlugIn]] = {}
    for entry in entry_points(group=group):
        origin = "" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
        found.setdefault(entry.name, []).append(PlugIn(entry.value, origin))
    return {name: tuple(sorted(found[name], key=str)) for name in sorted(found)}


@cache
def plug_in_at(target: str) -> PlugIn:
    """Return the plug-in that a class in a module is; nothing is imported.

    Args:
        target: "package.module:Class".

    Raises:
        UsageError: there is no such module, or it has no source.
    """
    from importlib.metadata import packages_distributions, version  # looks at all that is installed

    package = target.partition(":")[0].partition(".")[0]
    names = sorted(set(packages_distributions().get(package, ())))
    origin = ", ".join(f"{name} {version(name)}" for name in names)
    return PlugIn(target, origin or f"source sha256 {_source_sha256(package, target)}")


def _source_sha256(package: str, target: str) -> str:
    """Return the hash of the source files of a top-level package or module."""
    from importlib.util import find_spec

    spec = find_spec(package)
    if spec is None:
        raise UsageError(
            f"{target}: no module named '{package}'; install it, or name its folder in PYTHONPATH"
        )
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = {
        path.relative_to(folder).as_posix(): path
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
    }
    if not folders and spec.has_location and spec.origin is not None:
        files = {"": Path(spec.origin)}
    if not files:
        raise UsageError(f"{target}: module '{package}' has no source file; it cannot be a plug-in")
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
