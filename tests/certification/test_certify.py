from dataclasses import replace

import pytest

from namo.certification.certify import certify
from namo.certification.effort import Effort
from namo.scenes.difficulty import Difficulty

SMALL = Effort(pushes=4, depth=2)


def test_a_reachable_goal_needs_no_push(rooms):
    certificate = certify(rooms.room(rooms.box(0.0, 0.0)), SMALL)
    assert certificate.difficulty is Difficulty.OPEN
    assert certificate.pushes_needed == 0
    assert certificate.opening_share is None
    assert certificate.candidate_pushes == certificate.searched_pushes == 0


def test_a_plugged_door_needs_one_push_and_the_fraction_is_measured(rooms):
    certificate = certify(rooms.plugged(), SMALL)
    assert certificate.pushes_needed == 1
    assert certificate.difficulty in (Difficulty.EASY, Difficulty.MEDIUM, Difficulty.HARD)
    assert certificate.candidate_pushes % 10 == 0  # ten lengths each
    assert 0 < certificate.opening_pushes < certificate.candidate_pushes
    fraction = certificate.opening_pushes / certificate.candidate_pushes
    assert certificate.opening_share == fraction
    assert certificate.searched_pushes == 0


def test_a_push_that_gets_stuck_once_the_goal_is_open_opens_it(rooms):
    def opening_with_a_stop(room):
        stop = rooms.wall(7, 0.35 + room, 0.0, (0.05, 0.1))
        walls = (*rooms.door(), stop)
        scene = rooms.room(rooms.box(0.0, 0.0), walls=walls, options=rooms.SLEEPING)
        return certify(scene, SMALL).opening_pushes

    # From the middle of the side the box hits the stop before the longest travel is completed.
    assert opening_with_a_stop(0.66) == opening_with_a_stop(0.70) == 7


def test_an_unrelated_box_makes_a_scene_harder(rooms):
    alone = certify(rooms.plugged(), SMALL)
    among = certify(rooms.plugged(rooms.box(-1.2, 1.2, number=2)), SMALL)
    assert among.candidate_pushes > alone.candidate_pushes
    assert among.opening_pushes == alone.opening_pushes
    assert among.opening_share < alone.opening_share


@pytest.mark.slow
def test_no_plan_found_is_never_called_unsolvable(rooms):
    certificate = certify(rooms.sealed(rooms.box(-1.0, 0.0)), SMALL)
    assert certificate.difficulty is Difficulty.NOT_FOUND
    assert certificate.pushes_needed is None
    assert certificate.opening_share == 0.0
    assert certificate.searched_pushes == 8  # four for one push, four for more
    assert "unsolvable" not in list(Difficulty)


def test_without_reachable_movables_nothing_is_searched(rooms):
    certificate = certify(rooms.booth(rooms.box(0.5, 0.5)), SMALL)
    assert (certificate.candidate_pushes, certificate.opening_share) == (0, 0.0)
    assert certificate.difficulty is Difficulty.NOT_FOUND


@pytest.mark.slow
def test_results_are_repeatable_and_independent_of_other_scenes(rooms):
    two = rooms.plugged(rooms.box(-1.3, 1.0, number=2))
    scenes = [rooms.plugged(), rooms.sealed(rooms.box(-1.0, 0.2)), two]
    forwards = [certify(scene, SMALL) for scene in scenes]
    backwards = [certify(scene, SMALL) for scene in reversed(scenes)]
    assert forwards == backwards[::-1]


def test_a_box_too_heavy_to_move_opens_nothing(rooms):
    plugged = rooms.plugged()
    heavy = replace(plugged, movables=(replace(plugged.movables[0], mass=30.0),))
    assert certify(heavy, SMALL).opening_pushes == 0


@pytest.mark.parametrize("name", ["r4_open", "r4_door1", "r4_sealed"])
def test_shared_rooms_get_the_class_they_were_designed_for(shared_scenes, name):
    from namo.scenes.reading import read_scene

    scene = read_scene(shared_scenes / "rooms" / f"{name}.xml")
    needed = certify(scene, Effort(pushes=5, depth=2)).pushes_needed
    assert needed == {"r4_open": 0, "r4_door1": 1, "r4_sealed": None}[name]


@pytest.mark.slow
def test_threads_do_not_change_results(rooms):
    for scene in (rooms.plugged(), rooms.sealed(rooms.box(-1.0, 0.0))):
        assert certify(scene, SMALL, threads=3) == certify(scene, SMALL)


def test_an_open_goal_may_be_shut_where_a_clearance_is_asked_for(rooms):
    # A door of 36 cm: the robot of 30 cm passes, but not where 3 cm must be left on each side.
    walls = (rooms.wall(5, 0.0, -1.1, (0.05, 0.9)), rooms.wall(6, 0.0, 1.08, (0.05, 0.92)))
    scene = rooms.room(rooms.box(1.0, 0.2), walls=walls)
    assert certify(scene, Effort(pushes=1)).pushes_needed == 0
    assert certify(scene, Effort(pushes=1, clearance=0.03)).pushes_needed != 0
