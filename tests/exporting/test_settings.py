import pytest

from namo.errors import UsageError
from namo.exporting.settings import ExportSettings


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"licence": "My Licence"}, "--licence My Licence: must be an identifier"),
        ({"licence": "mit\nx: y"}, "must be an identifier"),
        ({"pushes": "some"}, "--pushes some: expected one of: plan, all"),
        ({"metres_per_pixel": 0.0}, "--metres-per-pixel 0.0: must be a positive, finite number"),
        ({"metres_per_pixel": float("nan")}, "--metres-per-pixel nan"),
    ],
)
def test_invalid_settings_are_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        ExportSettings(**wrong)
