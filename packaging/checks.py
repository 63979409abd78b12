"""Runs the linters, the type checker and the tests, one after the other, and says which failed."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sys.executable).parent

STEPS = (
    ("format", [str(SCRIPTS / "ruff"), "format", "--check", "."]),
    ("lint", [str(SCRIPTS / "ruff"), "check", "."]),
    ("types", [sys.executable, "-m", "mypy"]),
    ("imports", [str(SCRIPTS / "lint-imports")]),
)


def main(arguments: list[str]) -> int:
    """Run all steps even if one fails; pytest comes last so that its count closes the output."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    failed = []
    steps = STEPS if not arguments else ()
    for name, command in steps:
        started = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - started:.1f} s)", flush=True)
        if done.returncode:
            print(done.stdout, flush=True)
            failed.append(name)
    workers = [] if any(item.startswith("-n") for item in arguments) else ["-n", "2"]
    tests = subprocess.run([sys.executable, "-m", "pytest", "-q", *workers, *arguments], cwd=ROOT)
    if tests.returncode:
        failed.append("tests")
    if failed:
        print("failed: " + ", ".join(failed), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
