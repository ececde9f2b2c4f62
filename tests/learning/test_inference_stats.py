import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.learning.inference_stats import ModelUse, summed

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}

latencies = st.lists(st.floats(1e-7, 1e4), min_size=1, max_size=60)
passes = st.lists(st.tuples(st.integers(1, 40), st.floats(0.0, 1.0)), max_size=20)


def use(kind="goal", sha256="a", device="cpu", **numbers):
    return ModelUse(kind, "models/x", sha256, 10, 40, device, **numbers)


def record(asked=(), passed=(), **about):
    """What a process with these questions and passes leaves, as its file holds it."""
    counted = use(**about)
    for seconds in asked:
        counted.asked(seconds)
    for rasters, seconds in passed:
        counted.passed(rasters, seconds)
    return json.loads(json.dumps(counted.as_record()))


@given(latencies)
def test_quantiles_are_those_of_numpy_to_a_hundredth(seconds):
    (total,) = summed([record(seconds)])
    for name, share in SHARES.items():
        exact = 1000.0 * np.quantile(seconds, share, method="inverted_cdf")
        assert total["latency_ms"][name] == pytest.approx(exact, rel=0.01), name


def test_quantiles_of_many_calls_are_exact_to_a_hundredth():
    seconds = np.random.default_rng(0).lognormal(-6.0, 1.5, 20_000)
    (total,) = summed([record(part) for part in np.array_split(seconds, 7)])
    for name, share in SHARES.items():
        assert total["latency_ms"][name] == pytest.approx(
            1000.0 * np.quantile(seconds, share), rel=0.01
        )
    assert len(record(seconds)["latencies"]) < 1500


@given(st.lists(st.tuples(latencies, passes), min_size=1, max_size=5))
def test_processes_add_up_to_one_that_did_everything(processes):
    (total,) = summed(record(*process) for process in processes)
    asked = [seconds for process in processes for seconds in process[0]]
    passed = [one for process in processes for one in process[1]]
    (alone,) = summed([record(asked, passed)])
    assert total.pop("loads") == len(processes)
    assert alone.pop("loads") == 1
    for name in ("seconds", "forward_s"):
        assert total.pop(name) == pytest.approx(alone.pop(name))
    assert total == alone
    assert total["calls"] == len(asked)
    rasters = [count for count, _ in passed]
    assert total["largest_batch"] == max(rasters, default=0)
    assert total["mean_batch"] == pytest.approx(np.mean(rasters) if rasters else 0.0)


def test_loading_and_warming_up_are_added():
    times = [{"load_s": 1.0, "warm_up_s": 0.5}, {"load_s": 2.0, "warm_up_s": 0.25}]
    (total,) = summed(record(**one) for one in times)
    assert (total["load_s"], total["warm_up_s"], total["loads"]) == (3.0, 0.75, 2)


def test_models_are_told_apart_by_kind_weights_and_device():
    records = [record([0.1]), record([0.1], kind="object"), record([0.1], sha256="b")]
    records += [record([0.1], device="cuda"), record([0.2, 0.3])]
    totals = summed(records)
    assert [(one["kind"], one["sha256"], one["device"], one["calls"]) for one in totals] == [
        ("goal", "a", "cpu", 3),
        ("goal", "a", "cuda", 1),
        ("goal", "b", "cpu", 1),
        ("object", "a", "cpu", 1),
    ]


def test_a_model_that_was_never_asked_has_no_latency():
    (total,) = summed([record()])
    assert (total["calls"], total["latency_ms"], total["mean_batch"]) == (0, {}, 0.0)
    assert summed([]) == []


def test_a_clock_that_stood_still_is_no_error():
    (total,) = summed([record([0.0])])
    assert total["calls"] == 1
    assert total["seconds"] == 0.0
