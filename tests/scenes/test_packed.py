"""Packed scenes come back as the files they were, or not at all."""

import hashlib

import pyarrow.parquet as pq
import pytest

from namo.errors import UsageError
from namo.scenes.manifest import audit_manifest
from namo.scenes.packed import pack, read_packed, unpack
from namo.scenes.sources import environments_from


def row(name, text, **values):
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return {"file": name, "sha256": sha256, "xml": text, "split": "benchmark"} | values


ROWS = [
    row("a.xml", "<mujoco/>\n", index=0, layout_id="one", difficulty="rooms_2"),
    row("b.xml", "<mujoco>é</mujoco>", index=1, layout_id="two", proven_depth=3),
]


def test_unpacked_scenes_are_a_set_like_any_other(tmp_path):
    packed = tmp_path / "packed.parquet"
    pack(packed, ROWS)
    assert unpack(packed, tmp_path / "set") == 2
    manifest = tmp_path / "set" / "scenes.parquet"
    assert audit_manifest(manifest) == []
    listed = environments_from(None, manifest, "benchmark").scenes
    assert [one.path.read_bytes() for one in listed] == [one["xml"].encode() for one in ROWS]
    assert [one.difficulty for one in listed] == ["rooms_2", None]
    assert pq.read_table(manifest)["proven_depth"].to_pylist() == [None, 3]


def test_the_same_scenes_are_packed_to_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        pack(tmp_path / name, ROWS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sha256": "0" * 64}, r"a\.xml: checksum mismatch"),
        ({"file": "../a.xml"}, r"'\.\./a\.xml' is not the plain name of a scene file"),
        ({"file": ".."}, r"'\.\.' is not the plain name"),
        ({"file": ""}, r"'' is not the plain name"),
        ({"file": "a\0.xml"}, "is not the plain name"),
        ({"file": "scenes.parquet"}, r"'scenes\.parquet' is not the plain name"),
        ({"file": None}, "column 'file' must be text in every row"),
        ({"xml": None}, "column 'xml' must be text in every row"),
    ],
)
def test_damaged_scenes_and_names_that_lead_elsewhere_are_refused(tmp_path, changed, said):
    pack(tmp_path / "packed", [ROWS[0] | changed])
    with pytest.raises(UsageError, match=said):
        unpack(tmp_path / "packed", tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_two_scenes_of_one_name_are_refused(tmp_path):
    pack(tmp_path / "packed", [ROWS[0], ROWS[1] | {"file": "a.xml"}])
    with pytest.raises(UsageError, match=r"packed: lists 'a\.xml' more than once"):
        read_packed(tmp_path / "packed")


def test_what_holds_no_packed_scenes_is_refused(tmp_path):
    (tmp_path / "text").write_text("no table")
    with pytest.raises(UsageError, match="no packed scenes"):
        read_packed(tmp_path / "text")
    with pytest.raises(UsageError, match="no packed scenes"):
        read_packed(tmp_path / "absent")


def test_collecting_in_packed_scenes_names_the_command_that_unpacks_them(tmp_path):
    pack(tmp_path / "packed.parquet", ROWS)
    with pytest.raises(UsageError, match=r"namo scenes unpack .*packed\.parquet --output FOLDER"):
        environments_from(None, tmp_path / "packed.parquet")
