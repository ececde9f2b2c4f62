"""Planners, strategies and other parts that are chosen by name, from their registries."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from namo.errors import UsageError
from namo.planning.registry import PLANNERS
from namo.registry import Registry
from namo.scenes.generator.layouts.registry import LAYOUT_FAMILIES
from namo.scenes.importers.registry import IMPORTERS
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES
from namo.wording import did_you_mean
from reference.markdown import code, paragraphs, prose

REGISTRIES: Mapping[str, Registry] = {
    registry.kind: registry
    for registry in (PLANNERS, OBJECT_STRATEGIES, GOAL_STRATEGIES, LAYOUT_FAMILIES, IMPORTERS)
}


def parts(kind: str) -> str:
    """Return the docstrings of all parts of a kind, each under its own heading.

    The docstring of a module with several parts appears once, before the first of them.

    Raises:
        UsageError: there is no such kind.
    """
    if kind not in REGISTRIES:
        raise UsageError(f"unknown kind of part '{kind}'; {did_you_mean(kind, REGISTRIES)}")
    registry = REGISTRIES[kind]
    modules = {name: target.partition(":")[0] for name, target in registry.targets.items()}
    shared = Counter(modules.values())
    sections: list[str] = []
    introduced = set()
    for name, module in modules.items():
        part = registry.load(name)
        about, own = sys.modules[module].__doc__ or "", part.__doc__ or ""
        if shared[module] > 1 and module not in introduced:
            sections.append(paragraphs(about))
        introduced.add(module)
        others = [alias for alias, target in registry.aliases.items() if target == name]
        also = f" (also {', '.join(map(code, others))})" if others else ""
        sections.append(f"### {code(name)}{also}")
        if shared[module] == 1:
            sections.append(paragraphs(about))
        path = f"{module.replace('.', '/')}.py"
        constants = "".join(
            f" {code(constant)} is {code(value)}."
            for constant, value in _constants(about + own, module).items()
        )
        sections += [paragraphs(own), f"In [{code(path)}](../{path}).{constants}"]
    return "\n\n".join([*sections, *_plug_ins(registry)])


def _plug_ins(registry: Registry) -> Iterator[str]:
    """Yield what plug-ins of a kind say of themselves, or why they cannot be imported."""
    for name in registry:
        plug_in = registry.plug_in(name)
        if plug_in is not None:
            yield f"### {code(name)}"
            try:
                yield paragraphs(registry.load(name).__doc__ or "")
            except UsageError as error:
                yield prose(str(error))
            yield f"Plug-in: {code(plug_in)}."


def _constants(text: str, module: str) -> dict[str, Any]:
    """Return the constants of a module that a text mentions."""
    names = re.findall(r"`([A-Z][A-Z0-9_]+)`", text)
    constants = vars(sys.modules[module])
    return {
        name: round(constants[name], 3) if isinstance(constants[name], float) else constants[name]
        for name in dict.fromkeys(names)
        if name in constants
    }
