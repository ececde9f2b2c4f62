"""Links between pages lead somewhere."""

from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.documentation.pages import PAGES, anchors, links, read


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_every_anchor_to_a_heading(page):
    broken = []
    for link in links(read(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        if not target.exists() or not target.resolve().is_relative_to(REPOSITORY):
            broken.append(f"{link}: no such file")
        elif anchor and anchor not in anchors(Path(target).read_text(encoding="utf-8")):
            broken.append(f"{link}: no such heading")
    assert broken == []
