"""Models held by another process: the same bits, and nothing left when either side ends."""

import os
import signal
import socket
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from namo.errors import MachineError, ModelError
from namo.learning.loaded_model import LoadedModel, load_model
from namo.learning.owner import ModelOwner
from namo.learning.passes import PASS_SHAPES
from namo.learning.scoring import Scorer, batched
from tests.learning.models import query

CPU = torch.device("cpu")


@pytest.fixture
def load(models):
    """Loads both models, with passes of a fixed shape as on a GPU."""

    def both():
        return [LoadedModel(models[kind], kind, CPU, PASS_SHAPES[kind]) for kind in models]

    return both


@pytest.fixture
def owner(load):
    with ModelOwner(load) as owner:
        yield owner


def inputs(seed):
    """Rasters and features of a random query of any size."""
    rng = np.random.default_rng(seed)
    views = int(rng.integers(1, 12))
    return batched([query(seed, views, views * int(rng.integers(1, 40)))])[:2]


def in_process(function, *arguments):
    """What a function returns in a forked process; an exception is raised here."""
    here, there = get_context("fork").Pipe()

    def run():
        try:
            there.send(function(*arguments))
        except Exception as error:  # noqa: BLE001 - raised below
            there.send(error)

    process = get_context("fork").Process(target=run)
    process.start()
    there.close()
    return process, here


def result(process, here):
    value = here.recv()
    process.join()
    if isinstance(value, Exception):
        raise value
    return value


def test_an_owned_model_is_described_as_the_loaded_one(owner, load):
    for owned, loaded in zip(owner.models, load(), strict=True):
        assert owned.features == loaded.features
        assert owned.discount == loaded.discount
        assert owned.stats.sha256 == loaded.stats.sha256
        assert owned.stats.platform == loaded.stats.platform
        assert owned.stats.loads == 1


def test_predictions_are_those_of_the_loaded_model_bit_for_bit(owner, load):
    goal, owned = load()[0], owner.models[0]
    for seed in range(20):
        each = inputs(seed)
        np.testing.assert_array_equal(owned.logits(*each), goal.logits(*each))
    predictions = [Scorer(model).predict([query(1)])[0].value for model in (goal, owned)]
    np.testing.assert_array_equal(*predictions)


def test_many_processes_get_the_same_bits_as_one(owner, load):
    goal, owned = load()[0], owner.models[0]

    def ask(first):
        return [owned.logits(*inputs(seed)) for seed in range(first, first + 15)]

    expected = ask(0)
    running = [in_process(ask, 0) for _ in range(6)]
    for each in running:
        for one, other in zip(result(*each), expected, strict=True):
            np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(goal.logits(*inputs(3)), expected[3])


def test_a_model_that_fails_later_fails_for_who_asked_and_stays_of_use(owner):
    each = inputs(0)
    with pytest.raises(ModelError, match="the goal model: RuntimeError"):
        owner.models[0].logits(each[0], each[1][..., :-1])
    assert owner.models[0].logits(*each).shape == (*each[1].shape[:2], 2)


def test_a_model_that_cannot_be_loaded_is_refused_as_elsewhere(models):
    with pytest.raises(ModelError, match="kind is 'goal'; this version needs 'object'"):
        ModelOwner(lambda: [load_model(models["goal"], "object", "cpu")])


def test_an_owner_that_dies_while_it_loads_is_noticed():
    with pytest.raises(MachineError, match="which holds the models, has ended; rerun"):
        ModelOwner(lambda: os.kill(os.getpid(), signal.SIGKILL))


def test_whoever_asks_an_owner_that_has_ended_is_told_so(owner):
    each = inputs(0)
    owner.models[0].logits(*each)
    owner.close()
    with pytest.raises(MachineError, match=r"process \d+, which holds the models, has ended"):
        owner.models[0].logits(*each)
    with pytest.raises(MachineError, match="has ended"):
        result(*in_process(owner.models[1].logits, *inputs(1)))


def test_a_process_that_dies_while_it_asks_disturbs_nobody(owner):
    each = inputs(0)
    expected = owner.models[0].logits(*each)

    def ask_for_ever():
        while True:
            owner.models[0].logits(*each)

    for _ in range(5):
        process, _ = in_process(ask_for_ever)
        time.sleep(0.05)
        process.kill()
        process.join()
        np.testing.assert_array_equal(owner.models[0].logits(*each), expected)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP])
def test_an_owner_outlives_signals_to_its_group(owner, number):
    os.kill(owner._process.pid, number)
    each = inputs(0)
    assert owner.models[0].logits(*each).shape == (*each[1].shape[:2], 2)


def test_an_owner_ends_with_the_process_that_started_it(load):
    def start():
        owners.send(ModelOwner(load)._process.pid)
        time.sleep(600)

    seen, owners = get_context("fork").Pipe()
    process, _ = in_process(start)
    owner = seen.recv()
    process.kill()
    process.join()
    end = time.monotonic() + 30
    while psutil.pid_exists(owner) and psutil.Process(owner).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end, "the owner is still there"
        time.sleep(0.01)


def test_another_user_is_not_let_in(owner, monkeypatch, load):
    monkeypatch.setattr(os, "getuid", lambda: 12345)  # of the owner that is started now
    with ModelOwner(load) as other, pytest.raises(MachineError, match="has ended"):
        other.models[0].logits(*inputs(0))


def test_nothing_with_a_name_is_left(owner):
    owner.models[0].logits(*inputs(0))
    address = owner.models[0]._link._address
    assert address[:1] == b"\0", "no file"
    before = {*Path("/dev/shm").iterdir()}
    owner.models[0].logits(*inputs(1))
    assert {*Path("/dev/shm").iterdir()} == before
    owner.close()
    with socket.socket(socket.AF_UNIX) as gone, pytest.raises(ConnectionRefusedError):
        gone.connect(address)
