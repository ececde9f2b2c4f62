"""One declaration per setting: its help, unit and range stand in its dataclass field.

    @dataclass(frozen=True)
    class SearchSettings:
        max_depth: int = setting(5, help="maximum plan length", unit="pushes", minimum=0)

        def __post_init__(self) -> None:
            check_declared(self)

The check of a value, the option of a command line (`add_options`), the rule in a JSON schema
(`schema_properties`) and the row in the reference are made from it.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass
from typing import TYPE_CHECKING, Any

from namo.errors import UsageError
from namo.option_checks import MAX_INTEGER, MAX_REAL, expanded_path, option_with
from namo.registry import Registry
from namo.wording import did_you_mean

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_KEY = "declaration"
_UNIT_NOUNS = {"s": "seconds"}
_SCHEMA_TYPES = {int: "integer", float: "number", bool: "boolean", str: "string"}


@dataclass(frozen=True)
class Declaration:
    """What is declared of a setting.

    Attributes:
        help: what it sets, an imperative or a noun phrase.
        group: of related settings, in help texts.
        unit: of its value; empty for a plain number or text.
        none: what None stands for; empty where None is not allowed, or needs no word.
        minimum: smallest value, in its own unit.
        above: largest value that is too small, in its own unit; the value must be finite.
        maximum: largest value, in its own unit.
        choices: the names that are allowed.
        pattern: regular expression that text must match as a whole.
        min_length: of text.
        metavar: stands for the value in help texts.
        ceiling: largest value, in its own unit, where only the representation limits it.
        is_path: whether text is a path, see `namo.option_checks.expanded_path`.
    """

    help: str
    group: str = ""
    unit: str = ""
    none: str = ""
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    choices: Registry | tuple[str, ...] | None = None
    pattern: str | None = None
    min_length: int = 0
    metavar: str | None = None
    ceiling: float | None = None
    is_path: bool = False

    @property
    def names(self) -> list[str]:
        """The names that are allowed, aliases included; empty where it is no choice."""
        if isinstance(self.choices, Registry):
            return self.choices.names()
        return list(self.choices or ())

    @property
    def meaning(self) -> str:
        """Help, unit and what None stands for, as one phrase."""
        unit = f" [{self.unit}]" if self.unit else ""
        none = f"; null: {self.none}" if self.none else ""
        return f"{self.help}{unit}{none}"


def setting(default: Any = MISSING, **declared: Any) -> Any:  # noqa: ANN401 - of any type
    """Return a dataclass field that carries its declaration.

    Args:
        default: of the setting; without one it must be given.
        **declared: see `Declaration`.
    """
    return dataclasses.field(default=default, metadata={_KEY: Declaration(**declared)})


def declarations(cls: type[DataclassInstance]) -> dict[str, Declaration]:
    """Return the declared settings of a dataclass by name, in order."""
    return {
        field.name: field.metadata[_KEY]
        for field in dataclasses.fields(cls)
        if _KEY in field.metadata
    }


def check_declared(settings: DataclassInstance) -> None:
    """Make sure that every value is within what its field declares.

    Raises:
        UsageError: names the option, the value and what is allowed.
    """
    hints = typing.get_type_hints(type(settings))
    for name, declared in declarations(type(settings)).items():
        value = getattr(settings, name)
        if value is None and not _plain_type(hints[name])[1]:
            raise UsageError(f"{option_name(name)} is null; allowed: {_allowed(declared)}")
        if value is not None:
            _check_value(name, value, declared)


def _check_value(name: str, value: Any, declared: Declaration) -> None:  # noqa: ANN401 - of any type
    option = option_name(name)
    if isinstance(declared.choices, Registry):
        declared.choices.canonical(value)
    elif declared.choices is not None and value not in declared.choices:
        raise UsageError(f"{option} is '{value}'; {did_you_mean(value, declared.choices)}")
    low, above, high = declared.minimum, declared.above, declared.maximum
    if above is not None and not above < value < math.inf:
        bound = "zero" if above == 0 else f"{above}"
        noun = _UNIT_NOUNS.get(declared.unit, declared.unit or "numbers")
        raise UsageError(f"{option} is {value}; allowed: {noun} above {bound}, finite")
    if low is not None and high is not None and not low <= value <= high:
        raise UsageError(f"{option} is {value}; allowed: {low} to {high}")
    if low is not None and high is None and value < low:
        raise UsageError(f"{option} is {value}; allowed: integers from {low} up")
    limit = declared.ceiling
    if limit is None and type(value) in (int, float):
        limit = MAX_INTEGER if isinstance(value, int) else MAX_REAL
    if limit is not None and value > limit:
        raise UsageError(f"{option} is {value}; allowed: {_allowed(declared, limit)}")


def _allowed(declared: Declaration, limit: float | None = None) -> str:
    """Return the values that are allowed, as part of a message."""
    if declared.names:
        return ", ".join(declared.names)
    if declared.above is not None:
        return f"numbers above {declared.above:g}" + ("" if limit is None else f", to {limit:g}")
    if declared.minimum is not None:
        high = declared.maximum if declared.maximum is not None else limit
        return f"{declared.minimum} to {high}" if high is not None else f"{declared.minimum} and up"
    return "a value"


def option_name(name: str) -> str:
    """Return the command-line option of a setting: `max_depth` is `--max-depth`."""
    return f"--{name.replace('_', '-')}"


def setting_arguments(cls: type[DataclassInstance], name: str, value: object) -> list[str]:
    """Return the arguments that give a setting a value; none for None, or a switch left as it is.

    Args:
        cls: dataclass of the setting, with a default.
        name: of the setting.
        value: of the setting.
    """
    (default,) = (field.default for field in dataclasses.fields(cls) if field.name == name)
    if value is None or (isinstance(value, bool) and value == default):
        return []
    if isinstance(value, bool):
        return [_switch(name, default)]
    return option_with(option_name(name), value, is_path=declarations(cls)[name].is_path)


def _switch(name: str, default: object) -> str:
    """Return the option without a value that turns a setting on, or off where it is on."""
    return option_name(f"no_{name}" if default else name)


def schema_properties(cls: type[DataclassInstance]) -> dict[str, dict[str, Any]]:
    """Return the rules of a JSON schema for the declared settings of a dataclass.

    Where names are those of a registry, "enum" is the registry: plug-ins are looked up only when a
    name is not one of this package, or when all are listed.
    """
    hints = typing.get_type_hints(cls)
    return {name: _rule(hints[name], declared) for name, declared in declarations(cls).items()}


def required_names(cls: type[DataclassInstance]) -> list[str]:
    """Return the names of the settings that have no default."""
    return [field.name for field in dataclasses.fields(cls) if field.default is MISSING]


def _rule(hint: Any, declared: Declaration) -> dict[str, Any]:  # noqa: ANN401 - a type
    if isinstance(declared.choices, Registry):
        return {"enum": declared.choices}
    if declared.choices is not None:
        return {"enum": declared.names}
    kind, optional = _plain_type(hint)
    named = _SCHEMA_TYPES[kind]
    rule: dict[str, Any] = {"type": [named, "null"] if optional else named}
    limits = {
        "minimum": declared.minimum,
        "exclusiveMinimum": declared.above,
        "maximum": declared.maximum,
        "pattern": None if declared.pattern is None else f"^{declared.pattern}$",
        "minLength": declared.min_length or None,
    }
    return rule | {name: limit for name, limit in limits.items() if limit is not None}


def _plain_type(hint: Any) -> tuple[type, bool]:  # noqa: ANN401 - a type
    """Return the type of a value, and whether it may be None."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (kind,) = (one for one in typing.get_args(hint) if one is not types.NoneType)
        return kind, True
    return hint, False


