"""The network: a small convolutional trunk over the raster and a head that scores candidates.

The trunk is a residual network (He et al. 2016). The head scores a candidate from three inputs: an
embedding of the whole raster, trunk features sampled bilinearly at points of interest of the
candidate (where the movable would end up, where the robot would stand), and the candidate's own
features. All candidates of a raster share one pass of the trunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

OUTPUTS = ("opens", "leads")
"""Logits per candidate: that the push opens the robot's goal, and that, if it does not, it is the
first of a shortest plan, so that fewer pushes are left. The shipped models, which are earlier,
predict that any plan continues after it."""


class CandidateModel(Protocol):
    """Interface of a network in a bundle; any `torch.nn.Module` that implements it will do."""

    def __call__(self, rasters: Tensor, features: Tensor) -> Tensor:
        """Score candidates.

        Args:
            rasters: (batch, channels, pixels, pixels) float32, 0 to 1.
            features: (batch, candidates, features) float32, see `namo.learning.queries.FEATURES`;
                padding rows are zero, and their outputs are ignored.

        Returns:
            (batch, candidates, 2) logits, as `OUTPUTS` names them.
        """


class _Block(nn.Module):
    """Residual block: two convolutions and a skip connection."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _convolution(width, width), _convolution(width, width)
        self.first_norm: nn.Module = nn.BatchNorm2d(width)
        self.second_norm: nn.Module = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape."""
        inner = functional.relu(self.first_norm(self.first(x)))
        out: Tensor = functional.relu(x + self.second_norm(self.second(inner)))
        return out


class _Down(nn.Module):
    """Strided convolution: halves the resolution and changes the width."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.convolution = _convolution(inputs, outputs, kernel=kernel, stride=2)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return features at half the resolution."""
        return functional.relu(self.norm(self.convolution(x)))


class CandidateNet(nn.Module):
    """Network of the shipped bundles; see the module docstring."""

    def __init__(
        self,
        channels: int,
        features: int,
        pixels: int,
        metres_per_pixel: float,
        behind: float,
        sample_at: Sequence[Sequence[int]] = (),
        widths: Sequence[int] = (24, 48, 64),
        blocks: Sequence[int] = (1, 1, 1),
        summary: int = 96,
        hidden: int = 96,
        base: Sequence[int] = (),
    ) -> None:
        """Make a network with random weights.

        Args:
            channels: of the rasters.
            features: number of features per candidate.
            pixels: side of a raster; a multiple of 8.
            metres_per_pixel: of the rasters (m).
            behind: extent of a raster behind the origin, along -x (m).
            sample_at: pairs of features that are points (x, y) at which to sample the trunk.
            widths: channels of the trunk at 1/2, 1/4 and 1/8 of the input resolution.
            blocks: residual blocks at each resolution.
            summary: size of the embedding of the whole raster.
            hidden: width of the head.
            base: features that are logits to which the network adds, one for each of `OUTPUTS`; or
                none.
        """
        super().__init__()
        self.base = list(base)
        self.sample_at = [tuple(pair) for pair in sample_at]
        self.side = pixels * metres_per_pixel
        self.behind = behind
        half, quarter, eighth = widths
        self.at_half = nn.Sequential(
            _Down(channels, half, 5), *(_Block(half) for _ in range(blocks[0]))
        )
        self.at_quarter = nn.Sequential(
            _Down(half, quarter, 3), *(_Block(quarter) for _ in range(blocks[1]))
        )
        self.at_eighth = nn.Sequential(
            _Down(quarter, eighth, 3), *(_Block(eighth) for _ in range(blocks[2]))
        )
        self.summary = nn.Linear(eighth * (pixels // 8) ** 2, summary)
        self.of_summary = nn.Linear(summary, hidden)
        self.of_candidate = nn.Linear(features + quarter * len(self.sample_at), hidden)
        self.hidden = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, len(OUTPUTS))

    def forward(self, rasters: Tensor, features: Tensor) -> Tensor:
        """See `CandidateModel`."""
        fine = self.at_quarter(self.at_half(rasters))
        coarse = self.at_eighth(fine)
        summary = functional.relu(self.summary(coarse.flatten(1)))
        inputs = [features]
        for x, y in self.sample_at:
            # Normalised coordinates, -1 to 1 over the raster, columns first.
            column = (features[..., x] + self.behind) * (2.0 / self.side) - 1.0
            row = features[..., y] * (2.0 / self.side)
            points = torch.stack([column, row], dim=-1)[:, :, None]
            sampled = functional.grid_sample(
                fine, points, padding_mode="border", align_corners=False
            )
            inputs.append(sampled[..., 0].transpose(1, 2))
        hidden = self.of_summary(summary)[:, None] + self.of_candidate(torch.cat(inputs, dim=-1))
        hidden = functional.relu(self.hidden(functional.relu(hidden)))
        out: Tensor = self.out(hidden)
        return out + features[..., self.base] if self.base else out

    def start_from_base(self) -> None:
        """Have a network with a base add nothing to it, until it is trained."""
        if self.base:
            nn.init.zeros_(self.out.weight)
            nn.init.zeros_(self.out.bias)

    def fused(self) -> CandidateNet:
        """Return this network for inference, batch norms folded into the convolutions."""
        self.eval()
        for module in self.modules():
            if isinstance(module, _Block):
                module.first, module.first_norm = _fused(module.first, module.first_norm)
                module.second, module.second_norm = _fused(module.second, module.second_norm)
            elif isinstance(module, _Down):
                module.convolution, module.norm = _fused(module.convolution, module.norm)
        return self


def _convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


def _fused(convolution: nn.Conv2d, norm: nn.Module) -> tuple[nn.Conv2d, nn.Module]:
    if not isinstance(norm, nn.BatchNorm2d):  # already fused
        return convolution, norm
    return fuse_conv_bn_eval(convolution, norm), nn.Identity()
