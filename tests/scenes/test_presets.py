import subprocess
import sys

import mujoco
import pytest

from namo.scenes.presets import PHYSICS_PRESETS


def test_these_are_the_presets():
    # Each is tested in test_physics.py; a new one needs a case there.
    assert list(PHYSICS_PRESETS) == ["scene", "fast", "accurate"]


def test_the_preset_scene_sets_nothing():
    assert PHYSICS_PRESETS["scene"] == {}


@pytest.mark.parametrize("name", ["fast", "accurate"])
def test_options_of_a_preset_are_known_to_mujoco(name):
    options = PHYSICS_PRESETS[name]
    plain = " ".join(f'{key}="{text}"' for key, text in options.items() if "/" not in key)
    flags = " ".join(
        f'{key.removeprefix("flag/")}="{text}"' for key, text in options.items() if "/" in key
    )
    model = mujoco.MjModel.from_xml_string(
        f"<mujoco><option {plain}><flag {flags}/></option></mujoco>"
    )
    assert model.opt.timestep == float(options["timestep"])


def test_presets_are_named_without_loading_mujoco():
    code = "import sys, namo.scenes.presets; print('mujoco' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
