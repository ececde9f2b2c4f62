import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from namo.learning.bundle import load_bundle
from namo.learning.loaded_model import load_model
from namo.learning.queries import Query
from namo.learning.scoring import Scorer, batched
from tests.learning.models import query


@pytest.fixture(scope="module")
def scorer(models):
    return Scorer(load_model(models["goal"], "goal", "cpu"))


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
    again = Scorer(load_model(models["goal"], "goal", "cpu"))
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
    scorer = Scorer(load_model(own(logit), "goal", "cpu", trust_code=True))
    probability = 1.0 / (1.0 + np.exp(-np.clip(logit, -50, 50)))
    expected = probability + (1.0 - probability) * probability * 0.5
    np.testing.assert_allclose(values_of(scorer, [query(0)])[0], expected, atol=1e-9)


def test_object_queries_are_predicted_too(models):
    scorer = Scorer(load_model(models["object"], "object", "cpu"))
    queries = [query(seed, 1, 1, "object") for seed in range(5)]
    values = np.concatenate(values_of(scorer, queries))
    assert values.shape == (5,)
    assert ((values >= 0.0) & (values <= 1.0)).all()


def test_every_call_and_every_pass_is_counted(models):
    model = load_model(models["goal"], "goal", "cpu")
    scorer = Scorer(model)
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
    assert model.time_forward(*batched([query(0)])[:2]) > 0.0
    assert scorer.stats.as_record() == before
