"""Registries of planners, strategies and other pluggable components, by name.

A component is registered by one line that names its module and class. The class is imported on
first use, so the command line and the pipeline list names without loading MuJoCo. Installed
distributions add names by entry points (`namo.plug_ins`), which are looked up when a name is not
one of this package, or when all are listed. A class without a name is `package.module:Class`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from namo.errors import UsageError
from namo.plug_ins import PlugIn, installed, is_target, load_target, plug_in_at
from namo.wording import did_you_mean


@dataclass(frozen=True)
class Registry:
    """The components of one kind, by name. Iterating yields all names that can be used.

    Attributes:
        kind: of the components, as in messages and options ("object strategy").
        targets: name -> "module:attribute".
        aliases: other name -> name.
        group: of the entry points of plug-ins; empty for none.
        members: what the class of a plug-in must have.
    """

    kind: str
    targets: Mapping[str, str]
    aliases: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    members: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[str]:
        yield from self.targets
        yield from self.aliases
        for name, offered in self.plug_ins.items():
            if len(offered) == 1 and not self._is_own(name):
                yield name

    def __contains__(self, name: object) -> bool:
        """Return whether a name stands for something, be it for more than one thing."""
        if not isinstance(name, str):
            return False
        return self._is_own(name) or is_target(name) or name in self.plug_ins

    @property
    def plug_ins(self) -> Mapping[str, tuple[PlugIn, ...]]:
        """The plug-ins that are installed, by name, usable or not; see `problem`."""
        return installed(self.group) if self.group else {}

    def names(self) -> list[str]:
        """Return all accepted names, in the order of registration, aliases, then plug-ins."""
        return list(self)

    def canonical(self, name: str) -> str:
        """Resolve an alias and return the registered name; that of a plug-in is its own.

        Raises:
            UsageError: the name is unknown, and the message offers the nearest one; or several
                distributions offer it.
        """
        name = self.aliases.get(name, name)
        if name in self.targets:
            return name
        if name not in self:
            raise UsageError(f"unknown {self.kind} '{name}'; {did_you_mean(name, self)}")
        if is_target(name):
            return next((own for own, target in self.targets.items() if target == name), name)
        if problem := self.problem(name):
            raise UsageError(f"{self.kind} '{name}' {problem}")
        return name

    def problem(self, name: str) -> str:
        """Return why no plug-in can be used under a name, as a clause; empty where one can.

        Args:
            name: of an installed plug-in, or of another part.
        """
        offered = self.plug_ins.get(name, ())
        if len(offered) > 1:
            named = " and ".join(map(str, offered))
            return f"is offered by {named}; uninstall one, or give package.module:Class"
        if offered and self._is_own(name):
            return f"is a name of this package, which {offered[0]} cannot take"
        return ""

    def plug_in(self, name: str) -> PlugIn | None:
        """Return the plug-in that a name stands for; None for a part of this package.

        Raises:
            UsageError: see `canonical`, or there is no such module.
        """
        name = self.canonical(name)
        if name in self.targets:
            return None
        return plug_in_at(name) if is_target(name) else self.plug_ins[name][0]

    def load(self, name: str) -> Any:  # noqa: ANN401 - a registry holds classes of many types
        """Import and return the class registered under `name`.

        Raises:
            UsageError: the name is unknown; or a plug-in cannot be imported or lacks a member.
        """
        plug_in = self.plug_in(name)
        if plug_in is None:
            return load_target(self.targets[self.canonical(name)])
        try:
            part = load_target(plug_in.target)
        except (Exception, SystemExit) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            module = plug_in.target.partition(":")[0]
            raise UsageError(
                f"{self.kind} '{name}': {plug_in} cannot be imported: {reason}; "
                f"`python -c 'import {module}'` shows where"
            ) from error
        missing = [member for member in self.members if not hasattr(part, member)]
        if missing:
            raise UsageError(
                f"{self.kind} '{name}': {plug_in} has no {', '.join(missing)}; a class with "
                f"{', '.join(self.members)} is needed"
            )
        return part

    def _is_own(self, name: str) -> bool:
        return name in self.targets or name in self.aliases
