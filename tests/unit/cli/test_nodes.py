import json
from pathlib import Path

import pytest

from tests.fakes.comfy_server import FakeComfy
from wan22.cli.exit_codes import ExitCode
from wan22.cli.main import run


@pytest.fixture
def comfyui(tmp_path: Path) -> Path:
    folder = tmp_path / "Comfy UI"
    for name in ("comfy", "comfy_extras", "custom_nodes"):
        (folder / name).mkdir(parents=True)
    (folder / "main.py").write_text("", encoding="utf-8")
    (folder / "nodes.py").write_text('X = {"LoadImage": 1, "SaveImage": 1}\n', encoding="utf-8")
    return folder


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    path = tmp_path / "work flow.json"
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        "2": {"class_type": "RIFE VFI", "inputs": {"frames": ["1", 0]}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}},
    }
    path.write_text(json.dumps(graph), encoding="utf-8")
    return path


def test_check_names_what_a_workflow_lacks(comfyui: Path, workflow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["nodes", "check", str(workflow), "--comfyui", str(comfyui)])

    out = capsys.readouterr().out
    assert code == ExitCode.workflow
    assert "ComfyUI-Frame-Interpolation" in out
    assert "not installed" in out
    assert "nodes install comfyui-frame-interpolation" in out


def test_check_as_json(comfyui: Path, workflow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (comfyui / "custom_nodes" / "ComfyUI-Frame-Interpolation").mkdir()

    code = run(["nodes", "check", str(workflow), "--comfyui", str(comfyui), "--json"])

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == ExitCode.ok
    assert [(one["need"]["name"], one["state"]) for one in found] == [
        ("ComfyUI", "core"),
        ("ComfyUI-Frame-Interpolation", "on_disk"),
    ]


def test_check_asks_a_running_server(workflow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeComfy() as server:
        code = run(["nodes", "check", str(workflow), "--url", server.url, "--json"])

    found = {one["need"]["name"]: one["state"] for one in map(json.loads, capsys.readouterr().out.splitlines())}
    assert code == ExitCode.workflow
    assert found["ComfyUI-Frame-Interpolation"] == "absent"


def test_all_packs_without_a_workflow(comfyui: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (comfyui / "custom_nodes" / "my-pack.disabled").mkdir()

    assert run(["nodes", "check", "--comfyui", str(comfyui)]) == ExitCode.ok

    out = capsys.readouterr().out
    assert "my-pack" in out
    assert "disabled" in out


def test_disable_renames_the_folder(comfyui: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (comfyui / "custom_nodes" / "ComfyUI-KJNodes").mkdir()

    assert run(["nodes", "disable", "comfyui-kjnodes", "--comfyui", str(comfyui)]) == ExitCode.ok
    assert [path.name for path in (comfyui / "custom_nodes").iterdir()] == ["ComfyUI-KJNodes.disabled"]
    assert run(["nodes", "disable", "comfyui-kjnodes", "--comfyui", str(comfyui)]) == ExitCode.ok
    assert "disabled already" in capsys.readouterr().out
    assert run(["nodes", "disable", "gone", "--comfyui", str(comfyui)]) == ExitCode.installation


@pytest.mark.parametrize(
    "pack", ["ext::sh -c id", "file:///etc", "no-such-pack", "a/b@--evil", "http://example.com/a/b"]
)
def test_hostile_packs_are_refused_before_anything(
    comfyui: Path, pack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["nodes", "install", pack, "--yes", "--comfyui", str(comfyui)]) == ExitCode.usage
    assert list((comfyui / "custom_nodes").iterdir()) == []
    assert "Traceback" not in capsys.readouterr().err


def test_manager_needs_a_server(comfyui: Path) -> None:
    words = ["nodes", "install", "comfyui-kjnodes", "--manager", "--comfyui", str(comfyui)]
    assert run(words) == ExitCode.usage
