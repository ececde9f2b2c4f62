"""`python -m namo`: the command `namo`, whether or not its script is on the path."""

import sys

from namo.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
