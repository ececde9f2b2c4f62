import json
import re
import shutil
from html.parser import HTMLParser
from importlib import resources

import pyarrow.parquet as pq
import pytest

from namo.commands.main import main
from namo.errors import ResultFileError
from namo.reporting.report import write_report
from tests.reporting.conftest import MODEL, NASTY, failure, mixed, search, write_collection

MEGABYTE = 1_000_000


class Page(HTMLParser):
    """The tags, the text and the scripts of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.words, self._script = [], {}, [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._script = dict(attributes).get("id", "code") if tag == "script" else None

    def handle_endtag(self, tag):
        self._script = None

    def handle_data(self, data):
        if self._script:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data
        else:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(collection):
    return Page(write_report(collection).read_text("utf-8"))


def test_the_page_needs_nothing_else(page):
    assert not {"link", "img", "iframe", "object", "embed"} & {tag for tag, _ in page.tags}
    attributes = [each for _, values in page.tags for each in values.items()]
    assert not {"src", "srcset", "action", "data"} & {name for name, _ in attributes}
    assert all(value.startswith("#") for name, value in attributes if name == "href")
    for name in ("page.css", "page.js"):
        asset = resources.files("namo.reporting").joinpath(name).read_text("utf-8")
        assert not re.search(r"@import|url\(|https?:|fetch\(|import\(", asset)
    (policy,) = [value for name, value in attributes if name == "content" and "-src" in value]
    assert "default-src 'none'" in policy


def test_names_of_files_are_shown_and_not_obeyed(page, collection):
    tags = [tag for tag, _ in page.tags]
    assert "img" not in tags
    assert tags.count("script") == 3
    table = json.loads(page.scripts["table-data"])
    assert NASTY in {table["folder"] + name for name in table["file"]}
    assert NASTY.split("\u2028")[0] in page.text
    assert "models/<goal>" in page.text


def test_the_headline_counts(page):
    assert "Environments 9 7 searches" in page.text
    assert "Solved 57.1 % 4 searches" in page.text
    assert "Verified by replay 3 of 4 plans" in page.text
    assert "Failed environments 2" in page.text


def test_the_unexplained_comes_first_and_solved_last(page):
    endings = page.text.split("How everything ended")[1].split("By difficulty")[0]
    order = [
        "unexplained the plan did not happen again 1",
        "unexplained failed: KeyError 1",
        "failed: scene cannot be used 1",
        "time was up 1",
        "solved 4",
    ]
    places = [endings.index(text) for text in order]
    assert places == sorted(places)


def test_failures_and_the_slowest_have_their_commands(page):
    again = page.text.split("Run again")[-1]
    assert "python collect.py --start-idx 4" in again
    assert "python collect.py --start-idx 5" in again
    slowest = again.split("The slowest searches")[1]
    assert slowest.index("60.0 s, 12 pushes simulated, unsolved (timeout)") < slowest.index(
        "9.00 s"
    )
    assert "--output-dir out_again --start-idx 7 --end-idx 8" in slowest


def test_a_plan_that_did_not_happen_again_is_named_before_all_failures(page):
    again = page.text.split("Run again")[-1]
    assert "Plans that did not happen again: 1 8 1.00 s, 1 push simulated, solved with" in again
    places = [again.index(text) for text in ("did not happen", "KeyError", "no site named")]
    assert places == sorted(places)


def test_many_failures_are_all_there_and_most_of_them_folded(make_collection):
    folder = make_collection([failure(n, "no robot") for n in range(30)])
    page = Page(write_report(folder).read_text("utf-8"))
    assert all(f"python collect.py --start-idx {n}" in page.text for n in range(30))
    assert "10 more 20 scenes/0020.xml: no robot" in page.text
    assert [tag for tag, _ in page.tags].count("details") == 1


def test_what_is_rare_is_not_said_to_be_absent(make_collection):
    rows = [search(n) for n in range(3000)]
    rows[7] = search(7, "timeout")
    text = Page(write_report(make_collection(rows)).read_text("utf-8")).text
    assert "time was up 1 < 0.1 %" in text


def test_plans_can_be_played(page):
    plans = json.loads(page.scripts["plan-data"])
    cards = {value["data-plan"]: tag for tag, value in page.tags if "data-plan" in value}
    assert plans.keys() == cards.keys()
    assert set(cards.values()) == {"button"}
    assert [push["name"] for push in plans["host_env_000002_episode_000"]] == ["box 2", "box 2"]


def test_models_are_shown_with_what_they_cost(page):
    assert re.search(r"goal 1,234 cpu 2 0\.60 10 3\.00 18\.\d 18\.\d 0\.20", page.text)
    assert "First push against a random one" in page.text


def test_without_models_or_plans_the_page_says_so(make_collection):
    folder = make_collection([failure(0, "no robot")])
    text = Page(write_report(folder).read_text("utf-8")).text
    for said in ("No learned strategy was used", "No search ran", "There is nothing to show"):
        assert said in text


def test_the_same_files_give_the_same_page(collection):
    assert write_report(collection).read_bytes() == write_report(collection).read_bytes()


def test_searches_that_pushed_nothing_are_left_out_of_a_spread_and_counted(make_collection):
    rows = [search(n, nodes_expanded=n // 2, pushes_simulated=n // 2) for n in range(6)]
    text = Page(write_report(make_collection(rows)).read_text("utf-8")).text
    assert "Median 1.5; the axis is logarithmic. Searches without any, 2, are left out." in text


def test_ten_thousand_searches_fit_in_ten_megabytes(make_collection):
    kinds = mixed()
    rows = [
        {**kinds[n % 9], "env_index": n, "env_id": f"e{n}", "episode_id": f"host_env_{n:06d}_0"}
        for n in range(10_000)
    ]
    text = write_report(make_collection(rows, models=[MODEL])).read_bytes()
    assert len(text) < 3 * MEGABYTE
    assert len(json.loads(Page(text.decode()).scripts["table-data"])["environment"]) == 10_000


def test_the_command_says_where_the_page_is(make_collection, capsys):
    folder = make_collection([search(0)])
    assert main(["report", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder / 'report.html'}\n"


def test_wrong_usage_ends_with_2_and_damage_with_1(make_collection, tmp_path, capsys):
    assert main(["report", str(tmp_path / "none")]) == 2
    folder = make_collection([search(0)])
    (folder / "plans.parquet").unlink()
    assert main(["report", str(folder)]) == 1
    assert "plans.parquet: is missing" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["run.json", "collection_summary_host.pkl"])
def test_a_damaged_file_is_named_and_the_old_page_stays(make_collection, name):
    folder = make_collection([search(0)])
    page = write_report(folder)
    before = page.read_bytes()
    (folder / name).write_text("{")
    with pytest.raises(ResultFileError, match=name):
        write_report(folder)
    assert page.read_bytes() == before
    assert not list(folder.glob(".*"))


def test_a_table_of_another_version_is_refused(make_collection):
    folder = make_collection([search(0)])
    table = pq.read_table(folder / "metrics.parquet")
    pq.write_table(table.drop_columns(["replayed"]), folder / "metrics.parquet")
    with pytest.raises(ResultFileError, match="schema differs"):
        write_report(folder)


def test_the_summary_of_the_last_merge_counts(make_collection):
    folder = make_collection([search(0)])
    shutil.copy(folder / "collection_summary_host.pkl", folder / "collection_summary_a.pkl")
    (folder / "collection_summary_host.pkl").unlink()
    with pytest.raises(ResultFileError, match=r"summary_host\.pkl: is missing"):
        write_report(folder)
    (folder / "manifest.parquet").unlink()
    with pytest.raises(ResultFileError, match=r"manifest\.parquet: is missing"):
        write_report(folder)


def test_two_configurations_are_told(tmp_path):
    folder = write_collection(tmp_path, [search(0), search(1, algorithm="best_first")])
    text = Page(write_report(folder).read_text("utf-8")).text
    assert "idfs, objects random, goals random 1" in text
    assert "best_first, objects random, goals random 1" in text
