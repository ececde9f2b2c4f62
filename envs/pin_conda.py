"""Write namo.yaml from requirements.txt and requirements-torch.txt; `make lock` runs this.

Snakemake copies the file of a conda environment to a folder of its own before conda reads it, so
the file cannot refer to another one. Pins only: conda's file has no place for hashes.
"""

from __future__ import annotations

import re
from pathlib import Path

FILE = Path(__file__).with_name("namo.yaml")
LOCKS = ("requirements.txt", "requirements-torch.txt")
_HEAD = """\
# For `snakemake --software-deployment-method conda`; see docs/containers.md. Written by `make lock`
# from requirements.txt and requirements-torch.txt, so edit those. Jobs import namo from where
# Snakemake does.
channels:
  - conda-forge
dependencies:
  - python =3.11
  - pip
  - pip:
"""
_PIN = re.compile(r"^([\w.-]+==[^\s;]+)(?: ; ([^\\\n]+?))?(?: \\)?$", re.MULTILINE)


def conda_environment(locks: str) -> str:
    """Return the environment as conda reads it.

    Args:
        locks: pins of pip, one per line, with or without hashes.
    """
    pins = [f"{pin} ; {marker}" if marker else str(pin) for pin, marker in _PIN.findall(locks)]
    return _HEAD + "".join(f'      - "{pin}"\n' for pin in pins)


def main() -> None:
    """Write the file."""
    folder = FILE.parent.parent
    locks = "\n".join((folder / name).read_text(encoding="utf-8") for name in LOCKS)
    FILE.write_text(conda_environment(locks), encoding="utf-8")


if __name__ == "__main__":
    main()
