"""Chooses what to start. Imports only what the choice needs."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code.

    The hidden commands come first: two helpers that must start fast and live while the main program dies, and the
    stand-in for ComfyUI.
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
    from wan22.cli.main import program

    return program(argv)


if __name__ == "__main__":
    sys.exit(main())
