import pytest

from namo.errors import UsageError
from namo.scenes.generator.generation import Generator
from namo.scenes.generator.settings import GeneratorSettings


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"seed": -1}, "seed is -1"),
        ({"families": {"castle": 1.0}}, "unknown layout family 'castle'"),
        ({"families": {"room": 0.0}}, "one above it"),
        ({"door_width_m": (1.0, 0.8)}, "door_width_m is 1 to 0.8; lowest first"),
        ({"box_aspect": (0.5, 2.0)}, "box_aspect is 0.5 to 2"),
        ({"open_share": 1.5}, "open_share is 1.5; allowed are 0 to 1"),
        ({"scenes_per_layout": 0}, "scenes_per_layout is 0"),
        ({"wall_thickness_m": 0.0}, "wall_thickness_m is 0.0"),
        ({"families": {"template": 1.0}}, "needs 'templates'"),
    ],
)
def test_settings_out_of_range_are_refused(values, said):
    with pytest.raises(UsageError, match=said):
        Generator(GeneratorSettings(**values))
