"""Step through a search and its plan in the rerun viewer.

Timeline `push` has the simulated pushes of the search, timeline `time` the motion of the plan. With
--rrd the recording is written instead, for `rerun FILE` here or on another machine.

Exit codes: 0 done; 1 a file is missing or damaged, or no display is available; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.commands.arguments import add_folder, require_folder
from namo.commands.environments import HELP as ENVIRONMENT
from namo.commands.environments import environment_file
from namo.errors import UsageError
from namo.extras import require_extra
from namo.results.record_files import SUFFIX

HELP = "step through a search in the rerun viewer"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)
    parser.add_argument("environment", metavar="ENV", help=ENVIRONMENT)
    parser.add_argument("--episode", metavar="N", type=int, default=0, help="number of the episode")
    parser.add_argument(
        "--rrd",
        metavar="FILE",
        type=Path,
        default=argparse.SUPPRESS,
        help="write the recording instead of opening the viewer",
    )


def run(options: argparse.Namespace) -> int:
    """Show or write the recording, and return the exit code.

    Raises:
        UsageError: there is no such folder, environment or episode, or rerun is not installed.
        ResultFileError: a table is missing or damaged.
        NamoError: no display is available.
    """
    require_folder(options.folder)
    file: Path | None = getattr(options, "rrd", None)
    if file is not None and file.suffix != ".rrd":
        raise UsageError(f"--rrd {file}: must end in .rrd")
    require_extra("view", "namo view")
    env_id = environment_file(options.folder, options.environment).name.removesuffix(SUFFIX)
    from namo.reporting.rerun_view import open_viewer, write_recording
    from namo.results.collection import Collection

    episode = Collection(options.folder).episode(f"{env_id}_episode_{options.episode}")
    print(f"{episode.id}: {episode.outcome}")
    if file is None:
        open_viewer(episode)
    else:
        write_recording(file, episode)
        print(f"wrote {file}")
        print(f"open it with: rerun {file}")
    return 0
