import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from namo.errors import ModelError
from namo.files import sha256_of
from namo.learning.architecture import new_network
from namo.learning.bundle import expected_config, load_bundle, write_bundle
from namo.learning.queries import FEATURES, Query
from namo.learning.rasters import CHANNELS, VIEWS
from namo.learning.scoring import Scorer, device_named

SIZES = {"widths": [4, 6, 8], "blocks": [1, 1, 1], "summary": 8, "hidden": 8}
without_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is available")

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


def bundle(folder, kind="goal", discount=0.7, scale=1.0):
    """A small model with random weights, the last two layers scaled."""
    torch.manual_seed(3)
    network = new_network(kind, SIZES)
    with torch.no_grad():
        network.hidden.weight *= scale
        network.out.weight *= scale
    about = {"discount": discount, "training": None, "metrics": None}
    write_bundle(folder, kind, network, SIZES, about)
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A goal and an object model. Read only."""
    folder = tmp_path_factory.mktemp("models")
    return {kind: bundle(folder / kind, kind) for kind in ("goal", "object")}


@pytest.fixture(scope="module")
def scorer(models):
    return Scorer(models["goal"], "goal", "cpu")


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Makes a model with constant logits."""
    name = f"constant_model_of_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(OWN_MODEL)
    monkeypatch.syspath_prepend(tmp_path)

    def make(value, shape=2):
        folder = tmp_path / f"model_{value}_{shape}"
        folder.mkdir()
        save_file(torch.nn.Linear(1, 1).state_dict(prefix="out."), folder / "model.safetensors")
        config = {
            **expected_config("goal"),
            "architecture": {"value": value, "shape": shape},
            "class": f"{name}:Own",
            "discount": 0.5,
            "weights_sha256": sha256_of(folder / "model.safetensors"),
        }
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    return make


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


def values_of(scorer, queries):
    """The values of the candidates of each query."""
    return [prediction.value for prediction in scorer.predict(queries)]


several = st.lists(
    st.builds(query, st.integers(0, 99), st.integers(1, 4), st.integers(1, 12)),
    min_size=1,
    max_size=4,
)


@given(several)
@hypothesis_settings(max_examples=25)
def test_a_query_has_the_same_values_alone_and_in_a_batch(scorer, queries):
    together = values_of(scorer, queries)
    assert [len(values) for values in together] == [len(one.numbers) for one in queries]
    for one, values in zip(queries, together, strict=True):
        assert ((values >= 0.0) & (values <= 1.0)).all()
        np.testing.assert_allclose(values_of(scorer, [one])[0], values, atol=1e-6)


def test_values_follow_the_order_of_the_candidates(scorer):
    one = query(5, views=3, candidates=11)
    order = np.random.default_rng(0).permutation(11)
    shuffled = Query(one.rasters, one.features[order], one.view[order], one.numbers[order])
    expected = values_of(scorer, [one])[0]
    np.testing.assert_allclose(values_of(scorer, [shuffled])[0], expected[order], atol=1e-6)
    assert np.ptp(expected) > 1e-3


def test_the_same_query_gives_the_same_bits(models, scorer):
    again = Scorer(models["goal"], "goal", "cpu")
    for one in (query(1), query(2)):
        np.testing.assert_array_equal(values_of(again, [one])[0], values_of(scorer, [one])[0])


def test_predictions_match_the_network_before_fusing(models, scorer):
    network, one = load_bundle(models["goal"], "goal").network, query(4)
    with torch.inference_mode():
        for place, view in enumerate(one.view.tolist()):
            raster = torch.from_numpy(one.rasters[view : view + 1]).float() / 255.0
            features = torch.from_numpy(one.features[place])[None, None]
            opens, leads = torch.sigmoid(network(raster, features)[0, 0]).tolist()
            (prediction,) = scorer.predict([one])
            assert prediction.opens[place] == pytest.approx(opens, abs=1e-5)
            assert prediction.p_later[place] == pytest.approx(0.7 * leads, abs=1e-5)


@pytest.mark.parametrize("logit", [-1e4, -3.0, 0.0, 3.0, 1e4])
def test_a_value_combines_opening_now_and_leading_to_it_later(own, logit):
    scorer = Scorer(own(logit), "goal", "cpu", trust_code=True)
    probability = 1.0 / (1.0 + np.exp(-np.clip(logit, -50, 50)))
    expected = probability + (1.0 - probability) * probability * 0.5
    np.testing.assert_allclose(values_of(scorer, [query(0)])[0], expected, atol=1e-9)


def test_object_queries_are_predicted_too(models):
    scorer = Scorer(models["object"], "object", "cpu")
    queries = [query(seed, 1, 1, "object") for seed in range(5)]
    values = np.concatenate(values_of(scorer, queries))
    assert values.shape == (5,)
    assert ((values >= 0.0) & (values <= 1.0)).all()


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_model_that_returns_non_finite_values_is_named(own, value):
    folder = own(value)
    with pytest.raises(ModelError) as caught:
        Scorer(folder, "goal", "cpu", trust_code=True)
    assert str(caught.value) == (
        f"{folder}: the goal model returned non-finite values (NaN or infinity)"
    )


def test_weights_so_large_that_outputs_overflow_are_noticed(tmp_path):
    folder = bundle(tmp_path / "model", scale=1e30)
    with pytest.raises(ModelError, match="non-finite") as caught:
        Scorer(folder, "goal", "cpu").predict([query(0)])
    assert str(folder) in str(caught.value)


def test_a_model_that_returns_another_shape_is_named(own):
    folder = own(0.0, shape=3)
    with pytest.raises(ModelError) as caught:
        Scorer(folder, "goal", "cpu", trust_code=True)
    assert str(folder) in str(caught.value)
    assert "returned shape (1, 50, 3); expected (1, 50, 2)" in str(caught.value)


def test_a_model_whose_code_fails_is_named(own):
    folder = own("fail")
    with pytest.raises(ModelError) as caught:
        Scorer(folder, "goal", "cpu", trust_code=True)
    assert str(caught.value) == f"{folder}: the goal model: KeyError: 'fail'"
    assert isinstance(caught.value.__cause__, KeyError)


@without_cuda
def test_cuda_without_a_device_says_what_to_do(models):
    with pytest.raises(ModelError, match=r"--ml-device cuda: .* use --ml-device cpu"):
        Scorer(models["goal"], "goal", "cuda")
    assert device_named("auto") == torch.device("cpu")


def test_the_cpu_is_always_available():
    assert device_named("cpu") == torch.device("cpu")


def test_loading_and_warm_up_are_timed_but_are_not_calls(models):
    stats = Scorer(models["goal"], "goal", "cpu").stats
    assert stats.load_s > 0.0
    assert stats.warm_up_s > 0.0
    assert (stats.calls, stats.batches.total(), stats.loads) == (0, 0, 1)
    assert stats.sha256 == sha256_of(models["goal"] / "model.safetensors")
    assert stats.bytes == 4 * stats.parameters > 0


def test_every_call_and_every_pass_is_counted(models):
    scorer = Scorer(models["goal"], "goal", "cpu")
    with scorer.timed():
        values_of(scorer, [query(0, views=2), query(1, views=3)])
    with scorer.timed():
        values_of(scorer, [query(0, views=2)])
    with scorer.timed():
        pass  # a query answered without the model counts too
    assert scorer.stats.calls == 3
    assert dict(scorer.stats.batches) == {5: 1, 2: 1}
    assert 0.0 < scorer.stats.forward_s < scorer.stats.seconds
    before = scorer.stats.as_record()
    assert scorer.time_forward([query(0)]) > 0.0
    assert scorer.stats.as_record() == before
