"""The training loss, and mirroring as data augmentation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from namo.training.data import UNKNOWN, Sample

MIRRORED = ("end_y", "end_sin", "contact_y")
"""Features that change their sign in a mirror."""


class CandidateLoss(NamedTuple):
    """The loss of a batch and its parts before they are weighted.

    Attributes:
        loss: what is minimised, a scalar.
        opens: cross-entropy of opening the goal, a scalar.
        leads: cross-entropy of beginning a shortest known plan, a scalar.
        ranking: see `ranking_loss`, the sum of both, a scalar.
    """

    loss: Tensor
    opens: Tensor
    leads: Tensor
    ranking: Tensor


def candidate_loss(
    logits: Tensor, batch: Sample, *, rank_weight: float, leads_weight: float
) -> CandidateLoss:
    """Return the loss of a batch.

    The sum of two binary cross-entropies over the known targets (whether the push opens the goal;
    if not, whether it is the first of a shortest known plan) and a ranking loss for each over the
    candidates of each state, of all its movables: for each candidate of which it is true, its
    softmax cross-entropy against all of which it is not (a listwise loss, Cao et al. 2007).
    Candidates without a target are masked.

    Args:
        logits: (views, candidates, 2), see `namo.learning.networks.OUTPUTS`.
        batch: states and targets.
        rank_weight: weight of the ranking loss.
        leads_weight: weight of the second cross-entropy, and of its ranking loss beside the first.
    """
    opens = _masked_cross_entropy(logits[..., 0], batch.opens)
    leads = _masked_cross_entropy(logits[..., 1], batch.leads)
    ranking = ranking_loss(logits[..., 0], batch.opens, batch.state)
    ranking = ranking + leads_weight * ranking_loss(logits[..., 1], batch.leads, batch.state)
    loss = opens + leads_weight * leads + rank_weight * ranking
    return CandidateLoss(loss, opens, leads, ranking)


def ranking_loss(scores: Tensor, target: Tensor, state: Tensor) -> Tensor:
    """Return the mean softmax cross-entropy of successes against failures of their state, a scalar.

    Args:
        scores: (views, candidates) logits.
        target: (views, candidates) 1 of a success, 0 of a failure, else `UNKNOWN`.
        state: (views,) index of the state in the batch.
    """
    failed, succeeded = target == 0, target == 1
    if not bool(succeeded.any()) or not bool(failed.any()):
        return scores.sum() * 0.0
    scores = scores.float()
    # The sum of exp(score) over the failures of each state, relative to the maximum of the batch;
    # in 64 bits, so that the sum of a state far below that maximum does not underflow.
    largest = scores.detach()[failed].amax()
    weights = (scores.double() - largest).masked_fill(~failed, -math.inf).exp().sum(dim=1)
    sums = weights.new_full((int(state.max()) + 1,), 1e-300).index_add(0, state, weights)
    failures = largest + sums.log()
    against = failures[state[:, None].expand_as(target)[succeeded]]
    return functional.softplus(against - scores[succeeded]).mean()


def _masked_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    known = target != UNKNOWN
    if not bool(known.any()):
        return logits.sum() * 0.0
    return functional.binary_cross_entropy_with_logits(logits[known], target[known].to(logits))


def mirrored(batch: Sample, features: Sequence[str], rng: np.random.Generator) -> Sample:
    """Return the batch with about half of its views mirrored at the x axis of their frame.

    Args:
        batch: on the CPU.
        features: names of the features.
        rng: random stream that selects the views.
    """
    chosen = torch.from_numpy(rng.random(len(batch.rasters)) < 0.5)
    rasters = torch.where(chosen[:, None, None, None], batch.rasters.flip(2), batch.rasters)
    signs = torch.where(torch.tensor([name in MIRRORED for name in features]), -1.0, 1.0)
    flipped = torch.where(chosen[:, None, None], batch.features * signs, batch.features)
    return batch._replace(rasters=rasters, features=flipped)
