import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.file_server import Act, FileServer
from wan22.cli.exit_codes import ExitCode
from wan22.cli.main import run
from wan22.comfy.model_manifest import ModelManifest

CONTENT = hashlib.shake_256(b"cli").digest(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CHILD = """
import sys
from pathlib import Path
import wan22.wiring.models as wired
from wan22.cli.main import program
from wan22.comfy.model_manifest import load_model_manifest

wired.load_model_manifest = lambda _path: load_model_manifest(Path(sys.argv[1]))
sys.exit(program(sys.argv[2:]))
"""


def manifest(url: str) -> ModelManifest:
    return ModelManifest.model_validate(
        {
            "models": [
                {
                    "file": "high.safetensors",
                    "folder": "models/diffusion_models",
                    "url": f"{url}/high.safetensors",
                    "bytes": len(CONTENT),
                    "sha256": SHA256,
                    "baseline": True,
                    "licence": "Apache-2.0",
                },
                {
                    "file": "extra.safetensors",
                    "folder": "models/loras",
                    "url": f"{url}/extra.safetensors",
                    "sha256": SHA256,
                },
                {
                    "file": "rife49.pth",
                    "folder": "custom_nodes/Pack/ckpts",
                    "url": f"{url}/rife49.pth",
                    "baseline": True,
                },
            ]
        }
    )


class Scene:
    def __init__(self, folder: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.comfyui = folder / "Comfy Ünd UI"
        (self.comfyui / "comfy").mkdir(parents=True)
        (self.comfyui / "main.py").write_text("", encoding="utf-8")
        (self.comfyui / "nodes.py").write_text("", encoding="utf-8")
        (self.comfyui / "comfy" / "cli_args.py").write_text('add("--base-directory")', encoding="utf-8")
        self.high = self.comfyui / "models" / "diffusion_models" / "high.safetensors"
        monkeypatch.setenv("WAN22_COMFYUI", str(self.comfyui))
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.delenv("HF_ENDPOINT", raising=False)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("wan22.wiring.models.load_model_manifest", lambda _path: manifest(server.url))

    def put(self, path: Path, content: bytes = CONTENT) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with FileServer(CONTENT) as server:
        yield Scene(tmp_path, server, monkeypatch)


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_check_names_what_is_missing_and_how_it_comes(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "check"]) == ExitCode.workflow
    text = capsys.readouterr().out
    assert "✕ high.safetensors" in text
    assert "It belongs into" in text
    assert "1 file to fetch, 0.3 MB: wan22 models fetch" in text
    assert scene.server.asked == []


def test_check_is_content_when_the_needed_files_are_here(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.put(scene.high)
    assert run(["models", "check"]) == ExitCode.ok
    text = capsys.readouterr().out
    assert "✓ Every file that is needed is here." in text
    assert "models check --hash" in text
    assert run(["models", "check", "--hash"]) == ExitCode.ok
    assert "present, verified" in capsys.readouterr().out
    assert run(["models", "check"]) == ExitCode.ok
    assert "models check --hash" not in capsys.readouterr().out


def test_check_for_programs(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.put(scene.high, bytes(len(CONTENT)))
    assert run(["models", "check", "--json"]) == ExitCode.ok
    high, extra, rife = documents(capsys.readouterr().out)
    assert (high["kind"], high["state"], high["usable"], high["verified"]) == ("model_status", "present", True, None)
    assert (extra["state"], extra["needed"], rife["pack_missing"]) == ("missing", False, True)
    assert run(["models", "check", "--hash", "--json", "high"]) == ExitCode.workflow
    (high,) = documents(capsys.readouterr().out)
    assert (high["state"], high["verified"], high["path"]) == ("wrong_hash", False, str(scene.high))


def test_a_broken_yaml_does_not_hide_the_files(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.put(scene.high)
    (scene.comfyui / "extra_model_paths.yaml").write_text("a: [", encoding="utf-8")
    assert run(["models", "check"]) == ExitCode.ok
    shown = capsys.readouterr()
    assert "[model_paths_invalid]" in shown.err
    assert "✓ high.safetensors" in shown.out


def test_folders_of_the_profile_are_looked_into(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(os.environ["WAN22_HOME"]) / "config" / "profiles"
    folder.mkdir(parents=True)
    elsewhere = tmp_path / "other base"
    (folder / "mine.toml").write_text(
        f'extends = "cpu"\n[flags.--base-directory]\nvalue = {json.dumps(str(elsewhere))}\nnote = "x"\n'
        'read_by = "ComfyUI"\n[flags.--models-directory]\nvalue = "/nowhere"\nnote = "x"\nread_by = "ComfyUI"\n',
        encoding="utf-8",
    )
    path = scene.put(elsewhere / "models" / "diffusion_models" / "high.safetensors")
    assert run(["models", "check", "--profile", "mine", "--json", "high"]) == ExitCode.ok
    # This ComfyUI does not know --models-directory: a launch leaves it out, and so does the search.
    assert documents(capsys.readouterr().out)[0]["path"] == str(path)


def test_without_a_comfyui_it_says_what_to_do(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WAN22_COMFYUI")
    assert run(["models", "check"]) == ExitCode.installation
    assert "wan22 models check --comfyui" in capsys.readouterr().err


def test_fetch_asks_first_and_refuses_where_nobody_can_answer(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "fetch"]) == ExitCode.usage
    shown = capsys.readouterr()
    assert "To fetch: 1 file, 0.3 MB" in shown.out
    assert "Apache-2.0" in shown.out
    assert f"from {scene.server.url.removeprefix('http://')}" in shown.out
    assert "are free" in shown.out
    assert "[download_not_agreed]" in shown.err
    assert run(["models", "fetch", "--json"]) == ExitCode.usage
    assert documents(capsys.readouterr().out)[-1]["problem"]["code"] == "download_not_agreed"
    assert scene.server.asked == []


def test_fetch_brings_what_is_needed(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "fetch", "--yes"]) == ExitCode.ok
    assert scene.high.read_bytes() == CONTENT
    assert [one.path for one in scene.server.asked] == ["/high.safetensors"]
    assert "✓ high.safetensors · 0.3 MB · its content is verified" in capsys.readouterr().out
    assert run(["models", "fetch", "--yes"]) == ExitCode.ok
    assert "Nothing to fetch" in capsys.readouterr().out
    assert run(["models", "check"]) == ExitCode.ok
    assert "present, verified" in capsys.readouterr().out


def test_fetch_tells_programs_its_facts(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "fetch", "--yes", "--json", "extra"]) == ExitCode.ok
    lines = documents(capsys.readouterr().out)
    assert lines[0]["kind"] == "model_fetch_started"
    assert {line["kind"] for line in lines[1:-2]} == {"model_fetch_advanced"}
    assert (lines[-2]["kind"], lines[-2]["outcome"], lines[-2]["sha256"]) == ("model_file_ended", "fetched", SHA256)
    assert (lines[-1]["kind"], lines[-1]["fetched"], lines[-1]["problem"]) == ("model_fetch_ended", 1, None)


def test_a_failed_fetch_has_the_exit_code_of_its_problem(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.server.acts = [Act(status=404, body=b"")]
    assert run(["models", "fetch", "--yes"]) == ExitCode.machine
    shown = capsys.readouterr()
    assert "✕ high.safetensors" in shown.out
    assert shown.err.count("[download_failed]") == 1
    scene.server.acts = [Act(corrupt_at=5)]
    assert run(["models", "fetch", "--yes", "--json"]) == ExitCode.machine
    assert documents(capsys.readouterr().out)[-1]["problem"]["code"] == "download_corrupt"


def test_fetch_from_a_mirror(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    with FileServer(CONTENT) as mirror:
        assert run(["models", "fetch", "--yes", "--mirror", f"{mirror.url}/m/{{file}}"]) == ExitCode.ok
        assert [one.path for one in mirror.asked] == ["/m/high.safetensors"]
    assert scene.server.asked == []
    assert run(["models", "fetch", "--mirror", "nonsense", "extra"]) == ExitCode.usage
    assert "'nonsense' is not the address of a mirror" in capsys.readouterr().err


def test_a_file_of_a_pack_that_is_not_there_is_not_fetched(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "fetch", "--yes", "rife49"]) == ExitCode.installation
    assert "[model_pack_missing]" in capsys.readouterr().err
    assert not (scene.comfyui / "custom_nodes").exists()


def test_an_unknown_name(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "fetch", "--yes", "nothing"]) == ExitCode.usage
    assert "There is no model file 'nothing'" in capsys.readouterr().err


def test_an_unusable_token_is_refused_and_not_shown(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_geheim\u00e4")
    assert run(["models", "fetch", "--yes"]) == ExitCode.usage
    shown = capsys.readouterr()
    assert "HF_TOKEN" in shown.err
    assert "geheim" not in shown.err + shown.out


def test_a_file_in_the_wrong_folder_is_moved_not_fetched(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    path = scene.put(scene.comfyui / "models" / "checkpoints" / "high.safetensors")
    assert run(["models", "check"]) == ExitCode.workflow
    assert "1 file to move: wan22 models move" in capsys.readouterr().out
    assert run(["models", "fetch", "--yes", "high"]) == ExitCode.workflow
    assert "[model_elsewhere]" in capsys.readouterr().err
    assert run(["models", "move"]) == ExitCode.usage
    assert path.exists()
    assert run(["models", "move", "--yes"]) == ExitCode.ok
    assert (scene.high.read_bytes() == CONTENT, path.exists()) == (True, False)
    assert run(["models", "move", "--yes"]) == ExitCode.ok
    assert "Nothing to move" in capsys.readouterr().out


def started(tmp_path: Path, scene: Scene, *words: str, **options: Any) -> "subprocess.Popen[bytes]":
    file = tmp_path / "list.json"
    file.write_text(manifest(scene.server.url).model_dump_json(), encoding="utf-8")
    return subprocess.Popen([sys.executable, "-c", CHILD, str(file), "models", "fetch", *words], **options)


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo terminal")
@pytest.mark.parametrize(("answer", "code", "there"), [(b"y\n", 0, True), (b"\n", 130, False), (b"\x04", 130, False)])
def test_in_a_terminal_it_asks(tmp_path: Path, scene: Scene, answer: bytes, code: int, there: bool) -> None:
    import pty

    ours, theirs = pty.openpty()
    with started(tmp_path, scene, stdin=theirs, stdout=theirs, stderr=theirs) as child:
        os.close(theirs)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, answer)
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        assert child.wait(20) == code
    os.close(ours)
    assert b"Fetch 1 file?" in shown
    assert scene.high.exists() == there


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_keeps_what_has_arrived(tmp_path: Path, scene: Scene) -> None:
    import threading

    hold = threading.Event()
    scene.server.acts = [Act(drop_after=100_000, hold=hold)]
    part = scene.high.with_name("high.safetensors.part")
    with started(tmp_path, scene, "--yes", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        deadline = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size == 100_000) and time.monotonic() < deadline:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)
        hold.set()
    assert child.returncode == ExitCode.cancelled, (out, err)
    assert b"what has arrived is kept" in out
    assert b"[cancelled]" in err
    assert part.stat().st_size == 100_000
    assert run(["models", "fetch", "--yes"]) == ExitCode.ok
    assert scene.server.asked[-1].headers["range"] == "bytes=100000-"
    assert scene.high.read_bytes() == CONTENT
