import pytest

from namo.errors import SceneError
from namo.scenes.mjcf.compiling import compile_model, compile_spec, scan_xml
from namo.scenes.reading import parse_scene, read_scene

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
