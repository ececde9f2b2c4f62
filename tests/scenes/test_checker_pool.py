import pytest

from namo.scenes.checker_pool import checked_in_parallel
from namo.scenes.checker_process import CheckerProcess, GaveUpError
from tests.scenes.test_checker_process import act, prepare


def results(orders, jobs, limit_s=60.0):
    return list(checked_in_parallel(lambda: CheckerProcess(act, prepare, limit_s), orders, jobs))


def test_tasks_are_shared_between_processes_and_a_crash_costs_one():
    orders = ["work"] * 5 + ["crash"] + ["work"] * 5
    found = results(orders, 2)
    assert sorted(task for task, _ in found) == sorted(orders)
    (crashed,) = [result for task, result in found if task == "crash"]
    assert isinstance(crashed, GaveUpError)
    workers = {result for task, result in found if task == "work"}
    assert 1 <= len(workers) <= 3  # two, and the one in place of the dead


def test_nothing_is_started_for_nothing():
    def new_checker():
        pytest.fail("no checker is needed")

    assert list(checked_in_parallel(new_checker, [], 4)) == []


def test_a_bug_ends_the_caller_instead_of_blocking_it():
    with pytest.raises(Exception, match="local object"):
        results([lambda: None], 1)
