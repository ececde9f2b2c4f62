import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from namo.learning.loaded_model import load_model
from namo.learning.model_platform import model_platform
from tests.conftest import random_bundle

CPU = torch.device("cpu")

PREDICTED = """
import sys
from pathlib import Path
from namo.learning.loaded_model import load_model
print(load_model(Path(sys.argv[1]), "goal", "cpu").stats.platform)
"""


def test_the_platform_names_torch_and_its_kernels():
    text = model_platform("goal", CPU, None, [np.zeros((1, 2, 2))])
    assert text.startswith(f"torch {torch.__version__}, ")
    assert f"{torch.backends.cpu.get_cpu_capability()} kernels" in text
    assert "goal model at " in text


def test_another_last_bit_is_another_platform():
    logits = np.ones((1, 2, 2))
    other = logits.copy()
    other[0, 1, 1] = np.nextafter(1.0, 2.0)
    assert model_platform("goal", CPU, None, [logits]) == model_platform(
        "goal", CPU, None, [logits.copy()]
    )
    assert model_platform("goal", CPU, None, [logits]) != model_platform("goal", CPU, None, [other])


def test_a_scorer_knows_its_platform(tmp_path):
    bundle = random_bundle(tmp_path / "goal", "goal")
    texts = {load_model(bundle, "goal", "cpu").stats.platform for _ in range(2)}
    (text,) = texts
    assert "goal model at " in text


@pytest.mark.slow
def test_kernels_of_another_processor_are_another_platform(tmp_path):
    """As far as this processor can imitate them."""
    bundle = random_bundle(tmp_path / "goal", "goal")

    def platform(**variables):
        command = [sys.executable, "-c", PREDICTED, str(bundle)]
        done = subprocess.run(
            command, env=os.environ | variables, capture_output=True, text=True, check=True
        )
        return done.stdout

    here = platform()
    assert platform() == here
    if torch.backends.cpu.get_cpu_capability() != "DEFAULT":
        assert platform(ATEN_CPU_CAPABILITY="default") != here
