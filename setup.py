"""Put the files of the pipeline into the wheel, from where they are in a clone.

Everything else is declared in pyproject.toml. Inside the wheel they are the package data of `namo`,
in the same folders as here; `namo.shipped` finds them in both places.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("Snakefile", "config", "envs/namo.yaml", "profiles", "resources", "workflow")
"""Files and folders of the top level that the wheel carries."""
SUFFIXES = (".json", ".parquet", ".py", ".safetensors", ".smk", ".txt", ".xml", ".yaml")
"""What is carried of these folders; anything else is a cache or a leftover."""
PACKAGE, FOLDER = "namo", "shipped_files"


class BuildWithShippedFiles(build_py):
    """Builds the package, and copies the shipped files into it; an editable install needs none."""

    def run(self) -> None:
        """Build everything."""
        super().run()
        if self.editable_mode:
            return
        for source, target in self._shipped():
            self.mkpath(str(target.parent))
            self.copy_file(str(source), str(target))

    def get_source_files(self) -> list[str]:
        """Return the sources, which a source distribution then holds too."""
        return [*super().get_source_files(), *(str(source) for source, _ in self._shipped())]

    def get_outputs(self, include_bytecode: int = 1) -> list[str]:
        """Return the files that are built."""
        built = [] if self.editable_mode else [str(target) for _, target in self._shipped()]
        return [*super().get_outputs(include_bytecode), *built]

    def _shipped(self) -> Iterator[tuple[Path, Path]]:
        """Yield each shipped file with its place in the build."""
        into = Path(self.build_lib, PACKAGE, FOLDER)
        for name in SHIPPED:
            top = Path(name)
            for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
                if path == top or (path.is_file() and path.suffix in SUFFIXES):
                    yield path, into / path


setup(cmdclass={"build_py": BuildWithShippedFiles})
