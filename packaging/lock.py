"""Writes the locks anew: `python packaging/lock.py` in the development environment (needs uv).

The locks hold hashes for all platforms and Pythons 3.11 to 3.13 and no address of any index.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = "hatchling>=1.27"
TARGETS = (("requirements.lock", ["gui"]), ("requirements-dev.lock", ["gui", "dev"]))


def main() -> int:
    """Compile both locks."""
    for name, extras in TARGETS:
        command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "-", "--universal"]
        command += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--quiet", "-o", name]
        for extra in extras:
            command += ["--extra", extra]
        done = subprocess.run(command, cwd=ROOT, input=BUILD, text=True)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
