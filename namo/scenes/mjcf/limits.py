"""Resource limits of scene files.

MuJoCo accepts any count: it would replicate an element a billion times, allocate more memory than
there is, or take hours to simulate a push. The limits are far above what scenes need; a file beyond
them is a mistake. Single elements are limited, and what all elements of a file add up to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from namo.errors import SceneError
from namo.scenes.safe_xml import XmlElement

MAX_BYTES = 16 << 20
"""Size of a file."""
MAX_ELEMENTS = 20_000
"""Elements of a file, including copies made by `replicate`."""
MAX_VALUES = 500_000
"""Numbers and words in all attributes of a file; 20,000 boxes have about 300,000."""
MAX_JOINTS = 1000
"""Joints of a file, including copies; MuJoCo's time for compiling grows with their square."""
MAX_HFIELD_CELLS = 1_000_000
"""Cells of all height fields of a file, which take 18 bytes each."""
MAX_MESH_VERTICES = 10_000
"""Vertices of all meshes of a file; MuJoCo's time for a round one grows with their square."""
MAX_SOLID_VERTICES = 20_000
"""Vertices of the geoms of all walls and movables of a file, which may share meshes."""
MAX_PRISM_CORNERS = 200
"""Corners of one convex piece of a wall or movable."""
MAX_STATES = 10_000
"""Activations and delayed samples of all actuators and sensors of a file."""
MAX_MAGNITUDE = 1e10
"""Magnitude of any number; MuJoCo itself treats larger values as a diverged simulation."""
MAX_MEMORY = 1 << 30
"""Bytes that a file may request for the solver."""
TIMESTEP_S = (1e-4, 0.05)
"""Range of time steps: with shorter ones a push takes minutes; longer ones exceed the control
period."""

_MAX_COUNTS: Mapping[str, Mapping[str, int]] = {
    "option": {
        "iterations": 1000,
        "ls_iterations": 200,
        "noslip_iterations": 200,
        "ccd_iterations": 200,
        "sdf_iterations": 200,
        "sdf_initpoints": 200,
    },
    "size": {
        "nuserdata": 1_000_000,
        "nkey": 1000,
        "njmax": 20_000,
        "nconmax": 20_000,
        "nstack": MAX_MEMORY // 8,
    },
    "hfield": {"nrow": 1000, "ncol": 1000},
}
_MAX_ANYWHERE: Mapping[str, int] = {"actdim": 1000, "nsample": 1000}
"""Attributes that several elements have."""
_TOTALS: Mapping[str, tuple[int, str]] = {
    "hfield": (MAX_HFIELD_CELLS, "cells of height fields"),
    "mesh": (MAX_MESH_VERTICES, "vertices of meshes"),
}
_MAX_USER_NUMBERS = 100
_UNITS = "KMGTPE"


def refuse_too_many_values(elements: Sequence[XmlElement]) -> None:
    """Make sure that a file has no more than `MAX_VALUES`, before any of them is looked at.

    Args:
        elements: of the file, in document order.

    Raises:
        SceneError: names the line where there are too many, and what is allowed.
    """
    total = 0
    for element in elements:
        total += sum(len(value.split()) for value in element.attributes.values())
        if total > MAX_VALUES:
            raise SceneError(
                f"line {element.line}: more than {MAX_VALUES} numbers and words in the attributes "
                "of the file up to here; a scene has a few thousand"
            )


def refuse_excess(elements: Sequence[XmlElement]) -> None:
    """Make sure that a file stays within the resource limits.

    Args:
        elements: of the file, in document order; their numbers are finite.

    Raises:
        SceneError: names the line, the value and what is allowed.
    """
    copies, joints = 1, 0
    totals = dict.fromkeys(("hfield", "mesh", *_MAX_ANYWHERE), 0.0)
    for element in elements:
        tag = element.path.rpartition("/")[2]
        for name, value in element.attributes.items():
            where = f'line {element.line}: {tag} {name}="{value}"'
            if (tag, name) == ("size", "memory"):
                _refuse_memory(value, where)
            elif (maximum := _maximum_of(tag, name)) is not None and _number(value) > maximum:
                raise SceneError(f"{where}; at most {maximum} are allowed")
            if name in _MAX_ANYWHERE:
                totals[name] += _number(value)
        if tag == "hfield":
            rows, columns = (_number(element.attributes.get(name, "")) for name in ("nrow", "ncol"))
            totals[tag] += rows * columns
        if tag == "mesh":
            totals[tag] += len(element.attributes.get("vertex", "").split()) // 3
        _refuse_totals(totals, element.line)
        joints += tag in ("joint", "freejoint")
        if tag == "replicate":
            copies *= max(1, int(_number(element.attributes.get("count", ""))))
        if copies * len(elements) > MAX_ELEMENTS:
            raise SceneError(
                f"line {element.line}: {len(elements)} elements and up to {copies} copies of each; "
                f"at most {MAX_ELEMENTS} are allowed together"
            )
        if copies * joints > MAX_JOINTS:
            raise SceneError(
                f"line {element.line}: {joints} joints and up to {copies} copies of each; at most "
                f"{MAX_JOINTS} are allowed together"
            )


def _refuse_totals(totals: Mapping[str, float], line: int) -> None:
    for what, total in totals.items():
        limit, kind = _TOTALS.get(what, (MAX_STATES, f"{what} in total"))
        if total > limit:
            raise SceneError(
                f"line {line}: {total:.0f} {kind} up to here; at most {limit} are allowed in a file"
            )


def is_excessive(token: str) -> bool:
    """Return whether a token of an attribute is a number beyond `MAX_MAGNITUDE`."""
    digits = token.lstrip("+-").lower()
    try:
        number = float.fromhex(digits) if digits.startswith("0x") else float(digits)
    except OverflowError:
        return True
    except ValueError:
        return False  # a word, not a number
    return number > MAX_MAGNITUDE


def _maximum_of(tag: str, name: str) -> int | None:
    if tag == "size" and name.startswith("nuser_"):
        return _MAX_USER_NUMBERS
    return _MAX_COUNTS.get(tag, {}).get(name, _MAX_ANYWHERE.get(name))


def _number(text: str) -> float:
    """Return a number as written; 0 for other text, which MuJoCo refuses itself."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def _refuse_memory(value: str, where: str) -> None:
    digits, unit = value.strip(), value.strip()[-1:].upper()
    power = _UNITS.find(unit) + 1 if unit else 0
    if power:
        digits = digits[:-1]
    if _number(digits) * 1024**power > MAX_MEMORY:
        raise SceneError(f"{where}; at most {MAX_MEMORY >> 20}M is allowed")
