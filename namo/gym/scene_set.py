"""The scenes of an environment: a folder, a manifest, packed scenes, or those of a collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from namo.errors import ResultFileError, SceneError, UsageError
from namo.results.collected_scenes import TABLE, StoredScenes
from namo.results.tables import read_table
from namo.scenes.packed import read_packed
from namo.scenes.parquet_files import ParquetFileError, is_text, schema_of, table_of
from namo.scenes.reading import parse_scene, scene_bytes
from namo.scenes.scene import Scene
from namo.scenes.sources import DEMO_SCENES, PACKED_TEXT, environments_from
from namo.shipped import here_or_shipped
from namo.wording import did_you_mean

NAMED = {"demo": str(DEMO_SCENES), "benchmark": "resources/scenes/benchmark/scenes.parquet"}
"""Names of shipped sets -> their files."""
MINARI = "minari:"
"""Before the name of a Minari data set that has its scenes beside its data."""
STORED = f"{TABLE}.parquet"

_MOVABLES = "box_count"
_LABELS = ("difficulty", "split", _MOVABLES)
_HASH = "scene_sha256"


@dataclass(frozen=True)
class SceneSet:
    """Scenes by number, read when they are asked for.

    Attributes:
        source: where they are.
        names: what messages call each scene.
        hashes: SHA-256 of the file of each; None where it is not known.
        labels: what a manifest says of each, by the name of its column.
        content: returns the content of the file of a scene.
    """

    source: str
    names: Sequence[str]
    hashes: Sequence[str | None]
    labels: Mapping[str, Sequence[Any]]
    content: Callable[[int], bytes]

    def __len__(self) -> int:
        return len(self.names)

    def only(self, label: str, value: str | None) -> SceneSet:
        """Return the scenes with a label, in order; all if the value is None.

        Raises:
            UsageError: there are none, or scenes have no such label.
        """
        if value is None:
            return self
        if label not in self.labels:
            raise UsageError(f"{label} '{value}': {self.source} does not list one for its scenes")
        numbers = [number for number, found in enumerate(self.labels[label]) if found == value]
        if not numbers:
            there = sorted({found for found in self.labels[label] if found is not None})
            raise UsageError(
                f"{self.source}: no scene of {label} '{value}'; {did_you_mean(value, there)}"
            )
        return SceneSet(
            self.source,
            [self.names[number] for number in numbers],
            [self.hashes[number] for number in numbers],
            {name: [of[number] for number in numbers] for name, of in self.labels.items()},
            lambda number: self.content(numbers[number]),
        )

    def scene(self, number: int) -> Scene:
        """Return a scene.

        Raises:
            SceneError: its file cannot be read, is not a scene, or has changed since it was listed.
            ResultFileError: the stored scenes are damaged.
        """
        scene = parse_scene(self.content(number), self.names[number])
        if self.hashes[number] not in (None, scene.sha256):
            raise SceneError(f"{self.names[number]}: changed since {self.source} was written")
        return scene

    def number_of(self, scene: int | str) -> int:
        """Return the number of a scene.

        Args:
            scene: its number, or the SHA-256 of its file.

        Raises:
            UsageError: there is no such scene, or hashes are not listed.
        """
        if not isinstance(scene, str):
            if 0 <= scene < len(self):
                return scene
            raise UsageError(f"{self.source}: no scene {scene}; expected 0 to {len(self) - 1}")
        if scene in self.hashes:
            return self.hashes.index(scene)
        raise UsageError(f"{self.source}: lists no scene with the hash '{scene}'")

    def max_movables(self) -> int:
        """Return the largest number of movables; reads every scene unless a manifest lists it.

        Raises:
            SceneError: see `scene`.
            ResultFileError: see `scene`.
        """
        listed = self.labels.get(_MOVABLES, [None])
        if None not in listed:
            return int(max(listed))
        return max(len(self.scene(number).movables) for number in range(len(self)))


def scene_set(scenes: str, difficulty: str | None = None, split: str | None = None) -> SceneSet:
    """Return the scenes of a set.

    Args:
        scenes: a name in `NAMED`; a folder of scene files; a manifest; a file of packed scenes; the
            folder of a collection or export, or its `scene_files.parquet`; or `minari:ID`.
        difficulty: only the scenes of this class.
        split: only the scenes of this split.

    Raises:
        UsageError: there is nothing of the kind, it lists no scene, or none of that class or split.
        ResultFileError: the stored scenes are damaged.
    """
    path = _path_of(scenes)
    columns = _columns(path)
    if _HASH in columns:
        found = _stored(path)
    elif PACKED_TEXT in columns:
        found = _packed(path)
    else:
        found = _files(path, columns)
    return found.only("difficulty", difficulty).only("split", split)


def _path_of(scenes: str) -> Path:
    if scenes.startswith(MINARI):
        from minari.storage.datasets_root_dir import get_dataset_path  # takes a second

        path = Path(get_dataset_path(scenes.removeprefix(MINARI))) / STORED
    else:
        path = Path(here_or_shipped(NAMED.get(scenes, scenes)))
    if not path.exists():
        raise UsageError(
            f"scenes '{scenes}': no such file or folder ({path}), nor one of: {', '.join(NAMED)}"
        )
    return path / STORED if (path / STORED).is_file() else path


def _columns(path: Path) -> list[str]:
    """Return the columns of a Parquet file; none of anything else."""
    if path.suffix != ".parquet" or not path.is_file():
        return []
    try:
        names: list[str] = schema_of(path).names
    except ParquetFileError as error:
        raise UsageError(f"{path}: {error}") from error
    return names


def _stored(path: Path) -> SceneSet:
    hashes = read_table(path, [_HASH])[_HASH].to_pylist()
    stored = StoredScenes(path)

    def content(number: int) -> bytes:
        found = stored.content(hashes[number])
        if found is None:
            raise ResultFileError(f"{path}: changed since the environment was made")
        return found

    return SceneSet(str(path), hashes, hashes, {}, content)


def _packed(path: Path) -> SceneSet:
    rows = read_packed(path)
    return SceneSet(
        str(path),
        [row["file"] for row in rows],
        [row["sha256"] for row in rows],
        {label: [row[label] for row in rows] for label in _LABELS},
        lambda number: rows[number][PACKED_TEXT].encode(),
    )


def _files(path: Path, columns: Sequence[str]) -> SceneSet:
    try:
        where = (path, None) if path.is_dir() else (None, path)
        listed = environments_from(*where, look=False).scenes
    except UsageError as error:  # says the option of a command, which nobody has given here
        raise UsageError(str(error).partition(" ")[2]) from None
    present = [label for label in _LABELS if label in columns]
    try:
        table = table_of(path, present) if present else pa.table({})
    except ParquetFileError as error:
        raise UsageError(f"{path}: {error}") from error
    for label in present:
        kind = table.schema.field(label).type
        if not (pa.types.is_integer(kind) if label == _MOVABLES else is_text(kind)):
            raise UsageError(
                f"{path}: column '{label}' is {kind}; it must be "
                f"{'whole numbers' if label == _MOVABLES else 'text'}"
            )
    return SceneSet(
        str(path),
        [str(one.path) for one in listed],
        [one.sha256 for one in listed],
        {label: table[label].to_pylist() for label in present},
        lambda number: scene_bytes(listed[number].path),
    )
