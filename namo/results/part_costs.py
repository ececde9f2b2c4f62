"""What the environments of a part cost that are used, where not all of them are.

The marker of a part has the costs of all its environments. Where another part has collected some of
them again, or a merged collection takes only some, the rest is added up from their records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from namo.learning.inference_stats import add_up, without_counts
from namo.results.metadata_types import ModelUseRecord, PartMetadata
from namo.results.parts import Part
from namo.results.records import read_environment, resolve_inside
from namo.results.spans import IndexSpan, files_of


def used_costs(
    spans: Sequence[IndexSpan], markers: Mapping[Part, PartMetadata]
) -> list[PartMetadata]:
    """Return the metadata of parts, in order, with the costs of the environments in the spans.

    Args:
        spans: which environments are used, and the parts they come from.
        markers: metadata of these parts, and of no others.

    Raises:
        ResultFileError: the file of an environment is damaged.
    """
    spans_of: dict[Part, list[IndexSpan]] = {part: [] for part in markers}
    for span in spans:
        spans_of[span.part].append(span)
    return [costs_of(spans_of[part], metadata) for part, metadata in markers.items()]


def costs_of(spans: Sequence[IndexSpan], metadata: PartMetadata) -> PartMetadata:
    """Return the metadata of a part with the costs of some of its environments.

    What an earlier version of this package collected has no costs of its own in the records, and
    adds nothing to the use of models.

    Args:
        spans: environments of the part.
        metadata: of the whole part.

    Raises:
        ResultFileError: the file of an environment is damaged.
    """
    if sum(span.end - span.start for span in spans) == metadata["environments"]:
        return metadata
    work_s, uses = 0.0, [without_counts(dict(use)) for use in metadata["models_preloaded"]]
    for span in spans:
        for name in files_of(span)["path"].to_pylist():
            record = read_environment(resolve_inside(span.part.folder.parents[1], name))
            work_s += record["processing_time"]
            uses += map(dict, record["models"] or ())
    added = cast(list[ModelUseRecord], add_up(uses))
    return {**metadata, "work_s": work_s, "models_preloaded": added}
