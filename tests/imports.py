"""Which module of the package imports which, read from the sources without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "namo"
Graph = Mapping[str, frozenset[str]]
"""Modules -> those that they import."""


def module_name(path: Path, package: Path) -> str:
    """The dotted name of a source file of a package."""
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph(package: Path = PACKAGE, *, type_checking: bool = True) -> Graph:
    """Imports between the modules of a package, those inside functions included.

    Args:
        package: folder of the package.
        type_checking: whether imports under `if TYPE_CHECKING` count.
    """
    files = {module_name(path, package): path for path in package.rglob("*.py")}
    return {
        name: frozenset(_imported(path, name, files, type_checking) - {name})
        for name, path in files.items()
    }


def _imported(
    path: Path, importer: str, modules: Mapping[str, Path], type_checking: bool
) -> set[str]:
    found = set()
    for node in _nodes(ast.parse(path.read_text()), type_checking):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}:{node.lineno}: relative import")
            # `from package import module` imports the module, `from module import name` the module.
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                found.add(inside if inside in modules else str(node.module))
    return {name for name in found if name in modules}


def _nodes(tree: ast.AST, type_checking: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and _is_type_checking(node.test) and not type_checking:
            for other in node.orelse:
                yield from _nodes(other, type_checking)
            continue
        yield node
        yield from _nodes(node, type_checking)


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def package_of(module: str) -> str:
    """The folder of `namo` that a module is in, or its own name where it is in none."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def package_graph(graph: Graph) -> dict[str, set[str]]:
    """Folders and base modules of `namo` -> those that they import; `namo` itself is left out."""
    found: dict[str, set[str]] = {}
    for module, imported in graph.items():
        if here := package_of(module):
            others = {package_of(name) for name in imported} - {here, ""}
            found.setdefault(here, set()).update(others)
    return found


def circles(graph: Graph) -> list[frozenset[str]]:
    """The groups of modules that import one another, directly or through others.

    These are the strongly connected components of more than one module (Tarjan's algorithm).
    """
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[frozenset[str]] = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in order:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], order[other])
        if lowest[module] == order[module]:
            group = frozenset(stack[stack.index(module) :])
            del stack[stack.index(module) :]
            if len(group) > 1:
                found.append(group)

    for module in sorted(graph):
        if module not in order:
            visit(module)
    return found