def add_options(
    parser: argparse.ArgumentParser, cls: type[DataclassInstance], groups: Mapping[str, str]
) -> None:
    """Add an option for every declared setting of a dataclass.

    A name that is not allowed is refused by the dataclass, which offers the nearest one. Those of a
    registry become the choices of the option: they are listed when its help is shown.

    Args:
        parser: of a command.
        cls: the dataclass; its settings all have defaults.
        groups: group of settings -> title in the help; others are left out.
    """
    hints = typing.get_type_hints(cls)
    defaults = {field.name: field.default for field in dataclasses.fields(cls)}
    for group, title in groups.items():
        section = parser.add_argument_group(title)
        for name, declared in declarations(cls).items():
            if declared.group == group:
                _add_option(section, name, _plain_type(hints[name])[0], declared, defaults[name])


def _add_option(
    section: argparse._ArgumentGroup,
    name: str,
    kind: type,
    declared: Declaration,
    default: Any,  # noqa: ANN401 - of any type
) -> None:
    unit = f" [{declared.unit}]" if declared.unit else ""
    none = f" (default: {declared.none})" if declared.none and default is None else ""
    registry = declared.choices if isinstance(declared.choices, Registry) else None
    names = f": {_listed(declared.names)}" if declared.choices and registry is None else ""
    text = f"{declared.help}{unit}{names}{none}".replace("%", "%%")
    if kind is bool:
        section.add_argument(
            _switch(name, default),
            dest=name,
            action="store_const",
            const=not default,
            default=default,
            help=f"do not {text}" if default else text,
        )
        return
    metavar = declared.metavar or ("NAME" if declared.choices else {int: "N", float: "X"}.get(kind))
    convert = _path_text if declared.is_path else kind
    section.add_argument(
        option_name(name),
        type=convert,
        default=default,
        metavar=metavar,
        help=text,
        choices=registry,
    )


def _path_text(text: str) -> str:
    try:
        return expanded_path(text, "the path")
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
