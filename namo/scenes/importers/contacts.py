"""Remark attributes of contacts and joints in MuJoCo files that a `Scene` does not represent.

A scene has the friction of the floor, the robot and each movable, and the masses of the latter two.
All other attributes are MuJoCo's defaults when the scene is written, except `condim`, which is 4.
"""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np

from namo.geometry import Floats
from namo.scenes.importers.importer import Remarks
from namo.scenes.scene import WALL_FRICTION

_WRITTEN_CONDIM = 4
_GEOM_FIELDS = ("solref", "solimp", "margin", "gap", "solmix", "priority", "condim")
_JOINT_FIELDS = ("damping", "armature", "frictionloss")
_TOLERANCE = 1e-9


def remark_lost_physics(model: mujoco.MjModel, remarks: Remarks) -> None:
    """Remark each attribute that differs from what will be written, with the number of elements.

    Args:
        model: a scene of our convention, possibly without robot or goal.
        remarks: to add to.
    """
    lost: dict[tuple[str, str], set[str]] = {}
    for what, which, attribute in (*_lost_by_geoms(model), *_lost_by_bodies(model)):
        lost.setdefault((what, attribute), set()).add(which)
    for (what, attribute), things in lost.items():
        whose = f"the {what}" if what in ("floor", "robot") else _counted(len(things), what)
        remarks.add(f"{attribute} of {whose} is not kept")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _lost_by_geoms(model: mujoco.MjModel) -> Iterator[tuple[str, str, str]]:
    """Yield kind and ID of what a solid geom is part of, with each attribute that is lost."""
    written = _default_geom()
    for geom in range(model.ngeom):
        if not (model.geom_contype[geom] or model.geom_conaffinity[geom]):
            continue
        what, which = _what(model, geom)
        if what == "wall" and _differ(model.geom_friction[geom], WALL_FRICTION):
            yield what, which, "friction"
        for name in _GEOM_FIELDS:
            if _differ(getattr(model, f"geom_{name}")[geom], written[name]):
                yield what, which, name


def _default_geom() -> dict[str, Floats]:
    """Return the attributes of a geom as it will be written."""
    text = f'<mujoco><worldbody><geom size="1" condim="{_WRITTEN_CONDIM}"/></worldbody></mujoco>'
    model = mujoco.MjModel.from_xml_string(text)
    return {name: np.array(getattr(model, f"geom_{name}")[0]) for name in _GEOM_FIELDS}


def _what(model: mujoco.MjModel, geom: int) -> tuple[str, str]:
    """Return kind and ID of what a solid geom is part of."""
    own_body = int(model.geom_bodyid[geom])
    carrier = int(model.body_weldid[own_body])
    if carrier != 0:
        return _moving(model, carrier), f"body {carrier}"
    kind = model.geom_type[geom]
    if kind == int(mujoco.mjtGeom.mjGEOM_PLANE):
        return "floor", ""
    # The meshes of a body are pieces of one wall.
    is_piece = kind == int(mujoco.mjtGeom.mjGEOM_MESH)
    return "wall", f"body {own_body}" if is_piece else f"geom {geom}"


def _moving(model: mujoco.MjModel, body: int) -> str:
    name = mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_BODY, body)
    return "robot" if name == "robot" else "movable"


def _lost_by_bodies(model: mujoco.MjModel) -> Iterator[tuple[str, str, str]]:
    """Yield kind and ID of a moving body, with each attribute that is lost."""
    for body in np.flatnonzero(model.body_dofnum).tolist():
        what = _moving(model, body)
        dofs = slice(model.body_dofadr[body], model.body_dofadr[body] + model.body_dofnum[body])
        for name in _JOINT_FIELDS:
            if _differ(getattr(model, f"dof_{name}")[dofs], 0.0):
                yield what, f"body {body}", name
        if model.body_gravcomp[body]:
            yield what, f"body {body}", "gravcomp"


def _differ(one: Floats, other: object) -> bool:
    return not np.allclose(one, np.asarray(other, dtype=float), rtol=0.0, atol=_TOLERANCE)
