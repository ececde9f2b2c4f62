"""The streams that commands print to: control characters of names never reach the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from namo.wording import printable


class PrintableStream:
    """A text stream that escapes what is not printable, see `namo.wording.printable`.

    Attributes:
        unescaped: the stream itself, for what draws on a terminal, such as a progress bar; it
            escapes names on its own.
    """

    def __init__(self, stream: TextIO) -> None:
        self.unescaped = stream

    def write(self, text: str) -> int:
        """Write a text with its control characters escaped, and return its length."""
        try:
            self.unescaped.write(printable(text))
        except UnicodeEncodeError:  # a terminal that cannot show all letters
            self.unescaped.write(printable(text).encode("ascii", "backslashreplace").decode())
        return len(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - of the stream
        return getattr(self.unescaped, name)


@contextmanager
def printable_output() -> Iterator[None]:
    """Escape control characters in all that is printed within the block."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (PrintableStream(stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
