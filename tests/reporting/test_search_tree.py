import itertools
import math
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.commands.main import main
from namo.reporting.explanation_text import overview, way_to
from namo.reporting.search_facts import SearchFacts
from namo.reporting.search_tree import MAX_STATES, draw_tree
from namo.reporting.searches import unsolved_searches
from namo.reporting.unsolved_causes import Cause, explanation_of
from tests.reporting.conftest import STRAIGHT, episode_row, mixed


def facts_of(folder):
    (search,) = unsolved_searches(folder)
    return SearchFacts(search)


def test_a_tree_is_bounded_and_keeps_what_came_closest(make_collection):
    pushes = 3 * MAX_STATES
    facts = facts_of(make_collection([episode_row(0, "pushes", pushes_simulated=pushes)]))
    assert len(facts.states) == pushes + 1
    tree = draw_tree(facts)
    assert tree.svg.count('class="edge') < MAX_STATES
    assert tree.note.endswith(f"of {pushes + 1} states are not drawn.")
    assert [name for name, _ in tree.objects] == ["box <1>", "box 2"]


def test_states_that_look_the_same_are_shown_once(make_collection):
    facts = facts_of(make_collection([episode_row(0, "pushes", pushes_simulated=80)]))
    # Each push moves box 1 by 2 cm; every fifth state is equally close.
    gaps = [state.gap for state in facts.closest]
    assert gaps == sorted(gaps)
    assert len(facts.closest) == 6
    places = sorted(state.poses[3] for state in facts.closest)
    assert min(b - a for a, b in itertools.pairwise(places)) > 0.1 - 1e-9


def test_an_environment_without_an_unsolved_search_says_how_it_ended(make_collection, capsys):
    collection = make_collection(mixed())
    for environment, said in (
        ("0", "episode_0: solved: the goal was reachable from the start"),
        ("2", f"episode_0: solved with a plan of 2 pushes: namo replay {collection} 2"),
        ("5", "no site named 'goal'"),
    ):
        (collection / f"host_env_{int(environment):06d}_results.pkl").touch()
        assert main(["explain", str(collection), environment]) == 0
        assert said in capsys.readouterr().out


def test_a_search_of_an_earlier_version_is_explained_without_what_it_did_not_store(
    make_collection, capsys
):
    folder = make_collection([episode_row(0, "pushes", pushes_simulated=4)])
    for name in ("pushes", "scenes"):
        path = folder / f"{name}.parquet"
        table = pq.read_table(path)
        for column in ("reachable", "reached_area", "goal_gap"):
            place = table.schema.get_field_index(column)
            field = table.schema.field(column)
            empty = [[None] * table.num_rows]
            table = table.set_column(place, field, pa.chunked_array(empty, field.type))
        pq.write_table(table, path)
    assert draw_tree(facts_of(folder)).svg.count('class="edge') == 4
    (folder / "host_env_000000_results.pkl").touch()
    assert main(["explain", str(folder), "0"]) == 0
    out = capsys.readouterr().out
    assert "what the robot reaches was not recorded" in out
    assert re.search(r"box <1> +not recorded ", out)


def test_straight_pushes_of_one_simulation_are_one_simulated_push(make_collection):
    facts = facts_of(make_collection([episode_row(0, "pushes", pushes_simulated=4)]))
    assert dict(overview(facts))["effort"].startswith("4 pushes simulated, ")
    for push in facts.search.pushes:
        push["simulation"] //= 2
        push |= STRAIGHT
    assert facts.simulations == 2
    objects = SearchFacts(facts.search).objects
    assert [(each.pushes, each.simulations) for each in objects] == [(3, 2), (1, 1)]
    effort = dict(overview(facts))["effort"]
    assert effort.startswith("2 straight pushes simulated (2 shorter ones passed on the way), ")


def test_a_tree_tells_straight_pushes_from_pushes_to_a_pose(make_collection):
    facts = facts_of(make_collection([episode_row(0, "pushes", pushes_simulated=4)]))
    facts.search.pushes[2] |= STRAIGHT
    tree = draw_tree(facts)
    assert (tree.straight, tree.to_pose) == (1, 3)
    assert re.findall(r'class="edge (.*?)"', tree.svg) == ["c0", "c0", "c0 straight", "c1"]
    assert "4 pushes simulated, 1 of them straight, " in dict(overview(facts))["effort"]
    assert [each.straight for each in facts.objects] == [1, 0]
    assert way_to(facts, facts.states[3])[1:] == [
        "1: box <1>, to (1.25, 1.00) m, 0°",
        "2: box <1>, straight from contact 0, 0.50 m",
    ]


@pytest.mark.parametrize(("y", "is_jammed"), [(0.0, False), (-1.79, True)])
def test_a_straight_push_that_gives_up_is_seen_with_the_way_it_had_left(
    make_collection, y, is_jammed
):
    facts = facts_of(make_collection([episode_row(0, "pushes", pushes_simulated=2)]))
    straight, _ = facts.search.pushes
    # The box, turned upside down, is pushed towards the lower wall.
    pose = [0.0, y, math.pi]
    straight |= STRAIGHT | {"status": "stuck", "goal_x": 0.0, "goal_y": y, "moved": False}
    straight["poses_before"][3:6] = straight["poses_after"][3:6] = pose
    box, _ = facts.objects
    assert (box.against_obstacle, box.unmoved_with_room) == (int(is_jammed), int(not is_jammed))


@pytest.mark.parametrize(
    ("termination", "shown"), [("depth", "of up to 1 push"), ("exhausted", "of any length")]
)
def test_a_search_that_tried_all_candidates_says_what_that_showed(
    make_collection, termination, shown
):
    row = episode_row(0, termination, pushes_simulated=4, proof_depth=1, proof_candidates=4)
    explanation = explanation_of(facts_of(make_collection([row])))
    assert explanation.cause is Cause.PROVEN
    assert f"has shown: no plan {shown} among these 4 candidates. " in explanation.text
