from pathlib import Path

from wan22.comfy.model_places import flag_paths, model_places
from wan22.schema.model_file import ModelFile

LORA = ModelFile(file="a.safetensors", folder="models/loras")
EXPERT = ModelFile(file="e.safetensors", folder="models/diffusion_models")
RIFE = ModelFile(file="rife49.pth", folder="custom_nodes/ComfyUI-Frame-Interpolation/ckpts/rife")


def yaml(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_own_folders_in_the_order_of_comfyui(tmp_path: Path) -> None:
    places = model_places(tmp_path)
    models = tmp_path / "models"
    assert [folder.path for folder in places.folders("unet")] == [
        models / "unet",
        models / "diffusion_models",
        tmp_path / "output" / "diffusion_models",
    ]
    assert [folder.path for folder in places.folders("text_encoders")] == [
        models / "text_encoders",
        models / "clip",
        tmp_path / "output" / "clip",
    ]
    assert places.target(EXPERT) == models / "diffusion_models" / "e.safetensors"


def test_extra_folders_go_behind_unless_they_are_the_default(tmp_path: Path) -> None:
    yaml(tmp_path / "extra_model_paths.yaml", "a:\n  base_path: /big\n  loras: |\n    one\n    two\n")
    given = yaml(tmp_path / "more.yaml", "b:\n  base_path: /fast\n  is_default: true\n  loras: x\n  unet: u\n")
    places = model_places(tmp_path, configs=[given])
    assert [folder.path for folder in places.folders("loras")] == [
        Path("/fast/x"),
        tmp_path / "models" / "loras",
        Path("/big/one"),
        Path("/big/two"),
        tmp_path / "output" / "loras",
    ]
    assert places.folders("loras")[0].config == given
    assert places.target(LORA) == Path("/fast/x/a.safetensors")
    assert places.target(EXPERT) == Path("/fast/u/e.safetensors")


def test_an_own_folder_named_again_only_moves_to_the_front(tmp_path: Path) -> None:
    yaml(tmp_path / "extra_model_paths.yaml", "a:\n  is_default: yes\n  unet: models/diffusion_models\n")
    folders = model_places(tmp_path).folders("diffusion_models")
    assert [folder.path.name for folder in folders] == ["diffusion_models", "unet", "diffusion_models"]
    assert folders[0].config is None


def test_directories_of_the_flags(tmp_path: Path) -> None:
    base, models, output = tmp_path / "base", tmp_path / "disk", tmp_path / "out"
    places = model_places(tmp_path / "comfy", base=base, models=models, output=output)
    assert places.target(LORA) == models / "loras" / "a.safetensors"
    assert places.target(RIFE).is_relative_to(base / "custom_nodes")
    assert places.folders("loras")[-1].path == output / "loras"
    assert model_places(tmp_path / "comfy", base=base).target(LORA) == base / "models" / "loras" / "a.safetensors"


def test_a_node_pack_is_found_in_any_spelling(tmp_path: Path) -> None:
    places = model_places(tmp_path)
    assert places.pack_folder(RIFE) is None
    pack = tmp_path / "custom_nodes" / "comfyui-frame-interpolation"
    pack.mkdir(parents=True)
    assert places.pack_folder(RIFE) == pack
    assert places.target(RIFE) == pack / "ckpts" / "rife" / "rife49.pth"
    assert places.pack_folder(LORA) is None


def test_a_broken_yaml_is_left_out_and_named(tmp_path: Path) -> None:
    yaml(tmp_path / "extra_model_paths.yaml", "a: [")
    places = model_places(tmp_path, configs=[tmp_path / "gone.yaml"])
    assert [found.code for found in places.problems] == ["model_paths_invalid", "file_unreadable"]
    assert places.target(LORA) == tmp_path / "models" / "loras" / "a.safetensors"


def test_roots_hold_every_folder(tmp_path: Path) -> None:
    yaml(tmp_path / "extra_model_paths.yaml", "a:\n  base_path: /big\n  loras: l\n  custom_nodes: packs\n")
    roots = model_places(tmp_path).roots()
    assert Path("/big/l") in roots
    assert Path("/big/packs") not in roots
    assert tmp_path / "models" in roots


def test_paths_of_flags() -> None:
    flags = {"--base-directory": "b", "--extra-model-paths-config": ("one.yaml", "/two.yaml"), "--cpu": True}
    assert flag_paths(flags, Path("/work")) == {
        "--base-directory": (Path("/work/b"),),
        "--extra-model-paths-config": (Path("/work/one.yaml"), Path("/two.yaml")),
        "--cpu": (),
    }
