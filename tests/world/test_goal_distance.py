import math

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from namo.geometry import Pose2D
from namo.scenes.grid import RESOLUTION_M
from namo.world.goal_distance import (
    CUT_OFF,
    DIAGONAL_STEP,
    STEP,
    goal_distances,
    with_lower_weights,
)
from namo.world.reachability import REACHED
from tests.world.reachable import reachability_of


def shortest_paths(walls, rows, columns):
    """The same distances by Dijkstra's algorithm on a graph of the free cells."""
    numbers = np.arange(walls.size).reshape(walls.shape)
    edges = []
    for down, right, length in ((0, 1, STEP), (1, 0, STEP), (1, 1, DIAGONAL_STEP)):
        pairs = [
            (numbers[: walls.shape[0] - down, : walls.shape[1] - right], numbers[down:, right:])
        ]
        if down and right:
            pairs.append((numbers[:-1, 1:], numbers[1:, :-1]))
        edges += [(one.ravel(), other.ravel(), length) for one, other in pairs]
    free = walls.ravel() == 0
    kept = [(a[free[a] & free[b]], b[free[a] & free[b]], length) for a, b, length in edges]
    graph = coo_array(
        (
            np.concatenate([np.full(len(a), length) for a, _, length in kept]),
            (np.concatenate([a for a, _, _ in kept]), np.concatenate([b for _, b, _ in kept])),
        ),
        shape=(walls.size, walls.size),
    )
    sources = numbers[rows, columns]
    found = dijkstra(graph.tocsr(), directed=False, indices=sources[free[sources]], min_only=True)
    return np.where(np.isfinite(found), found, CUT_OFF).reshape(walls.shape)


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_those_of_shortest_paths_around_walls(seed):
    rng = np.random.default_rng(seed)
    walls = np.ones((42, 57), np.uint8)
    walls[1:-1, 1:-1] = rng.random((40, 55)) < 0.42
    rows, columns = rng.integers(1, 41, 5), rng.integers(1, 56, 5)
    expected = shortest_paths(walls, rows, columns)
    free = walls == 0
    assert np.array_equal(
        goal_distances(walls, np.ones(walls.shape, np.int32), rows, columns)[free], expected[free]
    )
    assert (expected[free] == CUT_OFF).any(), "some cells are cut off"


def test_the_area_is_that_of_the_reached_cells_and_the_gap_ends_at_the_goal(rooms):
    plugged = reachability_of(rooms.plugged())
    cells = int((plugged.mask == REACHED).sum())
    assert plugged.reached_area == pytest.approx(cells * RESOLUTION_M**2)
    # From beside the box, through the door, to the goal.
    assert 1.5 < plugged.goal_gap < 2.0
    name = "obstacle_1_movable"
    aside = reachability_of(rooms.plugged(), **{name: Pose2D(1.4, -1.2, 0.0)})
    assert aside.goal_reachable
    assert aside.goal_gap == 0.0
    assert aside.reached_area > 1.5 * plugged.reached_area


def test_the_gap_shrinks_as_the_way_opens(rooms):
    name = "obstacle_1_movable"
    gaps = [
        reachability_of(rooms.plugged(), **{name: Pose2D(x, 0.0, 0.0)}).goal_gap
        for x in (0.0, 0.2, 0.4)
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] - gaps[2] > 0.1
    assert all(math.isfinite(gap) for gap in gaps)


def test_walls_alone_leave_no_gap_to_close_and_a_wedged_robot_reaches_nothing(rooms):
    sealed = reachability_of(rooms.sealed(rooms.box(-0.8, 0.5)))
    assert sealed.goal_gap is None
    assert sealed.reached_area > 1.0
    plugged = rooms.plugged()
    robot = Pose2D(0.0, 0.0, 0.0)  # in the middle of the box
    wedged = reachability_of(plugged, robot=robot)
    assert (wedged.reached_area, wedged.goal_gap) == (0.0, None)


def test_each_step_costs_the_weight_of_the_cell_that_it_leaves():
    rng = np.random.default_rng(0)
    walls = np.ones((12, 17), np.uint8)
    walls[1:-1, 1:-1] = rng.random((10, 15)) < 0.2
    walls[5, 8] = 0
    weights = rng.integers(1, 5, walls.shape).astype(np.int32)
    distances = goal_distances(walls, weights, np.array([5]), np.array([8]))
    for row, column in np.argwhere(walls == 0).tolist():
        steps = [
            (DIAGONAL_STEP if i and j else STEP) * weights[row, column]
            + int(distances[row + i, column + j])
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            if (i or j) and distances[row + i, column + j] != CUT_OFF
        ]
        expected = 0 if (row, column) == (5, 8) else min(steps, default=CUT_OFF)
        assert distances[row, column] == expected


@pytest.mark.parametrize("seed", range(5))
def test_distances_with_lower_weights_are_those_of_a_new_computation(seed):
    rng = np.random.default_rng(seed)
    walls = np.ones((42, 57), np.uint8)
    walls[1:-1, 1:-1] = rng.random((40, 55)) < 0.3
    rows, columns = rng.integers(1, 41, 3), rng.integers(1, 56, 3)
    weights = rng.integers(1, 12, walls.shape).astype(np.int32)
    before = goal_distances(walls, weights, rows, columns)
    weights[10:25, 5:40] = 1
    expected = goal_distances(walls, weights, rows, columns)
    assert np.array_equal(with_lower_weights(before, walls, weights, 10, 25), expected)
    assert (expected < before).any()
