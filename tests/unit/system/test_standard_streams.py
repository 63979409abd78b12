import io
import os
import subprocess
import sys

import pytest

from wan22.system.standard_streams import use_utf8


class Screen(io.BytesIO):
    def isatty(self) -> bool:
        return True


def test_what_a_program_reads_is_utf8():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252", newline="\n")
    use_utf8(stream, {})
    stream.write("Künstliche 画\n")
    stream.flush()
    assert raw.getvalue() == "Künstliche 画\n".encode()


@pytest.mark.parametrize(
    ("raw", "environment"), [(Screen(), {}), (io.BytesIO(), {"PYTHONIOENCODING": "cp437"})], ids=["screen", "wish"]
)
def test_a_screen_and_a_wish_keep_their_encoding(raw: io.BytesIO, environment: dict[str, str]):
    stream = io.TextIOWrapper(raw, encoding="cp437")
    use_utf8(stream, environment)
    assert stream.encoding == "cp437"


def test_a_program_without_streams_is_left_alone():
    use_utf8(None, {})


def test_json_into_a_pipe_is_utf8():
    names = ("PYTHONUTF8", "PYTHONIOENCODING")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    command = [sys.executable, "-X", "utf8=0", "-m", "wan22", "profiles", "show", "画ü", "--json"]
    ended = subprocess.run(command, capture_output=True, env=environment, check=False, timeout=60)
    assert "画ü" in ended.stdout.decode("utf-8")
