"""Writes the locks anew: `python packaging/lock.py` with uv installed beside it (`pip install uv`).

The locks hold hashes for all platforms and Pythons 3.11 to 3.13 and no address of any index. Pins that still fit are
kept; delete a lock first to get the newest versions of everything.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What builds the panel itself: installed from the lock too, so that the set-up needs no build isolation.
BUILD = "hatchling>=1.27\neditables>=0.5\n"
TARGETS = (("requirements.lock", ["gui"]), ("requirements-dev.lock", ["gui", "dev"]))


def main() -> int:
    """Compile both locks; the second one keeps the first one's versions."""
    if importlib.util.find_spec("uv") is None:
        sys.exit(f"uv is not installed for {sys.executable}; `python -m pip install uv` brings it.")
    for name, extras in TARGETS:
        command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "-", "--universal"]
        command += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--quiet", "-o", name]
        for extra in extras:
            command += ["--extra", extra]
        if name != TARGETS[0][0]:
            command += ["--constraint", TARGETS[0][0]]
        done = subprocess.run(command, cwd=ROOT, input=BUILD, text=True, encoding="utf-8")
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
