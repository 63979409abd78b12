from pathlib import Path

from wan22.launch.pack_folder import core_classes, find_pack, installed_packs, names_in_sources, write_mark

COMMIT = "a" * 40


def git_pack(folder: Path, url: str) -> None:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text(f"{COMMIT}\n", encoding="utf-8")
    text = f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {url}\n\tfetch = +refs/heads/*\n'
    (folder / ".git" / "config").write_text(text, encoding="utf-8")


def test_packs_of_every_kind(tmp_path: Path) -> None:
    git_pack(tmp_path / "ComfyUI-KJNodes", "git@github.com:kijai/ComfyUI-KJNodes.git")
    (tmp_path / "comfyui-x").mkdir()
    (tmp_path / "comfyui-x" / "pyproject.toml").write_text(
        '[project]\nname = "comfyui-x"\nversion = "1.2"\n', encoding="utf-8"
    )
    (tmp_path / "off.disabled").mkdir()
    (tmp_path / ".disabled" / "old@1_0").mkdir(parents=True)
    (tmp_path / "unpacked").mkdir()
    write_mark(tmp_path / "unpacked", "https://example.com/a/unpacked", COMMIT)
    for name in (".wan22-new-1.disabled", "__pycache__"):
        (tmp_path / name).mkdir()
    (tmp_path / "one_file.py").write_text("", encoding="utf-8")
    (tmp_path / "websocket_image_save.py").write_text("", encoding="utf-8")

    found = {pack.name: pack for pack in installed_packs([tmp_path, tmp_path / "gone"])}

    assert set(found) == {"ComfyUI-KJNodes", "comfyui-x", "off", "old@1_0", "unpacked", "one_file"}
    assert found["ComfyUI-KJNodes"].commit == COMMIT
    assert found["ComfyUI-KJNodes"].is_git
    assert (found["comfyui-x"].id, found["comfyui-x"].version) == ("comfyui-x", "1.2")
    assert not found["off"].is_enabled
    assert not found["old@1_0"].is_enabled
    assert found["unpacked"].commit == COMMIT
    assert not found["unpacked"].is_git


def test_pack_is_found_by_identity_address_or_name(tmp_path: Path) -> None:
    git_pack(tmp_path / "renamed", "https://github.com/kijai/ComfyUI-KJNodes")
    (tmp_path / "old@1_0.disabled").mkdir()
    packs = installed_packs([tmp_path])

    by_url = find_pack(packs, identity=None, url="https://github.com/Kijai/comfyui-kjnodes.git", names=[])
    assert by_url is not None
    assert by_url.name == "renamed"
    assert find_pack(packs, identity="old", url=None, names=[]) is not None
    assert find_pack(packs, identity=None, url=None, names=["Renamed"]) is not None
    assert find_pack(packs, identity="other", url=None, names=[""]) is None


def test_broken_files_of_a_pack_say_nothing(tmp_path: Path) -> None:
    pack = tmp_path / "broken"
    git_pack(pack, "x")
    (pack / ".git" / "config").write_bytes(b"\xff\xfe[[[\x00")
    (pack / "pyproject.toml").write_text("[project\nname = ", encoding="utf-8")

    (found,) = installed_packs([tmp_path])

    assert (found.url, found.id, found.version) == (None, None, None)


def test_class_names_are_found_in_sources(tmp_path: Path) -> None:
    (tmp_path / "nodes.py").write_text('MAPPINGS = {"KSampler": K}\n', encoding="utf-8")
    (tmp_path / "comfy_extras").mkdir()
    (tmp_path / "comfy_extras" / "nodes_x.py").write_text("node_id='WanThing'\n", encoding="utf-8")

    assert core_classes(tmp_path, ("KSampler", "WanThing", "RIFE VFI", "Sampler")) == {"KSampler", "WanThing"}
    assert names_in_sources(tmp_path / "gone.py", ("x",)) == frozenset()
