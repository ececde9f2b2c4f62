"""The groups of entry points, and the plug-ins that are installed where the pages are made."""

from __future__ import annotations

from namo.commands.plug_ins import offered
from reference.markdown import code, table


def plug_ins() -> str:
    """Return a table of the plug-ins that are installed; none of them is imported."""
    rows = [
        (code(each.registry.group), code(each.name), code(each.plug_in), each.problem)
        for each in offered()
    ]
    if not rows:
        return "None is installed where this page was made."
    return table(["group", "name", "class", "problem"], rows)
