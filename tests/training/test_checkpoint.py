import pytest
import torch

from namo.training.checkpoint import Checkpoint

CPU = torch.device("cpu")
MADE_FROM = ["goal", "data", {"epochs": 3, "seed": 1}]


def test_a_saved_state_is_loaded_again(tmp_path):
    Checkpoint(tmp_path / "c.pt", MADE_FROM).save({"weights": torch.arange(3), "epoch": 2})
    state = Checkpoint(tmp_path / "c.pt", ["goal", "data", {"seed": 1, "epochs": 3}]).load(CPU)
    assert state["weights"].tolist() == [0, 1, 2]
    assert state["epoch"] == 2


@pytest.mark.parametrize("other", [["object", *MADE_FROM[1:]], MADE_FROM[:2], []])
def test_the_checkpoint_of_another_training_is_not_loaded(tmp_path, other):
    Checkpoint(tmp_path / "c.pt", MADE_FROM).save({"epoch": 2})
    assert Checkpoint(tmp_path / "c.pt", other).load(CPU) is None


def test_a_failed_save_keeps_the_previous_checkpoint(tmp_path):
    checkpoint = Checkpoint(tmp_path / "c.pt", MADE_FROM)
    checkpoint.save({"epoch": 1})
    with pytest.raises(Exception, match="local object"):
        checkpoint.save({"epoch": lambda: 2})
    assert checkpoint.load(CPU)["epoch"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c.pt"]


def test_a_missing_checkpoint_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Checkpoint(tmp_path / "c.pt", MADE_FROM).load(CPU)
