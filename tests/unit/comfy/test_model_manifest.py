import json
from pathlib import Path

import pytest

from tests.unit.comfy.graph_samples import WORKFLOWS, manifest, shipped
from wan22.comfy.graph_edit import models_of
from wan22.comfy.model_manifest import load_model_manifest
from wan22.schema.model_file import ModelFile
from wan22.schema.problem import AppError


def test_every_file_of_the_shipped_graphs_is_known_with_size_digest_and_address() -> None:
    models = manifest()
    for name in models_of(shipped()).values():
        entry = models.by_file(name)
        assert entry is not None
        assert entry.baseline
        assert entry.bytes
        assert entry.sha256
        assert entry.url is not None
        assert entry.url.endswith(name)
    assert sum(
        entry.bytes or 0 for entry in models.models if entry.folder.startswith("models/") and entry.baseline
    ) == (2 * 14_294_742_832 + 2 * 1_226_977_424 + 6_735_906_897 + 253_815_318)


def test_file_is_found_below_sub_folders_in_any_spelling() -> None:
    models = manifest()
    assert models.by_file("Wan\\WAN_2.1_vae.safetensors") == models.by_file("wan_2.1_vae.safetensors")
    assert models.by_file("nothing.safetensors") is None


def test_where_a_file_belongs() -> None:
    folder = Path("Comfy UI") / "models"
    lora = ModelFile(file="a.safetensors", folder="models/loras")
    rife = ModelFile(file="rife49.pth", folder="custom_nodes/ComfyUI-Frame-Interpolation/ckpts/rife")
    assert lora.path_below(folder) == folder / "loras" / "a.safetensors"
    assert rife.path_below(folder) == Path("Comfy UI").joinpath(*rife.folder.split("/"), "rife49.pth")


@pytest.mark.parametrize(
    ("change", "place"),
    [({"bytes": -1}, "models.0.bytes"), ({"sha256": "abc"}, "models.0.sha256"), ({"sice": 1}, "models.0.sice")],
)
def test_a_wrong_entry_is_named(tmp_path: Path, change: dict[str, object], place: str) -> None:
    path = tmp_path / "models.json"
    entry = {"file": "a", "folder": "models/vae", **change}
    path.write_text(json.dumps({"format": 1, "models": [entry]}), encoding="utf-8")
    with pytest.raises(AppError) as caught:
        load_model_manifest(path)
    assert caught.value.problem.code == "manifest_invalid"
    assert place in caught.value.problem.message


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(AppError) as caught:
        load_model_manifest(tmp_path / "gone.json")
    assert caught.value.problem.code == "file_unreadable"
    (tmp_path / "b.json").write_bytes(b"\xff\xfe")
    with pytest.raises(AppError) as caught:
        load_model_manifest(tmp_path / "b.json")
    assert caught.value.problem.code == "manifest_invalid"
    assert load_model_manifest(WORKFLOWS / "models.json").format == 1
