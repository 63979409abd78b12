import ntpath
from pathlib import Path

import pytest

from wan22.comfy.extra_model_paths import ExtraFolder, own_config, read_extra_folders
from wan22.schema.problem import AppError


def written(folder: Path, text: str, name: str = "extra_model_paths.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_sections_lines_and_defaults(tmp_path: Path) -> None:
    config = written(
        tmp_path / "mödels here",
        "one:\r\n"
        "    base_path: shared\r\n"
        "    is_default: true\r\n"
        "    unet: |\r\n"
        "        models/unet/\r\n"
        f"        {tmp_path.as_posix()}/elsewhere\r\n"
        "    loras: ../loras\r\n"
        "empty:\r\n"
        "two:\r\n"
        "    vae: vae\r\n",
    )
    home = config.parent
    assert read_extra_folders(config) == (
        ExtraFolder("unet", home / "shared" / "models" / "unet", True, config),
        ExtraFolder("unet", tmp_path / "elsewhere", True, config),
        ExtraFolder("loras", home / "loras", True, config),
        ExtraFolder("vae", home / "vae", False, config),
    )


def test_home_and_variables_count_in_the_base_path_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "me"))
    monkeypatch.setenv("MODEL_DISK", "big disk")
    config = written(tmp_path, "a:\n  base_path: ~/$MODEL_DISK\n  loras: $MODEL_DISK/~\n")
    assert read_extra_folders(config)[0].path == tmp_path / "me" / "big disk" / "$MODEL_DISK" / "~"


def test_a_file_of_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DISK", "D:\\Modelle")
    config = written(tmp_path, "a:\n  base_path: '%MODEL_DISK%\\ComfyUI'\n  loras: models/loras/\n  vae: E:\\vae\n")
    assert [str(folder.path) for folder in read_extra_folders(config, ntpath)] == [
        "D:\\Modelle\\ComfyUI\\models\\loras",
        "E:\\vae",
    ]


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "\ufeffa:\n"])
def test_a_file_that_adds_nothing(tmp_path: Path, text: str) -> None:
    assert read_extra_folders(written(tmp_path, text)) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a:\n\tloras: x\n", "in line 2"),
        ('a:\n  base_path: "C:\\models"\n', "in line 2"),
        ("- a\n- b\n", "sections with a name are expected"),
        ("a: models\n", "'a' must hold lines"),
        ("a:\n  loras:\n    - one\n", "'loras' of 'a' is ['one']"),
        ("a:\n  loras:\n", "'loras' of 'a' is None"),
        ("a:\n  base_path: 3\n", "base_path of 'a' is 3"),
        ("a: !!python/object/apply:os.system ['true']\n", "could not determine a constructor"),
    ],
)
def test_what_comfyui_would_stumble_over_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(AppError) as caught:
        read_extra_folders(written(tmp_path, text))
    assert caught.value.problem.code == "model_paths_invalid"
    assert words in caught.value.problem.message


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(AppError) as caught:
        read_extra_folders(tmp_path / "gone.yaml")
    assert caught.value.problem.code == "file_unreadable"
    (tmp_path / "b.yaml").write_bytes(b"a: \xff\n")
    with pytest.raises(AppError) as caught:
        read_extra_folders(tmp_path / "b.yaml")
    assert caught.value.problem.code == "model_paths_invalid"


def test_the_newer_name_counts_only_where_comfyui_knows_it(tmp_path: Path) -> None:
    assert own_config(tmp_path) is None
    older = written(tmp_path, "")
    newer = written(tmp_path, "", "extra_paths.yaml")
    assert own_config(tmp_path) == older
    (tmp_path / "main.py").write_text('join(folder, "extra_model_paths.yaml")', encoding="utf-8")
    assert own_config(tmp_path) == older
    (tmp_path / "main.py").write_text('join(folder, "extra_paths.yaml")', encoding="utf-8")
    assert own_config(tmp_path) == newer
