"""What a worker process does when the process that started it ends."""

from __future__ import annotations

import os
from multiprocessing import connection, parent_process
from threading import Thread


def end_with_parent() -> None:
    """Make this worker exit with its parent, even if the parent was killed."""
    parent = parent_process()
    if parent is not None:

        def wait() -> None:
            connection.wait([parent.sentinel])
            os._exit(1)

        Thread(target=wait, daemon=True).start()
