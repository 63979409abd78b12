"""Runs the linters, the type checker and the tests, one after the other, and says which failed.

With arguments (they go to pytest) only the tests run. pytest comes last, so that its count closes the output.
"""

import io
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEPS = (
    ("format", [sys.executable, "-m", "ruff", "format", "--check", "."]),
    ("lint", [sys.executable, "-m", "ruff", "check", "."]),
    ("types", [sys.executable, "-m", "mypy"]),
    ("imports", [shutil.which("lint-imports", path=Path(sys.executable).parent) or "lint-imports", "--no-logo"]),
)
ONE_PROCESS = ("-n", "--numprocesses", "--pdb", "--trace", "-s", "--capture=no")


def run_step(name: str, command: list[str], variables: dict[str, str]) -> bool:
    """Run one linter; its output is shown only when it complains."""
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        code, output = done.returncode, done.stdout.decode("utf-8", "replace")
    except OSError as error:
        code, output = 1, f"{command[0]}: {error}"
    print(f"{name}: {'FAILED' if code else 'ok'} ({time.monotonic() - started:.1f} s)", flush=True)
    if code:
        print(output, flush=True)
    return code == 0


def pytest_arguments(given: list[str]) -> list[str]:
    """Two processes and short output, unless the arguments say how they want it."""
    chosen = ["-q"] if not any(item.startswith(("-q", "-v")) for item in given) else []
    if not any(item.startswith(ONE_PROCESS) for item in given):
        chosen += ["-n", "2"]
    return [*chosen, *given]


def wait_for(process: "subprocess.Popen[bytes]") -> int:
    """Its exit code. Ctrl-C reaches it too, and it needs time to stop what the tests have started."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def main(arguments: list[str]) -> int:
    """Run all steps even if one fails, and return 1 if one did."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    variables = {**os.environ, "PYTHONUTF8": "1"}
    variables.setdefault("QT_QPA_PLATFORM", "offscreen")
    steps = () if arguments else STEPS
    failed = [name for name, command in steps if not run_step(name, command, variables)]
    command = [sys.executable, "-m", "pytest", *pytest_arguments(arguments)]
    if wait_for(subprocess.Popen(command, cwd=ROOT, env=variables)):
        failed.append("tests")
    if failed:
        print("failed: " + ", ".join(failed), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
