"""A process that holds models for others, which ask it through shared memory.

On a GPU a copy of a model, and the context of CUDA, would cost every process gigabytes. So one
process owns both, and worker processes send it their queries; those that wait at the same time
share passes. Rasters, features and logits stay in memory that both sides map, which has no name
and goes with the last process that uses it; only a few numbers go through a socket.

The owner is forked before anything is loaded, as CUDA does not survive a fork. It ends with the
process that started it, and refuses other users of the machine.
"""

from __future__ import annotations

import math
import mmap
import os
import signal
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import connection, get_context, reduction
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np

from namo.errors import MachineError, ModelError
from namo.geometry import Floats
from namo.learning.inference_stats import InferenceStats
from namo.learning.loaded_model import LoadedModel
from namo.learning.networks import OUTPUTS
from namo.learning.passes import Inputs
from namo.learning.queries import Features
from namo.learning.rasters import Raster
from namo.signals import SIGNALS, check_termination, end_with_parent

POLL_S = 0.1
"""Time between two looks at whether to end (s)."""
_QUERY = struct.Struct("=7q")
"""Number of the model, shape of the rasters, candidates per view, features per candidate."""
_NEW_MEMORY = b"m"
_PEER = struct.Struct("=3i")
"""What Linux tells of the other side of a socket: process, user, group."""


class _Facts(NamedTuple):
    """What a process knows of a model that another one holds."""

    features: tuple[str, ...]
    discount: float
    stats: InferenceStats


class ModelOwner:
    """Starts the process that owns models, and ends it; a context manager.

    Attributes:
        models: to query from this process and all that are forked from it.
    """

    def __init__(self, load: Callable[[], Sequence[LoadedModel]]) -> None:
        """Start the process and wait until it has loaded the models.

        Args:
            load: loads them, there.

        Raises:
            ModelError: a model cannot be used.
            MachineError: the process has ended before that.
        """
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind("")  # Linux picks an address outside the file system
        listening.listen()
        here, there = get_context("fork").Pipe()
        self._process = get_context("fork").Process(
            target=_own, args=(load, listening, there, os.getpid()), daemon=True
        )
        self._process.start()
        there.close()
        address = listening.getsockname()
        listening.close()
        try:
            facts = self._loaded(here)
        except BaseException:  # it does not end by itself
            self.close()
            raise
        link = _Link(address, self._process.pid)
        self.models = [OwnedModel(link, number, *each) for number, each in enumerate(facts)]

    def __enter__(self) -> ModelOwner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _loaded(self, process: Connection) -> list[_Facts]:
        """Wait for the models, and return what the process says about them."""
        with process:
            while not process.poll(POLL_S):
                check_termination()
            try:
                facts: list[_Facts] | ModelError = process.recv()
            except EOFError:
                raise MachineError(_has_ended(self._process.pid)) from None
        if isinstance(facts, ModelError):
            raise facts
        return facts

    def close(self) -> None:
        """End the process; it holds nothing that would be lost."""
        self._process.kill()
        self._process.join()


class OwnedModel:
    """A model that another process holds; see `namo.learning.loaded_model.Model`."""

    def __init__(
        self,
        link: _Link,
        number: int,
        features: tuple[str, ...],
        discount: float,
        stats: InferenceStats,
    ) -> None:
        """Describe a model.

        Args:
            link: to the process that holds it.
            number: of the model there, from 0.
            features: see `Model`.
            discount: see `Model`; a factor.
            stats: of loading it; counts the queries of this process.
        """
        self._link, self._number = link, number
        self.features, self.discount, self.stats = features, discount, stats

    def logits(self, rasters: Raster, features: Features) -> Floats:
        """See `Model`."""
        return self._link.ask(self._number, rasters, features)


@dataclass(frozen=True, eq=False)
class _Memory:
    """Memory that holds the logits, features and rasters of a query, in this order."""

    mapped: mmap.mmap

    @staticmethod
    def needed(rasters: Sequence[int], candidates: int, features: int) -> int:
        """Return how many bytes a query takes."""
        numbers = rasters[0] * candidates
        return numbers * (8 * len(OUTPUTS) + 4 * features) + math.prod(rasters)

    def logits(self, views: int, candidates: int) -> Floats:
        """Return the place of the logits, (views, candidates, outputs)."""
        count = views * candidates * len(OUTPUTS)
        return np.frombuffer(self.mapped, np.float64, count).reshape(
            views, candidates, len(OUTPUTS)
        )

    def inputs(self, rasters: Sequence[int], candidates: int, features: int) -> Inputs:
        """Return the places of the rasters, given their shape, and of the features."""
        numbers = rasters[0] * candidates
        at = 8 * len(OUTPUTS) * numbers
        placed = np.frombuffer(self.mapped, np.float32, numbers * features, at)
        pixels = np.frombuffer(
            self.mapped, np.uint8, math.prod(rasters), at + 4 * numbers * features
        )
        return pixels.reshape(rasters), placed.reshape(rasters[0], candidates, features)


