"""Collect NAMO planning data for a range of environments in one process; see --help."""

import sys

from namo.collection.command_line import main

if __name__ == "__main__":
    sys.exit(main())
