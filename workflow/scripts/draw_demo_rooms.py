"""Draw the demo rooms: small NAMO problems of known kind, the same for the same seed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from namo.errors import NamoError, UsageError
from namo.scenes.rooms import draw_room, room_file_name
from namo.scenes.sources import DEMO_ROOMS
from namo.scenes.writing import write_scene


def main(argv: list[str] | None = None) -> int:
    """Write the rooms and return the exit code: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=DEMO_ROOMS, help="folder for the XML files")
    parser.add_argument("--seed", type=int, default=0, help="not negative")
    parser.add_argument("--count", type=int, default=100, help="how many rooms, from 1 to 1000")
    options = parser.parse_args(argv)
    try:
        if options.seed < 0:
            raise UsageError(f"--seed {options.seed}: it must not be negative")
        if not 1 <= options.count <= 1000:
            raise UsageError(f"--count {options.count}: allowed are 1 to 1000")
        for index in range(options.count):
            write_scene(draw_room(options.seed, index), options.output / room_file_name(index))
    except (NamoError, OSError) as error:
        print(f"draw_demo_rooms: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    print(f"{options.count} rooms in {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
