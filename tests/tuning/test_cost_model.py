"""The cost model: what must hold of any machine and any costs."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namo.tuning.cost_model import (
    HEADROOM,
    MAX_CHUNK,
    ROW_BYTES,
    TOLERANCE,
    Costs,
    Layout,
    Machine,
    best_layout,
    jobs_per_gpu,
    layouts,
)

TARGET_S = 1800.0
ROUNDING = 1.0 - 1e-9

SHIPPED = Costs(
    start_s=3.0,
    search_s=0.5,
    rest_s=0.5,
    write_s=0.002,
    hand_out_s=0.004,
    table_s=0.001,
    slowdown=1.1,
    slowdown_cores=2,
    process_bytes=450e6,
    worker_bytes=45e6,
    gpu_s=0.05,
)

seconds = st.floats(1e-4, 100.0)
some_costs = st.builds(
    Costs,
    start_s=seconds,
    search_s=seconds,
    rest_s=st.floats(0.0, 100.0),
    write_s=st.floats(0.0, 0.1),
    hand_out_s=st.floats(1e-4, 0.1),
    table_s=st.floats(0.0, 0.1),
    slowdown=st.floats(0.1, 10.0),
    slowdown_cores=st.integers(1, 64),
    process_bytes=st.floats(1e6, 1e10),
    worker_bytes=st.floats(1e5, 1e10),
    gpu_s=st.just(0.0) | st.floats(1e-4, 10.0),
)
some_machines = st.builds(
    Machine,
    cores=st.integers(1, 96),
    memory_bytes=st.floats(1e8, 1e12),
    numa_nodes=st.just(1),
    gpus=st.integers(0, 4),
)


def fastest(costs, machine):
    """The throughput of the fastest layout; 0 where none fits."""
    found = layouts(costs, machine, TARGET_S)
    return max((layout.throughput for layout in found), default=0.0)


@given(some_costs, some_machines, st.integers(1, 32))
def test_more_cores_never_lower_the_throughput(costs, machine, more):
    larger = replace(machine, cores=machine.cores + more)
    assert fastest(costs, larger) >= ROUNDING * fastest(costs, machine)


@given(some_costs, some_machines, st.floats(1.0, 10.0))
def test_more_memory_never_lowers_the_throughput(costs, machine, factor):
    larger = replace(machine, memory_bytes=factor * machine.memory_bytes)
    assert fastest(costs, larger) >= ROUNDING * fastest(costs, machine)


@given(some_costs, some_machines)
def test_what_is_advised_fits_the_machine(costs, machine):
    found = best_layout(costs, machine, TARGET_S)
    if found is None:
        assert Layout(costs, 1, 1, TARGET_S, machine.gpus).memory_bytes > machine.memory_bytes
        return
    assert found.memory_bytes <= machine.memory_bytes
    assert found.jobs * found.workers <= machine.cores
    assert found.workers <= machine.cores_per_numa_node
    assert 1 <= found.chunk_size <= MAX_CHUNK


@given(some_costs, some_machines)
def test_what_is_advised_is_nearly_the_fastest_and_no_fast_one_needs_less_memory(costs, machine):
    found = best_layout(costs, machine, TARGET_S)
    for other in layouts(costs, machine, TARGET_S):
        assert found.throughput >= (1.0 - TOLERANCE) * other.throughput
        if other.throughput > found.throughput:
            assert other.memory_bytes >= found.memory_bytes


@given(some_costs, some_machines)
def test_no_machine_is_faster_than_its_cores_nor_than_its_gpus(costs, machine):
    throughput = fastest(costs, machine)
    assert throughput * costs.search_s <= machine.cores / ROUNDING
    if machine.gpus:
        assert throughput * costs.gpu_s <= machine.gpus / ROUNDING


@given(some_costs, some_machines, st.floats(1.0, 10.0))
def test_slower_environments_never_raise_the_throughput(costs, machine, factor):
    slower = replace(costs, search_s=factor * costs.search_s)
    assert fastest(slower, machine) <= fastest(costs, machine) / ROUNDING


@given(some_costs, st.integers(1, 64))
def test_more_workers_idle_longer_at_the_end_and_need_more_memory(costs, workers):
    few, more = (Layout(costs, 1, number, TARGET_S) for number in (workers, workers + 1))
    assert more.idle_s >= few.idle_s
    assert more.job_mb >= few.job_mb
    assert Layout(costs, 1, 1, TARGET_S).idle_s == 0.0


@given(some_costs, st.integers(1, 8), st.integers(1, 64))
def test_the_slowdown_is_that_measured_and_never_more_than_sharing_a_core(costs, jobs, busy):
    assert costs.slowdown_of(1) == 1.0
    assert 1.0 <= costs.slowdown_of(busy) <= max(busy, 1)
    assert costs.slowdown_of(busy + jobs) >= costs.slowdown_of(busy)
    if 1.0 <= costs.slowdown <= costs.slowdown_cores:
        measured = costs.slowdown if costs.slowdown_cores > 1 else 1.0
        assert costs.slowdown_of(costs.slowdown_cores) == pytest.approx(measured)


def test_a_job_takes_what_the_formula_says():
    layout = Layout(SHIPPED, jobs=1, workers=2, target_s=TARGET_S)
    cycle_s = 0.5 * 1.1 + 0.002 + 0.004
    assert layout.rate == pytest.approx(2 / cycle_s)
    assert layout.job_s(100) == pytest.approx(3.0 + 100 * cycle_s / 2 + 0.5 * 0.5 + 100 * 0.001)
    assert layout.chunk_size == pytest.approx(TARGET_S * 2 / cycle_s)
    needed_mb = (HEADROOM * 495e6 + layout.chunk_size * ROW_BYTES) / 1e6
    assert needed_mb <= layout.mem_mb < needed_mb + 50
    assert layout.job_mb == layout.mem_mb + 100


def test_workers_share_memory_until_one_process_cannot_hand_out_fast_enough():
    found = best_layout(SHIPPED, Machine(128, 512e9), TARGET_S)
    assert found.workers >= 8
    slow = replace(SHIPPED, hand_out_s=0.1)
    assert best_layout(slow, Machine(128, 512e9), TARGET_S).workers <= 0.5 * 1.1 / 0.1 + 1


def test_large_models_leave_no_room_for_processes_but_for_workers():
    large = replace(SHIPPED, process_bytes=10e9)
    found = best_layout(large, Machine(64, 64e9), TARGET_S)
    assert found.jobs <= 3
    assert found.jobs * found.workers >= 60


def test_workers_stay_on_a_numa_node():
    assert best_layout(SHIPPED, Machine(8, 64e9, numa_nodes=1), TARGET_S).workers == 8
    found = best_layout(SHIPPED, Machine(8, 64e9, numa_nodes=4), TARGET_S)
    assert (found.jobs, found.workers) == (4, 2)


def test_a_gpu_gets_as_many_jobs_as_keep_it_busy():
    assert jobs_per_gpu(SHIPPED) == 11  # 0.506 s per environment, of which 0.05 s for models
    found = best_layout(SHIPPED, Machine(64, 256e9, gpus=2), TARGET_S)
    assert (found.jobs, found.workers) == (22, 1)
    assert best_layout(SHIPPED, Machine(8, 256e9, gpus=2), TARGET_S).jobs == 8


def test_nothing_is_advised_where_nothing_fits():
    assert best_layout(SHIPPED, Machine(8, 0.5e9), TARGET_S) is None
