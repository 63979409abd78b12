from pathlib import Path

from wan22.system.drain import CappedLog, earlier_log
from wan22.system.log_tail import LogTail


def test_the_first_look_gives_everything_and_the_next_what_is_new(tmp_path: Path):
    path = tmp_path / "server.log"
    tail = LogTail(path)
    assert tail.read() == b""
    earlier_log(path).write_bytes(b"old ")
    path.write_bytes(b"one ")
    assert tail.read() == b"old one "
    assert tail.read() == b""
    with path.open("ab") as file:
        file.write(b"two ")
    assert tail.read() == b"two "


def test_nothing_is_lost_when_the_file_is_set_aside(tmp_path: Path):
    path = tmp_path / "server.log"
    log, tail, seen = CappedLog(path, 60), LogTail(path), b""
    said = [f"{number:09d}\n".encode() for number in range(40)]
    for number, line in enumerate(said):
        log.write(line)
        if number % 4 == 3:
            seen += tail.read()
    log.close()
    assert seen == b"".join(said)


def test_a_file_that_became_shorter_is_followed_from_its_end(tmp_path: Path):
    path = tmp_path / "server.log"
    path.write_bytes(b"0123456789")
    tail = LogTail(path)
    tail.read()
    with path.open("r+b") as file:
        file.truncate(4)
    assert tail.read() == b""
    with path.open("ab") as file:
        file.write(b"new")
    assert tail.read() == b"new"
