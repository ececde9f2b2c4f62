import pytest

from namo.errors import UsageError
from namo.exporting.settings import ExportSettings


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"licence": "My Licence"}, "--licence My Licence: must be an identifier"),
        ({"licence": "mit\nx: y"}, "must be an identifier"),
        ({"pushes": "some"}, "--pushes some: allowed: plan, all"),
        ({"metres_per_pixel": 0.0}, "--metres-per-pixel 0.0: must be a positive, finite number"),
        ({"metres_per_pixel": float("nan")}, "--metres-per-pixel nan"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, said):
    with pytest.raises(UsageError, match=said):
        ExportSettings(**wrong)
