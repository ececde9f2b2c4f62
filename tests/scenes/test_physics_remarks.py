import pytest

from namo.scenes.inspection import inspect_scene
from namo.scenes.reading import parse_scene
from namo.scenes.remarks import RemarkKind
from namo.scenes.writing import scene_xml


@pytest.fixture
def remarks(rooms):
    """Return the remarks on a plain scene after a change of its text."""
    xml = scene_xml(rooms.plugged())

    def texts(old, new, kind=None):
        assert old in xml
        found = inspect_scene(parse_scene(xml.replace(old, new).encode(), "room.xml"))
        return [remark.text for remark in found if kind in (None, remark.kind)]

    assert texts("<worldbody>", "<worldbody>") == []
    return texts


FREE = '<joint type="free" />'


@pytest.mark.parametrize(
    ("height", "depth"), [(0.05, 0.1), (0.1, 0.05), (0.148, 0.002), (0.1495, None), (0.2, None)]
)
def test_a_robot_in_the_floor_is_remarked(remarks, height, depth):
    found = remarks("-1.2 0.15", f"-1.2 {height}", RemarkKind.ROBOT_IN_FLOOR)
    said = [f"the robot reaches {depth:.3f} m below the floor at 0"] if depth else []
    assert found == said


def test_a_cylinder_in_the_floor_is_remarked(remarks, rooms):
    xml = scene_xml(rooms.plugged())
    ball = 'type="sphere" pos="-1.4 -1.2 0.15" size="0.15"'
    found = remarks(ball, 'type="cylinder" pos="-1.4 -1.2 0.2" size="0.15 0.3"')
    assert ball in xml
    assert found == ["the robot reaches 0.100 m below the floor at 0"]


@pytest.mark.parametrize(
    ("joint", "said"),
    [
        ('frictionloss="50"', "needs 50.5 N to slide (50 N by the frictionloss of its joint)"),
        ('frictionloss="0.4"', None),
        ('damping="60"', "needs 3.49 N to slide (3 N by the damping of its joint)"),
        ('stiffness="10"', "needs 3.49 N to slide (3 N by the stiffness of its joint)"),
        ('armature="100"', "has armature 100 kg, which the robot's 1 N hardly move"),
        ('armature="1"', None),
    ],
)
def test_what_holds_a_movable_back_is_part_of_too_heavy(remarks, joint, said):
    found = remarks(FREE, f'<joint type="free" {joint}/>', RemarkKind.TOO_HEAVY)
    assert len(found) == (said is not None)
    assert (said or "") in "".join(found)


def test_a_frictionloss_that_is_disabled_holds_nothing_back(remarks, rooms):
    xml = scene_xml(rooms.plugged()).replace(FREE, '<joint type="free" frictionloss="50"/>')
    off = '<option><flag frictionloss="disable"/></option><worldbody>'
    assert inspect_scene(parse_scene(xml.encode(), "room.xml"))
    assert inspect_scene(parse_scene(xml.replace("<worldbody>", off).encode(), "room.xml")) == []


def test_the_geom_of_higher_priority_has_the_friction(remarks):
    rough = 'friction="9.0 0.005 0.001"'
    smooth = 'friction="0.0 0.005 0.001"'
    (text,) = remarks(smooth, rough, RemarkKind.TOO_HEAVY)
    assert "needs 8.83 N" in text
    assert remarks('name="floor"', 'name="floor" priority="1"') == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name="joint_x"', 'name="joint_x" damping="100"', "keeps it below 0.01 m/s"),
        ('name="joint_y"', 'name="joint_y" armature="500"', "its 505 kg (armature included)"),
        ("<worldbody>", '<option density="1000"/><worldbody>', "in a fluid (option density 1000"),
        ("<worldbody>", '<option viscosity="9"/><worldbody>', "viscosity 9 Pa s"),
        ("<worldbody>", '<option wind="3 0 0" density="1.2"/><worldbody>', "wind 3 0 0 m/s"),
        ('name="wall_1"', 'name="wall_1" margin="0.005"', "of geom 'wall_1', for instance) make"),
    ],
)
def test_physics_that_makes_pushing_hard_is_remarked(remarks, old, new, said):
    assert any(said in text for text in remarks(old, new, RemarkKind.PHYSICS))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<worldbody>", '<option density="1.2" viscosity="1.8e-5"/><worldbody>'),
        ("<worldbody>", '<option wind="3 0 0"/><worldbody>'),
        ('name="joint_x"', 'name="joint_x" damping="1" armature="1"'),
        ('name="wall_1"', 'name="wall_1" margin="0.001"'),
    ],
)
def test_ordinary_physics_is_not_remarked(remarks, old, new):
    assert remarks(old, new) == []


def test_a_floor_that_does_not_carry_is_remarked(remarks):
    soft = '<default><geom solref="2 1" solimp="0.01 0.01 0.001"/></default><worldbody>'
    (text,) = remarks("<worldbody>", soft, RemarkKind.PHYSICS)
    assert text.startswith("left alone for 0.5 s, 'obstacle_1_movable' sinks to ")
    assert text.endswith(" m below the floor")


def test_a_simulation_that_diverges_is_remarked(remarks):
    thick = '<option viscosity="9"/><worldbody>'
    assert remarks("<worldbody>", thick, RemarkKind.PHYSICS)[1].startswith(
        "left alone for 0.5 s, the simulation diverges: "
    )
