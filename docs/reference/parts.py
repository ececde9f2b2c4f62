"""Planners, strategies and other parts that are chosen by name, from their registries."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping

from namo.errors import UsageError, did_you_mean
from namo.planning.registry import PLANNERS
from namo.registry import Registry
from namo.scenes.importers.registry import IMPORTERS
from namo.scenes.layouts.registry import LAYOUT_FAMILIES
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES
from reference.markdown import code, paragraphs

REGISTRIES: Mapping[str, Registry] = {
    registry.kind: registry
    for registry in (PLANNERS, OBJECT_STRATEGIES, GOAL_STRATEGIES, LAYOUT_FAMILIES, IMPORTERS)
}


def parts(kind: str) -> str:
    """Return what the code says of each part of a kind, under a heading of its own.

    A module that holds several parts speaks once, before the first of them.

    Raises:
        UsageError: there is no such kind.
    """
    if kind not in REGISTRIES:
        raise UsageError(f"unknown kind of part '{kind}'; {did_you_mean(kind, REGISTRIES)}")
    registry = REGISTRIES[kind]
    modules = {name: target.partition(":")[0] for name, target in registry.targets.items()}
    shared = Counter(modules.values())
    said: list[str] = []
    told = set()
    for name, module in modules.items():
        part = registry.load(name)
        words = paragraphs(sys.modules[module].__doc__ or "")
        if shared[module] > 1 and module not in told:
            said.append(words)
        told.add(module)
        others = [alias for alias, target in registry.aliases.items() if target == name]
        also = f" (also {', '.join(map(code, others))})" if others else ""
        said += [f"### {code(name)}{also}", paragraphs(part.__doc__ or "")]
        if shared[module] == 1:
            said.append(words)
        said.append(f"In {code(module.replace('.', '/') + '.py')}.")
    return "\n\n".join(said)
