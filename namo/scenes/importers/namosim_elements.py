"""What the elements of a NAMOSIM plan stand for: walls, movables, parts of robots and goals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from namo.scenes.importers.svg import SHAPES, SvgElement, local_name

SOLID_TYPES = ("wall", "movable")
GROUP_TYPES = (*SOLID_TYPES, "shape", "orientation")
"""Types that a group gives to the shapes in it."""


@dataclass(frozen=True)
class Agent:
    """A robot and its goals, as named by `namo_config`."""

    name: str
    goals: tuple[str, ...]


def agents_of(root: ElementTree.Element) -> Iterator[Agent]:
    """Yield the robots of a document, in its order."""
    for agent in root.iterfind(".//{*}namo_config/{*}agent"):
        goals = (goal.get("goal_id", "") for goal in agent.iterfind("{*}goal"))
        yield Agent(agent.get("agent_id", ""), tuple(goals))


def agent_names(agents: Sequence[Agent]) -> set[str]:
    """Return the names of all robots and goals."""
    return {name for agent in agents for name in (agent.name, *agent.goals)}


def draws_agent(element: SvgElement, agents: Sequence[Agent]) -> bool:
    """Return whether an element draws a robot or goal, or a part of one."""
    return any(element.identifier == name or element.is_in(name) for name in agent_names(agents))


def kind_of(element: SvgElement) -> str:
    """Return the type of an element: its own, else that of its group or layer, else empty."""
    if own_type(element):
        return own_type(element)
    if group_type(element):
        return group_type(element)
    in_layer = any(
        "movables" in value
        for group in element.groups
        for name, value in group.items()
        if local_name(name) in ("id", "label")
    )
    return "movable" if in_layer and element.tag in SHAPES else ""


def own_type(element: SvgElement) -> str:
    """Return the type that an element itself has; empty if none."""
    return written_type(element.attributes)


def group_type(element: SvgElement) -> str:
    """Return the type that a shape gets from its innermost group with a type; empty if none."""
    types = [kind for group in element.groups if (kind := written_type(group)) in GROUP_TYPES]
    return types[-1] if types and element.tag in SHAPES else ""


def written_type(attributes: Mapping[str, str]) -> str:
    """Return the type in the attributes of an element, with or without namespace."""
    return attributes.get("type") or attributes.get("{namo}type", "")
