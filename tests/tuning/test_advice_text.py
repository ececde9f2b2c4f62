import io
import re

import pytest
from rich.console import Console

from namo.tuning.advice_text import rounded_chunk_size, show
from namo.tuning.cost_model import Costs, Layout, Machine, best_layout
from namo.tuning.measuring import Check, Measured, ModelCost

COSTS = Costs(3.0, 0.5, 0.4, 0.002, 0.004, 0.001, 1.1, 2, 450e6, 45e6, gpu_s=0.05)
MEASURED = Measured(COSTS, [ModelCost("goal", 0.2, 8.0, 0.0031)], [Check(1, 2, 24, 9.5, 9.4, 5e8)])


def printed(*machines, target_s=1800.0):
    console = Console(width=110, record=True, file=io.StringIO())
    show(console, MEASURED, machines, Machine(2, 8e9), target_s)
    return console.export_text()


def test_advice_can_be_copied_to_the_command_line():
    text = printed(Machine(64, 256e9))
    layout = best_layout(COSTS, Machine(64, 256e9), 1800.0)
    (command,) = re.findall(r"^    snakemake .*$", text, re.MULTILINE)
    assert f"--cores {layout.jobs * layout.workers} " in command
    for name, value in (
        ("workers", layout.workers),
        ("chunk_size", rounded_chunk_size(layout)),
        ("mem_mb", layout.mem_mb),
        ("worker_mem_mb", layout.worker_mem_mb),
        ("runtime", 120),
    ):
        assert f" {name}={value}" in command
    assert re.search(rf"^ *64 +256 +1 +0 +{layout.jobs} +{layout.workers} ", text, re.MULTILINE)
    assert "No more than 2 cores were at work here" in text
    assert "numactl" not in text


def test_costs_are_printed_with_their_units():
    text = printed(Machine(2, 8e9))
    assert re.search(r"start and end of a process +3\.00 s", text)
    assert re.search(r"queries of the goal model +8\.00 of 3\.10 ms", text)
    assert re.search(r"handing it out, 64 simulated workers +4\.00 ms", text)
    assert re.search(r"memory of a worker +45 MB", text)
    assert re.search(r"1 +2 +24 +9\.50 +9\.40 +500", text)
    assert "No more than" not in text


def test_what_fits_nowhere_is_said_and_gpus_and_numa_nodes_are_remarked_on():
    text = printed(Machine(8, 0.2e9), Machine(64, 256e9, numa_nodes=2), Machine(64, 256e9, gpus=2))
    assert re.search(r"8 cores, 0\.2 GB: a job needs \d+ MB", text)
    assert text.count("    snakemake ") == 2
    assert "--resources gpu=22" in text
    assert "numactl --cpunodebind=0 --membind=0" in " ".join(text.split())
    assert "so 11 jobs keep a GPU" in " ".join(text.split())


@pytest.mark.parametrize(
    ("chunk_size", "rounded"), [(1.0, 1), (9.9, 9), (57.2, 57), (123.4, 120), (19_999.0, 19_000)]
)
def test_chunk_sizes_have_two_digits_that_are_not_zero(chunk_size, rounded, monkeypatch):
    monkeypatch.setattr(Layout, "chunk_size", chunk_size)
    assert rounded_chunk_size(Layout(COSTS, 1, 1, 60.0)) == rounded
