"""Sets up the development environment and runs all checks and tests: `python3 test.py [arguments of pytest …]`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "packaging"))
import bootstrap  # it lies beside this file, not in an installed package

if __name__ == "__main__":
    sys.exit(bootstrap.main("requirements-dev.lock", [str(bootstrap.ROOT / "packaging" / "checks.py"), *sys.argv[1:]]))
