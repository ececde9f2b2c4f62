import cv2
import numpy as np
import pytest
from PIL import Image

from namo.errors import UsageError
from namo.reporting.video import HOLD_FIRST_S, HOLD_LAST_S, write_video
from namo.world.recording import FRAME_S


@pytest.fixture(scope="module")
def frames():
    """A white square that moves over a blue background."""
    frames = np.full((12, 48, 64, 3), (20, 40, 200), np.uint8)
    for index, frame in enumerate(frames):
        frame[20:30, 4 * index : 4 * index + 10] = 255
    return list(frames)


def test_a_gif_has_every_frame_and_holds_the_first_and_the_last(frames, tmp_path):
    write_video(tmp_path / "plan.gif", frames)
    with Image.open(tmp_path / "plan.gif") as video:
        assert video.n_frames == len(frames)
        assert video.info["loop"] == 0
        durations = []
        for index, frame in enumerate(frames):
            video.seek(index)
            durations.append(video.info["duration"])
            assert np.abs(np.asarray(video.convert("RGB")).astype(int) - frame).max() < 8
    period = round(1000 * FRAME_S)
    first, *middle, last = durations
    assert (first, last) == (period + 1000 * HOLD_FIRST_S, period + 1000 * HOLD_LAST_S)
    assert set(middle) == {period}


def test_an_mp4_has_every_frame(frames, tmp_path):
    write_video(tmp_path / "plan.mp4", frames)
    video = cv2.VideoCapture(str(tmp_path / "plan.mp4"))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(1 / FRAME_S)
    held = round(HOLD_FIRST_S / FRAME_S), round(HOLD_LAST_S / FRAME_S)
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == len(frames) + sum(held)
    read, first = video.read()
    assert read
    assert np.abs(cv2.cvtColor(first, cv2.COLOR_BGR2RGB).astype(int) - frames[0]).mean() < 10


def test_other_formats_are_refused(frames, tmp_path):
    expected = r"plan\.avi: not a video format; expected one of: \.gif, \.mp4"
    with pytest.raises(UsageError, match=expected):
        write_video(tmp_path / "plan.avi", frames)
    assert not list(tmp_path.iterdir())
