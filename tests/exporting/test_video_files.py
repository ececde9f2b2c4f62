import av
import numpy as np
import pytest

from namo.exporting import video_files
from namo.exporting.video_files import VideoFiles

SIDE, FPS = 64, 10


def images(count, grey):
    """Images with a bright column that moves, on grey."""
    for number in range(count):
        image = np.full((SIDE, SIDE, 3), grey, np.uint8)
        image[:, 2 * number : 2 * number + 8] = 255
        yield image


def write(folder, *videos):
    with VideoFiles(lambda number: folder / f"{number}.mp4", FPS, SIDE, SIDE) as files:
        return [files.add(images(*each), each[0]) for each in videos]


def decoded(path):
    """The time (s) and the image of each frame."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec.name, stream.pix_fmt) == ("h264", "yuv420p")
        return [
            (float(frame.pts * stream.time_base), frame.to_ndarray(format="rgb24"))
            for frame in container.decode(stream)
        ]


def test_each_video_is_found_at_its_times(tmp_path):
    spans = write(tmp_path, (5, 0), (8, 100))
    assert spans == [(0, 0.0, 0.5), (0, 0.5, 1.3)]
    frames = decoded(tmp_path / "0.mp4")
    assert [time for time, _ in frames] == pytest.approx([number / FPS for number in range(13)])
    written = [*images(5, 0), *images(8, 100)]
    for (_, found), image in zip(frames, written, strict=True):
        assert np.abs(found.astype(int) - image).mean() < 3.0


def test_a_full_file_is_followed_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr(video_files, "MAX_FRAMES", 10)
    spans = write(tmp_path, (6, 0), (6, 50), (4, 100), (12, 150), (1, 200))
    assert [span.file for span in spans] == [0, 1, 1, 2, 3]
    assert [span.start_s for span in spans] == [0.0, 0.0, 0.6, 0.0, 0.0]
    assert [len(decoded(tmp_path / f"{number}.mp4")) for number in range(4)] == [6, 10, 12, 1]


def test_the_same_images_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write(tmp_path / name, (9, 80))
    one, two = ((tmp_path / name / "0.mp4").read_bytes() for name in ("one", "two"))
    assert one == two


def test_every_other_frame_can_be_decoded_without_those_before(tmp_path):
    write(tmp_path, (8, 0))
    with av.open(str(tmp_path / "0.mp4")) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert keys == [True, False] * 4
