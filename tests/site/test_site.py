"""The documentation site: complete, linked, usable without a network."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

import namo
from tests.conftest import REPOSITORY
from tests.reporting.browser import chromium, tab_of

pytestmark = pytest.mark.slow

LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Elements(HTMLParser):
    """The resources, links and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded, self.links, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if "id" in given:
            self.ids.add(given["id"])
        if tag in LOADING and LOADING[tag] in given:
            self.loaded.append(given[LOADING[tag]])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


@pytest.fixture(scope="module")
def pages(site):
    return {
        path.relative_to(site): Elements(path.read_text())
        for path in site.rglob("*.html")
        if path.name != "404.html"  # its links start at the root of a server
    }


def test_every_page_of_the_folder_is_in_the_site(site):
    written = {path.with_suffix(".html").name for path in (REPOSITORY / "docs").glob("*.md")}
    assert written | {"changelog.html", "contributing.html"} <= {p.name for p in site.iterdir()}


def test_nothing_is_loaded_from_elsewhere(site, pages):
    for page, elements in pages.items():
        for address in elements.loaded:
            assert not urlsplit(address).scheme, page
            assert not urlsplit(address).netloc, page
            assert (site / page).parent.joinpath(unquote(urlsplit(address).path)).exists(), address
    for style in site.rglob("*.css"):
        text = style.read_text()
        assert "@import" not in text, style
        assert "url(http" not in text, style
        assert "url(//" not in text, style


def test_every_link_has_a_target(site, pages):
    for page, elements in pages.items():
        for address in elements.links:
            parts = urlsplit(address)
            if parts.scheme:
                continue
            target = page
            if parts.path:
                found = (site / page).parent.joinpath(unquote(parts.path)).resolve()
                assert found.is_file(), f"{page}: {address}"
                target = found.relative_to(site.resolve())
            if parts.fragment and not parts.fragment.startswith("__"):
                assert unquote(parts.fragment) in pages[target].ids, f"{page}: {address}"


def test_every_public_name_and_member_has_its_place(pages):
    (page,) = (elements for path, elements in pages.items() if path.name == "api.html")
    assert {f"namo.{name}" for name in {*namo.__all__} - {"__version__"}} <= page.ids
    assert {"namo.World.push", "namo.Episode.plan", "namo.PushStatus.REACHED"} <= page.ids
    assert "namo.World.simulation" not in page.ids


def test_no_placeholder_is_left(site):
    for page in site.rglob("*.html"):
        assert "made from the code:" not in page.read_text(), page


def test_a_link_to_a_file_shows_the_file(site):
    shown = (site / "repository" / "config" / "config.yaml.html").read_text()
    assert "Every setting of a collection" in shown
    assert 'href="repository/config/config.yaml.html"' in (site / "settings.html").read_text()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = chromium()
    if found is None:
        pytest.skip("there is no Chromium to show the site (set NAMO_CHROMIUM)")
    with tab_of(found, tmp_path_factory.mktemp("profile")) as tab:
        tab.call("Emulation.setFocusEmulationEnabled", enabled=True)
        yield tab


def test_the_search_works_in_files(site, browser):
    browser.width(1280)
    browser.open(site / "index.html")
    browser.value("document.querySelector('[data-md-component=search-query]').focus()")
    browser.wait_for("document.querySelector('.md-search-result__meta').textContent.match(/Type/)")
    browser.call("Input.insertText", text="search_time_ms")
    browser.key("Shift", 16)
    browser.wait_for("!!document.querySelector('.md-search-result__link[href*=files]')")
    assert [one for one in browser.problems if "data:image" not in one] == []


def test_the_colour_scheme_follows_the_system_until_one_is_chosen(site, browser):
    scheme = "document.body.dataset.mdColorScheme"
    for wanted, name in (("light", "default"), ("dark", "slate")):
        browser.media(prefers_color_scheme=wanted)
        browser.open(site / "concepts.html")
        browser.wait_for(f"{scheme} === '{name}'")
    toggle = "[...document.querySelectorAll('[data-md-component=palette] label')]"
    browser.value(f"{toggle}.find(each => !each.hidden).click()")
    browser.wait_for(f"{scheme} === 'default'")
