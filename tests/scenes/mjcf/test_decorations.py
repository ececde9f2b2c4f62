"""Geoms that do not collide are ignored; walls that somebody forgot to let collide are not."""

import pytest

from namo.scenes.reading import parse_scene

SEEN = 'contype="0" conaffinity="0"'
WALL_1 = 'size="0.05 2.0 0.3" pos="-2.0 0.0 0.3"'


def in_walls(*geoms):
    return '<body name="walls">', f'<body name="walls">{"".join(geoms)}'


@pytest.mark.parametrize(
    "geom",
    [
        f'<geom name="wall_1_visual" type="box" {WALL_1} {SEEN}/>',
        f'<geom type="box" {WALL_1} {SEEN} group="2"/>',
        f'<geom type="box" size="0.06 2.02 0.4" pos="-2.0 0.0 0.4" {SEEN}/>',
        f'<geom name="wall_poster" type="box" size="0.01 0.3 0.2" pos="-1.94 0 0.3" {SEEN}/>',
        f'<geom name="wall_lamp" size="0.1" pos="0 0 1.5" {SEEN}/>',
        f'<geom name="static_rug" type="box" size="1 1 0.005" {SEEN}/>',
        f'<geom name="wall_back" type="plane" size="1 1 1" euler="90 0 0" {SEEN}/>',
        f'<geom name="wall_pipe" type="cylinder" size="0.04 0.3" pos="-1.99 1 0.3" {SEEN}/>',
        f'<geom name="picture" type="box" size="0.3 0.3 0.3" pos="0 0 0.3" {SEEN}/>',
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_decorations_of_walls_are_ignored(plain_scene, plain_xml, geom, first):
    old, new = in_walls(geom) if first else ('<body name="robot"', f'{geom}<body name="robot"')
    if not first and "name=" not in geom:
        return  # without a name and outside the body of walls it is no wall by name
    scene = parse_scene(plain_xml.replace(old, new).encode(), "room.xml")
    assert scene.walls == plain_scene.walls


def test_a_mesh_that_does_not_collide_may_have_any_shape(plain_scene, plain_xml):
    mesh = '<asset><mesh name="twin" vertex="0 0 0 .1 0 0 0 .1 0 0 0 .1 .1 .1 .3"/></asset>'
    geom = f'<geom name="wall_mesh" type="mesh" mesh="twin" pos="-2 0 0" {SEEN}/>'
    text = plain_xml.replace("<worldbody>", f"{mesh}<worldbody>").replace(*in_walls(geom))
    assert parse_scene(text.encode(), "room.xml").walls == plain_scene.walls


@pytest.mark.parametrize(
    ("geom", "said"),
    [
        ('name="wall_9" type="box" size=".1 .1 .3" pos="1 -1 .3"', "geom 'wall_9' is a wall by"),
        ('type="box" size=".1 .1 .3" pos="1 -1 .3"', "an unnamed geom of body 'walls' is a wall"),
        ('name="wall_9" type="box" size=".5 .05 .3" pos="-1.5 0 .3"', "90% of it is more than"),
        ('name="static_pillar" type="cylinder" size=".1 .3" pos="1 -1 .3"', "'static_pillar'"),
    ],
)
def test_a_wall_that_collides_with_nothing_is_refused(refused, geom, said):
    message = refused(*in_walls(f"<geom {geom} {SEEN}/>"))
    assert said in message
    assert "let it collide or rename it" in message
