"""What training minimises, and how questions are mirrored."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from namo.learning.queries import FEATURES
from namo.training.data import UNKNOWN, Sample

_MIRRORED = {
    kind: [n in ("end_y", "end_sin", "contact_y") for n in FEATURES[kind]] for kind in FEATURES
}


def candidate_loss(
    logits: Tensor, batch: Sample, *, rank_weight: float, leads_weight: float
) -> Tensor:
    """Return the loss of a batch, a scalar.

    Two logistic losses over what is known (does the push open the goal; if not, does a plan
    follow), and a ranking loss over the candidates of each state: for each that opened the goal the
    softmax cross-entropy of it against all in the state that did not (a listwise loss, Cao et al.
    2007). What was not tried takes no part.

    Args:
        logits: (views, candidates, 2), see `namo.learning.networks.OUTPUTS`.
        batch: the states.
        rank_weight: of the ranking loss.
        leads_weight: of the second logistic loss.
    """
    opens = _logistic(logits[..., 0], batch.opens)
    leads = _logistic(logits[..., 1], batch.leads)
    return opens + leads_weight * leads + rank_weight * ranking_loss(logits[..., 0], batch)


def ranking_loss(scores: Tensor, batch: Sample) -> Tensor:
    """Return the mean over successes of how far failures of the same state outrank them, a scalar.

    Args:
        scores: (views, candidates) logits of opening the goal.
        batch: the states.
    """
    state = batch.state[:, None].expand_as(batch.opens)
    failed, opened = batch.opens == 0, batch.opens == 1
    if not bool(opened.any()) or not bool(failed.any()):
        return scores.sum() * 0.0
    scores = scores.float()
    states = int(batch.state.max()) + 1
    # The sum of exp(score) over the failures of each state, relative to the largest of the batch
    # (in 64 bits: a state far below it must not vanish).
    largest = scores.detach()[failed].amax()
    weights = (scores.double() - largest).masked_fill(~failed, -math.inf).exp().sum(dim=1)
    sums = weights.new_full((states,), 1e-300).index_add(0, batch.state, weights)
    failures = largest + sums.log()
    return functional.softplus(failures[state[opened]] - scores[opened]).mean()


def _logistic(logits: Tensor, target: Tensor) -> Tensor:
    known = target != UNKNOWN
    if not bool(known.any()):
        return logits.sum() * 0.0
    return functional.binary_cross_entropy_with_logits(logits[known], target[known].to(logits))


def mirrored(batch: Sample, kind: str, generator: torch.Generator) -> Sample:
    """Return the batch with about half of its views mirrored at the x axis of their frame.

    Args:
        batch: on the CPU.
        kind: "object" or "goal".
        generator: of the choice.
    """
    chosen = torch.rand(len(batch.rasters), generator=generator) < 0.5
    rasters = torch.where(chosen[:, None, None, None], batch.rasters.flip(2), batch.rasters)
    signs = torch.where(torch.tensor(_MIRRORED[kind]), -1.0, 1.0)
    features = torch.where(chosen[:, None, None], batch.features * signs, batch.features)
    return batch._replace(rasters=rasters, features=features)
