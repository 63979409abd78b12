"""The program's command line with a fake NVIDIA driver in it: started by tests as a child process.

First argument: a scenario; the rest goes to the command line.
"""

import os
import sys
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "app")]

from tests.fakes.nvml import (  # noqa: E402 - the path comes first
    DRIVER_NOT_LOADED,
    GPU_IS_LOST,
    VERSION_MISMATCH,
    FakeNvml,
    h100,
    install,
    rtx5090,
)
from wan22.cli.main import run  # noqa: E402


def _after(seconds: float, action) -> None:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()


def main(scenario: str, arguments: list[str]) -> int:
    """Run one scenario."""
    fake = FakeNvml(h100(0), rtx5090(1)) if scenario == "two" else FakeNvml(h100(0))
    if scenario == "missing":
        fake.init_code = DRIVER_NOT_LOADED
    elif scenario == "mismatch":
        fake.init_code = VERSION_MISMATCH
    elif scenario == "lost":
        _after(0.5, lambda: setattr(fake, "lost", GPU_IS_LOST))
        _after(0.9, lambda: setattr(fake, "lost", None))
    elif scenario == "dies":
        _after(0.4, lambda: os._exit(7))
    elif scenario == "hangs":
        _after(0.3, lambda: fake.delays.update(nvmlDeviceGetUtilizationRates=3600.0))
    elif scenario == "breaks":
        sys.stderr.write("a line of another kind\n")
        return 5
    elif scenario == "later_clock":
        shift_s = 1000.0
        now = time.time
        time.time = lambda: now() + shift_s
    install(fake)
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
