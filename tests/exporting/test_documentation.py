import pytest

from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "docs" / "exports.md").read_text()


@pytest.mark.parametrize(
    "option", ["licence", "citation", "manifest", "pushes", "metres-per-pixel"]
)
def test_every_option_is_documented(option):
    assert f"--{option}" in TEXT
