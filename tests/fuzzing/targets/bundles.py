"""The reader of model bundles.

An input is the config, a null character, and the weights. `CHECKSUM` in the config stands for that
of the weights, so that changed weights are also looked at.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from namo.errors import ModelError
from namo.learning.bundle import load_bundle
from namo.learning.bundle_files import CONFIG, WEIGHTS, bundle_sha256, custom_class
from tests.conftest import random_bundle
from tests.faults.bundle_mutations import change_config, changed_weights, invalid_config
from tests.faults.mutations import bent
from tests.fuzzing.plain_values import mutated_value
from tests.fuzzing.targets.scenes import NO_FILE

ERRORS = (ModelError,)
CHECKSUM = b"%CHECKSUM%"


def seeds() -> list[bytes]:
    with TemporaryDirectory() as folder:
        return [_input(random_bundle(Path(folder) / kind, kind)) for kind in ("object", "goal")]


def _input(bundle: Path) -> bytes:
    weights = (bundle / WEIGHTS).read_bytes()
    checksum = hashlib.sha256(weights).hexdigest().encode()
    return (bundle / CONFIG).read_bytes().replace(checksum, CHECKSUM) + b"\0" + weights


def read(data: bytes, folder: Path) -> None:
    config, _, weights = data.partition(b"\0")
    checksum = hashlib.sha256(weights).hexdigest().encode()
    (folder / CONFIG).write_bytes(config.replace(CHECKSUM, checksum))
    (folder / WEIGHTS).write_bytes(weights)
    bundle_sha256(folder)
    custom_class(folder)
    load_bundle(folder, "goal" if b'"kind": "goal"' in config else "object")


def mutated(data: bytes, rng: Random) -> bytes:
    config, _, weights = data.partition(b"\0")
    kind = rng.randrange(8)
    if kind < 4:
        config = _changed_config(config, rng)
    elif kind == 4:
        config = invalid_config(config, rng)
    else:
        try:
            weights = changed_weights(weights, rng, Path(NO_FILE))
        except (ValueError, IndexError, KeyError, AttributeError, RecursionError):
            weights = bent(weights, rng)
    return config + b"\0" + weights


def _changed_config(config: bytes, rng: Random) -> bytes:
    try:
        value = json.loads(config)
        if isinstance(value, dict) and value and rng.random() < 0.5:
            change_config(value, rng)
        else:
            value = mutated_value(value, rng)
        return json.dumps(value).encode()
    except (ValueError, IndexError, TypeError, RecursionError):
        return bent(config, rng)
