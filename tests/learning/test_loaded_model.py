import numpy as np
import pytest
import torch

from namo.errors import ModelError
from namo.files import sha256_of
from namo.learning import loaded_model
from namo.learning.loaded_model import LoadedModel, device_named, load_model
from namo.learning.passes import PassShape
from namo.learning.scoring import batched
from tests.learning.models import query, random_bundle

CPU = torch.device("cpu")
without_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is available")


def inputs(seed, views=2, candidates=7, kind="goal"):
    """Rasters and features of a random query."""
    return batched([query(seed, views, candidates, kind)])[:2]


@pytest.mark.parametrize("kind", ["goal", "object"])
def test_in_passes_of_a_fixed_shape_the_bits_depend_on_no_other_query(models, kind):
    model = LoadedModel(models[kind], kind, CPU, PassShape(4, 8))
    queries = [inputs(seed, views, views * count, kind) for seed, views, count in CASES]
    alone = [model.logits(*each) for each in queries]
    for order in (range(len(queries)), reversed(range(len(queries)))):
        order = list(order)
        together = model.logits_of([queries[place] for place in order])
        for place, logits in zip(order, together, strict=True):
            np.testing.assert_array_equal(logits, alone[place])


CASES = [(0, 1, 1), (1, 2, 3), (2, 5, 9), (3, 9, 1), (4, 3, 20)]
"""Seed, views and candidates per view of queries: less than a pass, and more in both ways."""


def test_passes_of_a_fixed_shape_predict_what_others_do_and_are_named(models):
    fixed = LoadedModel(models["goal"], "goal", CPU, PassShape(4, 8))
    free = load_model(models["goal"], "goal", "cpu")
    assert ", passes of 4 x 8; goal model at " in fixed.stats.platform
    assert "passes" not in free.stats.platform
    for seed, views, count in CASES:
        each = inputs(seed, views, views * count)
        np.testing.assert_allclose(fixed.logits(*each), free.logits(*each), atol=1e-5)


class Mixing(torch.nn.Module):
    """Predictions that depend on what else is in a pass."""

    def forward(self, rasters, features):
        logits = rasters.mean(dim=(1, 2, 3))[:, None, None].expand(*features.shape[:2], 2)
        return logits - logits.mean()


def test_queries_to_a_model_that_mixes_rows_share_no_pass(models, monkeypatch, caplog):
    def load(*args, **options):
        bundle = original(*args, **options)
        object.__setattr__(bundle, "network", Mixing())
        return bundle

    original = loaded_model.load_bundle
    monkeypatch.setattr(loaded_model, "load_bundle", load)
    model = LoadedModel(models["goal"], "goal", CPU, PassShape(4, 8))
    (line,) = caplog.messages
    assert line == (
        f"{models['goal']}: what the goal model predicts on 'cpu' depends on what else is in a "
        "pass; each pass holds a single query"
    )
    queries = [inputs(seed, views, views) for seed, views in ((0, 1), (1, 2))]
    alone = [model.logits(*each) for each in queries]
    for one, other in zip(model.logits_of(queries), alone, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_model_that_returns_non_finite_values_is_named(own, value):
    folder = own(value)
    with pytest.raises(ModelError) as caught:
        load_model(folder, "goal", "cpu", trust_code=True)
    assert str(caught.value) == (
        f"{folder}: the goal model returned non-finite values (NaN or infinity)"
    )


def test_weights_so_large_that_outputs_overflow_are_noticed(tmp_path):
    folder = random_bundle(tmp_path / "model", scale=1e30)
    with pytest.raises(ModelError, match="non-finite") as caught:
        load_model(folder, "goal", "cpu").logits(*batched([query(0)])[:2])
    assert str(folder) in str(caught.value)


def test_a_model_that_returns_another_shape_is_named(own):
    folder = own(0.0, shape=3)
    with pytest.raises(ModelError) as caught:
        load_model(folder, "goal", "cpu", trust_code=True)
    assert str(folder) in str(caught.value)
    assert "returned shape (1, 50, 3); expected (1, 50, 2)" in str(caught.value)


def test_a_model_whose_code_fails_is_named(own):
    folder = own("fail")
    with pytest.raises(ModelError) as caught:
        load_model(folder, "goal", "cpu", trust_code=True)
    assert str(caught.value) == f"{folder}: the goal model: KeyError: 'fail'"
    assert isinstance(caught.value.__cause__, KeyError)


@without_cuda
def test_cuda_without_a_device_says_what_to_do(models):
    with pytest.raises(ModelError, match=r"--ml-device cuda: .* use --ml-device cpu"):
        load_model(models["goal"], "goal", "cuda")
    assert device_named("auto") == torch.device("cpu")


def test_the_cpu_is_always_available():
    assert device_named("cpu") == torch.device("cpu")


def test_loading_and_warm_up_are_timed_but_are_not_calls(models):
    stats = load_model(models["goal"], "goal", "cpu").stats
    assert stats.load_s > 0.0
    assert stats.warm_up_s > 0.0
    assert (stats.calls, stats.batches.total(), stats.loads) == (0, 0, 1)
    assert stats.sha256 == sha256_of(models["goal"] / "model.safetensors")
    assert stats.bytes == 4 * stats.parameters > 0
