"""Films of a plan: GIF and MP4 files from pictures, whole or not there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
from PIL import Image

from namo.errors import UsageError
from namo.files import replacing
from namo.reporting.from_above import Picture
from namo.world.recording import FRAME_S

BEFORE_S, AFTER_S = 0.5, 1.5
"""How long the first and the last picture stay (s)."""
FORMATS = (".gif", ".mp4")
_COLOURS = 128
_CODEC = "mp4v"


def require_film(path: Path) -> None:
    """Make sure that a film can be written to a file.

    Raises:
        UsageError: no such format.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path}: a film is one of {', '.join(FORMATS)}")


def write_film(path: Path, pictures: Sequence[Picture]) -> None:
    """Write a film of pictures, one a `FRAME_S`; its suffix decides the format.

    Args:
        path: the file.
        pictures: of one size, at least one.

    Raises:
        UsageError: no such format.
        OSError: the file cannot be written.
    """
    require_film(path)
    if path.suffix.lower() == ".gif":
        _write_gif(path, pictures)
    else:
        _write_mp4(path, pictures)


def _write_gif(path: Path, pictures: Sequence[Picture]) -> None:
    durations = [1000.0 * FRAME_S] * len(pictures)
    durations[0] += 1000.0 * BEFORE_S
    durations[-1] += 1000.0 * AFTER_S
    # One palette for all, or still parts would flicker.
    palette = Image.fromarray(pictures[len(pictures) // 2]).quantize(_COLOURS)
    first, *others = (
        Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE)
        for picture in pictures
    )
    with replacing(path) as handle:
        first.save(
            handle,
            "GIF",
            save_all=True,
            append_images=others,
            duration=[round(duration) for duration in durations],
            loop=0,
            optimize=False,
        )


def _write_mp4(path: Path, pictures: Sequence[Picture]) -> None:
    height, width, _ = pictures[0].shape
    with tempfile.TemporaryDirectory() as folder:  # OpenCV writes files by name alone
        name = Path(folder) / "film.mp4"
        fourcc = cv2.VideoWriter.fourcc(*_CODEC)
        film = cv2.VideoWriter(str(name), fourcc, 1.0 / FRAME_S, (width, height))
        if not film.isOpened():
            raise OSError(f"{path}: this OpenCV cannot write MP4 films; a GIF can be written")
        for picture in _held(pictures):
            film.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        film.release()
        with replacing(path) as handle:
            handle.write(name.read_bytes())


def _held(pictures: Sequence[Picture]) -> Iterator[Picture]:
    for _ in range(round(BEFORE_S / FRAME_S)):
        yield pictures[0]
    yield from pictures
    for _ in range(round(AFTER_S / FRAME_S)):
        yield pictures[-1]
