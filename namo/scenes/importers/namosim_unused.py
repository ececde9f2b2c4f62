"""Remarks on what a NAMOSIM plan holds and a scene does not."""

from __future__ import annotations

from collections.abc import Sequence

from namo.scenes.importers.importer import Remarks
from namo.scenes.importers.namosim_elements import (
    SOLID_TYPES,
    Agent,
    agent_names,
    draws_agent,
    kind_of,
    written_type,
)
from namo.scenes.importers.svg import CONTAINERS, OTHER_GRAPHICS, SHAPES, SvgDocument, local_name


def remark_unused(document: SvgDocument, agents: Sequence[Agent], remarks: Remarks) -> None:
    """Remark everything in the document that the scene does not represent."""
    for element in document.visible:
        kind = kind_of(element)
        if kind in SOLID_TYPES or draws_agent(element, agents):
            continue
        if element.tag == "image":
            remarks.add("embedded image is not used", element.label)
        elif kind in ("shape", "orientation"):
            remarks.add(f"{kind} of no robot or goal is not used", element.label)
        elif kind:
            remarks.add(f"type '{kind}' is not known and not used", element.label)
        else:
            remarks.add("without a type and not used", element.label)
    _remark_invisible(document, agents, remarks)
    config = document.root.find(".//{*}namo_config")
    if config is not None and (margin := config.get("collision_margin_cm")):
        remarks.add(f"collision margin of {margin} cm is not used")
    for parameters in document.root.iterfind(".//{*}agent//{*}parameters"):
        if drive := parameters.get("drive_type"):
            remarks.add(f"drive type {drive} is not used")


def _remark_invisible(document: SvgDocument, agents: Sequence[Agent], remarks: Remarks) -> None:
    """Remark invisible elements that would be used otherwise, and all hidden shapes."""
    names = agent_names(agents)
    for one in document.invisible:
        draws = one.tag in SHAPES | OTHER_GRAPHICS
        is_group = one.tag in CONTAINERS  # its shapes are remarked themselves
        named = one.identifier in names and (draws or is_group)
        solid = kind_of(one) in SOLID_TYPES and not is_group
        if solid or named or (draws and one.invisible_reason == "hidden"):
            remarks.add(f"{one.invisible_reason} and left out", one.label)
    for element in document.root.iter():
        if not isinstance(element.tag, str) or local_name(element.tag) not in CONTAINERS:
            continue
        kind = written_type(element.attrib)
        if kind in SOLID_TYPES and not any(
            local_name(str(inner.tag)) in SHAPES for inner in element.iter()
        ):
            label = element.get("id", "") or f"{local_name(element.tag)} without id"
            remarks.add(f"group of type {kind} has no outline", label)
