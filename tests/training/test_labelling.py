"""Rows of a data set: how much of a state they know."""

import numpy as np
import pytest

from namo.scenes.conditions import Conditions
from namo.scenes.writing import scene_xml
from namo.training.labelling import SearchedScene, labelled_rows
from namo.training.labels import is_known
from namo.world.candidates import candidate_pushes
from namo.world.world import World

ONE, TWO = "obstacle_1_movable", "obstacle_2_movable"


@pytest.fixture(scope="module")
def scene(rooms):
    """A room in which the robot can push two boxes."""
    boxes = rooms.box(0.0, 0.0), rooms.box(-0.9, 1.2, number=2)
    return rooms.room(*boxes, walls=rooms.door(), options=rooms.SLEEPING)


@pytest.fixture(scope="module")
def pushes(scene):
    """Of each box the longest straight push from every contact point, as rows of pushes."""
    world = World(scene)
    poses = np.ravel([*world.reachability().poses.values()]).tolist()
    after = [value + 0.01 for value in poses]
    found = {}
    for name in (ONE, TWO):
        possible = candidate_pushes(world, name).possible
        found[name] = []
        for contact in np.flatnonzero(possible.any(axis=1)).tolist():
            travels = world.primitives(name)[0].travels
            last = np.flatnonzero(possible[contact])[-1]
            found[name].append(
                {
                    "env_index": 0,
                    "object_id": name,
                    "contact": contact,
                    "travel": float(travels[last]),
                    "goal_x": 0.0,
                    "goal_y": 0.0,
                    "goal_theta": 0.0,
                    "goal_open": False,
                    "object_names": [ONE, TWO],
                    "poses_before": poses,
                    "poses_after": after,
                }
            )
    return found


def rows_of(scene, pushes):
    xml = scene_xml(scene).encode()
    rows, unmatched = labelled_rows(
        SearchedScene(xml, "scene", Conditions("scene", 0.0), {}, pushes)
    )
    assert unmatched == 0
    return rows


def test_a_state_is_complete_once_all_pushes_of_all_movables_were_tried(scene, pushes):
    assert len(pushes[ONE]) > 5 < len(pushes[TWO])
    rows = rows_of(scene, pushes[ONE] + pushes[TWO])
    assert [row["known_share"] for row in rows] == [1.0, 1.0]
    assert all(is_known(row["label"][row["numbers"]]).all() for row in rows)


def test_of_a_movable_that_was_not_pushed_nothing_is_known(scene, pushes):
    both = rows_of(scene, pushes[ONE] + pushes[TWO])
    count = {row["object_id"]: len(row["numbers"]) for row in both}
    (row,) = rows_of(scene, pushes[ONE])
    assert row["known_share"] == count[ONE] / (count[ONE] + count[TWO])
    (row,) = rows_of(scene, pushes[ONE][:1])
    known = int(is_known(row["label"]).sum())
    assert row["known_share"] == known / (count[ONE] + count[TWO]) < 0.2
