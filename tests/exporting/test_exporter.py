from dataclasses import fields

import pytest

from namo.errors import UsageError
from namo.exporting.exporter import export_with
from namo.exporting.registry import EXPORTERS
from namo.exporting.settings import ExportSettings
from tests.exporting.conftest import exported, hashes


class Breaking:
    """Writes a file and then fails."""

    SETTINGS = frozenset()

    def __init__(self, error):
        self.error = error

    def write(self, export):
        (export.folder / "half").write_text("of it")
        raise self.error


@pytest.mark.parametrize("form", EXPORTERS.names())
def test_every_format_looks_at_settings_that_there_are(form):
    assert {field.name for field in fields(ExportSettings)} >= EXPORTERS.load(form).SETTINGS


@pytest.mark.parametrize("form", EXPORTERS.names())
def test_the_same_collection_gives_the_same_bytes(collection, tmp_path, form):
    for name in ("one", "two"):
        exported(collection, form, tmp_path / name)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two") != {}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("disk full")])
def test_nothing_is_left_of_an_export_that_failed(collection, tmp_path, error):
    with pytest.raises(type(error)):
        export_with(Breaking(error), collection, tmp_path / "out", ExportSettings())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_stays_as_it_is(collection, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="already exists; expected a new or empty folder"):
        exported(collection, "masks", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
