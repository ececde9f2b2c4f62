import errno
import json
from pathlib import Path

import pytest
import torch
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from namo.training.settings import TrainingSettings
from namo.training.training_log import ABOUT, EPOCH, PREFIX, STEP, TrainingLog, describe
from tests.training.event_files import logged, reader_of, scalars

CARD = {
    "data_sha256": "d" * 64,
    "manifest_sha256": "m" * 64,
    "schema_version": 1,
    "sources": [{"collection": "explored", "config": {"seed": 3}, "models": {}}],
}
ABOUT_IT = describe("goal", TrainingSettings(seed=11), CARD, ["s" * 64], torch.device("cpu"))


def steps(log, *numbers):
    for number in numbers:
        log.write(STEP, number, {"loss": 0.5 * number})


def losses(*numbers):
    return {"step/loss": [(number, 0.5 * number) for number in numbers]}


@pytest.fixture
def killed(tmp_path):
    """A folder whose log knows of three steps and holds five and a half, and the reader at work."""
    log = TrainingLog(tmp_path, ABOUT_IT, {}, 0)
    steps(log, 1, 2, 3)
    sizes = log.flush()
    steps(log, 4, 5)
    log.close()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes() + b"\x55\0\0\0\0\0\0\0half a record")
    return tmp_path, sizes, reader_of(tmp_path)


def test_values_are_read_as_they_were_written(tmp_path):
    log = TrainingLog(tmp_path, ABOUT_IT, {}, 0)
    log.write(STEP, 1, {"loss": 2.0, "learning_rate": 0.25})
    log.write(EPOCH, 1, {"pushes": 3.5})
    log.close()
    assert logged(tmp_path) == {
        "step/loss": [(1, 2.0)],
        "step/learning_rate": [(1, 0.25)],
        "epoch/pushes": [(1, 3.5)],
    }


def test_a_killed_log_is_readable_and_the_next_process_holds_every_step_once(killed):
    folder, sizes, at_work = killed
    assert scalars(at_work) == losses(1, 2, 3, 4, 5)
    for taken in (3, 5):
        log = TrainingLog(folder, ABOUT_IT, sizes, taken)
        steps(log, taken + 1, taken + 2)
        sizes = log.flush()
        log.close()
    assert logged(folder) == losses(1, 2, 3, 4, 5, 6, 7)
    assert scalars(reader_of(folder)) == losses(1, 2, 3, 4, 5, 6, 7)
    assert scalars(at_work) == losses(1, 2, 3, 4, 5, 6, 7), "forgets what was cut off"


def test_another_training_replaces_the_files_and_no_others(killed):
    folder, _, at_work = killed
    at_work.Reload()
    other = folder / f"{PREFIX}1795773270.host"
    other.touch()
    log = TrainingLog(folder, ABOUT_IT, {}, 0)
    steps(log, 1, 2)
    log.close()
    assert set(folder.iterdir()) == {folder / f"{PREFIX}000002", other}
    other.unlink()
    assert scalars(at_work) == logged(folder) == losses(1, 2)


def test_a_log_that_says_nothing_leaves_the_files_alone(killed):
    folder, sizes, _ = killed
    before = {path: path.read_bytes() for path in folder.iterdir()}
    log = TrainingLog(folder, ABOUT_IT, sizes, 3)
    assert log.flush() == sizes
    log.close()
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_the_training_is_described_once_as_text_and_as_hyperparameters(killed):
    folder, sizes, _ = killed
    log = TrainingLog(folder, ABOUT_IT, sizes, 3)
    steps(log, 4)
    log.close()
    reader = reader_of(folder)
    reader.Reload()
    (event,) = reader.Tensors(f"{ABOUT}/text_summary")
    (text,) = event.tensor_proto.string_val
    about = json.loads(text.decode().removeprefix("```json\n").removesuffix("\n```"))
    assert about == json.loads(json.dumps(ABOUT_IT))
    assert about["settings"]["seed"] == 11
    assert about["data"] == {
        name: CARD[name] for name in ("data_sha256", "manifest_sha256", "sources")
    }
    metadata = reader.SummaryMetadata("_hparams_/session_start_info")
    session = HParamsPluginData.FromString(metadata.plugin_data.content).session_start_info
    assert session.hparams.keys() == ABOUT_IT["settings"].keys()
    assert session.hparams["seed"].number_value == 11
    assert session.hparams["widths"].string_value == "[24, 48, 64]"
    metadata = reader.SummaryMetadata("_hparams_/experiment")
    experiment = HParamsPluginData.FromString(metadata.plugin_data.content).experiment
    assert "epoch/log_pushes" in {metric.name.tag for metric in experiment.metric_infos}


def test_a_full_disk_is_an_error_that_names_the_file(tmp_path):
    log = TrainingLog(tmp_path, ABOUT_IT, {}, 0)
    steps(log, 1)
    log.flush()
    log._writer._writer.close()
    log._writer._writer = Path("/dev/full").open("wb")  # noqa: SIM115
    steps(log, 2)
    for call in (log.flush, log.close):
        with pytest.raises(OSError, match="No space left") as caught:
            call()
        assert caught.value.errno == errno.ENOSPC
        assert caught.value.filename == str(tmp_path / f"{PREFIX}000001")
