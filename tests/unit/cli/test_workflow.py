import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.comfy.ui_samples import CASES, case
from wan22.cli import main
from wan22.comfy.workflow import load_workflow

DEFINITIONS = str(CASES / "object_info.comfyui-0.25.0.subset.json")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAN22_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WAN22_COMFYUI", raising=False)


def _workflow(*arguments: object) -> int:
    return main.run(["workflow", *map(str, arguments)])


@pytest.mark.parametrize("name", ["subgraph_newest", "bypassed_subgraph", "subgraph_0_3_57"])
def test_convert_prints_the_api_form_and_nothing_else(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _workflow("convert", CASES / f"{name}.ui.json", "--object-info", DEFINITIONS) == 0
    assert json.loads(capsys.readouterr().out) == case(f"{name}.api.json")


def test_notes_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert _workflow("convert", CASES / "dynamic_prompt_and_comments.ui.json") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["93"]["inputs"]["text"] == "a red cat \nwalks  on"
    assert "comments and braces in 'text' were worked out" in printed.err


def test_the_shipped_definitions_are_enough_for_the_official_templates(capsys: pytest.CaptureFixture[str]) -> None:
    for path in sorted((CASES / "templates").glob("*.json")):
        assert _workflow("convert", path) == 0, path.name
        assert len(json.loads(capsys.readouterr().out)) >= 10


def test_convert_into_a_file_with_titles(tmp_path: Path) -> None:
    target = tmp_path / "ordner ä" / "out.json"
    assert _workflow("convert", CASES / "flat.ui.json", "--titles", "-o", target) == 0
    graph = load_workflow(target, []).graph
    assert graph["93"]["_meta"]["title"] == "CLIP Text Encode (Positive Prompt)"


def test_what_cannot_be_converted_ends_with_the_code_of_workflows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    node = {"id": 3, "type": "Mystery", "properties": {"cnr_id": "mystery-pack"}}
    path.write_text(json.dumps({"nodes": [node], "links": [], "version": 0.4}), encoding="utf-8")
    assert _workflow("convert", path) == 7
    assert "the node pack mystery-pack" in capsys.readouterr().err
    assert _workflow("convert", path, "--object-info", path) == 7
    assert "holds no node definitions" in capsys.readouterr().err
    assert _workflow("convert", path, "--object-info", path, "--url", "http://127.0.0.1:1") == 2


def _analysed(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert _workflow("analyse", *arguments, "--json") == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_analyse_in_three_ways(capsys: pytest.CaptureFixture[str]) -> None:
    document = _analysed(capsys, "wan22_baseline_reference")
    assert document["kind"] == "workflow_analysis"
    assert document["handovers"][0]["noise_ratio"] == pytest.approx(0.8333, abs=1e-3)
    assert _workflow("analyse", "wan22_baseline_reference") == 0
    text = capsys.readouterr().out
    assert "■ Pass 1 · high noise expert" in text
    assert "(--rule shifts_unequal)" in text
    assert _workflow("analyse", "wan22_baseline_reference", "--markdown") == 0
    assert capsys.readouterr().out.startswith("# Workflow analysis: wan22_baseline_reference\n")
    assert _workflow("analyse", "wan22_baseline_reference", "--markdown", "--json") == 2


def test_analyse_goes_on_with_classes_that_nobody_knows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workflow = case("flat.ui.json")
    for node in workflow["nodes"]:
        if node["type"] == "UNETLoader":
            node["type"] = "UnetLoaderGGUF"
    path = tmp_path / "gguf.json"
    path.write_text(json.dumps(workflow), encoding="utf-8")
    document = _analysed(capsys, path)
    assert "'UnetLoaderGGUF' is not known here" in document["not_understood"][0]
    assert [item["steps"] for item in document["passes"]] == [2, 2]


def test_fix_writes_a_copy_and_never_over_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "mended.json"
    arguments = ("fix", "wan22_baseline_reference", "--rule", "shifts_unequal", "--output", target)
    assert _workflow(*arguments) == 0
    assert "Give every pass the shift of the first one." in capsys.readouterr().out
    assert {item["rule"] for item in _analysed(capsys, target)["findings"]} == {"negative_without_effect"}
    before = target.read_bytes()
    assert _workflow(*arguments) == 2
    assert target.read_bytes() == before
    assert _workflow("fix", "wan22_i2v_two_pass", "--rule", "nothing", "-o", tmp_path / "b.json") == 7


def _installation(tmp_path: Path) -> Path:
    folder = tmp_path / "Comfy ÜI"
    (folder / "user" / "default" / "workflows" / "sub").mkdir(parents=True)
    (folder / "comfy").mkdir()
    for name in ("main.py", "nodes.py", "execution.py", "comfyui_version.py"):
        (folder / name).write_text("", encoding="utf-8")
    for name in ("b.json", "sub/A (2).json", ".hidden.json"):
        (folder / "user" / "default" / "workflows" / name).write_text("{}", encoding="utf-8")
    return folder


def test_list_names_what_the_editor_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _installation(tmp_path)
    assert _workflow("list", "--comfyui", folder) == 0
    printed = capsys.readouterr().out
    assert "sub/A (2).json" in printed
    assert "2 workflows in" in printed
    assert _workflow("list", "--comfyui", folder, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [Path(item).name for item in document["files"]] == ["b.json", "A (2).json"]


def test_list_without_an_installation_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert _workflow("list") == 5
    assert "--comfyui" in capsys.readouterr().err


def test_lora_files_of_an_installation_are_looked_into(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _installation(tmp_path)
    (folder / "models" / "loras").mkdir(parents=True)
    entry = {"dtype": "F16", "shape": [4, 3072], "data_offsets": [0, 0]}
    names = ("lora_down", "lora_up")
    header = json.dumps({f"diffusion_model.blocks.0.self_attn.q.{name}.weight": entry for name in names}).encode()
    lora = folder / "models" / "loras" / "wan2.2_i2v_lightx2v_4steps_lora_v1_high_noise.safetensors"
    lora.write_bytes(len(header).to_bytes(8, "little") + header)
    document = _analysed(capsys, "wan22_i2v_two_pass", "--comfyui", folder)
    (found,) = (item for item in document["findings"] if item["rule"] == "lora_does_not_fit")
    assert "made for Wan 2.2 5B" in found["message"]
