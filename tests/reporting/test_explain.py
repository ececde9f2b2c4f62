"""Unsolved searches of different causes, collected here: what is said about each must name it."""

import re

import pytest

from namo.commands.main import main
from namo.reporting import unsolved_view
from namo.reporting.explanation_text import overview
from namo.reporting.report import write_report
from namo.reporting.search_facts import SearchFacts
from namo.reporting.searches import unsolved_searches
from namo.reporting.unsolved_causes import Cause, explanation_of
from tests.reporting.unsolved import MAX_PUSHES, unsolved_scenes

pytestmark = pytest.mark.slow
PLUG = "obstacle_1_movable"


@pytest.fixture(scope="module")
def unsolved(rig, rooms, tmp_path_factory):
    """A collection of the six scenes, in the order of `unsolved_scenes`. Read only."""
    folder = tmp_path_factory.mktemp("unsolved")
    return rig.collect_scenes(folder, unsolved_scenes(rooms), max_pushes=MAX_PUSHES)


@pytest.fixture(scope="module")
def facts(unsolved, rooms):
    """The facts of each search, by the cause."""
    searches = [SearchFacts(search) for search in unsolved_searches(unsolved.output)]
    return dict(zip(unsolved_scenes(rooms), searches, strict=True))


@pytest.mark.parametrize(
    ("name", "cause", "evidence"),
    [
        ("too heavy", Cause.IMMOVABLE, rf"^No push moved {PLUG}, although .* too heavy"),
        ("held", Cause.SEALED, rf"^{PLUG} closes the goal together with the walls"),
        ("jammed", Cause.JAMMED, rf"^{PLUG} was pushed up to 0\.\d+\sm .* as when it is jammed"),
        ("walls", Cause.WALLS, r"^Walls alone separate the robot from its goal"),
        ("order", Cause.UNTRIED, rf"before it pushed {PLUG}, which the robot could push from the"),
        (
            "budget",
            Cause.BUDGET,
            rf"^The push budget ended the search after {MAX_PUSHES} simulated pushes",
        ),
    ],
)
def test_the_evidence_names_the_cause(facts, name, cause, evidence):
    explanation = explanation_of(facts[name])
    assert explanation.cause is cause
    assert re.search(evidence, explanation.text), explanation.text


def test_progress_is_what_the_states_show(facts):
    assert facts["too heavy"].ranked == []
    assert all(state.gap is None for state in facts["walls"].ranked)
    assert facts["jammed"].ranked[0].gap < facts["jammed"].start.gap - 0.5
    (first, second) = facts["budget"].objects
    assert (first.at_start, second.at_start) == (True, False)
    assert 0 < second.states_in_reach < first.states_in_reach
    for each in facts.values():
        assert all(state.gap != 0.0 for state in each.states.values())
        assert len(each.closest) <= 6
        for state in each.closest:
            assert [push["depth"] for push in each.way_to(state)] == [*range(1, state.depth + 1)]


def test_all_searches_are_explained_by_cause(unsolved, capsys):
    assert main(["explain", str(unsolved.output)]) == 0
    out = capsys.readouterr().out
    assert out.count("1 search: ") == 6
    for cause in (Cause.IMMOVABLE, Cause.JAMMED, Cause.WALLS, Cause.UNTRIED, Cause.BUDGET):
        assert f"1 search: {cause.value}\n  environment " in out
    assert out.endswith("ENV\n")


def test_one_search_is_explained_in_detail_and_its_closest_state_replays(unsolved, capsys):
    assert main(["explain", str(unsolved.output), "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("host_env_000001_episode_0 (")
    assert re.search(rf"{PLUG} +from the start, \d+ of \d+ states +12 ", out)
    (command,) = re.findall(r"namo (replay .*) --push (\d+)", out)
    assert main(["replay", str(unsolved.output), "1", "--push", command[1], "--check"]) == 0
    assert "replay matches" in capsys.readouterr().out


def test_wrong_usage_is_said(unsolved, capsys):
    assert main(["explain", str(unsolved.output), "9"]) == 2
    assert "no environment 9; allowed: number of the environment" in capsys.readouterr().err
    assert main(["explain", str(unsolved.output / "none")]) == 2


def test_the_page_explains_each_search_with_its_states_and_tree(unsolved, facts):
    page = write_report(unsolved.output).read_text()
    dialogs = page.split('<dialog class="why"')[1:]
    assert len(dialogs) == len(facts) == 6
    for dialog, each in zip(dialogs, facts.values(), strict=True):
        dialog = dialog.split("</dialog>")[0]
        assert explanation_of(each).text in dialog
        assert dialog.count("<figure>") == max(1, len(each.closest))
        assert ('class="tree"' in dialog) == bool(each.ranked)
        assert dialog.count('class="edge') == len(each.ranked)


def test_movables_that_are_not_listed_are_counted(unsolved, monkeypatch):
    monkeypatch.setattr(unsolved_view, "MAX_OBJECTS", 1)
    page = write_report(unsolved.output).read_text()
    assert page.count("And 3 movables more, less often pushed or in reach.") == 1
    assert page.count("And 1 movable more, less often pushed or in reach.") == 1


def test_what_the_scene_check_finds_is_said_beside_the_evidence(facts):
    (text,) = (text for title, text in overview(facts["too heavy"]) if title == "scene")
    assert re.fullmatch(rf"'{PLUG}' needs [\d.]+ N to slide, the robot pushes with 1 N", text)
