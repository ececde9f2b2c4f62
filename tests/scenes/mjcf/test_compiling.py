import pytest

from namo.scenes.mjcf.compiling import compile_model, compile_spec


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused_before_compiling(refused, value):
    message = refused('pos="0.5 0.25 0.3"', f'pos="{value} 0.25 0.3"')
    assert f'geom pos="{value} 0.25 0.3" is not finite' in message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('condim="4"', 'condimx="4"', "unrecognized attribute: 'condimx'"),
        ('name="wall_2"', 'name="wall_1"', "repeated name 'wall_1'"),
        ('size="0.05 2.0 0.3"', 'size="0 2.0 0.3"', "must be positive"),
        ('mass="0.1"', 'mass="0"', "must be larger than mjMINVAL"),
        ('mass="0.1"', 'mass="-1"', "are negative"),
    ],
)
def test_what_mujoco_refuses_is_a_scene_error(refused, old, new, said):
    assert said in refused(old, new)


def test_omitting_visuals_does_not_change_the_physics(plain_xml):
    decorated = plain_xml.replace(
        "<worldbody>",
        """<asset>
          <texture type="skybox" builtin="gradient" width="64" height="384"/>
          <texture name="tiles" type="2d" builtin="checker" width="8" height="8"/>
          <material name="tiles" texture="tiles"/>
        </asset><worldbody><light name="sun"/>""",
    ).replace('name="wall_1"', 'name="wall_1" material="tiles"')
    plain = compile_model(compile_spec(plain_xml, "plain"), "plain")
    stripped = compile_model(compile_spec(decorated, "decorated"), "decorated")
    assert (stripped.ntex, stripped.nmat, stripped.nlight) == (0, 0, 0)
    for field in ("geom_size", "geom_pos", "geom_friction", "body_mass", "body_inertia", "qpos0"):
        assert (getattr(plain, field) == getattr(stripped, field)).all()
