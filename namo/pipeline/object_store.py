"""What the settings of a run must say where jobs share no files, as on Kubernetes."""

from __future__ import annotations

from namo.errors import UsageError
from namo.pipeline.settings import PipelineSettings


def require_for_unshared_files(settings: PipelineSettings) -> None:
    """Make sure that the jobs of a run need no files but those in its object store.

    Args:
        settings: of the run.

    Raises:
        UsageError: names the setting that is missing, and what it is for.
    """
    if settings.store is None:
        raise UsageError(
            "configuration: store is null; with --default-storage-provider the chunks go there: "
            "--config store=s3://BUCKET/FOLDER"
        )
    if settings.hostname is None:
        raise UsageError(
            "configuration: hostname is null; each job would name files after its own machine: "
            "--config hostname=LABEL"
        )
