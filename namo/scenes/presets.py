"""Physics presets: named sets of MuJoCo options that override those of a scene."""

from __future__ import annotations

from collections.abc import Mapping

Options = Mapping[str, str]
"""Attributes of MuJoCo's `<option>` as text; flags are `flag/NAME`."""

_IMPLICIT: Options = {"integrator": "implicitfast", "cone": "elliptic", "flag/sleep": "enable"}

PHYSICS_PRESETS: Mapping[str, Options] = {
    "scene": {},
    "fast": {**_IMPLICIT, "timestep": "0.005"},
    "accurate": {**_IMPLICIT, "timestep": "0.002"},
}
"""Options that each preset sets; others are those of the scene. `scene` sets none.

`fast` and `accurate` put boxes at rest to sleep, so that only moving ones cost time. Their error
relative to a time step of 0.5 ms is measured in docs/performance.md.
"""
