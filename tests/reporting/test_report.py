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
from tests.reporting.conftest import MODEL, NASTY, episode_row, failure, mixed, write_collection

MEGABYTE = 1_000_000


class Page(HTMLParser):
    """The tags, text and scripts of a page."""

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


def test_the_page_is_self_contained(page):
    assert not {"link", "img", "iframe", "object", "embed"} & {tag for tag, _ in page.tags}
    attributes = [each for _, values in page.tags for each in values.items()]
    assert not {"src", "srcset", "action", "data"} & {name for name, _ in attributes}
    assert all(value.startswith("#") for name, value in attributes if name == "href")
    for name in ("page.css", "scene.css", "page.js"):
        asset = resources.files("namo.reporting").joinpath(name).read_text("utf-8")
        assert not re.search(r"@import|url\(|https?:|fetch\(|import\(", asset)
    (policy,) = [value for name, value in attributes if name == "content" and "-src" in value]
    assert "default-src 'none'" in policy


def test_file_names_are_shown_as_text(page, collection):
    tags = [tag for tag, _ in page.tags]
    assert "img" not in tags
    assert tags.count("script") == 3
    table = json.loads(page.scripts["table-data"])
    assert NASTY in {table["folder"] + name for name in table["file"]}
    assert NASTY.split("\u2028")[0] in page.text
    assert "models/<goal>" in page.text


def test_the_overview_counts(page):
    assert "Environments 9 7 episodes" in page.text
    assert "Solved 57.1 % 4 episodes" in page.text
    assert "Verified by replay 3 of 4 plans" in page.text
    assert "Minimal plans 4 of 4, 1 push dropped" in page.text
    assert "Failed 2 22.2 % of environments" in page.text


def test_unexplained_outcomes_come_first_and_solved_last(page):
    outcomes = page.text.split("Outcomes")[1].split("By scene difficulty")[0]
    order = [
        "unexplained replay diverged 1",
        "unexplained failed: KeyError 1",
        "failed: unusable scene 1",
        "unsolved: timeout 1",
        "solved 4",
    ]
    places = [outcomes.index(text) for text in order]
    assert places == sorted(places)


def test_failures_and_slowest_episodes_have_short_commands(page):
    rerun = page.text.split("Rerun")[-1]
    for environment in (4, 5, "--failed"):
        assert f"namo redo out {environment}" in rerun
    assert "collect.py" not in rerun.partition("Provenance")[0]
    slowest = rerun.split("Slowest episodes")[1]
    assert slowest.index("60.0 s, 12 pushes simulated, unsolved (timeout)") < slowest.index(
        "9.00 s"
    )
    assert "namo rerun out 7" in slowest


def test_diverged_replays_are_listed_before_failures(page):
    rerun = page.text.split("Rerun")[-1]
    assert (
        "Plans whose replay diverged: 1 Environment 8 1.00 s, 1 push simulated, solved with"
        in rerun
    )
    places = [rerun.index(text) for text in ("replay diverged", "KeyError", "no site named")]
    assert places == sorted(places)


def test_long_lists_of_failures_are_complete_but_folded(make_collection):
    folder = make_collection([failure(n, "no robot") for n in range(30)])
    page = Page(write_report(folder).read_text("utf-8"))
    assert all(f"namo redo out {n}" in page.text for n in range(30))
    assert "10 more Environment 20 scenes/0020.xml: no robot" in page.text
    assert [tag for tag, _ in page.tags].count("details") == 1


def test_odd_scenes_are_shown_beside_unsolved_environments(make_collection):
    def heavy(force):
        return {"kind": "too heavy", "text": f"'<box>' needs {force} N"}

    rows = [episode_row(n, "pushes") for n in range(6)] + [episode_row(6)]
    remarks = {n: [heavy(29 + n), heavy(40)] for n in range(6)}
    wide = {"kind": "too wide for doors", "text": "'box' is 1 m wide"}
    remarks |= {5: [*remarks[5], wide], 6: [wide]}
    text = Page(write_report(make_collection(rows, remarks=remarks)).read_text("utf-8")).text
    assert "finds something odd in 6 of 6 unsolved environments" in text
    first = "too heavy 6 of 6 unsolved '<box>' needs 29 to 40 N environments 0, 1, 2, 3, 4, 5"
    second = "too wide for doors 1 of 2 unsolved 'box' is 1 m wide environment 5"
    assert f"{first} {second}" in text
    assert "unsolved (push budget), too heavy; 1 push simulated" in text


def test_without_odd_scenes_there_is_no_section_on_them(page):
    assert "odd scenes" not in page.text


def test_rare_outcomes_do_not_read_zero_percent(make_collection):
    rows = [episode_row(n) for n in range(3000)]
    rows[7] = episode_row(7, "timeout")
    text = Page(write_report(make_collection(rows)).read_text("utf-8")).text
    assert "timeout 1 < 0.1 %" in text


