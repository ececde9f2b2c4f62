"""Event files of a training, as TensorBoard reads them."""

from __future__ import annotations

from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def reader_of(folder: Path, **options: bool) -> EventAccumulator:
    """TensorBoard's reader of a folder, which keeps every value; `Reload` reads what is new."""
    return EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0}, **options)


def scalars(reader: EventAccumulator) -> dict[str, list[tuple[int, float]]]:
    """Tag -> steps and values, in the order of the files, of what there is now."""
    reader.Reload()
    return {
        tag: [(event.step, event.value) for event in reader.Scalars(tag)]
        for tag in reader.Tags()["scalars"]
    }


def logged(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """All that is in the files of a folder, repeated steps included."""
    return scalars(reader_of(folder, purge_orphaned_data=False))
