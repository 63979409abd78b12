"""The wheel, installed on its own, works from any folder: its data travels inside the package."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    built = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, timeout=110)
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


def test_it_holds_one_package_and_its_data(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"wan22"}
    for part in ("profiles/rtx5090.toml", "workflows/wan22_i2v_two_pass.json", "resources/start_image.png"):
        assert f"wan22/_data/{part}" in names


def test_it_runs_from_any_folder(wheel: Path, tmp_path: Path):
    site, elsewhere = tmp_path / "site", tmp_path / "anderer Ordner ü"
    elsewhere.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    for arguments in (["--version"], ["profiles", "list", "--json"], ["runs", "list", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "wan22", *arguments],
            cwd=elsewhere,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        if arguments[0] == "profiles":
            listed = [json.loads(line) for line in done.stdout.splitlines()]
            assert "rtx5090" in json.dumps(listed)
    where = subprocess.run(
        [sys.executable, "-c", "import wan22; print(wan22.__file__)"],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert Path(where.stdout.strip()).is_relative_to(site), "the installed copy must have been the one that ran"
