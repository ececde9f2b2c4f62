"""Change a module in every way that mutmut knows, and count the changes that its tests notice.

    python -m tests.mutation.mutate namo/results/parts.py

The tests are those that mirror the module. Prints the changes that no test notices, and the score:
the fraction after which a test fails or never ends. What was found out stays in results/mutation,
so an interrupted run goes on, until the module or these tests change.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

RESULTS = Path("results/mutation")
DECORATORS = ("contextmanager", "property", "cached_property")
"""Those under which functions are changed too: mutmut leaves decorated functions out."""
NOTICED = ("killed", "timeout", "segfault")
BESIDE = (
    "config",
    "docs",
    "examples",
    "resources",
    "profiles",
    "workflow",
    "Snakefile",
    "benchmarks",
)
"""What tests read beside the package."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("module", type=Path, help="a file of the package")
    parser.add_argument("--tests", type=Path, nargs="+", help="default: those that mirror it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="tests at a time")
    options = parser.parse_args()
    tests = options.tests or [mirror_of(options.module)]
    copy = RESULTS / ".".join(options.module.with_suffix("").parts)
    files = [options.module, *tests]
    prepared = [copy / f"{file.name}.prepared" for file in files]
    if not all(map(same, files, prepared)):
        shutil.rmtree(copy, ignore_errors=True)
        prepare(copy, options.module, tests)
        for file, last in zip(files, prepared, strict=True):
            shutil.copy2(file, last)
    mutmut = [sys.executable, "-m", "mutmut"]
    run = [*mutmut, "run", "--max-children", str(options.jobs)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (copy / "run.log").open("wb") as log:
        if subprocess.run(run, cwd=copy, stdout=log, stderr=log, env=environment).returncode:
            print(f"{copy / 'run.log'}: mutmut failed")
            return 1
    listed = [*mutmut, "results", "--all", "true"]
    found = subprocess.run(
        listed, cwd=copy, capture_output=True, text=True, env=environment, check=True
    ).stdout
    results = dict(re.findall(r"^\s*(\S+): (.+)$", found, re.M))
    for name, result in results.items():
        if result not in NOTICED:
            show = [*mutmut, "show", name]
            shown = subprocess.run(
                show, cwd=copy, capture_output=True, text=True, env=environment, check=True
            )
            print(f"{name}: {result}\n{changes_of(shown.stdout)}\n")
    counts = Counter(results.values())
    noticed = sum(counts[each] for each in NOTICED)
    print(f"{options.module}: {noticed} of {len(results)} noticed", end="")
    print(f" ({100 * noticed / max(1, len(results)):.1f} %); {dict(counts)}")
    return 0


def same(file: Path, prepared: Path) -> bool:
    """Return whether a file is still the one that a copy was prepared with."""
    return prepared.exists() and prepared.read_bytes() == file.read_bytes()


def mirror_of(module: Path) -> Path:
    """Return the tests of a module."""
    return Path("tests", *module.parts[1:-1], f"test_{module.name}")


def prepare(copy: Path, module: Path, tests: list[Path]) -> None:
    """Copy the repository to a folder in which mutmut changes one module."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    ).stdout
    for name in listed.decode().split("\0"):
        if name and Path(name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, copy / name)
    (copy / module).write_text(undecorated((copy / module).read_text()))
    arguments = [*map(str, tests), "-m", "not slow"]
    settings = {
        "source_paths": ["namo"],
        "only_mutate": [str(module)],
        "pytest_add_cli_args": ["-p", "no:cacheprovider"],
        "pytest_add_cli_args_test_selection": arguments,
        "also_copy": [*BESIDE],
        "timeout_multiplier": ["5.0"],
        "timeout_constant": ["3.0"],
        "use_git_change_detection": ["false"],
        "on_dependency_change": ["ignore"],
        "track_dependencies": ["false"],
    }
    lines = ("\n    ".join([f"{key} =", *values]) for key, values in settings.items())
    (copy / "setup.cfg").write_text("[mutmut]\n" + "\n".join(lines) + "\n")


def undecorated(source: str) -> str:
    """Return Python code that decorates functions by calls, so that mutmut changes them too."""
    lines = source.split("\n")
    moved = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and len(node.decorator_list) == 1:
            (decorator,) = node.decorator_list
            if ast.unparse(decorator) in DECORATORS and node.end_lineno is not None:
                call = f"{' ' * node.col_offset}{node.name} = {ast.unparse(decorator)}({node.name})"
                moved.append((node.end_lineno, decorator.lineno, call))
    for end, at, call in sorted(moved, reverse=True):
        lines.insert(end, call)
        del lines[at - 1]
    return "\n".join(lines)


def changes_of(shown: str) -> str:
    """Return the changed lines of a difference."""
    return "\n".join(line for line in shown.splitlines() if re.match(r"[-+](?![-+]{2})", line))


if __name__ == "__main__":
    sys.exit(main())
