from dataclasses import fields

import pytest

from namo.errors import UsageError
from namo.exporting.exporter import export_with
from namo.exporting.registry import EXPORTERS
from namo.exporting.settings import ExportSettings
from tests.exporting.conftest import exported, hashes


class FailingExporter:
    """Writes a file, then raises."""

    SETTINGS = frozenset()

    def __init__(self, error):
        self.error = error

    def write(self, export):
        (export.folder / "half").write_text("of it")
        raise self.error


@pytest.mark.parametrize("form", EXPORTERS.names())
def test_every_format_uses_existing_settings(form):
    assert {field.name for field in fields(ExportSettings)} >= EXPORTERS.load(form).SETTINGS


@pytest.mark.parametrize("form", EXPORTERS.names())
def test_exports_are_reproducible(collection, tmp_path, form):
    for name in ("one", "two"):
        exported(collection, form, tmp_path / name)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two") != {}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("disk full")])
def test_a_failed_export_leaves_nothing(collection, tmp_path, error):
    with pytest.raises(type(error)):
        export_with(FailingExporter(error), collection, tmp_path / "out", ExportSettings())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_empty_is_not_touched(collection, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="already exists; expected a new or empty folder"):
        exported(collection, "masks", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
