"""Recognise pointers of Git LFS: small texts that stand for files which were not fetched."""

from __future__ import annotations

_START = "version https://git-lfs.github.com/spec/"
ADVICE = "a Git LFS pointer, not the file itself; fetch the file with 'git lfs pull'"
"""What messages say of a pointer."""
HEAD_BYTES = 100
"""How much of a file is enough to recognise a pointer."""


def is_pointer(content: str | bytes) -> bool:
    """Return whether a file is a pointer, from its contents or their beginning."""
    start = content[: len(_START)]
    return start == (_START if isinstance(start, str) else _START.encode())
