import pytest

from namo.errors import ModelError
from namo.learning.bundle_files import CONFIG, LAYOUTS, WEIGHTS, bundle_sha256, copy_bundle


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    for name in (CONFIG, WEIGHTS, LAYOUTS):
        (folder / name).write_text(name)
    return folder


def test_a_copy_is_the_same_model(bundle, tmp_path):
    copy_bundle(bundle, tmp_path / "deep" / "copy")
    assert bundle_sha256(tmp_path / "deep" / "copy") == bundle_sha256(bundle)
    copied = {path.name: path.read_text() for path in (tmp_path / "deep" / "copy").iterdir()}
    assert copied == {name: name for name in (CONFIG, WEIGHTS, LAYOUTS)}


@pytest.mark.parametrize("missing", [CONFIG, WEIGHTS])
def test_a_folder_without_config_or_weights_is_not_a_bundle(bundle, tmp_path, missing):
    (bundle / missing).unlink()
    with pytest.raises(ModelError, match=f"has no {missing}"):
        bundle_sha256(bundle)
    with pytest.raises(ModelError, match=f"has no {missing}"):
        copy_bundle(bundle, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_another_config_is_another_model(bundle):
    before = bundle_sha256(bundle)
    (bundle / CONFIG).write_text("{}")
    assert bundle_sha256(bundle) != before
