"""The file that a helper writes; the helper at work is tried in tests/end_to_end/test_released_process.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from wan22.system.drain import CappedLog, earlier_log


def test_imports_only_the_standard_library():
    script = "import sys; import wan22.system.drain; print({'pydantic', 'psutil'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()", done.stderr


def test_the_hidden_command_copies_to_the_end(tmp_path: Path):
    log = tmp_path / "Größe 画.log"
    log.write_bytes(b"before\n")
    said = b"line \xff\r\n" * 50_000
    done = subprocess.run(
        [sys.executable, "-P", "-m", "wan22", "__drain", str(log)], input=said, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"ready\n", b"")
    assert log.read_bytes() == b"before\n" + said


def test_a_full_file_is_set_aside_once(tmp_path: Path):
    path = tmp_path / "server.log"
    log = CappedLog(path, 100)
    for number in range(25):
        log.write(f"{number:09d}\n".encode())
    log.close()
    assert path.read_bytes().splitlines() == [f"{number:09d}".encode() for number in range(20, 25)]
    assert earlier_log(path).read_bytes().splitlines() == [f"{number:09d}".encode() for number in range(10, 20)]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["server.log", "server.log.1"]


def test_what_cannot_be_written_is_left_out_and_noted(tmp_path: Path):
    path = tmp_path / "later" / "server.log"
    log = CappedLog(path, 1000)
    log.write(b"lost\n")
    log.write(b"too\n")
    path.parent.mkdir()
    log.write(b"kept\n")
    log.close()
    assert path.read_text(encoding="utf-8").splitlines() == [
        "",
        "(9 bytes of output are missing here: they could not be written.)",
        "kept",
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_does_not_stop_the_reading():
    done = subprocess.run(
        [sys.executable, "-P", "-m", "wan22", "__drain", "/dev/full"],
        input=b"x" * 300_000,
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
