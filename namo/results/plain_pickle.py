"""Pickles of plain values, read without Python's unpickler.

The unpickler can be kept from calling functions, but not from exhausting memory or time: a few
bytes can request a memo of four billion entries, or the hash of deeply nested shared tuples. The
records of this package need two dozen opcodes. This reader implements these and rejects all others,
so the size of the result is bounded by the size of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pickle import (
    APPEND,
    APPENDS,
    BINFLOAT,
    BINGET,
    BININT,
    BININT1,
    BININT2,
    BINUNICODE,
    BINUNICODE8,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_TUPLE,
    FRAME,
    LONG1,
    LONG4,
    LONG_BINGET,
    MARK,
    MEMOIZE,
    NEWFALSE,
    NEWTRUE,
    NONE,
    PROTO,
    SETITEM,
    SETITEMS,
    SHORT_BINUNICODE,
    STOP,
    TUPLE,
    TUPLE1,
    TUPLE2,
    TUPLE3,
)
from pickletools import opcodes

from namo.errors import ResultFileError

PROTOCOL = 4
LEAVES = frozenset({str, int, float, bool, type(None)})
KEYS = "str, int, float, bool, None"
PLAIN = "dict, list, tuple, str, int, float, bool, None"


def load_plain(data: bytes) -> object:
    """Return the value of a pickle of plain values, written with `PROTOCOL`.

    Values may be shared, and lists and dicts may contain themselves; keys are str, int, float, bool
    or None.

    Raises:
        ResultFileError: the data are not such a pickle.
    """
    machine = _Machine(data)
    instructions = _instructions(machine)
    try:
        while (opcode := machine.take(1)) != STOP:
            instruction = instructions.get(opcode)
            if instruction is None:
                raise ResultFileError(
                    f"holds {_named(opcode)} at byte {machine.at - 1}; allowed: {PLAIN}"
                )
            instruction()
        return machine.result()
    except (IndexError, UnicodeDecodeError) as error:
        raise ResultFileError(f"not a pickle: {error} at byte {machine.at}") from None


class _Machine:
    """The machine that a pickle is a program for: a stack with marks, and a memo.

    Methods raise IndexError when operands or bytes are missing.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.stack: list[object] = []
        self.below: list[list[object]] = []
        self.memo: list[object] = []

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        taken = self.data[self.at : self.at + count]
        self.at += count
        if len(taken) != count:
            raise IndexError("unexpected end of data")
        return taken

    def number(self, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "little", signed=signed)

    def push(self, value: object) -> None:
        self.stack.append(value)

    def push_text(self, size: int) -> None:
        # As `pickle` writes it: lone surrogates are allowed.
        self.push(self.take(self.number(size)).decode("utf-8", "surrogatepass"))

    def push_long(self, size: int) -> None:
        self.push(self.number(self.number(size), signed=True))

    def push_float(self) -> None:
        (value,) = struct.unpack(">d", self.take(8))
        self.push(value)

    def mark(self) -> None:
        self.below.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[object]:
        items, self.stack = self.stack, self.below.pop()
        return items

    def last(self, count: int) -> list[object]:
        if len(self.stack) < count:
            raise IndexError("stack underflow")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def push_tuple(self, items: list[object]) -> None:
        self.push(tuple(items))

    def append(self, items: list[object]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise IndexError("APPENDS on a non-list")
        target.extend(items)

    def set_items(self, items: list[object]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise IndexError("SETITEMS on a non-dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in LEAVES:
                raise ResultFileError(f"a key is a {type(key).__name__}; allowed: {KEYS}")
            target[key] = value

    def memoize(self) -> None:
        self.memo.append(self.stack[-1])

    def recall(self, size: int) -> None:
        self.push(self.memo[self.number(size)])

    def result(self) -> object:
        """Return the single value that remains at the end."""
        if self.below or len(self.stack) != 1 or self.at != len(self.data):
            raise IndexError("trailing data")
        return self.stack[0]


def _instructions(to: _Machine) -> dict[bytes, Callable[[], object]]:
    """Return the implementation of each opcode."""
    return {
        PROTO: lambda: to.take(1),
        FRAME: lambda: to.take(8),
        MARK: to.mark,
        NONE: lambda: to.push(None),
        NEWTRUE: lambda: to.push(True),
        NEWFALSE: lambda: to.push(False),
        BININT: lambda: to.push(to.number(4, signed=True)),
        BININT1: lambda: to.push(to.number(1)),
        BININT2: lambda: to.push(to.number(2)),
        LONG1: lambda: to.push_long(1),
        LONG4: lambda: to.push_long(4),
        BINFLOAT: to.push_float,
        SHORT_BINUNICODE: lambda: to.push_text(1),
        BINUNICODE: lambda: to.push_text(4),
        BINUNICODE8: lambda: to.push_text(8),
        EMPTY_LIST: lambda: to.push([]),
        EMPTY_DICT: lambda: to.push({}),
        EMPTY_TUPLE: lambda: to.push(()),
        APPEND: lambda: to.append(to.last(1)),
        APPENDS: lambda: to.append(to.since_mark()),
        SETITEM: lambda: to.set_items(to.last(2)),
        SETITEMS: lambda: to.set_items(to.since_mark()),
        TUPLE1: lambda: to.push_tuple(to.last(1)),
        TUPLE2: lambda: to.push_tuple(to.last(2)),
        TUPLE3: lambda: to.push_tuple(to.last(3)),
        TUPLE: lambda: to.push_tuple(to.since_mark()),
        MEMOIZE: to.memoize,
        BINGET: lambda: to.recall(1),
        LONG_BINGET: lambda: to.recall(4),
    }


_NAMES = {instruction.code.encode("latin-1"): instruction.name for instruction in opcodes}


def _named(opcode: bytes) -> str:
    name = _NAMES.get(opcode)
    return f"opcode {name}" if name else f"0x{opcode.hex()}, not an opcode,"
