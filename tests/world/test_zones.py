"""A zone holds all that can be got to, and nothing behind a wall."""

import numpy as np
import shapely

from namo.world.static_map import StaticMap
from namo.world.zones import covered_by_walls, zone_around


def cell_of(grid, x, y):
    return np.ravel_multi_index(grid.cells(np.array([[x, y]])), (grid.rows + 2, grid.columns + 2))


def test_only_cells_that_walls_cover_entirely_are_walls_and_joints_stay_shut(rooms):
    turned = rooms.wall(5, 0.5, 0.3, (0.05, 0.8), 0.4), rooms.wall(6, 0.45, 0.3, (0.4, 0.05), -0.2)
    static = StaticMap(rooms.room(walls=turned))
    mask = covered_by_walls(static)
    rows, columns = np.nonzero(mask)
    corners = static.grid.centres(rows, columns)[:, None] + 0.01 * np.array(
        [[1, 1], [1, -1], [-1, -1], [-1, 1]]
    )
    solid = shapely.union_all(
        [shapely.Polygon(w.pose.to_world(w.footprint.outline)) for w in static.scene.walls]
    )
    assert mask.sum() > 500
    assert shapely.contains_xy(solid, corners.reshape(-1, 2)).all()
    inside = zone_around(static.grid, mask, cell_of(static.grid, -1.0, -1.0), (-1.0, -1.0), 9.0)
    assert cell_of(static.grid, 1.5, 1.5)[0] in inside
    assert cell_of(static.grid, 2.2, 2.2)[0] not in inside


def test_a_zone_goes_through_a_door_in_reach_but_through_no_wall(rooms):
    static = StaticMap(rooms.room(walls=rooms.door()))
    mask, grid = covered_by_walls(static), static.grid

    def reaches(x, y, reach, to_x, to_y):
        zone = zone_around(grid, mask, cell_of(grid, x, y), (x, y), reach)
        return cell_of(grid, to_x, to_y)[0] in zone

    assert reaches(-0.5, 0.0, 1.0, 0.3, 0.0)
    assert not reaches(-0.5, 0.0, 0.7, 0.3, 0.0)
    assert not reaches(-0.3, 1.2, 0.7, 0.3, 1.2)
    assert reaches(-0.3, 1.2, 1.5, 0.3, 1.2)
    assert reaches(0.0, 1.2, 0.5, 0.3, 1.2)  # from within a wall
