"""Architecture of a model: from the config of a bundle to a network whose weights are yet to load.

Sizes are checked against limits and against the size of the weight file before anything is
allocated. A class named in the config is imported only if the user trusts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from namo.errors import ModelError
from namo.learning.bundle_files import CONFIG, WEIGHTS
from namo.learning.networks import CandidateNet
from namo.learning.queries import BASE_FEATURES, FEATURES, FRAMES
from namo.learning.rasters import CHANNELS, VIEWS
from namo.plug_ins import load_target

ARCHITECTURE = "candidate_net"
MAX_WIDTH, MAX_BLOCKS = 8192, 64
MAX_MEMORY_PER_FILE_BYTE = 4
"""Types in a weight file are at most this factor narrower than in memory."""


def new_network(
    kind: str, sizes: Mapping[str, Any], features: Sequence[str] | None = None
) -> CandidateNet:
    """Return a network with random weights for a kind of query.

    Args:
        kind: "object" or "goal".
        sizes: widths, blocks, summary and hidden, see `CandidateNet`; defaults for those missing.
        features: names of the features of a candidate, in order; None for all of the kind.
    """
    view = VIEWS[FRAMES[kind]]
    features = FEATURES[kind] if features is None else tuple(features)
    points = [("end_x", "end_y"), ("contact_x", "contact_y")]
    has_base = set(BASE_FEATURES) <= set(features)
    return CandidateNet(
        channels=len(CHANNELS),
        features=len(features),
        pixels=view.pixels,
        metres_per_pixel=view.metres_per_pixel,
        behind=view.behind,
        sample_at=[(features.index(x), features.index(y)) for x, y in points if x in features],
        base=[features.index(name) for name in BASE_FEATURES] if has_base else [],
        **sizes,
    )


def network_from(path: Path, config: Mapping[str, Any], *, trust_code: bool) -> nn.Module:
    """Return the network that the config of a bundle describes, weights not loaded.

    Args:
        path: folder of the bundle.
        config: content of its `config.json`.
        trust_code: whether a class named in the config may be imported.

    Raises:
        ModelError: the architecture is unknown or invalid, or the class cannot be used.
    """
    source, custom_class = path / CONFIG, config.get("class")
    if custom_class is None:
        return _candidate_net(path, config)
    if not trust_code:
        raise ModelError(
            f"{source}: class is '{custom_class}', code from outside this package; it is imported "
            "only with --trust-model-code"
        )
    sizes = {name: value for name, value in config["architecture"].items() if name != "name"}
    try:
        network = load_target(custom_class)(**sizes)
    except Exception as error:
        raise ModelError(f"{source}: {custom_class}: {type(error).__name__}: {error}") from error
    if not isinstance(network, nn.Module):
        raise ModelError(
            f"{source}: {custom_class}: returns a {type(network).__name__}; expected a "
            "torch.nn.Module"
        )
    return network


def _candidate_net(path: Path, config: Mapping[str, Any]) -> nn.Module:
    """Return the network of this package, on the meta device, if the weight file can hold it."""
    source, sizes = path / CONFIG, dict(config["architecture"])
    name = sizes.pop("name", None)
    if name != ARCHITECTURE:
        raise ModelError(
            f"{source}: architecture is {name!r}; expected {ARCHITECTURE!r}, or a 'class'"
        )
    _check_sizes(source, sizes)
    with torch.device("meta"):  # allocates nothing and draws no random weights
        network = new_network(config["kind"], sizes, config["features"])
    tensors = network.state_dict().values()
    needed = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    file_bytes = (path / WEIGHTS).stat().st_size
    if needed > MAX_MEMORY_PER_FILE_BYTE * file_bytes:
        raise ModelError(
            f"{source}: architecture: weights of these sizes take {needed} bytes; {WEIGHTS} has "
            f"{file_bytes}"
        )
    return network


def _check_sizes(source: Path, sizes: Mapping[str, Any]) -> None:
    """Refuse sizes that are unknown, not integers or out of range."""
    for name, value in sizes.items():
        wanted = {"widths": 3, "blocks": 3, "summary": 1, "hidden": 1}.get(name)
        numbers = value if wanted == 3 and isinstance(value, list) else [value]
        if len(numbers) != wanted:
            raise ModelError(f"{source}: architecture: {name} is {value!r}; not a valid size")
        limit = MAX_BLOCKS if name == "blocks" else MAX_WIDTH
        if not all(type(number) is int and 0 < number <= limit for number in numbers):
            raise ModelError(
                f"{source}: architecture: {name} is {value!r}; allowed: 1 to {limit} each"
            )