def test_cards_with_a_plan_are_buttons(page):
    plans = json.loads(page.scripts["plan-data"])
    cards = {value["data-plan"]: tag for tag, value in page.tags if "data-plan" in value}
    assert plans.keys() == cards.keys()
    assert set(cards.values()) == {"button"}
    assert [push["text"] for push in plans["host_env_000002_episode_0"]] == [
        "box 2, to (1.25, 1.00) m, 0°",
        "box 2, straight from contact 0, 0.50 m",
    ]


def test_cards_name_the_episode_of_an_environment(make_collection):
    folder = make_collection([episode_row(3, episode=number) for number in range(2)])
    text = Page(write_report(folder).read_text("utf-8")).text
    assert "Environment 3 ▶ difficulty easy, 1-push plan; 1 push simulated, 1.00 s" in text
    assert "Environment 3, episode 1 ▶" in text


def test_cards_name_the_length_of_the_plan_that_was_found_where_it_was_longer(page):
    assert "difficulty two pushes, 2-push plan (found with 3); 7 pushes simulated" in page.text
    assert page.text.count("(found with") == 1


def test_models_are_listed_with_their_costs(page):
    assert re.search(r"goal 1,234 cpu 2 0\.60 10 3\.00 18\.\d 18\.\d 0\.20", page.text)
    assert "First push vs. random push" in page.text


def test_empty_sections_say_so(make_collection):
    folder = make_collection([failure(0, "no robot")])
    text = Page(write_report(folder).read_text("utf-8")).text
    for sentence in ("No learned models were used", "No episode ran", "Nothing to show"):
        assert sentence in text


def test_the_same_files_give_the_same_page(collection):
    assert write_report(collection).read_bytes() == write_report(collection).read_bytes()


def test_distributions_omit_and_count_episodes_without_pushes(make_collection):
    rows = [episode_row(n, nodes_expanded=n // 2, pushes_simulated=n // 2) for n in range(6)]
    text = Page(write_report(make_collection(rows)).read_text("utf-8")).text
    assert "Median 1.5; logarithmic axis. Episodes with zero omitted: 2." in text


@pytest.mark.slow
def test_the_page_of_ten_thousand_episodes_stays_small(make_collection):
    kinds = mixed()
    rows = [
        {**kinds[n % 9], "env_index": n, "env_id": f"e{n}", "episode_id": f"host_env_{n:06d}_0"}
        for n in range(10_000)
    ]
    text = write_report(make_collection(rows, models=[MODEL])).read_bytes()
    assert len(text) < 3 * MEGABYTE
    assert len(json.loads(Page(text.decode()).scripts["table-data"])["environment"]) == 10_000


def test_the_command_prints_the_path_of_the_page(make_collection, capsys):
    folder = make_collection([episode_row(0)])
    assert main(["report", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder / 'report.html'}\n"


def test_usage_errors_exit_with_2_and_damaged_files_with_1(make_collection, tmp_path, capsys):
    assert main(["report", str(tmp_path / "none")]) == 2
    folder = make_collection([episode_row(0)])
    (folder / "plans.parquet").unlink()
    assert main(["report", str(folder)]) == 1
    assert "plans.parquet: is missing" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["run.json", "collection_summary_host.pkl"])
def test_a_damaged_file_is_named_and_the_old_page_kept(make_collection, name):
    folder = make_collection([episode_row(0)])
    page = write_report(folder)
    before = page.read_bytes()
    (folder / name).write_text("{")
    with pytest.raises(ResultFileError, match=name):
        write_report(folder)
    assert page.read_bytes() == before
    assert not list(folder.glob(".*"))


def test_a_table_of_another_version_is_refused(make_collection):
    folder = make_collection([episode_row(0)])
    table = pq.read_table(folder / "metrics.parquet")
    pq.write_table(table.drop_columns(["replayed"]), folder / "metrics.parquet")
    with pytest.raises(ResultFileError, match="schema differs"):
        write_report(folder)


def test_the_summary_named_in_the_manifest_is_used(make_collection):
    folder = make_collection([episode_row(0)])
    shutil.copy(folder / "collection_summary_host.pkl", folder / "collection_summary_a.pkl")
    (folder / "collection_summary_host.pkl").unlink()
    with pytest.raises(ResultFileError, match=r"summary_host\.pkl: is missing"):
        write_report(folder)
    (folder / "manifest.parquet").unlink()
    with pytest.raises(ResultFileError, match=r"manifest\.parquet: is missing"):
        write_report(folder)


def test_two_configurations_are_listed(tmp_path):
    folder = write_collection(tmp_path, [episode_row(0), episode_row(1, algorithm="best_first")])
    text = Page(write_report(folder).read_text("utf-8")).text
    assert "idfs, objects random, goals random 1" in text
    assert "best_first, objects random, goals random 1" in text
