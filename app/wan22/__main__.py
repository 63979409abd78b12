"""Chooses what to start. Imports only what the choice needs."""

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code.

    The hidden commands come first: helpers that must start fast and live while the main program dies, and the
    stand-in for ComfyUI. Then the window, which shall be on the screen before anything else is loaded.
    """
    argv = list(sys.argv[1:] if arguments is None else arguments)
    if argv[:1] == ["__supervise"]:
        from wan22.system import supervisor

        return supervisor.main(argv[1:])
    if argv[:1] == ["__drain"]:
        from wan22.system import drain

        return drain.main(argv[1:])
    if argv[:1] == ["__console_interrupt"]:
        from wan22.system import console_interrupt

        return console_interrupt.main(argv[1:])
    if argv[:1] == ["__demo_server"]:
        from wan22.demo import main as demo

        return demo.main(argv[1:])
    if argv[:1] == ["window"] or argv == ["start"]:
        from wan22.system.display import unseen_reason, window_obstacle

        find_obstacle = unseen_reason if argv == ["start"] else window_obstacle
        if find_obstacle(os.environ, sys.platform) is None:
            from wan22.ui.app import main as open_window

            return open_window(argv[1:])
    from wan22.cli.main import program

    return program(argv)


if __name__ == "__main__":
    sys.exit(main())
