"""Checkpoints of a training: written whole or not at all, resumed only by the same training."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import torch

from namo.files import replacing

State = dict[str, Any]


class Checkpoint:
    """The checkpoint file of a training.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path, made_from: list[Any]) -> None:
        """Name the training.

        Args:
            path: of the file, which need not exist.
            made_from: JSON values that determine the training: data, settings, held-out scenes.
        """
        self.path = path
        text = json.dumps(made_from, sort_keys=True)
        self._identity = hashlib.sha256(text.encode()).hexdigest()

    def save(self, state: State) -> None:
        """Replace the checkpoint.

        Args:
            state: tensors and plain values.

        Raises:
            OSError: the file cannot be written.
        """
        buffer = io.BytesIO()
        torch.save({"identity": self._identity, **state}, buffer)
        with replacing(self.path) as handle:
            handle.write(buffer.getbuffer())

    def load(self, device: torch.device) -> State | None:
        """Return the state that was saved, None if it is of another training.

        Args:
            device: to put tensors on.

        Raises:
            FileNotFoundError: there is no checkpoint.
        """
        state: State = torch.load(self.path, map_location=device, weights_only=True)
        return state if state["identity"] == self._identity else None
