import math
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest

from namo.errors import SceneError
from namo.geometry import Pose2D
from namo.scenes.checking import check_scene
from namo.scenes.footprint import Rectangle
from namo.scenes.mjcf.compiling import compile_model, compile_spec, scan_xml
from namo.scenes.reading import parse_scene, read_scene
from namo.scenes.scene import Wall

COPIES = '<replicate count="{}"><replicate count="{}"><site/></replicate></replicate><site name='


@pytest.fixture
def refused(plain_xml):
    """Return the error message of the plain scene after a change of its text."""

    def message(old, new):
        assert old in plain_xml
        with pytest.raises(SceneError) as caught:
            parse_scene(plain_xml.replace(old, new, 1).encode(), "a/room.xml")
        assert str(caught.value).startswith("a/room.xml: ")
        return str(caught.value)

    return message


@pytest.mark.parametrize(
    ("inserted", "said"),
    [
        ('<option iterations="1001"/>', 'option iterations="1001"; at most 1000 are allowed'),
        ('<option sdf_initpoints="5000"/>', "sdf_initpoints"),
        ('<option ls_iterations="201"/>', 'ls_iterations="201"; at most 200 are allowed'),
        ('<size memory="1025M"/>', 'size memory="1025M"; at most 1024M is allowed'),
        ('<size memory="9000000000"/>', "at most 1024M"),
        ('<size memory="1e"/>', "at most 1024M"),
        ('<size nkey="2000000000"/>', 'size nkey="2000000000"; at most 1000 are allowed'),
        ('<size nuser_body="101"/>', 'size nuser_body="101"; at most 100 are allowed'),
        ('<size njmax="2000000000"/>', "at most 20000"),
        ('<asset><hfield name="h" nrow="40000" ncol="2" size="1 1 1 1"/></asset>', "nrow"),
        ('<default><position nsample="16777216"/></default>', "nsample"),
        ('<asset><mesh name="m" builtin="supersphere" params="9999 1 1"/></asset>', "vertices"),
        ('<compiler><lengthrange inttotal="1e9"/></compiler>', "element 'lengthrange'"),
        ('<statistic extent="1.1e10"/>', 'extent="1.1e10" is too large; at most 1e+10 is allowed'),
        ('<statistic extent="-1e300"/>', "too large"),
        ('<statistic extent="0x1p99"/>', "too large"),
        ('<statistic extent="0x1p9999"/>', "too large"),
    ],
)
def test_values_beyond_the_limits_are_refused_with_line_and_value(refused, inserted, said):
    message = refused("<worldbody>", f"{inserted}<worldbody>")
    assert said in message
    assert "line " in message


@pytest.mark.parametrize("counts", [(20_000, 1), (1, 10**9), (150, 150), (1e10, 1e10)])
def test_too_many_copies_are_refused_before_they_are_made(refused, counts):
    message = refused("<site name=", COPIES.format(*counts))
    assert "at most 20000 are allowed together" in message


def test_a_few_copies_are_made(plain_xml):
    text = plain_xml.replace("<site name=", COPIES.format(10, 20))
    assert len(parse_scene(text.encode(), "room.xml").walls) == 4


@pytest.mark.parametrize("timestep", ["0", "-0.01", "9e-5", "0.051", "1e9", "0x1p-20"])
def test_time_steps_out_of_range_are_refused(refused, timestep):
    message = refused('timestep="0.005"', f'timestep="{timestep}"')
    assert "option timestep is" in message
    assert "allowed are 0.0001 to 0.05 s" in message


@pytest.mark.parametrize("timestep", ["1e-4", "0.05"])
def test_the_shortest_and_the_longest_time_step_are_allowed(plain_xml, timestep):
    text = plain_xml.replace('timestep="0.005"', f'timestep="{timestep}"')
    assert parse_scene(text.encode(), "room.xml").options["timestep"] == timestep


@pytest.mark.parametrize(
    "inserted",
    [
        '<option iterations="1000"/>',
        '<size memory="1G" nkey="10" nuserdata="-1"/>',
        '<size memory="-1"/>',
        '<statistic extent="1e10"/>',
        '<visual><map zfar="1000"/></visual>',
    ],
)
def test_values_at_the_limits_are_accepted(plain_xml, inserted):
    scan_xml(plain_xml.replace("<worldbody>", f"{inserted}<worldbody>"), "room.xml")


HFIELDS = '<hfield name="{}" nrow="{}" ncol="{}" size="1 1 1 1"/>'


