"""`namo unpack`, as the pipeline calls it."""

import sys

from namo.commands.main import main

if __name__ == "__main__":
    sys.exit(main(["unpack", *sys.argv[1:]]))
