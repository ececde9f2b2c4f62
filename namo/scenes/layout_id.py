"""An ID of a floor plan that is invariant to translation, reflection and quarter turns."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence

import numpy as np

from namo.scenes.scene import Wall

SAME_PLACE_M = 1e-5
"""Resolution at which corners are compared; much finer than the grids that plans are drawn on, so
that no corner lies on a rounding tie."""


def layout_id_of(walls: Sequence[Wall]) -> str:
    """Return an ID that moving, mirroring and quarter turns of the walls do not change.

    Train, validation and test are split by it, so that no model is evaluated on a floor plan that
    it was trained on, whoever drew it and wherever it lies. Scenes without walls share one.

    Args:
        walls: of a scene, in any order.
    """
    pieces = [piece for wall in walls for piece in wall.pieces()]
    texts = []
    for sign, swap, reverse in itertools.product((1.0, -1.0), (False, True), (1.0, -1.0)):
        turned = [
            (piece[:, ::-1] if swap else piece) * np.array([sign, sign * reverse])
            for piece in pieces
        ]
        low = np.concatenate(turned or [np.zeros((1, 2))]).min(axis=0)
        cells = [np.rint((piece - low) / SAME_PLACE_M).astype(int) for piece in turned]
        texts.append(repr(sorted(sorted(map(tuple, piece.tolist())) for piece in cells)))
    return hashlib.sha256(min(texts).encode()).hexdigest()[:16]
