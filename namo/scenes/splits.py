"""Splits for training, by layout: all scenes of a layout are in the same one."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

from namo.errors import UsageError

DEFAULT_SPLITS: Mapping[str, float] = {"train": 0.8, "val": 0.1, "test": 0.1}


def require_splits(splits: Mapping[str, float]) -> None:
    """Make sure that the fractions of the layouts in each split add up to 1.

    Args:
        splits: fraction of the layouts by name.

    Raises:
        UsageError: they do not, or one is negative.
    """
    fractions = list(splits.values())
    if not fractions or not min(fractions) >= 0.0 or not abs(sum(fractions) - 1.0) <= 1e-6:
        raise UsageError(f"splits is {dict(splits)}; fractions from 0 that add up to 1")


def split_of(layout_id: str, splits: Mapping[str, float]) -> str:
    """Return the split of a layout, which does not depend on the rest of the set.

    Args:
        layout_id: see `namo.scenes.layout_id`.
        splits: fraction of the layouts in each split, adding up to 1.
    """
    position = _position(layout_id)
    passed = 0.0
    for name, fraction in splits.items():
        passed += fraction
        if position < passed:
            return name
    return next(reversed([name for name, fraction in splits.items() if fraction > 0.0]))


def splits_of(layout_ids: Iterable[str], splits: Mapping[str, float]) -> dict[str, str]:
    """Return the split of every layout of a set that may have few of them.

    As `split_of`, but no split stays empty while another has a layout to give: the one with most,
    or else one that comes later, gives its last in the order of hashes. Where layouts are fewer
    than splits, the first splits get them.

    Args:
        layout_ids: see `namo.scenes.layout_id`; in any order.
        splits: fraction of the layouts in each split, adding up to 1.
    """
    found = {one: split_of(one, splits) for one in sorted(set(layout_ids), key=_position)}
    wanted = [name for name, fraction in splits.items() if fraction > 0.0]
    for number, empty in enumerate(wanted):
        counts = Counter(found.values())
        if counts[empty]:
            continue
        giver = max(wanted, key=counts.__getitem__)
        if counts[giver] < 2:
            giver = next((name for name in wanted[number + 1 :] if counts[name]), "")
        given = [one for one, split in found.items() if split == giver]
        if given:
            found[given[-1]] = empty
    return found


def _position(layout_id: str) -> float:
    """Return where a layout lies between the first and the last, 0 to 1."""
    digest = hashlib.sha256(layout_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