@pytest.mark.parametrize(
    ("inserted", "said"),
    [
        (
            "<asset>" + "".join(HFIELDS.format(f"h{n}", 600, 600) for n in range(3)) + "</asset>",
            "1080000 cells of height fields up to here; at most 1000000 are allowed in a file",
        ),
        (
            "<asset>"
            + "".join(HFIELDS.format(f"h{n}", 1000, 1000) for n in range(3000))
            + "</asset>",
            "2000000 cells of height fields up to here",
        ),
        (
            '<asset><mesh name="m" vertex="' + "0.1 " * 500_001 + '"/></asset>',
            "more than 500000 numbers and words in the attributes of the file up to here",
        ),
        (
            "<asset>"
            + "".join(f'<mesh name="m{n}" vertex="{"1 2 3 " * 2501}"/>' for n in range(4))
            + "</asset>",
            "10004 vertices of meshes up to here; at most 10000 are allowed in a file",
        ),
        (
            "".join(f'<site name="s{n}" user="{"1 " * 100_000}"/>' for n in range(6)),
            "more than 500000 numbers and words",
        ),
        ("<body>" + "<joint/>" * 1001 + "</body>", "1001 joints and up to 1 copies of each"),
        (
            '<replicate count="200"><body>' + "<joint/>" * 6 + "</body></replicate>",
            "6 joints and up to 200 copies of each; at most 1000 are allowed together",
        ),
        (
            "<actuator>" + '<general actdim="1000" site="goal"/>' * 11 + "</actuator>",
            "11000 actdim in total up to here; at most 10000 are allowed in a file",
        ),
    ],
)
def test_what_elements_add_up_to_is_limited_before_it_is_compiled(
    refused, monkeypatch, inserted, said
):
    def compile_spec(*_):
        raise AssertionError("MuJoCo has seen the file")

    monkeypatch.setattr("mujoco.MjSpec.from_string", compile_spec)
    assert said in refused("<worldbody>", f"{inserted}<worldbody>")


def round_prism(corners):
    angles = [2 * math.pi * number / corners for number in range(corners)]
    ring = [(0.3 * math.cos(angle), 0.3 * math.sin(angle)) for angle in angles]
    return " ".join(f"{x!r} {y!r} {z}" for z in (-0.3, 0.3) for x, y in ring)


@pytest.mark.parametrize(("corners", "refused_for"), [(200, None), (201, "has 201 corners; at")])
def test_the_corners_of_a_prism_are_limited(plain_xml, corners, refused_for):
    mesh = f'<asset><mesh name="m" vertex="{round_prism(corners)}"/></asset>'
    body = '<body name="wall_9" pos="-1 1 .3"><geom type="mesh" mesh="m"/></body>'
    text = plain_xml.replace("<worldbody>", f"{mesh}<worldbody>{body}").encode()
    if refused_for is None:
        assert len(parse_scene(text, "room.xml").walls) == 5
        return
    with pytest.raises(SceneError, match=refused_for):
        parse_scene(text, "room.xml")


def test_the_vertices_of_all_solids_are_limited(plain_xml, monkeypatch):
    mesh = f'<asset><mesh name="m" vertex="{round_prism(20)}"/></asset>'
    body = '<body name="wall_{}" pos="{} 1 .3"><geom type="mesh" mesh="m"/></body>'
    bodies = body.format(8, -1.4) + body.format(9, -0.7)
    text = plain_xml.replace("<worldbody>", f"{mesh}<worldbody>{bodies}").encode()
    limit = "namo.scenes.mjcf.unsupported.MAX_SOLID_VERTICES"
    monkeypatch.setattr(limit, 80)
    assert len(parse_scene(text, "room.xml").walls) == 6
    monkeypatch.setattr(limit, 79)
    with pytest.raises(SceneError, match="walls and movables have 80 vertices; at most 79"):
        parse_scene(text, "room.xml")


def peak_mb_of_check(scene):
    check_scene(replace(scene, walls=scene.walls[:10]))  # imports are not counted
    tracemalloc.start()
    check_scene(scene)
    return tracemalloc.get_traced_memory()[1] / 1e6


def test_memory_grows_with_the_number_of_walls_and_not_with_its_square(plain_scene):
    """In a process of its own: what other tests leave behind would be counted too."""
    walls = tuple(
        Wall(f"wall_{n}", Pose2D(3.0 + n, 9.0, 0.0), Rectangle(0.1, 0.1), 0.3, 0.3)
        for n in range(4000)
    )
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        peak = pool.submit(peak_mb_of_check, replace(plain_scene, walls=walls)).result()
    assert peak < 20.0  # a square of booleans is 16 MB, and there were four


def test_too_large_a_file_is_refused(tmp_path, monkeypatch, plain_xml):
    path = tmp_path / "room.xml"
    path.write_text(plain_xml)
    monkeypatch.setattr("namo.scenes.reading.MAX_BYTES", len(plain_xml) - 1)
    with pytest.raises(SceneError, match=r"room\.xml: has more than \d+ bytes"):
        read_scene(path)
    monkeypatch.setattr("namo.scenes.reading.MAX_BYTES", len(plain_xml))
    assert read_scene(path).movables


def test_unused_elements_take_no_memory(plain_xml):
    idle = (
        '<sensor><user dim="2000000000"/><contact geom1="robot" num="2000000000"/></sensor>'
        '<keyframe><key time="1"/></keyframe></mujoco>'
    )
    model = compile_spec(plain_xml.replace("</mujoco>", idle), "room.xml").compile()
    assert (model.nsensor, model.nkey) == (0, 0)


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, ValueError])
def test_messages_of_mujoco_name_the_scene(error):
    class Spec:
        def compile(self):
            raise error("Caught an\nunknown exception!")

    with pytest.raises(SceneError, match=r"room\.xml: MuJoCo cannot use it: Caught an, unknown"):
        compile_model(Spec(), "room.xml")
