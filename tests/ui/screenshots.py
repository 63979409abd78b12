"""Writes pictures of all pages to docs/images, in both themes at two scales: `python -m tests.ui.screenshots`.

`--page KEY` draws some pages only, `--to FOLDER` writes elsewhere. Fails when a text is cut off or has too little
contrast, or a control has no name or is not reached by Tab.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
SCALES = (1.0, 1.5)
THEMES = ("dark", "light")


def main(arguments: Sequence[str]) -> int:
    """One child process a theme and scale: Qt reads the scale once."""
    parser = argparse.ArgumentParser(prog="screenshots", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--page", action="append", default=[], help="only this page; can be given several times")
    parser.add_argument("--to", type=Path, default=IMAGES, help="folder for the pictures")
    parser.add_argument(
        "--take", nargs=2, metavar=("THEME", "SCALE"), help="only this theme and scale, in this process"
    )
    given = parser.parse_args(arguments)
    if given.take:
        return 1 if take(*given.take, given.to, given.page) else 0
    failed = 0
    for theme in THEMES:
        for scale in SCALES:
            done = start_take(theme, scale, given.to, given.page)
            print(done.stdout, end="")
            if done.returncode:
                print("\n".join(line for line in done.stderr.splitlines() if "propagateSizeHints" not in line))
            failed += done.returncode != 0
    return 1 if failed else 0


def start_take(theme: str, scale: float, folder: Path, pages: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """One child process; its pictures go to `folder`."""
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        "QT_SCALE_FACTOR": f"{scale:g}",
        "QT_LOGGING_RULES": "*.info=false",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "app"), str(ROOT)]),
    }
    chosen = [word for page in pages for word in ("--page", page)]
    words = ["--to", str(folder), "--take", theme, f"{scale:g}", *chosen]
    command = [sys.executable, "-m", "tests.ui.screenshots", *words]
    return subprocess.run(command, env=environment, cwd=ROOT, check=False, capture_output=True, text=True)


def take(theme_name: str, scale: str, folder: Path, pages: Sequence[str]) -> int:
    """All pictures of one theme at one scale; the number of faults found."""
    from PySide6.QtWidgets import QApplication

    from tests.ui.gallery import pictures
    from wan22.system.paths import data_folder
    from wan22.ui.palette import contrast_ratio, text_pairs
    from wan22.ui.theme import Scheme, Theme

    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication(["screenshots"])
    theme = Theme(application, data_folder() / "resources", Scheme(theme_name))
    faults = [
        f"contrast of {name}" for name, ink, ground in text_pairs(theme.colours) if contrast_ratio(ink, ground) < 4.5
    ]
    with tempfile.TemporaryDirectory(prefix="wan22-") as work:
        os.environ["WAN22_HOME"] = work  # the recorded run is among the user's runs
        for name, picture, found in pictures(theme, Path(work), pages):
            path = folder / f"{name}-{theme_name}-{float(scale) * 100:.0f}.png"
            picture.save(str(path))
            print(path)
            faults += [f"{name}: {fault}" for fault in found]
    for fault in faults:
        print(f"FAULT {theme_name} {scale}: {fault}")
    return len(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
