import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from namo import signals
from namo.locks import lock_held
from namo.signals import (
    SIGNALS,
    TerminationRequested,
    check_termination,
    end_at_once_on_signals,
    ending_on_signals,
)


def request_in(work):
    """The request that ends some work; None if nothing does."""
    try:
        with ending_on_signals():
            work()
    except TerminationRequested as end:
        return end
    return None


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_raised_where_the_work_looks_and_nowhere_else(number):
    passed = []

    def work():
        os.kill(os.getpid(), number)
        passed.append("where the handler ran")
        check_termination()
        passed.append("after the check")

    end = request_in(work)
    assert passed == ["where the handler ran"]
    assert (end.number, str(end)) == (number, signal.Signals(number).name)
    assert end.exit_code == 128 + number


def test_without_a_signal_nothing_is_raised():
    with ending_on_signals():
        check_termination()
    check_termination()


def test_a_request_that_nothing_looked_at_is_raised_at_the_end():
    with pytest.raises(TerminationRequested), ending_on_signals():
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_is_not_lost_while_the_handlers_are_restored(monkeypatch):
    restore, received = signal.signal, []

    def restore_after_a_signal(number, handler):
        if not received and handler is not signals._receive:
            received.append(number)
            os.kill(os.getpid(), number)
        return restore(number, handler)

    monkeypatch.setattr(signals.signal, "signal", restore_after_a_signal)
    with pytest.raises(TerminationRequested), ending_on_signals():
        pass
    assert received


def test_a_request_is_raised_once_so_that_the_work_can_tidy_up():
    with ending_on_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(TerminationRequested):
            check_termination()
        check_termination()
    check_termination()


def test_threads_are_told_as_well_and_do_not_take_the_request_away():
    told = []

    def look_twice():
        for _ in range(2):
            try:
                check_termination()
            except TerminationRequested:
                told.append("thread")

    def work():
        os.kill(os.getpid(), signal.SIGTERM)
        thread = threading.Thread(target=look_twice)
        thread.start()
        thread.join()
        check_termination()

    assert request_in(work) is not None
    assert told == ["thread", "thread"]


def test_a_termination_request_is_not_caught_as_an_exception():
    assert not issubclass(TerminationRequested, Exception)


def test_signal_handlers_are_restored_afterwards():
    before = [signal.getsignal(number) for number in SIGNALS]
    with ending_on_signals():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_signal_that_is_ignored_stays_ignored():
    """As for a process that was started with nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_on_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            check_termination()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_block_within_another_changes_nothing():
    passed = []

    def work():
        with ending_on_signals():
            os.kill(os.getpid(), signal.SIGTERM)
        passed.append("the inner block")
        check_termination()

    assert request_in(work) is not None
    assert passed == ["the inner block"]


def test_another_thread_cannot_handle_signals_and_runs_without():
    ended = []

    def work():
        with ending_on_signals():
            ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [True]


TWICE = """
import os, signal, sys, time
from namo import signals
signals.SAME_REQUEST_S = float(sys.argv[2])
with signals.ending_on_signals():
    os.kill(os.getpid(), int(sys.argv[1]))
    time.sleep(0.05)
    os.kill(os.getpid(), int(sys.argv[1]))
    print("still here", flush=True)
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_the_process_at_once(number):
    command = [sys.executable, "-c", TWICE, str(int(number)), "0.01"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (-number, "")


def test_a_signal_that_comes_twice_is_one_request():
    """`timeout` sends its signal to the process and again to its group."""
    command = [sys.executable, "-c", TWICE, str(int(signal.SIGTERM)), "60"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "still here\n"
    assert "TerminationRequested: SIGTERM" in done.stderr


def test_worker_processes_end_at_once():
    script = "import os, sys; from namo.signals import *; from namo import signals\n"
    script += "signals.end_at_once_on_signals(); os.kill(os.getpid(), 2); print('still here')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGINT, b"")
    assert end_at_once_on_signals is signals.end_at_once_on_signals


def test_waiting_for_a_lock_ends_on_a_signal(tmp_path):
    def interrupt():
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGTERM)

    def wait():
        threading.Thread(target=interrupt).start()
        lock_held(tmp_path / "lock", "which tests", wait=True).__enter__()

    with lock_held(tmp_path / "lock", "which tests", wait=False):
        assert request_in(wait) is not None
