"""Where MuJoCo has what collides in a scene's text, by a model of its own."""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np

from namo.geometry import Floats


def colliding_corners(xml: str) -> Iterator[tuple[str, Floats]]:
    """Yield the corners (n, 3) of each box and mesh that collides, after its name (m; world frame).

    The name is that of the body that moves it, else its own, else that of the body that it is in.
    """
    model = mujoco.MjModel.from_xml_string(xml)
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    for geom in range(model.ngeom):
        kind = model.geom_type[geom]
        if not model.geom_contype[geom]:
            continue
        if kind == mujoco.mjtGeom.mjGEOM_BOX:
            signs = np.array(np.meshgrid(*[(-1.0, 1.0)] * 3)).reshape(3, -1).T
            local = signs * model.geom_size[geom]
        elif kind == mujoco.mjtGeom.mjGEOM_MESH:
            mesh = model.geom_dataid[geom]
            first = model.mesh_vertadr[mesh]
            local = model.mesh_vert[first : first + model.mesh_vertnum[mesh]].astype(float)
        else:
            continue
        body = int(model.geom_bodyid[geom])
        moves = int(model.body_weldid[body])
        name = model.body(moves).name if moves else model.geom(geom).name or model.body(body).name
        yield name, local @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom]
