"""Data sets of labelled candidates as torch data sets.

    from namo.training.data import CandidateData, collate

    data = CandidateData("results/dataset", split="train", kind="goal")
    loader = torch.utils.data.DataLoader(data, batch_size=16, shuffle=True, collate_fn=collate)

An item is a state: its rasters with at least one tried candidate, and the targets of the
candidates. Candidates of a state stay together, because the ranking loss compares them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from namo.errors import UsageError
from namo.learning.queries import FEATURES, FRAMES, by_view
from namo.learning.rasters import CHANNELS, VIEWS
from namo.results.shards import SPLITS
from namo.training.data_schema import CARD, DATA_SCHEMA_VERSION, LISTED_FEATURES
from namo.training.labels import DEAD_END_AFTER, MAX_COUNT, Label, is_known
from namo.training.raster_png import from_png
from namo.world.primitives import TRAVELS

UNKNOWN = -1
"""Target of a candidate about which nothing is known."""
MIN_CONTACTS_OF_OBJECT = 6
"""Contact points of a movable with failed pushes, from which on it counts as unable to open the
goal; or all from which it can be pushed, if these are fewer."""
_SWEEPS = FEATURES["goal"].index("sweeps")


class Sample(NamedTuple):
    """One state, or a batch of states after `collate`.

    Attributes:
        rasters: (views, channels, pixels, pixels) uint8.
        features: (views, candidates, features) float32, see `namo.learning.queries.FEATURES`;
            padding rows are zero.
        opens: (views, candidates) int8, whether the push opened the goal: 1, 0, or -1 if unknown.
        leads: likewise, whether a push that did not is the first of a shortest known plan.
        state: (views,) index of the state in the batch.
    """

    rasters: Tensor
    features: Tensor
    opens: Tensor
    leads: Tensor
    state: Tensor


class CandidateData(Dataset[Sample]):
    """The states of one split of a data set, held in memory with compressed rasters.

    Indexing an item with a damaged raster raises `ResultFileError`.

    Attributes:
        card: content of `card.json` of the data set.
    """

    def __init__(
        self,
        folder: str | Path,
        split: str,
        kind: str,
        features: Sequence[str] | None = None,
        dead_end_after: int = DEAD_END_AFTER,
    ) -> None:
        """Read a split.

        Args:
            folder: of the data set.
            split: "train", "val" or "test".
            kind: "goal" for candidate pushes, "object" for whole movables.
            features: names of those wanted, in order; None for all of the kind.
            dead_end_after: failed pushes from the state that a push led to on, from which on it
                counts as one that does not lead to the goal; fewer say nothing.

        Raises:
            UsageError: the data set, split or kind does not exist, or its version or its features
                are not those of this version.
        """
        folder = Path(folder)
        if split not in SPLITS or kind not in FRAMES:
            raise UsageError(
                f"split '{split}', kind '{kind}'; allowed: {', '.join(SPLITS)}; {', '.join(FRAMES)}"
            )
        try:
            self.card: dict[str, Any] = json.loads((folder / CARD).read_text())
        except (OSError, ValueError) as error:
            raise UsageError(f"{folder / CARD}: {error}; not a data set") from None
        version = self.card.get("schema_version") if isinstance(self.card, dict) else None
        if version != DATA_SCHEMA_VERSION:
            raise UsageError(
                f"{folder}: data set of version {version}; this version reads {DATA_SCHEMA_VERSION}"
            )
        if (features_listed := self.card.get("features")) != LISTED_FEATURES:
            raise UsageError(
                f"{folder}: data set with features {features_listed}; this version reads "
                f"{LISTED_FEATURES}: regenerate it"
            )
        self._kind, self._dead_end_after = kind, dead_end_after
        wanted = FEATURES[kind] if features is None else features
        self._features = [FEATURES[kind].index(name) for name in wanted]
        self._pixels = VIEWS[FRAMES[kind]].pixels
        columns = ["scene_sha256", "state", "label", "implied", "pushes_to_goal", "tried_after"]
        columns += (
            ["goal_rasters", "view", "numbers", "features"]
            if kind == "goal"
            else ["object_raster", "object_features"]
        )
        names = [name for name in sorted(self.card["files"]) if name.startswith(f"{split}-")]
        shards = [_read_shard(folder / name, columns) for name in names]
        self._rows = _Columns(pa.concat_tables(shards)) if shards else None
        self._shortest = np.empty(0, np.int64)  # known plan from the state of each row (pushes)
        self._states = self._rows_by_state()

    def _rows_by_state(self) -> list[list[int]]:
        """Return the rows of each state, states in the order of their first row."""
        if self._rows is None:
            return []
        groups: dict[tuple[str, str], list[int]] = {}
        keys = zip(self._rows.strings("scene_sha256"), self._rows.strings("state"), strict=True)
        for row, key in enumerate(keys):
            groups.setdefault(key, []).append(row)
        self._shortest = np.full(sum(map(len, groups.values())), MAX_COUNT)
        for rows in groups.values():
            to_goal = np.concatenate([self._rows.values("pushes_to_goal", row) for row in rows])
            self._shortest[rows] = to_goal[to_goal > 0].min(initial=MAX_COUNT)
        wanted = ([row for row in rows if self._has_target(row)] for rows in groups.values())
        return [rows for rows in wanted if rows]

    def __len__(self) -> int:
        return len(self._states)

    def objects(self, index: int) -> int:
        """Return the number of movables with a target in a state."""
        return len(self._states[index])

    def __getitem__(self, index: int) -> Sample:
        parts = [
            self._goal(row) if self._kind == "goal" else self._object(row)
            for row in self._states[index]
        ]
        return collate(parts, one_state=True)

    def _goal(self, row: int) -> Sample:
        rows = self._known_rows
        _, _, to_goal, after = rows.labels(row)
        numbers, view = rows.values("numbers", row), rows.values("view", row).astype(np.int64)
        features = self._all_features(row)[:, self._features]
        opens, leads = self._targets(
            self._goal_labels(row), to_goal[numbers], after[numbers], self._shortest[row]
        )
        known = np.unique(view[opens != UNKNOWN])
        pngs = rows.goal_rasters(row)
        padded, index = by_view(features, view, len(pngs))
        targets = np.full((2, *padded.shape[:2]), UNKNOWN, np.int8)
        targets[0, view, index], targets[1, view, index] = opens, leads
        rasters = np.array([from_png(pngs[each], len(CHANNELS)) for each in known.tolist()])
        rasters = rasters.reshape(-1, len(CHANNELS), self._pixels, self._pixels)
        return _sample(rasters.astype(np.uint8), padded[known], *targets[:, known])

    def _all_features(self, row: int) -> NDArray[np.float32]:
        values: NDArray[np.float32] = self._known_rows.values("features", row)
        return values.reshape(-1, len(FEATURES["goal"]))

    def _goal_labels(self, row: int) -> NDArray[np.int8]:
        """Return the labels of the covered candidates, for a goal model.

        One that does not know which of them sweep into a wall is not asked about these: untried.
        """
        rows = self._known_rows
        label: NDArray[np.int8] = rows.values("label", row)[rows.values("numbers", row)]
        if _SWEEPS in self._features:
            return label
        return np.where(self._all_features(row)[:, _SWEEPS] > 0.0, np.int8(Label.UNTRIED), label)

    def _targets(
        self,
        label: NDArray[np.int8],
        to_goal: NDArray[np.int8],
        after: NDArray[np.int8],
        shortest: int,
    ) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """Return the targets of candidates: whether they open the goal, whether they lead to it.

        A plan mostly continues after a push that achieves nothing, with one push more. So what
        leads to the goal is what leaves fewer pushes than there were.
        """
        opens = np.where(is_known(label), to_goal == 1, UNKNOWN).astype(np.int8)
        leads = np.full_like(opens, UNKNOWN)
        longer = (label == Label.SUCCESS) & (to_goal > 1)
        leads[longer] = to_goal[longer] == shortest
        leads[(label == Label.FAILURE) & (after >= self._dead_end_after)] = 0
        return opens, leads

    def _object(self, row: int) -> Sample:
        rows = self._known_rows
        raster = from_png(rows.object_raster(row), len(CHANNELS))[None]
        features = rows.values("object_features", row)[None, None, self._features]
        opens, leads = self._object_target(row)
        targets = np.array([[[opens]], [[leads]]], np.int8)
        return _sample(raster, features, targets[0], targets[1])

    def _object_target(self, row: int) -> tuple[int, int]:
        """Return the targets of a movable: whether any candidate opens the goal, or leads to it."""
        label, implied, to_goal, after = self._known_rows.labels(row)
        if (to_goal == 1).any():
            return 1, UNKNOWN
        opens = leads = UNKNOWN
        enough = min(MIN_CONTACTS_OF_OBJECT, _contacts(label != Label.UNREACHABLE))
        tried = is_known(label) & ~implied
        if 0 < enough <= _contacts(tried):
            opens = 0
            if _contacts(tried & (after >= self._dead_end_after)) >= enough:
                leads = 0
        if (to_goal > 1).any():
            leads = int((to_goal == self._shortest[row]).any())
        return opens, leads

    def _has_target(self, row: int) -> bool:
        if self._kind == "object":
            return max(self._object_target(row)) != UNKNOWN
        return bool(is_known(self._goal_labels(row)).any())

    @property
    def _known_rows(self) -> _Columns:
        if self._rows is None:
            raise IndexError("the split is empty")
        return self._rows


def _contacts(candidates: NDArray[np.bool_]) -> int:
    """Return the number of contact points with one of these candidates."""
    return int(candidates.reshape(-1, len(TRAVELS)).any(axis=1).sum())


def _read_shard(path: Path, columns: list[str]) -> pa.Table:
    """Return the rows of a shard.

    Raises:
        UsageError: the shard is missing or damaged.
    """
    try:
        return pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{path}: {error}") from None


def collate(samples: Sequence[Sample], *, one_state: bool = False) -> Sample:
    """Combine states into a batch, padded to the largest number of candidates.

    Args:
        samples: at least one, all of the same kind.
        one_state: whether they are parts of a single state.

    Raises:
        ValueError: there are no samples.
    """
    if not samples:
        raise ValueError("no samples to collate")
    largest = max(sample.features.shape[1] for sample in samples)
    padded = [_padded(sample, largest) for sample in samples]
    states = [
        torch.full((len(sample.rasters),), 0 if one_state else number)
        for number, sample in enumerate(samples)
    ]
    return Sample(
        torch.cat([sample.rasters for sample in padded]),
        torch.cat([sample.features for sample in padded]),
        torch.cat([sample.opens for sample in padded]),
        torch.cat([sample.leads for sample in padded]),
        torch.cat(states),
    )


def _padded(sample: Sample, candidates: int) -> Sample:
    """Return the sample padded to a number of candidates."""
    more = candidates - sample.features.shape[1]
    if not more:
        return sample
    pad = torch.nn.functional.pad
    return sample._replace(
        features=pad(sample.features, (0, 0, 0, more)),
        opens=pad(sample.opens, (0, more), value=UNKNOWN),
        leads=pad(sample.leads, (0, more), value=UNKNOWN),
    )


def _sample(
    rasters: NDArray[np.uint8],
    features: NDArray[np.float32],
    opens: NDArray[np.int8],
    leads: NDArray[np.int8],
) -> Sample:
    return Sample(
        torch.from_numpy(np.ascontiguousarray(rasters)),
        torch.from_numpy(np.ascontiguousarray(features)),
        torch.from_numpy(np.ascontiguousarray(opens)),
        torch.from_numpy(np.ascontiguousarray(leads)),
        torch.zeros(len(rasters), dtype=torch.int64),
    )


class _Columns:
    """The columns of a table as flat arrays, for fast access to single rows."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table.combine_chunks()
        self._lists: dict[str, tuple[NDArray[Any], NDArray[np.int64]]] = {}
        for name in table.column_names:
            column = self._table[name]
            if not pa.types.is_list(column.type) or pa.types.is_binary(column.type.value_type):
                continue
            lengths = pc.list_value_length(column).to_numpy()
            offsets = np.concatenate([[0], np.cumsum(lengths)])
            values = pa.concat_arrays([chunk.flatten() for chunk in column.chunks])
            self._lists[name] = values.to_numpy(zero_copy_only=False), offsets

    def strings(self, name: str) -> list[str]:
        strings: list[str] = self._table[name].to_pylist()
        return strings

    def values(self, name: str, row: int) -> NDArray[Any]:
        values, offsets = self._lists[name]
        return values[offsets[row] : offsets[row + 1]]

    def labels(self, row: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        names = ("label", "implied", "pushes_to_goal", "tried_after")
        label, implied, to_goal, after = (self.values(name, row) for name in names)
        return label, implied, to_goal, after

    def goal_rasters(self, row: int) -> list[bytes]:
        pngs: list[bytes] = self._table["goal_rasters"][row].as_py()
        return pngs

    def object_raster(self, row: int) -> bytes:
        png: bytes = self._table["object_raster"][row].as_py()
        return png
