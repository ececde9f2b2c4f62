import resource
import sys

import pytest
import torch
from safetensors.torch import save_file

from namo.learning.architecture import new_network
from namo.learning.bundle import load_bundle
from namo.learning.bundle_files import CONFIG, WEIGHTS
from namo.learning.queries import BASE_FEATURES, FEATURES
from tests.learning.conftest import SIZES, assert_refused, change, outputs, seal


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("widths", [10**9, 3, 4]),
        ("widths", [2, 3]),
        ("widths", 2),
        ("widths", [True, 3, 4]),
        ("widths", ["2", 3, 4]),
        ("widths", {}),
        ("blocks", [1, -1, 1]),
        ("blocks", [1, 65, 1]),
        ("blocks", [10**30, 1, 1]),
        ("summary", 0),
        ("summary", -5),
        ("summary", False),
        ("summary", [5]),
        ("summary", 5.0),
        ("hidden", 10**9),
        ("hidden", None),
        ("channels", 4),
        ("sample_at", [[0, 10**6]]),
        ("device", "cuda"),
    ],
)
def test_invalid_sizes_are_named(bundle, name, value):
    change(bundle, architecture={"name": "candidate_net", **SIZES, name: value})
    assert_refused(bundle, CONFIG, f"architecture: {name} is {value!r}")


def test_sizes_too_large_only_in_combination_allocate_no_memory(bundle):
    unit = 1 if sys.platform == "darwin" else 1024  # bytes; the kernels disagree
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for sizes in (
        {"widths": [1, 1, 8192], "summary": 8192},
        {"widths": [2048, 2048, 2048], "blocks": [64, 64, 64]},
        {"widths": [8192, 1, 8192], "blocks": [64, 64, 64]},
    ):
        change(bundle, architecture={"name": "candidate_net", **SIZES, **sizes})
        assert_refused(bundle, CONFIG)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * unit < 200e6


@pytest.mark.parametrize("name", ["resnet", None, 3, ["candidate_net"], {}])
def test_an_unknown_architecture_is_named_with_the_known_one(bundle, name):
    change(bundle, architecture={"name": name, **SIZES})
    assert_refused(bundle, CONFIG)
    change(bundle, architecture={**SIZES})
    assert_refused(bundle, CONFIG, "architecture is None; expected 'candidate_net'")


CUSTOM_MODEL = """
from pathlib import Path
import torch

Path({mark!r}).touch()


class Custom(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.out = torch.nn.Linear({features}, width)

    def forward(self, rasters, features):
        return self.out(features) + rasters.mean()


def not_a_module(width):
    return [width]
"""


@pytest.fixture
def custom(bundle, tmp_path, monkeypatch):
    """A bundle with a custom class, and the file that its module creates when imported."""
    name = f"custom_model_of_{tmp_path.name}".replace("-", "_")
    mark, features = tmp_path / "imported", len(FEATURES["goal"])
    (tmp_path / f"{name}.py").write_text(CUSTOM_MODEL.format(mark=str(mark), features=features))
    monkeypatch.syspath_prepend(tmp_path)
    save_file(torch.nn.Linear(features, 2).state_dict(prefix="out."), bundle / WEIGHTS)
    change(bundle, architecture={"width": 2}, **{"class": f"{name}:Custom"})
    seal(bundle)
    return bundle, mark, name


def test_a_custom_class_works_if_trusted(custom):
    bundle, mark, _ = custom
    loaded = load_bundle(bundle, "goal", trust_code=True)
    assert mark.exists()
    assert outputs(loaded.network).shape == (2, 3, 2)
    assert not loaded.network.training


def test_a_custom_class_is_not_imported_unless_trusted(custom):
    bundle, mark, name = custom
    assert_refused(bundle, CONFIG, f"class is '{name}:Custom'", "--trust-model-code")
    assert not mark.exists()


@pytest.mark.parametrize(
    "named",
    [
        *("no_such_module_at_all:Custom", "{}:Other", "{}", ":Custom", ""),
        *("{}:not_a_module", "{}:Custom.x"),
    ],
)
def test_a_class_that_cannot_be_imported_is_named(custom, named):
    bundle, _, name = custom
    named = named.format(name)
    change(bundle, **{"class": named})
    assert_refused(bundle, CONFIG, named, trust_code=True)


@pytest.mark.parametrize("text", ["def (", "raise KeyError('x')", "x = y"])
def test_a_broken_module_is_named(custom, tmp_path, text):
    bundle, _, name = custom
    (tmp_path / f"{name}_broken.py").write_text(text)
    change(bundle, **{"class": f"{name}_broken:Custom"})
    assert_refused(bundle, CONFIG, f"{name}_broken:Custom", trust_code=True)


def test_a_class_with_other_arguments_is_named(custom):
    bundle, _, name = custom
    change(bundle, architecture={"height": 2})
    assert_refused(bundle, CONFIG, f"{name}:Custom", "height", trust_code=True)


@pytest.mark.parametrize("left_out", [*BASE_FEATURES, None])
def test_a_goal_model_starts_from_the_log_odds_of_the_ways_if_it_gets_both(left_out):
    features = [name for name in FEATURES["goal"] if name != left_out]
    expected = [] if left_out else [features.index(name) for name in BASE_FEATURES]
    assert new_network("goal", SIZES, features).base == expected
    assert new_network("object", SIZES).base == []
