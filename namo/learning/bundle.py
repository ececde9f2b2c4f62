"""Model bundles: a folder with `config.json` and `model.safetensors`.

The config specifies the input that the network was trained on. Loading compares it with the input
that this version produces and refuses a mismatch, with both values. Loading runs no code from the
bundle: weights are plain arrays, and a class named in the config is imported only if the user
trusts it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from namo.errors import ModelError
from namo.files import replacing, sha256_of
from namo.learning.architecture import ARCHITECTURE, network_from
from namo.learning.bundle_files import CONFIG, LAYOUTS, WEIGHTS, require_bundle
from namo.learning.networks import OUTPUTS, CandidateNet
from namo.learning.queries import FEATURES, FRAMES
from namo.learning.rasters import CHANNELS, ROBOT_RADIUS_M, VIEWS
from namo.world.contacts import CONTACT_OFFSETS
from namo.world.primitives import TRAVELS

BUNDLE_VERSION = 1
BLOCK_VALUES = 4_000_000
"""Number of values of a tensor to read at a time."""
MAX_BYTES = 64 << 30
"""Limit on the size of a weight file."""

Config = dict[str, Any]


@dataclass(frozen=True)
class Bundle:
    """A loaded model.

    Attributes:
        path: folder of the bundle.
        config: content of `config.json`.
        network: with weights, on the CPU, in evaluation mode.
    """

    path: Path
    config: Config
    network: nn.Module

    @property
    def kind(self) -> str:
        """Kind of query it takes, "object" or "goal"."""
        return str(self.config["kind"])

    @property
    def discount(self) -> float:
        """Discount factor per further push, 0 to 1."""
        return float(self.config["discount"])


def expected_config(kind: str) -> Config:
    """Return the part of the config that specifies the input of this version, per kind.

    A network may do without some of the features.
    """
    view = VIEWS[FRAMES[kind]]
    return {
        "schema_version": BUNDLE_VERSION,
        "kind": kind,
        "channels": list(CHANNELS),
        "features": list(FEATURES[kind]),
        "outputs": list(OUTPUTS),
        "frame": FRAMES[kind],
        "pixels": view.pixels,
        "metres_per_pixel": view.metres_per_pixel,
        "behind_m": view.behind,
        "robot_radius_m": ROBOT_RADIUS_M,
        "normalisation": {"rasters": "divided by 255", "features": "none"},
        "candidate_set": {
            "contact_offsets": list(CONTACT_OFFSETS),
            "travels": list(TRAVELS),
        },
    }


def write_bundle(
    path: Path,
    kind: str,
    network: CandidateNet,
    sizes: Mapping[str, Any],
    about: Mapping[str, Any],
    layouts: Sequence[str] = (),
    features: Sequence[str] | None = None,
) -> None:
    """Write a bundle; the config is written last, so a folder without one is incomplete.

    Args:
        path: folder of the bundle.
        kind: "object" or "goal".
        network: in float32.
        sizes: of the architecture, see `namo.learning.architecture.new_network`.
        about: discount, training and metrics, for the config.
        layouts: those that it was trained on or chosen by; scenes of all others are held out.
        features: names of the features of a candidate, in order; None for all of the kind.

    Raises:
        OSError: the folder cannot be written.
    """
    weights = path / WEIGHTS
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    with replacing(weights) as handle:
        handle.write(save(tensors))
    text = "".join(f"{layout}\n" for layout in sorted(layouts)).encode()
    with replacing(path / LAYOUTS) as handle:
        handle.write(text)
    config = {
        **expected_config(kind),
        "features": list(FEATURES[kind] if features is None else features),
        "architecture": {"name": ARCHITECTURE, **sizes},
        "class": None,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        **about,
        "layouts": len(layouts),
        "layouts_sha256": hashlib.sha256(text).hexdigest(),
        "weights_sha256": sha256_of(weights),
    }
    with replacing(path / CONFIG) as handle:
        handle.write((json.dumps(config, indent=2) + "\n").encode())


def read_config(path: Path, kind: str) -> Config:
    """Return the config of a bundle after checking it against this version.

    Args:
        path: folder of the bundle.
        kind: "object" or "goal", as the model will be used.

    Raises:
        ModelError: the config is invalid or does not match; names the file and both values.
    """
    require_bundle(path)
    source = path / CONFIG
    try:
        config = json.loads(source.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{source}: not valid JSON: {error}") from None
    if not isinstance(config, dict):
        raise ModelError(f"{source}: holds a {type(config).__name__}; expected an object")
    for name, wanted in expected_config(kind).items():
        # Bundles without it saw lengths as they are, which is the same for a robot of this radius.
        found = config.get(name, wanted if name == "robot_radius_m" else None)
        if name == "features" and _are_some_of(wanted, found):
            continue
        if found != wanted:
            raise ModelError(f"{source}: {name} is {found!r}; this version needs {wanted!r}")
    discount = config.get("discount")
    if not isinstance(discount, int | float) or not 0 <= discount <= 1:
        raise ModelError(f"{source}: discount is {discount!r}; expected a number from 0 to 1")
    if not isinstance(config.get("architecture"), dict):
        raise ModelError(f"{source}: 'architecture' must be an object")
    if not isinstance(config.get("class"), str | None):
        raise ModelError(f"{source}: class is {config['class']!r}; expected null or 'module:Class'")
    return config


def _are_some_of(wanted: Sequence[str], found: Any) -> bool:  # noqa: ANN401 - from a JSON file
    """Return whether these are some of the features, each at most once."""
    if not isinstance(found, list) or not found:
        return False
    return all(isinstance(name, str) and name in wanted for name in found) and (
        len(set(found)) == len(found)
    )


def check_weights(path: Path, config: Config) -> None:
    """Check the weight file against the checksum in the config.

    Raises:
        ModelError: the file is too large, or the checksum does not match.
    """
    weights = path / WEIGHTS
    size = weights.stat().st_size
    if size > MAX_BYTES:
        raise ModelError(f"{weights}: has {size} bytes; allowed: at most {MAX_BYTES}")
    found = sha256_of(weights)
    if found != config.get("weights_sha256"):
        raise ModelError(
            f"{weights}: checksum mismatch: sha256 is {found}, {CONFIG} says "
            f"{config.get('weights_sha256')}; the file is damaged or belongs to another model"
        )


def load_bundle(path: Path, kind: str, *, trust_code: bool = False) -> Bundle:
    """Load a model.

    Args:
        path: folder of the bundle.
        kind: "object" or "goal", as the model will be used.
        trust_code: whether a class named in the config may be imported.

    Raises:
        ModelError: the bundle is incomplete, damaged or does not match this version.
    """
    config = read_config(path, kind)
    weights = path / WEIGHTS
    # Hashing takes as long as reading, and needs neither torch nor the interpreter's lock.
    with ThreadPoolExecutor(1, "weights") as other_thread:
        check = other_thread.submit(check_weights, path, config)
        try:
            network = network_from(path, config, trust_code=trust_code)
            tensors = _read_weights(weights, network)
        finally:
            check.result()  # says more than what a damaged file leads to
    try:
        # Our own network is on the meta device and takes over the tensors as they were read.
        network.load_state_dict(tensors, strict=True, assign=config.get("class") is None)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{weights}: does not match the architecture: {reason}") from None
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and tensor.numel() and not _is_finite(tensor):
            raise ModelError(f"{weights}: {name} has non-finite values")
    network.eval()
    return Bundle(path, config, network)


def _read_weights(weights: Path, network: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of a weight file, converted to the types of the network."""
    wanted = network.state_dict()
    try:
        with safe_open(weights, framework="pt") as file:
            names = [*file.keys()]
        return {
            name: _copied(weights, name, wanted[name].dtype if name in wanted else None)
            for name in names
        }
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        # KeyError: a type unknown to torch. RuntimeError: a type that it cannot convert.
        raise ModelError(f"{weights}: {error}") from None


def _copied(weights: Path, name: str, kind: torch.dtype | None) -> Tensor:
    """Return a tensor of a weight file in memory of its own, as its own type if `kind` is None.

    Block by block: what has been read of a mapped file counts as memory until it is closed, and
    with large models that would be as much again.
    """
    with safe_open(weights, framework="pt") as file:
        stored = file.get_slice(name)
        shape = stored.get_shape()
        if math.prod(shape) <= BLOCK_VALUES:
            tensor: Tensor = file.get_tensor(name)
            return tensor.to(kind or tensor.dtype, copy=True)
        copied = torch.empty(shape, dtype=kind or stored[:1].dtype)
    rows = max(1, BLOCK_VALUES * shape[0] // math.prod(shape))
    for first in range(0, shape[0], rows):
        with safe_open(weights, framework="pt") as file:
            copied[first : first + rows] = file.get_slice(name)[first : first + rows]
    return copied


def _is_finite(tensor: Tensor) -> bool:
    """Return whether all values are finite; a single pass, since aminmax propagates NaN."""
    low, high = torch.aminmax(tensor.float())
    return bool(torch.isfinite(low) & torch.isfinite(high))
