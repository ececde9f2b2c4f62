import os
import signal
import time

import pytest

from namo.scenes.checker_process import CheckerProcess, GaveUpError


def prepare():
    """Load nothing."""


def act(order):
    """Do what a file can make a checker do, and return the process that did it."""
    match order:
        case "hang":
            time.sleep(60.0)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exit":
            os._exit(3)
    return os.getpid()


def test_results_come_from_one_other_process():
    with CheckerProcess(act, prepare, 60.0) as checker:
        pids = {checker("work") for _ in range(3)}
    assert len(pids) == 1
    assert os.getpid() not in pids
    with pytest.raises(ProcessLookupError):
        os.kill(pids.pop(), 0)


@pytest.mark.parametrize(
    ("order", "limit_s", "said"),
    [
        ("hang", 0.1, "still being read after 0.1 s (--time-limit)"),
        ("crash", 60.0, "the process that read it died (signal 11)"),
        ("exit", 60.0, "the process that read it died (exit code 3)"),
    ],
)
def test_a_call_without_a_result_is_explained_and_the_next_one_works(order, limit_s, said):
    with CheckerProcess(act, prepare, limit_s) as checker:
        with pytest.raises(GaveUpError) as caught:
            checker(order)
        assert str(caught.value) == said
        assert checker("work") != os.getpid()


def test_an_interrupt_does_not_reach_the_checker():
    with CheckerProcess(act, prepare, 60.0) as checker:
        pid = checker("work")
        os.kill(pid, signal.SIGINT)
        assert checker("work") == pid
