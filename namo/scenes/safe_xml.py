"""Parse untrusted XML: without external files, entity expansion or unlimited nesting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from namo.errors import SceneError
from namo.scenes.git_lfs import ADVICE, is_pointer

MAX_DEPTH = 100


@dataclass(frozen=True)
class XmlElement:
    """One start tag of a file.

    Attributes:
        path: tags from the root to this one, joined by "/", such as "mujoco/option/flag".
        attributes: as written.
        line: number of the line, from 1.
    """

    path: str
    attributes: Mapping[str, str]
    line: int


def xml_elements(text: str, root: str) -> list[XmlElement]:
    """Return the elements of a text in document order.

    Args:
        text: of the file.
        root: tag that the root must have, without a namespace.

    Raises:
        SceneError: the text is a Git LFS pointer, is not well-formed, has a document type or entity
            declaration or another root, or elements are nested deeper than `MAX_DEPTH`.
    """
    if is_pointer(text):
        raise SceneError(ADVICE)
    elements: list[XmlElement] = []
    open_tags: list[str] = []
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        line = parser.CurrentLineNumber
        if not open_tags and tag.rpartition(":")[2] != root:
            raise SceneError(f"line {line}: the root element is '{tag}'; it must be '{root}'")
        open_tags.append(tag)
        if len(open_tags) > MAX_DEPTH:
            raise SceneError(f"line {line}: elements nested deeper than {MAX_DEPTH}")
        elements.append(XmlElement("/".join(open_tags), attributes, line))

    def end(_tag: str) -> None:
        open_tags.pop()

    def doctype(name: str, *_ids: object) -> None:
        raise SceneError(
            f"line {parser.CurrentLineNumber}: document type declaration '{name}'; there may be "
            "neither a DOCTYPE nor entities"
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise SceneError(f"not well-formed XML: {error}") from error
    return elements
