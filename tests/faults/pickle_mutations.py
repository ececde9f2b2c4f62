"""Contents of a sealed file that are not a record."""

from __future__ import annotations

import os
import pickle
import pickletools
from collections.abc import Callable
from random import Random
from typing import Any

from tests.faults.mutations import bent

Record = dict[str, Any]

_HEAD, _STOP = b"\x80\x04", b"."


class _Trap:
    """An object that creates a file when unpickled."""

    def __init__(self, sentinel: str) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch '{self.sentinel}'",)


def mutated_pickle(record: Record, rng: Random, sentinel: str) -> bytes:
    """The bytes of a pickle that is not, or only nearly, that of a record.

    Args:
        record: to start from.
        rng: decides.
        sentinel: the file that code in it would make.
    """
    body = pickle.dumps(record, protocol=rng.choice((0, 1, 2, 3, 4, 4, 4, 4, 5)))
    kind = rng.randrange(10)
    if kind < 3:
        return bent(body, rng)
    if kind < 5:
        return _other_opcodes(body, rng)
    if kind < 8:
        return _with_payload(body, rng, sentinel)
    return _bomb(rng)


def _places(body: bytes) -> list[int]:
    """The offsets of all instructions but the first."""
    return [at for _, _, at in pickletools.genops(body) if at]


def _other_opcodes(body: bytes, rng: Random) -> bytes:
    """Replace, duplicate or remove some instructions."""
    for _ in range(rng.randint(1, 3)):
        try:
            place = rng.choice(_places(body))
        except (ValueError, IndexError):
            return body  # what was changed first left no pickle to change
        opcode = rng.choice(pickletools.opcodes).code.encode("latin-1")
        body = body[:place] + rng.choice((opcode, opcode + rng.randbytes(4), b"")) + body[place:]
        if rng.random() < 0.5:
            body = body[: place + 1] + body[place + 2 :]
    return body


def payloads(sentinel: str) -> list[bytes]:
    """Instructions that create a file, each in another way, and leave one value."""
    call = f"touch '{sentinel}'".encode()
    text = b"\x8c" + bytes([len(call)]) + call
    return [
        pickle.dumps(_Trap(sentinel), protocol=0)[:-1],
        pickle.dumps(_Trap(sentinel), protocol=4)[2:-1],
        b"cos\nsystem\n(" + text + b"tR",
        b"\x8c\x02os\x8c\x06system\x93" + text + b"\x85R",
        b"(" + text + b"ios\nsystem\n",
        b"(cos\nsystem\n" + text + b"o",
        b"c_io\nFileIO\n\x8c" + bytes([len(sentinel)]) + sentinel.encode() + b"\x8c\x01w\x86\x81",
        b"c_io\nFileIO\n\x8c" + bytes([len(sentinel)]) + sentinel.encode() + b"\x8c\x01w\x86}\x92",
        b"cbuiltins\neval\n\x8c\x01x\x85Rcos\nsystem\n" + text + b"\x85R",
        b"}\x8c\x0c__setstate__cos\nsystem\nsb" + text + b"b",
        b"\x82\x01",
        b"\x83\x01\x00",
        b"\x84\x01\x00\x00\x00",
        b"Pfile\n",
        text + b"Q",
        b"\x97\x98",
    ]


def _with_payload(body: bytes, rng: Random, sentinel: str) -> bytes:
    """A function call, alone or inside a record."""
    payload = rng.choice(payloads(sentinel))
    if rng.random() < 0.4:
        return _HEAD + payload + _STOP
    place = rng.choice(_places(body))
    return body[:place] + payload + rng.choice((b"", b"0")) + body[place:]


def _bomb(rng: Random) -> bytes:
    """A few bytes that expand to much, as a value or a key of a dict."""
    deep = 10 ** rng.randint(2, 6)
    size = rng.choice((2**31 - 1, 2**32 - 1))
    large = rng.choice((2**33, 2**62, 2**64 - 1)).to_bytes(8, "little")
    value = rng.choice(
        (
            _doubled(b"]\x94", rng),
            _doubled(b")\x94", rng),
            b"]\x94h\x00a",
            b"}\x94K\x01h\x00s",
            b"]\x94(h\x00h\x00h\x00e",
            b"]\x94h\x00\x85a",
            b"]" * deep + b"a" * (deep - 1),
            b")" + b"\x85" * deep,
            b"(" * deep,
            b"(" * deep + b"t" * deep,
            b"K\x01" + b"}" * deep,
            b"]" + b"\x94" * deep,
            b"Nr" + size.to_bytes(4, "little"),
            b"Np" + str(10 ** rng.randint(3, 12)).encode() + b"\n",
            b"j" + size.to_bytes(4, "little"),
            b"X" + size.to_bytes(4, "little") + b"abc",
            b"B" + size.to_bytes(4, "little") + b"abc",
            b"T\xff\xff\xff\x7fabc",
            b"\x8b\xff\xff\xff\x7f\x01",
            b"\x8a\xff" + b"\x7f" * 255,
            b"\x8b" + (10**5).to_bytes(4, "little") + b"\x7f" * 10**5,
            b"I" + b"9" * deep + b"\n",
            b"L" + b"9" * deep + b"L\n",
            b"\x8d" + large,
            b"\x8e" + large,
            b"\x96" + large,
            b"\x95" + large + b"N",
            b"\x80\xff",
            b"\x8f" + b"(" + b"N" * deep + b"\x90",
        )
    )
    wrapped = rng.choice((b"}\x8c\x01v%bs", b"}%bNs", b"%b", b"}(%bN%bNu")).replace(b"%b", value)
    return _HEAD + wrapped + _STOP


def _doubled(first: bytes, rng: Random) -> bytes:
    """A list or tuple of twice the one before, of twice the one before, and so on."""
    levels = rng.randint(3, 200)
    body = first
    for level in range(levels):
        both = b"h" + bytes([level])
        body += b"](" + both * 2 + b"e\x94" if first[:1] == b"]" else both * 2 + b"\x86\x94"
    # What came before stays on the stack: make one tuple of it all.
    return b"(" + body + b"t"
