"""Registries of planners, strategies and other pluggable components, by name.

A component is registered by one line that names its module and class. The class is imported on
first use, so the command line and the pipeline list names without loading MuJoCo.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from namo.errors import UsageError
from namo.wording import did_you_mean


@dataclass(frozen=True)
class Registry:
    """The components of one kind, by name.

    Attributes:
        kind: of the components, as in messages and options ("object strategy").
        targets: name -> "module:attribute".
        aliases: other name -> name.
    """

    kind: str
    targets: Mapping[str, str]
    aliases: Mapping[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return all accepted names, in the order of registration, then the aliases."""
        return [*self.targets, *self.aliases]

    def canonical(self, name: str) -> str:
        """Resolve an alias and return the registered name.

        Raises:
            UsageError: the name is unknown; the message offers the nearest one.
        """
        name = self.aliases.get(name, name)
        if name not in self.targets:
            raise UsageError(f"unknown {self.kind} '{name}'; {did_you_mean(name, self.names())}")
        return name

    def load(self, name: str) -> Any:  # noqa: ANN401 - a registry holds classes of many types
        """Import and return the class registered under `name`.

        Raises:
            UsageError: the name is unknown.
        """
        module, attribute = self.targets[self.canonical(name)].split(":")
        return getattr(importlib.import_module(module), attribute)
