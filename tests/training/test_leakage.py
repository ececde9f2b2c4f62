import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from namo.errors import ModelError, UsageError
from namo.training.leakage import require_unseen


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "scenes.parquet"
    columns = {"sha256": ["a", "b", "c"], "layout_id": ["one", "one", "two"]}
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture
def model(tmp_path):
    (tmp_path / "layouts.txt").write_text("two\nthree\n")
    return tmp_path


def test_held_out_layouts_are_counted(manifest, model):
    assert require_unseen([model], manifest, ["a", "b"]) == 1


def test_a_training_layout_is_refused(manifest, model):
    with pytest.raises(
        UsageError, match="was trained on, or chosen by, layout two, that of scene c"
    ):
        require_unseen([model], manifest, ["a", "c"])


def test_a_scene_that_is_not_listed_is_refused(manifest, model):
    with pytest.raises(UsageError, match="lists no scene with sha256 d"):
        require_unseen([model], manifest, ["d"])


def test_a_model_without_a_list_of_layouts_is_refused(manifest, tmp_path):
    with pytest.raises(ModelError, match=r"layouts\.txt"):
        require_unseen([tmp_path / "nowhere"], manifest, ["a"])
