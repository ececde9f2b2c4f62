"""Links from pages to files of the repository that are not pages; images are left alone.

The same Markdown is read in a repository browser, where `../config/config.yaml` is the file. In the
site such a link leads to a page that shows the text of the file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from reference.markdown import fenced

DOCS = "docs"
SHOWN = "repository"
"""Folder of the site for the pages that show files."""
ROOT_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Files outside the docs folder -> their pages in the site."""

_LINK = re.compile(r"(?<!!)(?P<text>\[[^\]]*\])\((?P<target>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")


def source_of(page: str) -> str:
    """Return the file of the repository that a page is built from."""
    written = {made: source for source, made in ROOT_PAGES.items() if source != "README.md"}
    return written.get(page, f"{DOCS}/{page}")


def page_of(source: str) -> str:
    """Return the page of the site for a file of the repository."""
    if source.startswith(f"{DOCS}/"):
        return source.removeprefix(f"{DOCS}/")
    return ROOT_PAGES.get(source, f"{SHOWN}/{source}.md")


def shown_files(markdown: str, page: str, root: Path) -> Iterator[str]:
    """Yield the files of the repository that a page links to and that are not pages."""
    for link in _LINK.finditer(markdown):
        source = _resolved(link["target"], page)
        is_page = source.startswith(f"{DOCS}/") or source in ROOT_PAGES
        if not is_page and (root / source).is_file():
            yield source


def shown_page(source: str, root: Path) -> str:
    """Return the Markdown of a page that shows a file."""
    text = (root / source).read_text(encoding="utf-8")
    language = _LANGUAGES.get(posixpath.splitext(source)[1], "text")
    about = "---\nsearch:\n  exclude: true\nhide: [toc]\n---\n\n"
    return f"{about}# `{source}`\n\n{fenced(text, language)}\n"


def with_site_links(markdown: str, page: str, root: Path) -> str:
    """Return the Markdown of a page with links that work in the site.

    A link to a folder becomes plain text. A broken link stays, so that the build reports it.
    """

    def adapted(link: re.Match[str]) -> str:
        source = _resolved(link["target"], page)
        if source.startswith(f"{DOCS}/") and source_of(page).startswith(f"{DOCS}/"):
            return link[0]
        if (root / source).is_dir():
            return link["text"][1:-1]
        if not (root / source).is_file():
            return link[0]
        target = posixpath.relpath(page_of(source), posixpath.dirname(page) or ".")
        return f"{link['text']}({target}{link['anchor'] or ''})"

    return _LINK.sub(adapted, markdown)


def _resolved(target: str, page: str) -> str:
    folder = posixpath.dirname(source_of(page))
    return posixpath.normpath(posixpath.join(folder, target))


_LANGUAGES = {".yaml": "yaml", ".py": "python", ".smk": "python", ".json": "json", ".sh": "sh"}
