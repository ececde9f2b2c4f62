import hashlib

import pytest

from namo.certification.owned_files import OwnedFiles
from namo.errors import NamoError


def checksum(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_owned_files_are_remembered_and_removed_when_no_longer_wanted(tmp_path):
    owned = OwnedFiles(tmp_path)
    owned.remember({"a.xml": checksum("a"), "b.xml": checksum("b")})
    (tmp_path / "a.xml").write_text("a")
    (tmp_path / "b.xml").write_text("changed")
    again = OwnedFiles(tmp_path)
    assert again.files == owned.files
    again.remove_all_but({})
    assert not (tmp_path / "a.xml").exists()
    assert (tmp_path / "b.xml").read_text() == "changed"


def test_foreign_files_are_refused(tmp_path):
    (tmp_path / "a.xml").write_text("foreign")
    with pytest.raises(NamoError, match=r"a\.xml: was not written by this command"):
        OwnedFiles(tmp_path).refuse_foreign_files({"a.xml": checksum("a")})


def test_a_damaged_list_is_named(tmp_path):
    (tmp_path / "candidates").mkdir()
    (tmp_path / "candidates" / "written.json").write_text("{")
    with pytest.raises(NamoError, match=r"written\.json: damaged"):
        OwnedFiles(tmp_path)
