"""`python -m wan22.ui`: the window alone."""

import sys

from wan22.ui.app import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
