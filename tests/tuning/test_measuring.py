"""Times of runs, from what is known of their processes; `tests/commands/test_tune.py` measures."""

import pytest

from namo.tuning import measuring
from namo.tuning.timed_run import Sample, TimedRun

PART = {"began_unix_s": 103.0, "duration_s": 10.0, "environments": 4}
RECORDS = {number: {"processing_time": 2.0} for number in range(4)}


def run_with(*samples):
    """A run of process 1, at work from 103 s to 113 s; its tables are complete at 114 s."""
    return TimedRun(100.0, 14.5, 9.0, frozenset([1]), [PART], [114.0], samples)


ALONE = run_with(
    Sample(103.0, 100, 0.0, {1: 0.5}),
    Sample(113.0, 100, 0.0, {1: 2.5}),
    Sample(114.0, 100, 0.0, {1: 2.9}),
    Sample(114.4, 100, 0.0, {1: 3.1}),
)
WITH_WORKERS = run_with(
    Sample(103.0, 100, 0.0, {1: 0.5}), Sample(113.0, 100, 50.0, {1: 9.0, 2: 1.0, 3: 3.0})
)


def test_a_start_is_what_is_before_and_after_the_environments_without_waiting():
    assert measuring._start_s(ALONE) == pytest.approx(14.5 - 10.0 - 0.5 - 0.6)


@pytest.mark.parametrize(("run", "waited_s"), [(ALONE, 2.0), (WITH_WORKERS, 4.0)])
def test_environments_are_charged_what_their_processes_did_not_wait(run, waited_s):
    assert measuring._work_fraction(run, RECORDS) == pytest.approx(1.0 - waited_s / 8.0)


def test_a_query_is_the_time_of_all_over_their_number():
    use = {"kind": "goal", "load_s": 0.2, "warm_up_s": 0.1, "seconds": 0.5, "latencies": {"3": 8}}
    cost = measuring._model_cost(use, ALONE, RECORDS)
    assert (cost.kind, cost.load_s, cost.queries) == ("goal", pytest.approx(0.3), 2.0)
    assert cost.query_s == pytest.approx(0.75 * 0.5 / 8)
    assert measuring._model_cost(use | {"latencies": {}}, ALONE, RECORDS).query_s == 0.0
