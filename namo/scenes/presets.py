"""Physics presets: named sets of MuJoCo options that replace those of a scene."""

from __future__ import annotations

from collections.abc import Mapping

Options = Mapping[str, str]
"""MuJoCo's `<option>` attributes as written; flags are `flag/NAME`."""

_IMPLICIT: Options = {"integrator": "implicitfast", "cone": "elliptic", "flag/sleep": "enable"}

PHYSICS_PRESETS: Mapping[str, Options] = {
    "scene": {},
    "fast": {**_IMPLICIT, "timestep": "0.005"},
    "accurate": {**_IMPLICIT, "timestep": "0.002"},
}
"""What each preset sets; all else stays as the scene says. `scene` is every file's own physics.

`fast` and `accurate` let boxes that rest fall asleep, so that only what moves costs time. How far
each is from a time step of 0.5 ms is measured in docs/performance.md.
"""
