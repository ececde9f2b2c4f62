"""An environment: its place in the list, its scene file, and the fingerprint of its results."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from namo.collection.config import CollectionConfig
from namo.errors import SceneError
from namo.files import from_here
from namo.results.fingerprint import fingerprint_of
from namo.results.plan import recorded_name, scene_sha256
from namo.results.record_files import record_file
from namo.scenes.reading import scene_bytes
from namo.scenes.sources import ListedScene


@dataclass(frozen=True)
class Environment:
    """A place in the list of environments.

    Attributes:
        index: place in the list, from 0.
        path: of the scene file.
        label: of the run, as in file names.
        difficulty: class of the scene, from its manifest; None if the manifest has none.
        listed_sha256: hash of the scene file in the manifest; None if the manifest has none.
        opening_fraction: fraction of candidate pushes that open the goal at once, 0 to 1, from the
            manifest; None if it has none.
    """

    index: int
    path: Path
    label: str
    difficulty: str | None = None
    listed_sha256: str | None = None
    opening_fraction: float | None = None

    @classmethod
    def listed(cls, index: int, scene: ListedScene, label: str) -> Environment:
        """Return the environment of a scene in a list.

        Args:
            index: place in the list.
            scene: at that place.
            label: of the run.
        """
        return cls(
            index,
            from_here(scene.path),
            label,
            scene.difficulty,
            scene.sha256,
            scene.opening_fraction,
        )

    @property
    def env_id(self) -> str:
        """Name of the environment in all files."""
        return f"{self.label}_env_{self.index:06d}"

    @property
    def xml_file(self) -> str:
        """The scene file as records name it; bytes that are not UTF-8 are escaped."""
        return recorded_name(self.path)

    @property
    def file_name(self) -> str:
        """Name of its result file."""
        return record_file(self.env_id)

    def scene_sha256(self) -> str:
        """Return the hash of the scene file's current content; empty when it cannot be read."""
        return scene_sha256(self.path)

    def scene_text(self, sha256: str) -> str:
        """Return the text of the scene file.

        Args:
            sha256: hash that the file had when the process last looked at it.

        Raises:
            SceneError: it cannot be read, or has changed since.
        """
        content = scene_bytes(self.path)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise SceneError(f"{self.xml_file}: changed just now; rerun the same command to resume")
        return content.decode()

    def require_listed(self, scene_sha256: str) -> None:
        """Make sure that the scene has the hash that its manifest lists, if it lists one.

        Args:
            scene_sha256: hash of the scene file.

        Raises:
            SceneError: the file changed since the manifest was written.
        """
        if self.listed_sha256 not in (None, scene_sha256):
            raise SceneError(
                f"{self.xml_file}: checksum mismatch: its sha256 is {scene_sha256}, the manifest "
                f"lists {self.listed_sha256}; regenerate the manifest"
            )

    def fingerprint(self, config: CollectionConfig, scene_sha256: str) -> str:
        """Return the hash of everything that decides this environment's results."""
        return fingerprint_of(config.decisive, self.index, scene_sha256)
