"""`namo collect`, under the name that users of the previous system call."""

import sys

from namo.commands.main import main

if __name__ == "__main__":
    sys.exit(main(["collect", *sys.argv[1:]]))
