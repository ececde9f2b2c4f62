import itertools
import re

import pyarrow as pa
import pyarrow.parquet as pq

from namo.commands.main import main
from namo.reporting.explanation_text import overview
from namo.reporting.search_facts import SearchFacts
from namo.reporting.search_tree import MAX_STATES, draw_tree
from namo.reporting.searches import unsolved_searches
from tests.reporting.conftest import episode_row, mixed


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
    for environment, said in (("1", "episode_0: solved"), ("5", "no site named 'goal'")):
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
    assert facts.simulations == 2
    effort = dict(overview(facts))["effort"]
    assert effort.startswith("2 pushes simulated (2 shorter ones passed on the way), ")
