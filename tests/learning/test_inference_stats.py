import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.learning.inference_stats import InferenceStats, sum_stats

FRACTIONS = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}

latencies = st.lists(st.floats(1e-7, 1e4), min_size=1, max_size=60)
passes = st.lists(st.tuples(st.integers(1, 40), st.floats(0.0, 1.0)), max_size=20)


def stats(kind="goal", sha256="a", device="cpu", **numbers):
    return InferenceStats(kind, "models/x", sha256, 10, 40, device, **numbers)


def record(queries=(), passes=(), **about):
    """The record of a process with these queries and passes, as it is stored."""
    counted = stats(**about)
    for seconds in queries:
        counted.count_query(seconds)
    for rasters, seconds in passes:
        counted.count_pass(rasters, seconds)
    return json.loads(json.dumps(counted.as_record()))


@given(latencies)
def test_quantiles_match_numpy_within_one_per_cent(seconds):
    (total,) = sum_stats([record(seconds)])
    for name, fraction in FRACTIONS.items():
        exact = 1000.0 * np.quantile(seconds, fraction, method="inverted_cdf")
        assert total["latency_ms"][name] == pytest.approx(exact, rel=0.01), name


def test_quantiles_of_many_calls_are_within_one_per_cent():
    seconds = np.random.default_rng(0).lognormal(-6.0, 1.5, 20_000)
    (total,) = sum_stats([record(part) for part in np.array_split(seconds, 7)])
    for name, fraction in FRACTIONS.items():
        assert total["latency_ms"][name] == pytest.approx(
            1000.0 * np.quantile(seconds, fraction), rel=0.01
        )
    assert len(record(seconds)["latencies"]) < 1500


@given(st.lists(st.tuples(latencies, passes), min_size=1, max_size=5))
def test_records_of_processes_add_up_to_that_of_a_single_process(processes):
    (total,) = sum_stats(record(*process) for process in processes)
    all_queries = [seconds for process in processes for seconds in process[0]]
    all_passes = [each for process in processes for each in process[1]]
    (alone,) = sum_stats([record(all_queries, all_passes)])
    assert total.pop("loads") == len(processes)
    assert alone.pop("loads") == 1
    for name in ("seconds", "forward_s"):
        assert total.pop(name) == pytest.approx(alone.pop(name))
    assert total == alone
    assert total["calls"] == len(all_queries)
    rasters = [count for count, _ in all_passes]
    assert total["largest_batch"] == max(rasters, default=0)
    assert total["mean_batch"] == pytest.approx(np.mean(rasters) if rasters else 0.0)


def test_loading_and_warming_up_are_added():
    times = [{"load_s": 1.0, "warm_up_s": 0.5}, {"load_s": 2.0, "warm_up_s": 0.25}]
    (total,) = sum_stats(record(**one) for one in times)
    assert (total["load_s"], total["warm_up_s"], total["loads"]) == (3.0, 0.75, 2)


def test_models_are_distinguished_by_kind_weights_and_device():
    records = [record([0.1]), record([0.1], kind="object"), record([0.1], sha256="b")]
    records += [record([0.1], device="cuda"), record([0.2, 0.3])]
    totals = sum_stats(records)
    assert [(one["kind"], one["sha256"], one["device"], one["calls"]) for one in totals] == [
        ("goal", "a", "cpu", 3),
        ("goal", "a", "cuda", 1),
        ("goal", "b", "cpu", 1),
        ("object", "a", "cpu", 1),
    ]


def test_a_model_that_was_never_queried_has_no_latency():
    (total,) = sum_stats([record()])
    assert (total["calls"], total["latency_ms"], total["mean_batch"]) == (0, {}, 0.0)
    assert sum_stats([]) == []


def test_a_query_of_zero_duration_is_counted():
    (total,) = sum_stats([record([0.0])])
    assert total["calls"] == 1
    assert total["seconds"] == 0.0
