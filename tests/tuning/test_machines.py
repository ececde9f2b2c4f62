import os

import pytest

from namo.errors import UsageError
from namo.tuning.cost_model import Machine
from namo.tuning.machines import machines_of, this_machine

HERE = Machine(2, 8e9)


def described(cores=None, memory=None, nodes=None, gpus=0):
    return machines_of(cores, memory, nodes, gpus, default=HERE)


def test_this_machine_has_the_cores_that_this_process_may_use():
    here = this_machine(gpus=1)
    assert here.cores == len(os.sched_getaffinity(0))
    assert here.memory_bytes > 1e8
    assert here.numa_nodes >= 1
    assert here.gpus == 1


def test_one_value_holds_for_all_machines():
    assert described() == [HERE]
    assert described([8, 64], [32.0]) == [Machine(8, 32e9), Machine(64, 32e9)]
    two = described([8, 64], [32.0, 256.0], [1, 2], gpus=4)
    assert two == [Machine(8, 32e9, 1, 4), Machine(64, 256e9, 2, 4)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (([8],), "--cores needs --memory"),
        ((None, [32.0]), "--memory and --numa-nodes describe the machines of --cores"),
        ((None, None, [2]), "--memory and --numa-nodes describe the machines of --cores"),
        (([8, 16, 32], [1.0, 2.0]), "--memory has 2 values for 3 machines"),
        (([0], [1.0]), "--cores is 0"),
        (([8], [0.0]), "--memory is 0; allowed: more than 0"),
        (([8], [float("nan")]), "--memory is nan"),
        (([8], [1.0], [9]), "--numa-nodes is 9; allowed: integers from 1 to 8"),
    ],
)
def test_what_describes_no_machine_is_named(options, said):
    with pytest.raises(UsageError, match=said):
        described(*options)
