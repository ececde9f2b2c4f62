import cv2
import numpy as np
import pytest
from PIL import Image

from namo.errors import UsageError
from namo.reporting.films import AFTER_S, BEFORE_S, write_film
from namo.world.recording import FRAME_S


@pytest.fixture(scope="module")
def pictures():
    """A white square that moves over blue."""
    pictures = np.full((12, 48, 64, 3), (20, 40, 200), np.uint8)
    for place, picture in enumerate(pictures):
        picture[20:30, 4 * place : 4 * place + 10] = 255
    return list(pictures)


def test_a_gif_has_every_picture_and_holds_the_first_and_the_last(pictures, tmp_path):
    write_film(tmp_path / "film.gif", pictures)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == len(pictures)
        assert film.info["loop"] == 0
        durations = []
        for place, picture in enumerate(pictures):
            film.seek(place)
            durations.append(film.info["duration"])
            assert np.abs(np.asarray(film.convert("RGB")).astype(int) - picture).max() < 8
    frame = round(1000 * FRAME_S)
    first, *middle, last = durations
    assert (first, last) == (frame + 1000 * BEFORE_S, frame + 1000 * AFTER_S)
    assert set(middle) == {frame}


def test_an_mp4_has_every_picture(pictures, tmp_path):
    write_film(tmp_path / "film.mp4", pictures)
    film = cv2.VideoCapture(str(tmp_path / "film.mp4"))
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(1 / FRAME_S)
    held = round(BEFORE_S / FRAME_S), round(AFTER_S / FRAME_S)
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == len(pictures) + sum(held)
    there, first = film.read()
    assert there
    assert np.abs(cv2.cvtColor(first, cv2.COLOR_BGR2RGB).astype(int) - pictures[0]).mean() < 10


def test_other_formats_are_refused(pictures, tmp_path):
    with pytest.raises(UsageError, match=r"film\.avi: a film is one of \.gif, \.mp4"):
        write_film(tmp_path / "film.avi", pictures)
    assert not list(tmp_path.iterdir())
