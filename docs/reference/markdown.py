"""Markdown from docstrings and help texts: escaped prose, code, tables."""

from __future__ import annotations

import inspect
import re

from namo.markdown import markdown_table

_CODE = re.compile(r"(`[^`]+`)")
_SPECIAL = re.compile(r"([\\*_\[\]|#])")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "{": "&#123;", "}": "&#125;"})


def prose(text: str) -> str:
    """Return text with Markdown and HTML escaped; spans in backticks stay code."""
    pieces = _CODE.split(" ".join(text.split()))
    return "".join(
        piece if place % 2 else _SPECIAL.sub(r"\\\1", piece).translate(_ENTITIES)
        for place, piece in enumerate(pieces)
    )


def code(value: object) -> str:
    """Return a value as code."""
    return f"`{value}`"


def fenced(text: str, language: str = "text") -> str:
    """Return a code block; its fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def paragraphs(text: str) -> str:
    """Return the paragraphs of a docstring; indented ones become code blocks."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(text))
    return "\n\n".join(
        fenced(inspect.cleandoc(block)) if block.startswith("    ") else prose(block)
        for block in blocks
        if block.strip()
    )


table = markdown_table
