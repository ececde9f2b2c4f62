"""A small bundle to damage, and what the tests of bundles and architectures share."""

import hashlib
import json
import shutil
from functools import partial
from pathlib import Path

import pytest
import torch

from namo.errors import ModelError, UsageError
from namo.learning.architecture import new_network
from namo.learning.bundle import load_bundle, write_bundle
from namo.learning.bundle_files import CONFIG, WEIGHTS
from namo.learning.queries import FEATURES
from namo.learning.rasters import CHANNELS, VIEWS
from tests.learning.models import constant_bundle, random_bundle

SIZES = {"widths": [2, 3, 4], "blocks": [1, 1, 1], "summary": 5, "hidden": 6}
ABOUT = {"discount": 0.7, "training": {"seed": 3}, "metrics": None}


def outputs(network, kind="goal"):
    """The outputs of a network for a fixed random input."""
    generator = torch.Generator().manual_seed(0)
    pixels = VIEWS["push" if kind == "goal" else "object"].pixels
    rasters = torch.rand(2, len(CHANNELS), pixels, pixels, generator=generator)
    with torch.inference_mode():
        return network(rasters, torch.rand(2, 3, len(FEATURES[kind]), generator=generator))


def small_network(kind="goal", sizes=SIZES):
    torch.manual_seed(0)
    return new_network(kind, sizes).eval()


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    """A small bundle. Read only."""
    folder = tmp_path_factory.mktemp("bundles") / "intact"
    write_bundle(folder, "goal", small_network(), SIZES, ABOUT, ["b", "a"])
    return folder


@pytest.fixture
def bundle(intact, tmp_path):
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(intact, tmp_path / "bundle"))


def change(bundle, **values):
    """Write other values into the config; those that are `...` are removed."""
    config = json.loads((bundle / CONFIG).read_text()) | values
    config = {name: value for name, value in config.items() if value is not ...}
    (bundle / CONFIG).write_text(json.dumps(config))


def seal(bundle):
    """Write the checksum of the weights as they are into the config."""
    change(bundle, weights_sha256=hashlib.sha256((bundle / WEIGHTS).read_bytes()).hexdigest())


def assert_refused(bundle, *expected, kind="goal", **options):
    """Loading fails with a message that names the bundle and contains these texts."""
    with pytest.raises(ModelError) as caught:
        load_bundle(bundle, kind, **options)
    assert isinstance(caught.value, UsageError)  # exit code 2
    for text in (str(bundle), *expected):
        assert str(text) in str(caught.value)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A goal and an object model with random weights. Read only."""
    folder = tmp_path_factory.mktemp("models")
    return {kind: random_bundle(folder / kind, kind) for kind in ("goal", "object")}


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Makes a model with constant logits."""
    monkeypatch.syspath_prepend(tmp_path)
    return partial(constant_bundle, tmp_path)
