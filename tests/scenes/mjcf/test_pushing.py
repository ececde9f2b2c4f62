"""Physics that forbids pushing is refused by name, from the compiled model."""

from dataclasses import replace

import pytest

from namo.errors import SceneError
from namo.scenes.physics import with_physics
from namo.scenes.reading import parse_scene
from namo.world.simulation import Simulation


def option(text):
    return "<worldbody>", f"<option {text}/><worldbody>"


def flag(text):
    return "<worldbody>", f"<option><flag {text}/></option><worldbody>"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (flag('contact="disable"'), 'option flag contact="disable"; it must be enabled'),
        (flag('constraint="disable"'), 'option flag constraint="disable"'),
        (flag('gravity="disable"'), 'option flag gravity="disable"'),
        (flag('actuation="disable"'), 'option flag actuation="disable"'),
        (flag('override="enable"'), 'option flag override="enable" replaces margin, friction'),
        (option('gravity="0 0 0"'), "option gravity is 0 0 0 m/s²; it must point straight down"),
        (option('gravity="0 0 9.81"'), "option gravity is 0 0 9.81 m/s²"),
        (option('gravity="0 0 -0.01"'), "option gravity is 0 0 -0.01 m/s²"),
        (option('gravity="2 0 -9.6"'), "option gravity is 2 0 -9.6 m/s²"),
        (option('gravity="0 -9.81 0"'), "option gravity is 0 -9.81 0 m/s²"),
        (option('iterations="0"'), "option iterations is 0; it must be 1 or more"),
        (option('tolerance="1e9"'), "option tolerance is 1e+09; at most 1 is allowed"),
        (option('actuatorgroupdisable="0"'), "switches off actuator 'actuator_x' of group 0"),
        (
            ('name="actuator_y"', 'name="actuator_y" delay="0.1" nsample="10"'),
            "actuator 'actuator_y' has delay 0.1 s; it must act at once",
        ),
        (
            ("<worldbody>", '<default><geom margin="0.1"/></default><worldbody>'),
            "the geom margins of two solids add up to 0.2 m (most by geom 'floor'); at most 0.01",
        ),
        (
            ('name="wall_2"', 'name="wall_2" margin="0.02"'),
            "add up to 0.02 m (most by geom 'wall_2')",
        ),
        (
            ('name="obstacle_1_movable" type', 'margin="-0.2" name="obstacle_1_movable" type'),
            "add up to -0.2 m (most by geom 'obstacle_1_movable')",
        ),
        (
            ('<body name="obstacle_1_movable">', '<body name="obstacle_1_movable" gravcomp="1">'),
            "body 'obstacle_1_movable' has gravcomp 1; it must be 0",
        ),
        (
            ('<body name="robot">', '<body name="robot" gravcomp="0.5">'),
            "body 'robot' has gravcomp",
        ),
        (
            ('name="floor"', 'name="floor" surfacevel="1 0 0 0 0 0"'),
            "geom 'floor' has surfacevel, which moves what touches it",
        ),
    ],
)
def test_what_forbids_pushing_is_refused(refused, change, said):
    message = refused(*change)
    assert said in message
    assert "nothing could be pushed" in message


@pytest.mark.parametrize(
    "change",
    [
        flag('warmstart="disable" clampctrl="disable" island="disable"'),
        flag('energy="enable" sleep="enable"'),
        option('gravity="0 0 -1.62"'),
        option('iterations="1" tolerance="1e-3"'),
        option('actuatorgroupdisable="3"'),
        ("<worldbody>", '<default><geom margin="0.001"/></default><worldbody>'),
        ('name="wall_2"', 'name="wall_2" contype="0" conaffinity="0" margin="1"'),
    ],
)
def test_what_allows_pushing_is_accepted(accepted, plain_xml, change):
    old, new = change
    if 'contype="0"' in new:  # a visual twin
        wall = plain_xml[plain_xml.index('<geom name="wall_2"') :]
        wall = wall[: wall.index("/>") + 2]
        twin = wall.replace(old, new).replace('name="wall_2"', 'name="wall_2_visual"')
        old, new = wall, wall + twin
    assert len(accepted(old, new).movables) == 1


def test_a_scene_in_memory_is_checked_when_it_is_simulated(plain_scene, plain_xml):
    upwards = replace(plain_scene, options={"gravity": "0 0 9.81"})
    with pytest.raises(SceneError, match=r"option gravity is 0 0 9\.81"):
        Simulation(upwards)
    # Presets do not switch anything off.
    for preset in ("scene", "fast", "accurate"):
        Simulation(with_physics(parse_scene(plain_xml.encode(), "room.xml"), preset))
