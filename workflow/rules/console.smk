"""What is shown on the terminal: a line of progress with `quiet: [rules]`, as in the profile."""

from snakemake.logging import logger
from snakemake.settings.enums import Quietness

from namo.pipeline.console import WithoutChatter, quieten
from namo.pipeline.jobs import hide_output

QUIET = workflow.output_settings.quiet or ()
SILENT = Quietness.ALL in QUIET
ONE_LINE = (
    Quietness.RULES in QUIET
    and not SILENT
    and not workflow.output_settings.dryrun
    and not AS_MODULE  # which has no say in what the jobs of others show
)
CHATTER = quieten(logger) if ONE_LINE else WithoutChatter()
hide_output(hide=ONE_LINE or SILENT)


def show_progress(parts, written):
    """Show the progress of the chunks that are to be collected, if any are."""
    global progress
    pending = [part.marker for part in parts if part.marker in written]
    if pending:
        from namo.pipeline.run_progress import RunProgress

        progress = RunProgress.of(parts, pending)
        progress.start()
        CHATTER.before_line, CHATTER.progress = progress.clear, False


progress = None


def stop_progress():
    """Leave the terminal to what follows."""
    if progress is not None:
        progress.stop()