class _Link:
    """The side that asks; every process has a connection of its own, made when it first asks."""

    def __init__(self, address: str | bytes, owner: int | None) -> None:
        self._address, self._owner = address, owner
        self._process: int | None = None
        self._connection: Connection | None = None
        self._memory: _Memory | None = None

    def ask(self, model: int, rasters: Raster, features: Features) -> Floats:
        """Return the logits (views, candidates, outputs) of a query.

        Args:
            model: its number.
            rasters: (views, channels, pixels, pixels).
            features: (views, candidates, features).

        Raises:
            ModelError: as the model raised it.
            MachineError: the owner has ended.
        """
        sizes = rasters.shape, *features.shape[1:]
        try:
            link, memory = self._connected(), self._with_room(_Memory.needed(*sizes))
            pixels, placed = memory.inputs(*sizes)
            pixels[:], placed[:] = rasters, features
            link.send_bytes(_QUERY.pack(model, *rasters.shape, *features.shape[1:]))
            problem = link.recv_bytes()
        except (EOFError, OSError) as error:
            raise MachineError(_has_ended(self._owner)) from error
        if problem:
            raise ModelError(problem.decode())
        return memory.logits(*features.shape[:2]).copy()

    def _connected(self) -> Connection:
        if self._connection is None or self._process != os.getpid():
            asking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            asking.connect(self._address)
            self._connection = Connection(asking.detach())
            self._process, self._memory = os.getpid(), None
        return self._connection

    def _with_room(self, size: int) -> _Memory:
        """Return memory for a query of that size (bytes), which the owner maps too."""
        if self._memory is None or len(self._memory.mapped) < size:
            file = os.memfd_create("namo_query")
            try:
                os.ftruncate(file, size)
                self._memory = _Memory(mmap.mmap(file, size))
                self._connected().send_bytes(_NEW_MEMORY)
                reduction.send_handle(self._connected(), file, self._owner)
            finally:
                os.close(file)
        return self._memory


def _has_ended(owner: int | None) -> str:
    return f"process {owner}, which holds the models, has ended; rerun the same command to resume"


def _own(
    load: Callable[[], Sequence[LoadedModel]],
    listening: socket.socket,
    starter: Connection,
    parent: int,
) -> None:
    """Load the models, and answer queries for as long as this process lives."""
    end_with_parent(parent)
    for number in SIGNALS:  # whoever asks may have to finish something
        signal.signal(number, signal.SIG_IGN)
    try:
        models = load()
    except ModelError as error:
        starter.send(ModelError(str(error)))
        return
    starter.send([_Facts(each.features, each.discount, each.stats) for each in models])
    starter.close()
    clients: dict[Connection, _Memory | None] = {}
    while True:
        ready = connection.wait([listening, *clients])
        if listening in ready:
            ready.remove(listening)
            _accept(listening, clients)
        _answer(models, clients, [each for each in ready if isinstance(each, Connection)])


def _accept(listening: socket.socket, clients: dict[Connection, _Memory | None]) -> None:
    """Let a process in, if it is one of this user."""
    asking, _ = listening.accept()
    peer = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    if _PEER.unpack(peer)[1] == os.getuid():
        clients[Connection(asking.detach())] = None
    else:
        asking.close()


class _Asked(NamedTuple):
    """A query that waits for its answer."""

    client: Connection
    logits: Floats
    inputs: Inputs


def _answer(
    models: Sequence[LoadedModel],
    clients: dict[Connection, _Memory | None],
    ready: Sequence[Connection],
) -> None:
    """Answer what some clients ask, those that ask the same model together."""
    by_model: list[list[_Asked]] = [[] for _ in models]
    for client in ready:
        try:
            message = client.recv_bytes()
            if message == _NEW_MEMORY:
                file = reduction.recv_handle(client)
                clients[client] = _Memory(mmap.mmap(file, 0))
                os.close(file)
                continue
        except (EOFError, OSError):  # it has ended
            client.close()
            del clients[client]
            continue
        memory = clients[client]
        if memory is None:  # it asks before it has sent its memory: nobody of ours
            client.close()
            del clients[client]
            continue
        model, *rasters, candidates, features = _QUERY.unpack(message)
        logits = memory.logits(rasters[0], candidates)
        by_model[model].append(_Asked(client, logits, memory.inputs(rasters, candidates, features)))
    for owned, asked in zip(models, by_model, strict=True):
        if asked:
            _predict(owned, asked)


def _predict(model: LoadedModel, asked: Sequence[_Asked]) -> None:
    """Write the logits of some queries where they are expected, and say so."""
    problem = b""
    try:
        logits = model.logits_of([each.inputs for each in asked])
    except ModelError as error:
        problem = str(error).encode()
    else:
        for each, values in zip(asked, logits, strict=True):
            each.logits[:] = values
    for each in asked:
        try:
            each.client.send_bytes(problem)
        except OSError:
            continue  # it has ended, which the next wait finds
