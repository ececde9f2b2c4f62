"""Model bundles: a folder with `config.json` and `model.safetensors`.

Everything the network was trained to see is written down and compared when a bundle is loaded; a
model that expects anything else than what this version draws is refused, with both values. Loading
runs no code from the bundle: weights are plain arrays, and a class that is named in the config is
imported only where the user says that it is trusted.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from namo.errors import ModelError
from namo.files import replacing, sha256_of
from namo.learning.bundle_files import CONFIG, LAYOUTS, WEIGHTS, require_bundle
from namo.learning.networks import OUTPUTS, CandidateNet
from namo.learning.queries import FEATURES, FRAMES
from namo.learning.rasters import CHANNELS, VIEWS
from namo.world.contacts import CONTACT_OFFSETS
from namo.world.primitives import TRAVELS

BUNDLE_VERSION = 1
ARCHITECTURE = "candidate_net"
MOST_BYTES = 64 << 30
"""A file of weights may not be larger."""
NARROWEST = 4
"""A number in a file takes no less than this part of what it takes in memory."""

Config = dict[str, Any]


@dataclass(frozen=True)
class Bundle:
    """A model in memory.

    Attributes:
        path: the folder.
        config: content of `config.json`.
        network: with its weights, on the CPU, ready for inference.
    """

    path: Path
    config: Config
    network: nn.Module

    @property
    def kind(self) -> str:
        """Kind of question it answers, object or goal."""
        return str(self.config["kind"])

    @property
    def discount(self) -> float:
        """The factor for a success that takes a further push, 0 to 1."""
        return float(self.config["discount"])


def expected_config(kind: str) -> Config:
    """Return what a bundle for "object" or "goal" has to say of its input, with this version."""
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
        "normalisation": {"rasters": "divided by 255", "features": "none"},
        "candidate_set": {
            "contact_offsets": list(CONTACT_OFFSETS),
            "travels": list(TRAVELS),
        },
    }


def new_network(kind: str, sizes: Mapping[str, Any]) -> CandidateNet:
    """Return the usual network for a kind of question, with random weights.

    Args:
        kind: "object" or "goal".
        sizes: see `CandidateNet`: widths, blocks, summary, hidden; those not given by default.
    """
    view, features = VIEWS[FRAMES[kind]], FEATURES[kind]
    places = [("end_x", "end_y"), ("contact_x", "contact_y")]
    return CandidateNet(
        channels=len(CHANNELS),
        features=len(features),
        pixels=view.pixels,
        metres_per_pixel=view.metres_per_pixel,
        behind=view.behind,
        sample_at=[(features.index(x), features.index(y)) for x, y in places if x in features],
        **sizes,
    )


def write_bundle(
    path: Path,
    kind: str,
    network: CandidateNet,
    sizes: Mapping[str, Any],
    about: Mapping[str, Any],
    layouts: Sequence[str] = (),
) -> None:
    """Write a bundle; the config comes last, so a folder without one is no bundle.

    Args:
        path: the folder.
        kind: "object" or "goal".
        network: in float32.
        sizes: it was made with.
        about: discount, training and metrics, for the config.
        layouts: that it was trained on, so that anyone can tell whether a scene is new to it.

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
    """Return the config of a bundle, compared with what this version draws.

    Args:
        path: folder of the bundle.
        kind: "object" or "goal", as it is going to be used.

    Raises:
        ModelError: names the file, the value there and what it must be.
    """
    require_bundle(path)
    source = path / CONFIG
    try:
        config = json.loads(source.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{source}: is no JSON: {error}") from None
    if not isinstance(config, dict):
        raise ModelError(f"{source}: holds a {type(config).__name__}; an object is wanted")
    for name, wanted in expected_config(kind).items():
        there = config.get(name)
        if there != wanted:
            raise ModelError(f"{source}: {name} is {there!r}; this version needs {wanted!r}")
    discount = config.get("discount")
    if not isinstance(discount, int | float) or not 0 <= discount <= 1:
        raise ModelError(f"{source}: discount is {discount!r}; a number from 0 to 1 is needed")
    if not isinstance(config.get("architecture"), dict):
        raise ModelError(f"{source}: architecture is no object")
    if not isinstance(config.get("class"), str | None):
        raise ModelError(f"{source}: class is {config['class']!r}; null or 'module:Class'")
    return config


def check_weights(path: Path, config: Config) -> None:
    """Make sure that the weights are the ones the config was written for.

    Raises:
        ModelError: they are not.
    """
    weights = path / WEIGHTS
    size = weights.stat().st_size
    if size > MOST_BYTES:
        raise ModelError(f"{weights}: has {size} bytes; at most {MOST_BYTES} are read")
    there = sha256_of(weights)
    if there != config.get("weights_sha256"):
        raise ModelError(
            f"{weights}: sha256 is {there}, {CONFIG} says {config.get('weights_sha256')}; "
            "the file is damaged or from another model"
        )


def load_bundle(path: Path, kind: str, *, trust_code: bool = False) -> Bundle:
    """Load a model.

    Args:
        path: folder of the bundle.
        kind: "object" or "goal", as it is going to be used.
        trust_code: whether a class that the config names may be imported.

    Raises:
        ModelError: names what does not fit.
    """
    config = read_config(path, kind)
    check_weights(path, config)
    network = _network(path, config, trust_code=trust_code)
    weights = path / WEIGHTS
    tensors = _read_weights(weights, network)
    try:
        # A network of ours has no memory of its own yet and takes what was read.
        network.load_state_dict(tensors, strict=True, assign=config.get("class") is None)
    except RuntimeError as error:
        said = " ".join(str(error).split())
        raise ModelError(f"{weights}: does not fit the architecture: {said}") from None
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and tensor.numel() and not _is_finite(tensor):
            raise ModelError(f"{weights}: {name} holds numbers that are not finite")
    network.eval()
    return Bundle(path, config, network)


def _read_weights(weights: Path, network: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of a file, in the types that the network has them in."""
    wanted = network.state_dict()
    tensors = {}
    try:
        with safe_open(weights, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - it is no mapping
                tensor = file.get_tensor(name)
                kind = wanted[name].dtype if name in wanted else tensor.dtype
                # A copy: what is mapped goes when the file does.
                tensors[name] = tensor.to(kind, copy=True)
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        # Types that torch lacks are keys, those that it cannot convert are not implemented.
        raise ModelError(f"{weights}: {error}") from None
    return tensors


def _is_finite(tensor: Tensor) -> bool:
    """Return whether all numbers are; one pass, since NaN is smallest and largest of anything."""
    low, high = torch.aminmax(tensor.float())
    return bool(torch.isfinite(low) & torch.isfinite(high))


def _network(path: Path, config: Config, *, trust_code: bool) -> nn.Module:
    """Return the network that a config describes, its weights not loaded yet."""
    source, own_class = path / CONFIG, config.get("class")
    if own_class is None:
        return _usual_network(path, config)
    if not trust_code:
        raise ModelError(
            f"{source}: class is '{own_class}', code that is not part of this package; it is "
            "run only with --trust-model-code"
        )
    module, _, attribute = own_class.partition(":")
    sizes = {name: value for name, value in config["architecture"].items() if name != "name"}
    try:
        network = getattr(importlib.import_module(module), attribute)(**sizes)
    except Exception as error:
        raise ModelError(f"{source}: {own_class}: {type(error).__name__}: {error}") from error
    if not isinstance(network, nn.Module):
        raise ModelError(
            f"{source}: {own_class}: makes a {type(network).__name__}; a torch.nn.Module is needed"
        )
    return network


def _usual_network(path: Path, config: Config) -> nn.Module:
    """Return the network of this package that a config describes, if its weights can be there."""
    source, sizes = path / CONFIG, dict(config["architecture"])
    name = sizes.pop("name", None)
    if name != ARCHITECTURE:
        raise ModelError(f"{source}: architecture is {name!r}; known: {ARCHITECTURE}, or a class")
    _check_sizes(source, sizes)
    with torch.device("meta"):  # takes no memory, and no time for random weights
        network = new_network(config["kind"], sizes)
    tensors = network.state_dict().values()
    needed = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    there = (path / WEIGHTS).stat().st_size
    if needed > NARROWEST * there:
        raise ModelError(
            f"{source}: architecture: numbers of these sizes take {needed} bytes; {WEIGHTS} has "
            f"{there}"
        )
    return network


def _check_sizes(source: Path, sizes: Mapping[str, Any]) -> None:
    """Make sure that the sizes of a network are sizes."""
    for name, value in sizes.items():
        wanted = {"widths": 3, "blocks": 3, "summary": 1, "hidden": 1}.get(name)
        numbers = value if wanted == 3 and isinstance(value, list) else [value]
        if len(numbers) != wanted:
            raise ModelError(f"{source}: architecture: {name} is {value!r}; not a size of it")
        most = 64 if name == "blocks" else 8192
        if not all(type(number) is int and 0 < number <= most for number in numbers):
            raise ModelError(f"{source}: architecture: {name} is {value!r}; 1 to {most} each")
