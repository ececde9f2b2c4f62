"""The public names of the package: what mkdocstrings is asked to describe."""

from __future__ import annotations

import namo
from namo.collection.config import CollectionConfig
from namo.collection.one_search import DEFAULTS, SearchSettings
from namo.declared_settings import declarations
from namo.errors import UsageError
from namo.pipeline.settings import pipeline_schema
from namo.wording import did_you_mean
from reference.markdown import code, prose, table
from reference.settings import describe_rule


def api(asked: str) -> str:
    """Return the request for the description of a public name.

    Args:
        asked: the name; for a class whose public members are not all, followed by those that are.

    Raises:
        UsageError: there is no such public name, or no such member of it.
    """
    name, *members = asked.split()
    if name not in namo.__all__:
        raise UsageError(f"no public name '{name}'; {did_you_mean(name, namo.__all__)}")
    public = getattr(namo, name)
    for member in members:
        if not hasattr(public, member):
            known = did_you_mean(member, dir(public))
            raise UsageError(f"'{name}' has no member '{member}'; {known}")
    return _request(name, members) if members else f"::: namo.{name}"


def search_settings(_: str) -> str:
    """Return the description of `namo.SearchSettings`, with all settings in a table."""
    declared, rules = declarations(CollectionConfig), pipeline_schema()["properties"]
    values = CollectionConfig().as_dict() | DEFAULTS
    described = table(
        ["setting", "default", "allowed", "meaning"],
        [
            (
                code(name),
                code(repr(values[name])),
                prose(describe_rule(rules[name])),
                prose(declared[name].meaning),
            )
            for name in SearchSettings.__annotations__
        ],
    )
    return f"{_request('SearchSettings', [])}\n\n{described}"


def _request(name: str, members: list[str]) -> str:
    """Return the request for the description of a class and of some of its members."""
    options = f"members: [{', '.join(members)}]\n      show_docstring_attributes: false"
    return f"::: namo.{name}\n    options:\n      {options}"
