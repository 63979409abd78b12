from pathlib import Path, PureWindowsPath

import pytest

from tests.unit.runs.facts import cold_job, stored_run
from wan22 import wiring
from wan22.audit.diagnostics_text import clean, tail
from wan22.audit.privacy import Privacy
from wan22.schema.events import ProblemFound, PromptOutcome, ServerSaid
from wan22.schema.problem import problem
from wan22.system.cancel import CancelToken
from wan22.wiring.diagnostics import diagnostics

PRIVACY = Privacy(PureWindowsPath(r"C:\Users\Ada"), "adas-pc")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (r"loading C:\Users\Ada\ComfyUI\main.py", r"loading ~\ComfyUI\main.py"),
        ("HF_TOKEN=hf_abcdefghijklmnop done", "HF_TOKEN=… done"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer …"),
        ('{"api_key": "s3cret", "x": 1}', '{"api_key": "…", "x": 1}'),
        ("used hf_abcdefghijkl for it", "used … for it"),
        ("GET http://ada:pw@host:8188/x?token=1", "GET http://…@host:8188/x?…"),
        ("host adas-pc is up", "host (this machine) is up"),
        ("12 tokens a second", "12 tokens a second"),
    ],
)
def test_a_line_without_names_and_secrets(text: str, left: str):
    assert clean(text, PRIVACY) == left


def test_the_end_of_a_log(tmp_path: Path):
    path = tmp_path / "x.log"
    assert tail(path) == ()
    path.write_bytes(b"\xff\xfe broken\n" + b"".join(b"line %d\r\n" % number for number in range(20_000)))
    assert tail(path, 2) == ("line 19998", "line 19999")


def test_everything_that_a_report_needs_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WAN22_URL", "http://ada:pw@gpu-box:8188")
    parts = wiring.parts()
    parts.folders.log.mkdir(parents=True)
    (parts.folders.log / "wan22.log").write_text(f"x password=hunter2\n{Path.home()}/secret\n", encoding="utf-8")
    fault = problem("out_of_memory", "The GPU has no memory left.", detail="Traceback\ntorch.OutOfMemoryError")
    job = [ServerSaid(time_s=1.0, line="pytorch version: 2.9.1"), *cold_job(2.0)]
    job.insert(-1, ProblemFound(time_s=5.0, problem=fault, fatal=True))
    stored_run(parts.folders.data / "runs", "2026-01-01_boat", job, outcome=PromptOutcome.error)
    text = diagnostics(parts, CancelToken())
    for words in (
        "wan22 ",
        "Python 3",
        "2026-01-01_boat",
        "outcome: error",
        "[out_of_memory]",
        "pytorch version: 2.9.1",
    ):
        assert words in text
    assert "url = http://…@gpu-box:8188 (WAN22_URL)" in text
    for secret in ("ada:pw", "hunter2", str(Path.home())):
        assert secret not in text


def test_a_broken_settings_file_is_in_the_text_and_not_in_its_way():
    parts = wiring.parts()
    parts.folders.config.mkdir(parents=True)
    (parts.folders.config / "settings.toml").write_text("port = [", encoding="utf-8")
    text = diagnostics(parts, CancelToken())
    assert "[Could not be read]" in text
    assert "[settings_invalid]" in text
