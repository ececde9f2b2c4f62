"""Parse settings dataclasses from mappings: YAML files and the command line of Snakemake."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from namo.errors import UsageError
from namo.option_checks import MAX_INTEGER, MAX_REAL, MAX_SEED
from namo.wording import did_you_mean

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")


def parse_dataclass(cls: type[Settings], values: Mapping[str, Any], source: str) -> Settings:
    """Return an instance of a settings dataclass with the values of a mapping.

    Args:
        cls: a dataclass; its annotations decide the types of values.
        values: by name; missing ones keep their default.
        source: what messages call the mapping.

    Raises:
        UsageError: a key is unknown or a value is invalid.
    """
    checked = parse_values(types_of(cls), values, source)
    try:
        return cls(**checked)
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from None


def types_of(cls: type[DataclassInstance]) -> dict[str, Any]:
    """Return the types of the fields of a dataclass, by name."""
    hints = typing.get_type_hints(cls)
    return {entry.name: hints[entry.name] for entry in dataclasses.fields(cls)}


def parse_values(
    kinds: Mapping[str, Any], values: Mapping[str, Any], source: str
) -> dict[str, Any]:
    """Return the values of a mapping, converted to the types of settings.

    Args:
        kinds: type of each setting, by name.
        values: by name; some may be missing.
        source: what messages call the mapping.

    Raises:
        UsageError: a key is unknown, or a value has another type, is absurdly large, or contains
            itself.
    """
    if not isinstance(values, Mapping):
        raise UsageError(f"{source}: is {values!r}; it must be a mapping from names to values")
    checked = {}
    for name, value in values.items():
        if name not in kinds:
            raise UsageError(f"{source}: unknown key '{name}'; {did_you_mean(name, kinds)}")
        try:
            checked[name] = _coerce(kinds[name], value)
        except (TypeError, ValueError, OverflowError, yaml.YAMLError):
            wanted = describe_type(kinds[name])
            raise UsageError(f"{source}: {name} is {value!r}; it must be {wanted}") from None
        try:
            _require_bounded(f"{source}: {name}", checked[name], is_seed="seed" in name)
        except RecursionError:  # YAML can say that a value contains itself
            raise UsageError(f"{source}: {name} is nested without end") from None
    return checked


def _require_bounded(what: str, value: Any, *, is_seed: bool) -> None:  # noqa: ANN401 - of any type
    """Make sure that every number in a value is finite and not absurd.

    Raises:
        UsageError: one is; names it and what is allowed.
    """
    if isinstance(value, Mapping):
        for name, one in value.items():
            _require_bounded(f"{what}: {name}", one, is_seed=is_seed)
    if isinstance(value, list | tuple):
        for one in value:
            _require_bounded(what, one, is_seed=is_seed)
    limit = MAX_SEED if is_seed else MAX_INTEGER if isinstance(value, int) else MAX_REAL
    if isinstance(value, int | float) and not abs(value) <= limit:
        raise UsageError(f"{what} is {value}; allowed: finite numbers up to {limit}")


def _coerce(kind: Any, value: Any) -> Any:  # noqa: ANN401 - a type and a value of any
    """Return a value from YAML, converted to the type of a setting.

    Inside a mapping on its command line Snakemake reads every value as text.

    Raises:
        TypeError: the value has another type.
        ValueError: the value has another length.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value in (None, "null"):
            return None
        return _coerce(next(kind for kind in arguments if kind is not type(None)), value)
    if kind is Any:
        return value
    if isinstance(value, str) and kind is not str:
        value = yaml.safe_load(value)
        if isinstance(value, str) and kind is float:
            value = float(value)  # YAML reads 1e-3 as text
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise TypeError
        kinds = arguments
        if arguments[-1] is Ellipsis:
            kinds = arguments[:1] * len(value)
        return tuple(_coerce(each, one) for each, one in zip(kinds, value, strict=True))
    if origin is not None:  # a mapping from names to values
        if not isinstance(value, Mapping):
            raise TypeError
        return {
            _coerce(arguments[0], key): _coerce(arguments[1], one) for key, one in value.items()
        }
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise TypeError
    return value


def describe_type(kind: Any) -> str:  # noqa: ANN401 - a type
    """Return a description of a type for messages, such as "a list, each a number"."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return "a value of its own type"
    if origin in (typing.Union, types.UnionType):
        return " or null".join(describe_type(one) for one in arguments if one is not type(None)) + (
            " or null"
        )
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f"a list, each {describe_type(arguments[0])}"
        values = "[lowest, highest]" if len(arguments) == 2 else f"a list of {len(arguments)}"
        return f"{values}, each {describe_type(arguments[0])}"
    if origin is not None:
        return f"a mapping from names to values, each {describe_type(arguments[1])}"
    return {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[kind]
