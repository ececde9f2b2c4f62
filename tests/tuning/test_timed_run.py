import sys

import pytest

from namo.errors import MachineError, UsageError
from namo.tuning.timed_run import Sample, TimedRun, timed_run


def script(text):
    return [sys.executable, "-c", text]


def test_a_collector_that_fails_is_named_with_its_last_line(tmp_path):
    failing = script("import sys; print('first\\nthe reason', file=sys.stderr); sys.exit(1)")
    with pytest.raises(MachineError, match="exit code 1: the reason"):
        timed_run([failing], tmp_path, None)


def test_wrong_usage_of_a_collector_is_wrong_usage(tmp_path):
    refusing = script("import sys; print('no', file=sys.stderr); sys.exit(2)")
    with pytest.raises(UsageError, match=r"^no$"):
        timed_run([refusing], tmp_path, None)


def test_no_collector_outlives_one_that_fails(tmp_path):
    slow = script("import time; time.sleep(3)")
    with pytest.raises(MachineError, match="exit code 1: it said nothing"):
        timed_run([script("raise SystemExit(1)"), slow], tmp_path, 0.1)


def test_time_in_which_others_had_the_core_is_interpolated_between_samples():
    samples = [
        Sample(10.0, 100, 0.0, {1: 0.5}),
        Sample(11.0, 300, 20.0, {1: 0.7, 2: 0.1}),
        Sample(12.0, 200, 20.0, {3: 0.4, 2: 0.3}),
    ]
    run = TimedRun(9.0, 4.0, 3.0, frozenset([1]), [], [], samples)
    assert run.peak_bytes == 300
    assert run.waited_s() == pytest.approx(0.7)
    assert run.waited_s(until_unix_s=10.5) == pytest.approx(0.6)
    assert run.waited_s(10.5, 20.0) == pytest.approx(0.1)
    assert run.waited_s(of_workers=True) == pytest.approx(0.3 + 0.4)
    assert run.waited_s(11.5, of_workers=True) == pytest.approx(0.1 + 0.4)
    assert TimedRun(9.0, 4.0, 3.0, frozenset([1]), [], [], []).peak_bytes is None
