"""Contents of a documentation page: blocks to run, links, names in prose."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.conftest import REPOSITORY

INSTRUCTIONS = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for path in (
        *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
        *(REPOSITORY / "docs").glob("*.md"),
    )
)
"""Pages whose blocks are run."""
PAGES = [*INSTRUCTIONS, "CHANGELOG.md"]

SHELL = frozenset({"", "bash", "sh", "shell", "console", "text"})
DATA = frozenset({"json", "snakemake", "toml", "xml", "yaml"})
"""Languages of blocks that show a file and run nothing."""
EXAMPLE = "for example"
"""Follows the language of output that comes from another collection: only the first line is
compared, without its numbers."""

_MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        page: relative to the repository.
        line: of its first line, from 1.
        language: as written; empty for an indented block.
        about: what follows the language.
        text: its content.
    """

    page: str
    line: int
    language: str
    about: str
    text: str

    @property
    def place(self) -> str:
        """Page and line, for messages."""
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that it shows whole, from its title; None if it shows none."""
        title = re.search(r'title="([^"]+)"', self.about) if self.language in DATA else None
        return title[1] if title else None

    def commands(self) -> list[str]:
        """Return its commands, one per line: continued lines joined, without comments."""
        lines = self.text.replace("\\\n", " ").splitlines()
        words = (shlex.split(line, comments=True, posix=False) for line in lines)
        return [" ".join(command) for command in words if command]


@dataclass(frozen=True)
class Program:
    """A block of Python, and its output where the page shows it."""

    block: Block
    prints: Block | None


def blocks(page: str, text: str) -> list[Block]:
    """Return all blocks of code of a page, in order."""
    found = []
    for token in _MARKDOWN.parse(text):
        if token.type in ("fence", "code_block"):
            assert token.map is not None
            language, _, about = token.info.strip().partition(" ")
            line = token.map[0] + (2 if token.type == "fence" else 1)
            found.append(Block(page, line, language, about, token.content))
    return found


def steps(page: str, text: str) -> Iterator[Block | Program]:
    """Yield the steps of a reader, in order: files, commands, and programs with their output.

    A block of `text` after a program is what that prints.

    Raises:
        ValueError: a block has a language that says neither.
    """
    left = blocks(page, text)
    while left:
        block = left.pop(0)
        if block.language == "python":
            printed = left.pop(0) if left and left[0].language == "text" else None
            yield Program(block, printed)
        elif block.language in SHELL or block.file:
            yield block
        elif block.language not in DATA:
            raise ValueError(
                f"{block.place}: a block of '{block.language}'; known are python, "
                f"{', '.join(sorted(SHELL - {''}))} and {', '.join(sorted(DATA))}"
            )


def rows(text: str) -> list[list[str]]:
    """Return the cells of all rows of tables in a page, as written, without headings."""
    found: list[list[str]] = []
    tokens = _MARKDOWN.parse(text)
    for opening, content in pairwise(tokens):
        if opening.type == "tr_open":
            found.append([])
        elif opening.type == "td_open":
            found[-1].append(content.content)
    return [row for row in found if row]


def _inline(text: str) -> Iterator[Token]:
    for token in _MARKDOWN.parse(text):
        yield from token.children or ()


def spans(text: str) -> list[str]:
    """Return the code spans in the prose of a page."""
    return [token.content for token in _inline(text) if token.type == "code_inline"]


def links(text: str) -> list[str]:
    """Return the targets of links and images of a page."""
    targets = (token.attrGet("href") or token.attrGet("src") for token in _inline(text))
    return [str(target) for target in targets if target]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page: its headings, as GitHub spells them."""
    tokens = _MARKDOWN.parse(text)
    seen: Counter[str] = Counter()
    names = set()
    for opening, heading in pairwise(tokens):
        if opening.type == "heading_open":
            name = re.sub(r"[^\w\- ]", "", heading.content.lower()).replace(" ", "-")
            names.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
    return names


def read(page: str) -> str:
    """Return the text of a page."""
    return (REPOSITORY / page).read_text(encoding="utf-8")
