"""Videos of many episodes in files of bounded length: H.264 in MP4, as LeRobot decodes them.

The same images give the same bytes, with the same versions of PyAV and its codecs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from namo.scenes.topdown import RgbImage
from namo.signals import check_termination

CODEC, PIXEL_FORMAT = "h264", "yuv420p"
_OPTIONS = {"crf": "20", "g": "2", "bf": "0", "flags": "+bitexact"}
"""Of the encoder. A key frame every other frame, since training reads frames in random order."""
MAX_FRAMES = 5000
"""Frames at which a file is full. Readers find frames by their time in single precision, which is
exact to LeRobot's tolerance of 0.1 ms in the first 17 minutes of a file."""


class VideoSpan(NamedTuple):
    """Where a video is.

    Attributes:
        file: number of the file, from 0.
        start_s: time of its first frame in the file (s).
        end_s: time at which it ends (s).
    """

    file: int
    start_s: float
    end_s: float


class VideoFiles:
    """Writes videos one after another; each is in one file, several share one."""

    def __init__(self, path_of: Callable[[int], Path], fps: int, width: int, height: int) -> None:
        """Write nothing yet.

        Args:
            path_of: path of a file by its number; its folder is made.
            fps: frames per second.
            width: of all images (pixels), even.
            height: likewise.
        """
        self._path_of, self._fps, self._size = path_of, fps, (width, height)
        self._file, self._frames = -1, 0
        self._open: tuple[OutputContainer, VideoStream] | None = None

    def add(self, images: Iterable[RgbImage], length: int) -> VideoSpan:
        """Write a video and return where it is.

        Args:
            images: (height, width, 3) each.
            length: how many there are.

        Raises:
            OSError: the file cannot be written.
            TerminationRequested: a signal asked the process to end.
        """
        if self._open is None or self._frames + length > MAX_FRAMES:
            self._open = self._next_file()
        container, stream = self._open
        first = self._frames
        for image in images:
            check_termination()
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = self._frames
            container.mux(stream.encode(frame))
            self._frames += 1
        return VideoSpan(self._file, first / self._fps, self._frames / self._fps)

    def _next_file(self) -> tuple[OutputContainer, VideoStream]:
        self._close()
        self._file, self._frames = self._file + 1, 0
        path = self._path_of(self._file)
        path.parent.mkdir(parents=True, exist_ok=True)
        container = av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"})
        stream = container.add_stream("libx264", rate=self._fps, options=_OPTIONS)
        stream.width, stream.height = self._size
        stream.pix_fmt = PIXEL_FORMAT
        stream.codec_context.thread_count = 1
        return container, stream

    def _close(self) -> None:
        if self._open is not None:
            container, stream = self._open
            self._open = None
            try:
                container.mux(stream.encode())
            finally:
                container.close()

    def __enter__(self) -> VideoFiles:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()
