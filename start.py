"""Sets everything up on the first start, then runs the panel: `python3 start.py [arguments of wan22 …]`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "packaging"))
import bootstrap  # it lies beside this file, not in an installed package

if __name__ == "__main__":
    sys.exit(bootstrap.main("requirements.lock", ["-m", "wan22", *(sys.argv[1:] or ["run"])]))
