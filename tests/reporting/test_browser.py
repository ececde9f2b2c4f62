"""The page in a real browser."""

import pytest

from namo.reporting.report import write_report
from tests.reporting.browser import chromium, tab_of
from tests.reporting.conftest import MODEL, episode_row, mixed, write_collection

CELLS = "[...document.querySelectorAll('#rows tbody tr')].map(row => row.cells[{}].textContent)"
ENVIRONMENTS = CELLS.format(0)
ROBOT = "document.querySelector('#stage .robot').getAttribute('transform')"
BOX = "document.querySelectorAll('#stage .movable')[1].getAttribute('transform')"
TWO_PUSHES = "host_env_000002_episode_0"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = chromium()
    if found is None:
        pytest.skip("no Chromium found (set NAMO_CHROMIUM)")
    with tab_of(found, tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    rows = [*mixed(), *(episode_row(n) for n in range(9, 60))]
    return write_report(write_collection(tmp_path_factory.mktemp("shown"), rows, [MODEL]))


@pytest.fixture
def page(browser, report):
    browser.problems.clear()
    browser.width(1280)
    browser.media(prefers_color_scheme="light", prefers_reduced_motion="no-preference")
    browser.open(report)
    yield browser
    assert browser.problems == []


def set_value(page, field, value, event="change"):
    page.value(
        f"document.getElementById('{field}').value = '{value}';"
        f"document.getElementById('{field}').dispatchEvent(new Event('{event}'))"
    )


def option(page, field, text):
    options = f"[...document.getElementById('{field}').options]"
    return page.value(f"{options}.find(each => each.text === '{text}').value")


def play(page, name=TWO_PUSHES):
    page.value(f"document.getElementById('{name}').click()")


def test_text_from_the_data_is_not_executed(page):
    assert page.value("window.hacked") is None
    assert page.value("document.images.length") == 0


def test_the_table_is_filtered_by_class_outcome_and_text(page):
    assert page.value(ENVIRONMENTS + ".length") == 25
    set_value(page, "filter-class", option(page, "filter-class", "hard"))
    assert page.value(ENVIRONMENTS) == ["3", "6"]
    set_value(page, "filter-outcome", option(page, "filter-outcome", "exhausted"))
    assert page.value(ENVIRONMENTS) == ["6"]
    assert page.value("document.getElementById('matches').textContent") == "1 of 60"
    set_value(page, "filter-class", "")
    set_value(page, "filter-outcome", "")
    set_value(page, "filter-text", "<img", "input")
    assert page.value(ENVIRONMENTS) == ["4", "8"]
    set_value(page, "filter-text", "7", "input")
    assert page.value(ENVIRONMENTS)[0] == "7"
    set_value(page, "filter-text", "no such file", "input")
    assert page.value(ENVIRONMENTS) == []


def test_the_table_is_sorted_both_ways_with_missing_values_last(page):
    head = "document.querySelector('#rows th[data-name=length] button').click()"
    page.value(head)
    assert page.value(CELLS.format(3))[:2] == ["0", "1"]
    page.value(head)
    assert page.value(CELLS.format(3))[:2] == ["2", "1"]
    sort = "document.querySelector('#rows th[data-name=length]').getAttribute('aria-sort')"
    assert page.value(sort) == "descending"
    for _ in range(2):
        page.value("document.getElementById('next').click()")
    assert page.value(CELLS.format(3))[-5:] == ["\u2013"] * 5
    assert page.value("document.getElementById('next').disabled")
    assert page.value("document.getElementById('page').textContent") == "page 3 of 3"


def test_a_plan_plays_to_its_end_and_restarts(page):
    play(page)
    assert page.value("document.getElementById('player').open")
    straight = "Push 2 of 2: box 2, straight from contact 0, 0.50 m"
    page.wait_for(f"document.getElementById('step').textContent === '{straight}'")
    page.wait_for("document.getElementById('toggle').textContent === 'Play'")
    assert page.value(ROBOT).startswith("translate(-1300 0)")
    assert page.value(BOX).startswith("translate(1200 1000)")
    assert page.value("document.getElementById('clock').textContent") == "2.2 / 2.2 s"
    page.value("document.getElementById('toggle').click()")
    first = "Push 1 of 2: box 2, to (1.25, 1.00) m, 0°"
    assert page.value("document.getElementById('step').textContent") == first
    page.value("document.getElementById('close').click()")
    assert not page.value("document.getElementById('player').open")


def test_the_player_shows_what_the_present_push_asks_for(page):
    page.media(prefers_reduced_motion="reduce")
    play(page)
    shown = (
        "[...document.querySelectorAll('#stage .request')]"
        ".filter((each) => getComputedStyle(each).display !== 'none').map((each) => each.innerHTML)"
    )
    (target,) = page.value(shown)
    assert "translate(1250 1000)" in target
    set_value(page, "seek", "16.5", "input")
    (way,) = page.value(shown)
    assert 'class="tip"' in way


def test_the_slider_seeks_to_any_time(page):
    page.media(prefers_reduced_motion="reduce")
    play(page)
    assert page.value("document.getElementById('toggle').textContent") == "Play"
    assert page.value(ROBOT).startswith("translate(-1500 0)")
    set_value(page, "seek", "5.5", "input")
    assert page.value(ROBOT).startswith("translate(-1450 0)")
    assert page.value(BOX).startswith("translate(1050 1000)")
    set_value(page, "seek", "16.5", "input")
    assert page.value(ROBOT).startswith("translate(-1350 0)")
    set_value(page, "seek", "0", "input")  # back at the start
    assert page.value(BOX).startswith("translate(1000 1000)")


def test_the_player_works_with_the_keyboard_only(page):
    page.value(f"document.getElementById('{TWO_PUSHES}').focus()")
    page.key("Enter", 13)
    assert page.value("document.getElementById('player').open")
    assert page.value("document.activeElement.id") == "toggle"
    page.key("Escape", 27)
    page.wait_for("!document.getElementById('player').open")
    assert page.value("document.activeElement.id") == TWO_PUSHES


def test_a_row_links_to_its_card(page):
    link = f"document.querySelector('#rows a[href=\"#{TWO_PUSHES}\"]').textContent"
    assert page.value(link) == "2"


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_does_not_scroll_sideways(page, width, scheme):
    page.width(width)
    page.media(prefers_color_scheme=scheme)
    assert page.value("document.documentElement.scrollWidth") <= width


def test_the_dark_scheme_is_used_on_screen_only(page):
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.value(colour) == "rgb(255, 255, 255)"
    page.media(prefers_color_scheme="dark")
    assert page.value(colour) == "rgb(21, 24, 29)"
    page.media("print", prefers_color_scheme="dark")
    assert page.value(colour) == "rgb(255, 255, 255)"


def test_all_controls_have_an_accessible_name(page):
    unnamed = (
        "[...document.querySelectorAll('button, input, select, svg')].filter(each =>"
        " !(each.getAttribute('aria-label') || each.textContent.trim() ||"
        " each.closest('label')?.textContent.trim())).map(each => each.outerHTML)"
    )
    assert page.value(unnamed) == []


def test_an_unsolved_card_opens_its_explanation(page):
    card = "host_env_000003_episode_0"
    why = f"document.getElementById('why-{card}')"
    play(page, card)
    assert page.value(f"{why}.open")
    assert page.value(f"{why}.querySelectorAll('figure svg').length") > 1
    page.value(f"{why}.querySelector('.close').click()")
    assert not page.value(f"{why}.open")
