import numpy as np
import pytest

from namo.errors import UsageError
from namo.files import sha256_of
from namo.planning.idfs import IDFS
from namo.planning.planner import Budget
from namo.strategies.goal_random import RandomGoals
from namo.strategies.object_order import NoHeuristic
from namo.training.search_quality import HeldOut, Searches
from tests.training.conftest import write_scenes

BUDGET = Budget(depth=2, pushes=6)
CLEARANCE = 0.01


@pytest.fixture(scope="module")
def planner():
    return IDFS(NoHeuristic(), RandomGoals(), 3)


def test_an_unsolved_search_counts_its_whole_budget(rooms, planner, tmp_path):
    sealed = rooms.sealed(rooms.box(-1.0, 0.2), options=rooms.SLEEPING)
    scenes = write_scenes(tmp_path / "scenes", {"a": sealed})
    searches = HeldOut(scenes, CLEARANCE, Budget(depth=2, pushes=2), seed=1).search(planner)
    quality = searches.quality
    assert (quality.pushes, quality.solved, quality.within_five) == (2.0, 0.0, 0.0)
    assert quality.log_pushes == pytest.approx(np.log(2.0))


def test_searches_are_the_same_in_every_call(learning, planner):
    def search(held_out):
        return held_out.search(planner).quality

    held_out = HeldOut(learning.scenes[:4], CLEARANCE, BUDGET, seed=7)
    first = search(held_out)
    assert 1.0 <= first.pushes <= 6.0
    assert 0.0 <= first.within_five <= first.solved <= 1.0
    assert search(held_out) == first
    assert search(HeldOut(learning.scenes[:4], CLEARANCE, BUDGET, seed=7)) == first
    others = [search(HeldOut(learning.scenes[:4], CLEARANCE, BUDGET, seed)) for seed in (8, 9, 10)]
    assert any(other != first for other in others)


def test_scenes_with_an_open_goal_are_left_out(learning, rooms, planner, tmp_path):
    (open_one,) = write_scenes(tmp_path / "scenes", {"a": rooms.room(options=rooms.SLEEPING)})
    alone = HeldOut([learning.scenes[0]], CLEARANCE, BUDGET, seed=7).search(planner)
    both = HeldOut([learning.scenes[0], open_one], CLEARANCE, BUDGET, seed=7).search(planner)
    assert len(both.pushes) == 1
    assert both.quality == alone.quality


def test_a_goal_that_is_shut_with_the_clearance_alone_is_searched(rooms, planner, tmp_path):
    scene = rooms.room(walls=rooms.door())
    scenes = write_scenes(tmp_path / "scenes", {"a": scene})
    with pytest.raises(UsageError, match="none of which needs a push"):
        HeldOut(scenes, 0.0, BUDGET, seed=7)
    assert not HeldOut(scenes, 0.35, BUDGET, seed=7).search(planner).solved.any()


def test_at_least_one_scene_must_need_a_push(rooms, tmp_path):
    scenes = write_scenes(tmp_path / "scenes", {"a": rooms.room(options=rooms.SLEEPING)})
    for given in (scenes, []):
        with pytest.raises(UsageError, match=f"{len(given)} given, none of which needs a push"):
            HeldOut(given, CLEARANCE, BUDGET, seed=7)


def test_a_bad_scene_is_named_and_costs_itself(learning, planner, tmp_path):
    broken, gone = tmp_path / "broken.xml", tmp_path / "gone.xml"
    broken.write_text("<mujoco/>")
    alone = HeldOut([learning.scenes[0]], CLEARANCE, BUDGET, seed=7)
    among = HeldOut([learning.scenes[0], broken, gone], CLEARANCE, BUDGET, seed=7)
    assert among.left_out.keys() == {broken, gone}
    assert among.left_out[broken].startswith("no body 'robot'")
    assert among.read == alone.read == [sha256_of(learning.scenes[0])]
    assert among.search(planner).quality == alone.search(planner).quality
    with pytest.raises(UsageError, match=r"none of which .*broken\.xml: no body 'robot'"):
        HeldOut([broken], CLEARANCE, BUDGET, seed=7)


def searches(*pushes):
    return Searches(np.array(pushes, np.float64), np.ones(len(pushes), np.bool_))


def test_searches_within_a_standard_error_are_about_as_good():
    best = searches(2, 2, 2, 2)
    assert best.about_as_good_as(best)
    assert searches(1, 1, 2, 2).about_as_good_as(best)
    # Logarithms differ by 0 and -log 2, and by 0, 0, log 2 and log 2: mean 0.35, error 0.17.
    assert not searches(2, 2, 4, 4).about_as_good_as(best)
    # By -log 2, 0, log 2 and log 2: mean 0.17, error 0.29.
    assert searches(1, 2, 4, 4).about_as_good_as(best)
