"""Videos of a plan: GIF and MP4 files, written whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
from PIL import Image

from namo.errors import UsageError
from namo.files import replacing
from namo.scenes.topdown import RgbImage
from namo.world.recording import FRAME_S

HOLD_FIRST_S, HOLD_LAST_S = 0.5, 1.5
"""Extra display time of the first and of the last frame (s)."""
FORMATS = (".gif", ".mp4")
_COLOURS = 128
_CODEC = "mp4v"


def require_video_format(path: Path) -> None:
    """Check that the suffix of a file names a supported video format.

    Raises:
        UsageError: it does not.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path}: not a video format; expected one of: {', '.join(FORMATS)}")


def write_video(path: Path, frames: Sequence[RgbImage]) -> None:
    """Write a video with one frame per `FRAME_S`, in the format of the file's suffix.

    Args:
        path: the file.
        frames: images (height, width, 3) of one size, at least one.

    Raises:
        UsageError: the format is not supported.
        OSError: the file cannot be written.
    """
    require_video_format(path)
    if path.suffix.lower() == ".gif":
        _write_gif(path, frames)
    else:
        _write_mp4(path, frames)


def _write_gif(path: Path, frames: Sequence[RgbImage]) -> None:
    durations_ms = [1000.0 * FRAME_S] * len(frames)
    durations_ms[0] += 1000.0 * HOLD_FIRST_S
    durations_ms[-1] += 1000.0 * HOLD_LAST_S
    # A palette per frame would make static parts flicker.
    palette = Image.fromarray(frames[len(frames) // 2]).quantize(_COLOURS)
    first, *others = (
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    )
    with replacing(path) as handle:
        first.save(
            handle,
            "GIF",
            save_all=True,
            append_images=others,
            duration=[round(duration) for duration in durations_ms],
            loop=0,
            optimize=False,
        )


def _write_mp4(path: Path, frames: Sequence[RgbImage]) -> None:
    height, width, _ = frames[0].shape
    with tempfile.TemporaryDirectory() as folder:  # OpenCV writes to file names only
        name = Path(folder) / "video.mp4"
        fourcc = cv2.VideoWriter.fourcc(*_CODEC)
        writer = cv2.VideoWriter(str(name), fourcc, 1.0 / FRAME_S, (width, height))
        if not writer.isOpened():
            raise OSError(f"{path}: this OpenCV build cannot write MP4; write a GIF instead")
        for frame in _with_holds(frames):
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        writer.release()
        with replacing(path) as handle:
            handle.write(name.read_bytes())


def _with_holds(frames: Sequence[RgbImage]) -> Iterator[RgbImage]:
    for _ in range(round(HOLD_FIRST_S / FRAME_S)):
        yield frames[0]
    yield from frames
    for _ in range(round(HOLD_LAST_S / FRAME_S)):
        yield frames[-1]
