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
from namo.learning.bundle import expected_config, load_bundle, new_network, write_bundle
from namo.learning.queries import FEATURES, Question
from namo.learning.rasters import CHANNELS, VIEWS
from namo.learning.scoring import Scorer, device_named

SIZES = {"widths": [4, 6, 8], "blocks": [1, 1, 1], "summary": 8, "hidden": 8}
without_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")

OWN_MODEL = """
import torch


class Own(torch.nn.Module):
    def __init__(self, says, shape):
        super().__init__()
        self.says, self.outputs = says, shape
        self.out = torch.nn.Linear(1, 1)

    def forward(self, rasters, features):
        if self.says == "nothing":
            raise KeyError("nothing")
        return torch.full((*features.shape[:2], self.outputs), float(self.says))
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
    """Makes a model that says the same of every candidate."""
    name = f"saying_of_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(OWN_MODEL)
    monkeypatch.syspath_prepend(tmp_path)

    def make(says, shape=2):
        folder = tmp_path / f"model_{says}_{shape}"
        folder.mkdir()
        save_file(torch.nn.Linear(1, 1).state_dict(prefix="out."), folder / "model.safetensors")
        config = {
            **expected_config("goal"),
            "architecture": {"says": says, "shape": shape},
            "class": f"{name}:Own",
            "discount": 0.5,
            "weights_sha256": sha256_of(folder / "model.safetensors"),
        }
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    return make


def question(seed, views=2, candidates=7, kind="goal"):
    """A question of random pictures and numbers; every view has a candidate or more."""
    rng = np.random.default_rng(seed)
    pixels = VIEWS["push" if kind == "goal" else "object"].pixels
    view = rng.integers(0, views, max(candidates, views))
    view[:views] = rng.permutation(views)
    return Question(
        rng.integers(0, 256, (views, len(CHANNELS), pixels, pixels), np.uint8),
        rng.normal(size=(len(view), len(FEATURES[kind]))).astype(np.float32),
        view,
        np.arange(len(view)),
    )


def values_of(scorer, questions):
    """How promising the candidates of each question are."""
    return [promise.values for promise in scorer.promises(questions)]


several = st.lists(
    st.builds(question, st.integers(0, 99), st.integers(1, 4), st.integers(1, 12)),
    min_size=1,
    max_size=4,
)


@given(several)
@hypothesis_settings(max_examples=25)
def test_a_question_has_the_same_answers_alone_and_among_others(scorer, questions):
    together = values_of(scorer, questions)
    assert [len(values) for values in together] == [len(one.numbers) for one in questions]
    for one, values in zip(questions, together, strict=True):
        assert ((values >= 0.0) & (values <= 1.0)).all()
        np.testing.assert_allclose(values_of(scorer, [one])[0], values, atol=1e-6)


def test_answers_follow_the_order_of_the_candidates(scorer):
    asked = question(5, views=3, candidates=11)
    order = np.random.default_rng(0).permutation(11)
    shuffled = Question(
        asked.rasters, asked.features[order], asked.view[order], asked.numbers[order]
    )
    expected = values_of(scorer, [asked])[0]
    np.testing.assert_allclose(values_of(scorer, [shuffled])[0], expected[order], atol=1e-6)
    assert np.ptp(expected) > 1e-3


def test_the_same_question_gives_the_same_bits(models, scorer):
    again = Scorer(models["goal"], "goal", "cpu")
    for asked in (question(1), question(2)):
        np.testing.assert_array_equal(values_of(again, [asked])[0], values_of(scorer, [asked])[0])


def test_answers_are_those_of_the_network_without_fusing(models, scorer):
    network, asked = load_bundle(models["goal"], "goal").network, question(4)
    with torch.inference_mode():
        for place, view in enumerate(asked.view.tolist()):
            raster = torch.from_numpy(asked.rasters[view : view + 1]).float() / 255.0
            features = torch.from_numpy(asked.features[place])[None, None]
            opens, leads = torch.sigmoid(network(raster, features)[0, 0]).tolist()
            (promise,) = scorer.promises([asked])
            assert promise.opens[place] == pytest.approx(opens, abs=1e-5)
            assert promise.later[place] == pytest.approx(0.7 * leads, abs=1e-5)


@pytest.mark.parametrize("says", [-1e4, -3.0, 0.0, 3.0, 1e4])
def test_a_value_is_the_chance_to_open_or_else_to_lead_there_later(own, says):
    scorer = Scorer(own(says), "goal", "cpu", trust_code=True)
    chance = 1.0 / (1.0 + np.exp(-np.clip(says, -50, 50)))
    expected = chance + (1.0 - chance) * chance * 0.5
    np.testing.assert_allclose(values_of(scorer, [question(0)])[0], expected, atol=1e-9)


def test_object_questions_are_answered_too(models):
    scorer = Scorer(models["object"], "object", "cpu")
    questions = [question(seed, 1, 1, "object") for seed in range(5)]
    values = np.concatenate(values_of(scorer, questions))
    assert values.shape == (5,)
    assert ((values >= 0.0) & (values <= 1.0)).all()


@pytest.mark.parametrize("says", ["nan", "inf"])
def test_a_model_that_says_nothing_finite_is_named(own, says):
    folder = own(says)
    with pytest.raises(ModelError) as caught:
        Scorer(folder, "goal", "cpu", trust_code=True)
    assert str(caught.value) == (
        f"{folder}: the goal model says something that is not finite (NaN)"
    )


def test_weights_so_large_that_answers_overflow_are_noticed(tmp_path):
    folder = bundle(tmp_path / "model", scale=1e30)
    with pytest.raises(ModelError, match="not finite") as caught:
        Scorer(folder, "goal", "cpu").promises([question(0)])
    assert str(folder) in str(caught.value)


def test_a_model_that_answers_in_another_shape_is_named(own):
    folder = own(0.0, shape=3)
    with pytest.raises(ModelError) as caught:
        Scorer(folder, "goal", "cpu", trust_code=True)
    assert str(folder) in str(caught.value)
    assert "answers with shape (1, 50, 3); (1, 50, 2) is needed" in str(caught.value)


def test_a_model_whose_code_fails_is_named(own):
    folder = own("nothing")
    with pytest.raises(ModelError) as caught:
        Scorer(folder, "goal", "cpu", trust_code=True)
    assert str(caught.value) == f"{folder}: the goal model: KeyError: 'nothing'"
    assert isinstance(caught.value.__cause__, KeyError)


@without_cuda
def test_cuda_where_there_is_none_says_what_to_do(models):
    with pytest.raises(ModelError, match=r"--ml-device cuda: .* use --ml-device cpu"):
        Scorer(models["goal"], "goal", "cuda")
    assert device_named("auto") == torch.device("cpu")


def test_the_cpu_can_always_be_asked_for():
    assert device_named("cpu") == torch.device("cpu")


def test_loading_and_warming_up_are_counted_and_are_no_calls(models):
    use = Scorer(models["goal"], "goal", "cpu").use
    assert use.load_s > 0.0
    assert use.warm_up_s > 0.0
    assert (use.calls, use.batches.total(), use.loads) == (0, 0, 1)
    assert use.sha256 == sha256_of(models["goal"] / "model.safetensors")
    assert use.bytes == 4 * use.parameters > 0


def test_every_call_and_every_pass_is_counted(models):
    scorer = Scorer(models["goal"], "goal", "cpu")
    with scorer.asking():
        values_of(scorer, [question(0, views=2), question(1, views=3)])
    with scorer.asking():
        values_of(scorer, [question(0, views=2)])
    with scorer.asking():
        pass  # an answer that needs no model is one too
    assert scorer.use.calls == 3
    assert dict(scorer.use.batches) == {5: 1, 2: 1}
    assert 0.0 < scorer.use.forward_s < scorer.use.seconds
    before = scorer.use.as_record()
    assert scorer.forward([question(0)]) > 0.0
    assert scorer.use.as_record() == before
