"""Scenes that share their walls share a layout, whoever drew them."""

from dataclasses import replace

import pyarrow.parquet as pq

from namo.scenes.layout_id import layout_id_of
from namo.scenes.reading import read_scene


def test_a_scene_file_has_the_layout_that_its_manifest_lists(demo_scenes):
    """`tests/scenes/generator/layouts` moves, turns and mirrors the walls."""
    for row in pq.read_table(demo_scenes / "scenes.parquet").to_pylist()[::9]:
        assert layout_id_of(read_scene(demo_scenes / row["file"]).walls) == row["layout_id"]


def test_walls_decide_the_layout_and_nothing_else_does(rooms):
    plugged = layout_id_of(rooms.plugged().walls)
    assert layout_id_of(rooms.room(rooms.box(1.0, 0.5), walls=rooms.door()).walls) == plugged
    assert layout_id_of(rooms.room(rooms.box(0.0, 0.0)).walls) != plugged
    assert layout_id_of(rooms.sealed().walls) != plugged
    first, *others = rooms.plugged().walls
    renamed = replace(first, name="another", half_z=0.5)
    assert layout_id_of([*others, renamed]) == plugged
    assert layout_id_of([]) == layout_id_of(()) != plugged
