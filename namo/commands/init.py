"""Lay out a project: a Snakefile that runs the pipeline of the package, its settings, profiles.

The rules stay in the package, so a newer version brings its own. A setting that it adds has a
default; of a settings file that is not in the project it uses the shipped one.

Exit codes: 0 done; 1 a file cannot be written; 2 the folder has other files of these names.
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from namo.errors import UsageError
from namo.files import replacing
from namo.shipped import shipped_folder
from namo.wording import truncated_list

HELP = "lay out a project: Snakefile, settings and profiles"

SNAKEFILE = """\
\"\"\"The pipeline of namo-collect with the settings of this folder: config/, profiles/.

snakemake --cores all
\"\"\"

from namo.shipped import shipped_folder


include: str(shipped_folder() / "Snakefile")


rule project:
    \"\"\"What a run makes: a collection, its report, and outputs of rules of your own.\"\"\"
    default_target: True
    input:
        rules.all.input,
"""
_SHIPPED = ("config", "profiles")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of the project")


def run(options: argparse.Namespace) -> int:
    """Write the files of the project, say what to run next, and return the exit code.

    Raises:
        UsageError: a file of this name is there and has another content; nothing is written.
    """
    folder: Path = options.folder
    files = project_files()
    changed = [name for name, content in files.items() if _differs(folder / name, content)]
    if changed:
        raise UsageError(
            f"{folder}: has {truncated_list(changed, 3)} with other content; expected a folder "
            "without these files"
        )
    for name, content in files.items():
        with replacing(folder / name) as handle:
            handle.write(content)
        print(folder / name)
    print(f"next: cd {shlex.quote(str(folder))} && snakemake --cores all")
    return 0


def project_files() -> dict[str, bytes]:
    """Return the files of a new project: path relative to its folder -> content."""
    shipped = shipped_folder()
    copied = {
        path.relative_to(shipped).as_posix(): path.read_bytes()
        for name in _SHIPPED
        for path in sorted((shipped / name).rglob("*.yaml"))
    }
    return {"Snakefile": SNAKEFILE.encode(), **copied}


def _differs(path: Path, content: bytes) -> bool:
    return path.exists() and (not path.is_file() or path.read_bytes() != content)
