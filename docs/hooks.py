"""MkDocs hooks: insert the reference sections that are generated from the code.

A page requests a section with a line such as `<!-- made from the code: columns metrics -->`, which
a repository browser does not show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from namo.errors import UsageError
from namo.wording import did_you_mean
from reference import links
from reference.api import api, search_settings
from reference.columns import columns
from reference.command_line import commands
from reference.parts import parts
from reference.plug_ins import plug_ins
from reference.settings import settings

ROOT = Path(__file__).parents[1]

_ASKED = re.compile(r"^<!-- made from the code: (?P<what>\w+) ?(?P<which>.*?) -->$", re.MULTILINE)

MAKERS: Mapping[str, Callable[[str], str]] = {
    "commands": lambda _: commands(ROOT),
    "settings": lambda name: settings(ROOT, name),
    "columns": columns,
    "parts": parts,
    "api": api,
    "search_settings": search_settings,
    "plug_ins": lambda _: plug_ins(),
}
"""Kind of section -> its generator, which gets the rest of the line."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Insert generated sections, adapt links, and add the pages from outside the docs folder.

    Raises:
        UsageError: a page requests an unknown section.
    """
    for source, page in links.ROOT_PAGES.items():
        if files.get_file_from_path(page) is None:
            text = (ROOT / source).read_text(encoding="utf-8")
            files.append(File.generated(config, page, content=text))
    shown: set[str] = set()
    for file in files.documentation_pages():
        text, uri = _ASKED.sub(made, file.content_string), file.src_uri
        shown.update(links.shown_files(text, uri, ROOT))
        file.content_string = links.with_site_links(text, uri, ROOT)
    for source in sorted(shown):
        page, text = links.page_of(source), links.shown_page(source, ROOT)
        files.append(File.generated(config, page, content=text))
    return files


def made(asked: re.Match[str]) -> str:
    """Return the section that a page requests.

    Raises:
        UsageError: there is no such section.
    """
    what = asked["what"]
    if what not in MAKERS:
        raise UsageError(f"{asked[0]}: unknown '{what}'; {did_you_mean(what, MAKERS)}")
    return MAKERS[what](asked["which"])
