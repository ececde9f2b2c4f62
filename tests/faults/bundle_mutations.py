"""Mutations of a model bundle: of its config, its weights, or both."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from pathlib import Path
from random import Random
from typing import Any

from namo.learning.bundle_files import CONFIG, WEIGHTS
from tests.faults.mutations import bent
from tests.faults.pickle_mutations import payloads

TRAP_MODULE = "namo_fuzz_trap"
"""A module beside the bundles that creates the sentinel when imported."""
ODD: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 2**31, 2**63, 10**30, 0.5, -0.0, 1e308, float("nan")),
    *(float("inf"), "", "x", "object", "candidate_net", "ü\ud800", [], {}, [[]], [1, 2, 3]),
    *([8192] * 3, [64] * 3, {"a": [None]}, "a" * 10_000, [0] * 1000, [1e308, "2", None]),
)
SIZES = ("widths", "blocks", "summary", "hidden", "channels", "device", "dtype", "name", "x")
DTYPES = ("F64", "F32", "F16", "BF16", "I64", "I8", "U8", "BOOL", "C64", "F8_E4M3", "F4", "X", "")


def write_mutant(whole: Path, path: Path, rng: Random, sentinel: Path) -> None:
    """Write a mutant of an intact bundle.

    Args:
        whole: folder of a bundle that can be read.
        path: folder to make.
        rng: decides.
        sentinel: the file that code in it would make.
    """
    shutil.copytree(whole, path)
    config: Any = json.loads((whole / CONFIG).read_text())
    weights = (whole / WEIGHTS).read_bytes()
    kind = rng.randrange(8)
    if kind in (0, 1, 2):
        for _ in range(rng.randint(1, 3)):
            change_config(config, rng)
    elif kind == 3:
        config["class"] = rng.choice(
            (f"{TRAP_MODULE}:Own", TRAP_MODULE, "os:abort", "builtins:exec", ":", "a" * 9999, [1])
        )
    elif kind in (4, 5, 6):
        weights = changed_weights(weights, rng, sentinel)
    if kind != 7 and rng.random() < 0.8:
        config["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    text = json.dumps(config).encode()
    if kind == 7:
        text = invalid_config(text, rng)
    (path / CONFIG).write_bytes(text)
    (path / WEIGHTS).write_bytes(weights)


def change_config(config: dict[str, Any], rng: Random) -> None:
    """Change a value, a key or a size at any depth."""
    architecture = config.get("architecture")
    if rng.random() < 0.4 and isinstance(architecture, dict):
        name = rng.choice(SIZES)
        value = rng.choice((*ODD, [rng.choice(ODD) for _ in range(3)], rng.randint(1, 9000)))
        architecture[name] = [rng.randint(1, 8192) for _ in range(3)] if value == "x" else value
        return
    inside: Any = config
    while True:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        key = rng.choice(keys)
        if isinstance(inside[key], dict | list) and inside[key] and rng.random() < 0.6:
            inside = inside[key]
        else:
            break
    if rng.random() < 0.7:
        inside[key] = rng.choice(ODD)
    elif isinstance(inside, dict) and rng.random() < 0.5:
        inside[rng.choice(("class", "discount", "", "x", "weights_sha256"))] = inside.pop(key)
    else:
        del inside[key]


def invalid_config(text: bytes, rng: Random) -> bytes:
    """A text that is not JSON, or is JSON that costs its reader much."""
    deep = 10 ** rng.randint(2, 6)
    return rng.choice(
        (
            bent(text, rng),
            bent(text, rng),
            b"[" * deep,
            b"[" * deep + b"]" * deep,
            b'{"a":' * deep + b"1" + b"}" * deep,
            text.replace(b"{", b'{"kind": "goal", ', 1),
            text.rstrip()[:-1] + b', "discount": ' + b"9" * deep + b"}",
            text.rstrip()[:-1] + b', "discount": 1e' + b"9" * 20 + b"}",
            text.rstrip()[:-1] + b', "x": "' + b"\\ud800" * deep + b'"}',
            text.rstrip()[:-1] + b', "discount": NaN}',
            text.decode(errors="replace").encode("utf-16"),
            b"\xef\xbb\xbf" + text,
            b"",
            b"null",
            b'"' + b"a" * deep,
        )
    )


def changed_weights(weights: bytes, rng: Random, sentinel: Path) -> bytes:
    """Changed bytes anywhere or in the header, another header, or another kind of file."""
    end = 8 + int.from_bytes(weights[:8], "little")
    kind = rng.randrange(7)
    if kind == 0:
        return bent(weights, rng)
    if kind == 1:
        return bent(weights[:end], rng) + weights[end:]
    if kind == 2:
        size = rng.choice((0, 1, 2**20, 2**31, 2**40, 2**63, 2**64 - 1))
        return size.to_bytes(8, "little") + weights[8:]
    if kind == 3:
        body = rng.choice(payloads(str(sentinel)))
        return rng.choice((pickle.dumps([1])[:-1] + body + b".", b"PK\x03\x04" + body, b"", body))
    if kind == 4:
        text = b'{"a":' * 10 ** rng.randint(2, 5)
    else:
        header = json.loads(weights[8:end])
        for _ in range(rng.randint(1, 3)):
            _change_header(header, rng)
        text = json.dumps(header).encode()
    data = weights[end:]
    if kind == 5 and rng.random() < 0.5:
        numbers = bytearray(data)
        for _ in range(rng.randint(1, 20)):
            place = rng.randrange(len(numbers) // 4) * 4
            numbers[place : place + 4] = rng.choice(
                (b"\0\0\x80\x7f", b"\0\0\xc0\x7f", b"\xff\xff\x7f\x7f", rng.randbytes(4))
            )
        data = bytes(numbers)
    return len(text).to_bytes(8, "little") + text + data


def _change_header(header: dict[str, Any], rng: Random) -> None:
    names = [name for name, entry in header.items() if isinstance(entry, dict)]
    name = rng.choice(names)
    entry = header[name]
    what = rng.randrange(7)
    if what == 0:
        entry["dtype"] = rng.choice(DTYPES)
    elif what == 1:
        entry["shape"] = rng.choice(
            ([], [0], [-1], [2**62, 2], [2**32, 2**32, 0], [1] * 1000, entry.get("shape"), "x")
        )
    elif what == 2:
        entry["data_offsets"] = rng.choice(([0, 4], [4, 0], [0, 2**63], [-4, 0], [0], None, "x"))
    elif what == 3:
        header[rng.choice(("x", "", "a" * 999, rng.choice(names)))] = header.pop(name)
    elif what == 4:
        del header[name]
    elif what == 5:
        header[name] = rng.choice((*ODD, dict(header[rng.choice(names)])))
    else:
        header["__metadata__"] = rng.choice(({"a": "b"}, {"a": 1}, [], "x", {"a": "b" * 10**6}))
