"""Models for tests of inference: small ones with random weights, and one with constant logits."""

import json

import numpy as np
import torch
from safetensors.torch import save_file

from namo.files import sha256_of
from namo.learning.architecture import new_network
from namo.learning.bundle import expected_config, write_bundle
from namo.learning.queries import FEATURES, Query
from namo.learning.rasters import CHANNELS, VIEWS

SIZES = {"widths": [4, 6, 8], "blocks": [1, 1, 1], "summary": 8, "hidden": 8}

OWN_MODEL = """
import torch


class Own(torch.nn.Module):
    def __init__(self, value, shape):
        super().__init__()
        self.value, self.outputs = value, shape
        self.out = torch.nn.Linear(1, 1)

    def forward(self, rasters, features):
        if self.value == "fail":
            raise KeyError("fail")
        return torch.full((*features.shape[:2], self.outputs), float(self.value))
"""


def random_bundle(folder, kind="goal", discount=0.7, scale=1.0):
    """A small model with random weights, the last two layers scaled."""
    torch.manual_seed(3)
    network = new_network(kind, SIZES)
    with torch.no_grad():
        network.hidden.weight *= scale
        network.out.weight *= scale
    about = {"discount": discount, "training": None, "metrics": None}
    write_bundle(folder, kind, network, SIZES, about)
    return folder


def constant_bundle(folder, value, shape=2):
    """A model with constant logits, whose class is in a module beside it; returns its folder."""
    name = f"constant_model_of_{folder.name}".replace("-", "_")
    (folder / f"{name}.py").write_text(OWN_MODEL)
    made = folder / f"model_{value}_{shape}"
    made.mkdir()
    save_file(torch.nn.Linear(1, 1).state_dict(prefix="out."), made / "model.safetensors")
    config = {
        **expected_config("goal"),
        "architecture": {"value": value, "shape": shape},
        "class": f"{name}:Own",
        "discount": 0.5,
        "weights_sha256": sha256_of(made / "model.safetensors"),
    }
    (made / "config.json").write_text(json.dumps(config))
    return made


def query(seed, views=2, candidates=7, kind="goal"):
    """A query of random rasters and features; every view has at least one candidate."""
    rng = np.random.default_rng(seed)
    pixels = VIEWS["push" if kind == "goal" else "object"].pixels
    view = rng.integers(0, views, max(candidates, views))
    view[:views] = rng.permutation(views)
    return Query(
        rng.integers(0, 256, (views, len(CHANNELS), pixels, pixels), np.uint8),
        rng.normal(size=(len(view), len(FEATURES[kind]))).astype(np.float32),
        view,
        np.arange(len(view)),
    )
