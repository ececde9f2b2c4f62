"""Plans rendered by MuJoCo: off screen with OpenGL, or in MuJoCo's viewer."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence

import mujoco
import numpy as np

from namo.errors import NamoError
from namo.geometry import Floats
from namo.scenes.drawing import view_of
from namo.scenes.mjcf.compiling import compile_model, compile_spec
from namo.scenes.scene import Scene
from namo.scenes.topdown import RgbImage
from namo.world.recording import FRAME_S

ELEVATION_DEG = -60.0


def render_frames(scene: Scene, joints: Sequence[Floats], width: int) -> Iterator[RgbImage]:
    """Yield MuJoCo's image (height, width, 3) of each state.

    Args:
        scene: scene to render.
        joints: MuJoCo's `qpos` (nq,) of each state: positions (m) and quaternions.
        width: of the images (pixels); the height is three quarters of it.

    Raises:
        NamoError: no OpenGL backend works on this machine.
    """
    model, data = _model(scene, width)
    try:
        renderer = mujoco.Renderer(model, 3 * width // 4, width)
    except Exception as error:  # each backend raises its own type
        raise NamoError(
            f"--render needs OpenGL, and no backend works here ({type(error).__name__}: {error}); "
            "try MUJOCO_GL=egl or osmesa, or leave --render out for a top-down drawing"
        ) from error
    with renderer:
        camera = _camera(scene)
        for positions in joints:
            data.qpos[:] = positions
            mujoco.mj_forward(model, data)
            renderer.update_scene(data, camera)
            yield renderer.render().copy()


def show_in_viewer(scene: Scene, joints: Sequence[Floats]) -> None:
    """Play a plan in MuJoCo's viewer, in a loop, until the window is closed.

    Args:
        scene: scene to show.
        joints: MuJoCo's `qpos` (nq,), `FRAME_S` apart: positions (m) and quaternions.

    Raises:
        NamoError: no display is available.
    """
    import glfw
    import mujoco.viewer

    with warnings.catch_warnings(record=True) as caught:  # glfw reports its errors as warnings
        warnings.simplefilter("always")
        if not glfw.init():
            reason = "; ".join(str(each.message) for each in caught)
            raise NamoError(f"--viewer needs a display ({reason}); --gif FILE needs none")
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
    # Compiling drops the scene's own lights with everything else that does not affect physics.
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
