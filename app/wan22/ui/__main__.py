"""`python -m wan22.ui`: the window alone."""

import gc
import sys


def start() -> int:
    """Open the window. Nothing becomes garbage while it is built, so collecting would only delay the first paint."""
    gc.disable()
    from wan22.ui.app import main

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(start())
