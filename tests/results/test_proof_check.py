"""What a search claims to have shown is checked; a claim that is not borne out is found."""

import copy
from dataclasses import replace

import pytest

from namo.results.proof_check import claims, proof_problem
from namo.results.sealed_check import sealed_problem
from namo.results.verify import Verification
from namo.scenes.conditions import Conditions
from namo.scenes.reading import read_scene

PLUG = "obstacle_1_movable"


@pytest.fixture(scope="module")
def shown(rig, rooms, tmp_path_factory):
    """Two impossible scenes, and two in which every candidate was tried. Read only."""
    scenes = {
        "walls": rooms.walled(rooms.box(-1.0, 0.5)),
        "heavy": rooms.room(rooms.box(0.0, 0.0, mass=50.0), walls=rooms.door()),
        "slit": rooms.sealed(rooms.box(-1.64, 0.5)),
        "corner": rooms.sealed(rooms.box(-1.0, 1.6)),
    }
    return rig.collect_scenes(
        tmp_path_factory.mktemp("shown"),
        scenes,
        algorithm="exhaustive",
        object_strategy="no_heuristic",
        max_depth=1,
        max_pushes=None,
    )


def problem_of(shown, number, change=lambda record: None):
    record = copy.deepcopy(shown.record(number))
    change(record)
    (row,) = record["metrics"]
    conditions = Conditions.of(row)
    scene = read_scene(shown.scenes.parent / record["xml_file"])
    assert claims(row)
    return proof_problem(conditions.applied_to(scene), record, row)


def drop(record, place):
    for values in record["pushes"].values():
        del values[place]


def claim(**changes):
    return lambda record: record["metrics"][0].update(changes)


def test_claims_that_hold_are_counted_by_verify(shown, capsys):
    verification = Verification(shown.output, run_from=shown.scenes.parent)
    assert [*verification.problems()] == []
    assert verification.proofs == 4
    rows = shown.table("metrics")
    assert [row["termination"] for row in rows] == ["impossible", "impossible", "depth", "depth"]
    assert [row["sealed_by"] for row in rows] == [[], [PLUG], None, None]


def test_a_goal_that_only_some_movables_close_is_not_sealed_by_others(shown):
    assert problem_of(shown, 0) is problem_of(shown, 1) is None
    assert "leave the robot a way" in problem_of(shown, 1, claim(sealed_by=[]))
    assert "does not have" in problem_of(shown, 1, claim(sealed_by=["another"]))
    assert "may move it" in problem_of(shown, 0, claim(sealed_by=[PLUG]))
    assert "without saying" in problem_of(shown, 0, claim(sealed_by=None))


def test_a_candidate_that_was_not_tried_is_found(shown):
    pushes = shown.record(2)["pushes"]
    assert problem_of(shown, 2) is None
    for place in (0, len(pushes["push"]) // 2, len(pushes["push"]) - 1):
        problem = problem_of(shown, 2, lambda record, place=place: drop(record, place))
        assert f"of {PLUG} was not tried" in problem


def test_a_greater_depth_than_was_tried_is_found(shown):
    assert "was not tried" in problem_of(shown, 2, claim(proof_depth=2))
    assert "was not tried" in problem_of(shown, 3, claim(termination="exhausted"))


def test_a_push_that_opens_the_goal_or_does_not_replay_is_found(shown):
    def opened(record):
        record["pushes"]["goal_open"][3] = True

    def shifted(record):
        record["pushes"]["poses_after"][-1][3] += 1e-12

    assert "one of its pushes does" in problem_of(shown, 2, opened)
    assert "push " in problem_of(shown, 2, shifted)


def test_the_claim_of_poses_is_checked_by_their_targets(rig, shown, tmp_path):
    config = rig.config(
        algorithm="exhaustive_poses", object_strategy="no_heuristic", max_depth=1, max_pushes=None
    )
    rig.collect(shown.scenes, tmp_path, config, (2, 3))
    poses = rig.opened(tmp_path, shown.scenes)
    assert problem_of(poses, 2) is None
    assert "was not tried" in problem_of(poses, 2, lambda record: drop(record, 5))


def test_what_a_push_opens_or_a_smaller_robot_fits_through_is_not_sealed(rooms):
    assert "leave the robot a way" in sealed_problem(rooms.plugged(), ())
    scene = rooms.sealed(rooms.box(-1.64, 0.5))
    assert sealed_problem(rooms.walled(), ()) is None
    narrow = replace(scene, robot=replace(scene.robot, radius=0.13))
    assert "leave the robot a way" in sealed_problem(narrow, ())
