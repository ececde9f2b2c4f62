"""A plan as MuJoCo shows it: in pictures where there is OpenGL, in its viewer on a screen."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence

import mujoco
import numpy as np

from namo.errors import NamoError
from namo.geometry import Floats
from namo.reporting.from_above import Picture
from namo.scenes.drawing import view_of
from namo.scenes.mjcf.compiling import compile_model, compile_spec
from namo.scenes.scene import Scene
from namo.world.recording import FRAME_S

ELEVATION_DEG = -60.0


def rendered(scene: Scene, joints: Sequence[Floats], width: int) -> Iterator[Picture]:
    """Yield MuJoCo's picture of each moment, (rows, columns, 3).

    Args:
        scene: what to show.
        joints: MuJoCo's `qpos` (nq,) for each picture: positions (m) and quaternions.
        width: of the pictures (pixels); three quarters as high.

    Raises:
        NamoError: there is no OpenGL here.
    """
    model, data = _model(scene, width)
    try:
        renderer = mujoco.Renderer(model, 3 * width // 4, width)
    except Exception as error:  # every backend fails in a way of its own
        raise NamoError(
            f"--render needs OpenGL, and none works here ({type(error).__name__}: {error}); "
            "MUJOCO_GL=egl or osmesa may; without --render the plan is drawn from above"
        ) from error
    with renderer:
        camera = _camera(scene)
        for positions in joints:
            data.qpos[:] = positions
            mujoco.mj_forward(model, data)
            renderer.update_scene(data, camera)
            yield renderer.render().copy()


def show(scene: Scene, joints: Sequence[Floats]) -> None:
    """Show the plan in MuJoCo's viewer, over and over, until its window is closed.

    Args:
        scene: what to show.
        joints: MuJoCo's `qpos` (nq,), `FRAME_S` apart: positions (m) and quaternions.

    Raises:
        NamoError: there is no screen.
    """
    import glfw  # a window library
    import mujoco.viewer

    with warnings.catch_warnings(record=True) as said:  # its way of telling why
        warnings.simplefilter("always")
        if not glfw.init():
            why = "; ".join(str(each.message) for each in said)
            raise NamoError(f"--viewer needs a screen ({why}); --gif FILE needs none")
    model, data = _model(scene, 0)
    with mujoco.viewer.launch_passive(model, data) as window:
        while window.is_running():
            for positions in joints:
                if not window.is_running():
                    break
                data.qpos[:] = positions
                mujoco.mj_forward(model, data)
                window.sync()
                time.sleep(FRAME_S)


def _model(scene: Scene, width: int) -> tuple[mujoco.MjModel, mujoco.MjData]:
    spec = compile_spec(scene.xml, scene.path)
    spec.visual.global_.offwidth = max(width, spec.visual.global_.offwidth)
    spec.visual.global_.offheight = max(width, spec.visual.global_.offheight)
    # The scene's own lights are left out with all that touches no physics.
    spec.visual.headlight.ambient, spec.visual.headlight.diffuse = [0.45] * 3, [0.55] * 3
    model = compile_model(spec, scene.path)
    return model, mujoco.MjData(model)


def _camera(scene: Scene) -> mujoco.MjvCamera:
    """Return a camera that looks down at the whole scene."""
    view, camera = view_of(scene), mujoco.MjvCamera()
    width, height = view.x_max - view.x_min, view.y_max - view.y_min
    camera.lookat = np.array([view.x_min + width / 2, view.y_min + height / 2, 0.0])
    camera.distance = 1.25 * max(width * 0.75, height)
    camera.azimuth, camera.elevation = 90.0, ELEVATION_DEG
    return camera
