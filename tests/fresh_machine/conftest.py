"""When these tests run, and the bare systems that they share."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fresh_machine import bare_root

WANTED = os.environ.get("WAN22_FRESH_MACHINE", "")
"""`1` for the Debian release that runs here, or names of releases: `bookworm,trixie`."""
WINDOWS_PYTHON = os.environ.get("WAN22_WINE_PYTHON", "")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "wine: start.bat under Wine; WAN22_WINE_PYTHON names a Windows Python's folder")


def suites() -> list[str]:
    if not WANTED or not sys.platform.startswith("linux"):
        return []
    return [bare_root.codename()] if WANTED == "1" else WANTED.split(",")


def why_not() -> str:
    """Why no bare system can be made here, or nothing."""
    if not WANTED:
        return "WAN22_FRESH_MACHINE is not set (it takes minutes and root)"
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "making a bare Debian needs root"
    if not shutil.which("debootstrap") and not shutil.which("apt-get"):
        return "debootstrap is not installed, and there is no apt to install it"
    return "" if shutil.which("unshare") else "unshare is not installed"


@pytest.fixture(scope="session", params=suites() or ["none"])
def bare_system(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A bare system of one release; nobody changes it."""
    if reason := why_not():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="wan22-bare-"))
    try:
        bare_root.make(folder / "base", request.param)
        yield folder / "base"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def machine(bare_system: Path, tmp_path: Path) -> Iterator[bare_root.BareRoot]:
    """A bare system of the test's own, with the panel's files in it."""
    with bare_root.copy_of(bare_system, tmp_path / "root") as copy:
        yield copy
