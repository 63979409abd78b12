import errno
import hashlib
import os
import tempfile
from pathlib import Path

import pytest

from wan22.comfy import model_move
from wan22.comfy.hash_cache import HashCache
from wan22.comfy.model_manifest import ModelManifest
from wan22.comfy.model_places import model_places
from wan22.comfy.model_status_text import status_text
from wan22.comfy.model_store import ModelStore
from wan22.schema.model_file import ModelFile, ModelState, ModelStatus
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken

HIGH, LOW, VAE = (hashlib.shake_256(name).digest(5000) for name in (b"high", b"low", b"vae"))


def entry(file: str, folder: str, content: bytes, **more: object) -> ModelFile:
    digest = hashlib.sha256(content).hexdigest()
    return ModelFile.model_validate({"file": file, "folder": folder, "bytes": len(content), "sha256": digest, **more})


MANIFEST = ModelManifest(
    models=(
        entry("high.safetensors", "models/diffusion_models", HIGH),
        entry("low.safetensors", "models/diffusion_models", LOW),
        entry("vae.safetensors", "models/vae", VAE + b"!"),
        ModelFile(file="unknown.safetensors", folder="models/loras"),
        entry("rife49.pth", "custom_nodes/Frame-Pack/ckpts/rife", VAE),
    )
)


class Scene:
    """An installation with a store over it."""

    def __init__(self, folder: Path) -> None:
        self.comfyui = folder / "Comfy Üi"
        self.models = self.comfyui / "models"
        self.models.mkdir(parents=True)
        self.hashes = HashCache(folder / "cache" / "hashes.json")

    @property
    def store(self) -> ModelStore:
        return ModelStore(MANIFEST, model_places(self.comfyui), self.hashes)

    def put(self, place: str, content: bytes) -> Path:
        path = self.comfyui / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def one(self, name: str) -> ModelStatus:
        return self.store.check([name])[0]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_an_empty_installation(scene: Scene) -> None:
    statuses = scene.store.check()
    assert [status.state for status in statuses] == [ModelState.missing] * 5
    assert statuses[0].target == scene.models / "diffusion_models" / "high.safetensors"
    assert [status.pack_missing for status in statuses] == [False] * 4 + [True]
    assert "node pack Frame-Pack is not installed" in status_text(statuses[4])


def test_present_first_by_size_then_by_content(scene: Scene) -> None:
    path = scene.put("models/diffusion_models/high.safetensors", HIGH)
    found = scene.one("high")
    assert (found.state, found.path, found.is_verified) == (ModelState.present, path, None)
    assert scene.store.bytes_to_hash(found) == 5000
    read: list[int] = []
    hashed = scene.store.hash(found, on_bytes=read.append)
    assert (hashed.is_verified, sum(read)) == (True, 5000)
    assert scene.store.bytes_to_hash(hashed) == 0
    assert scene.one("high").is_verified
    assert "verified" in status_text(hashed)


def test_a_change_makes_the_digest_unknown_again(scene: Scene) -> None:
    path = scene.put("models/diffusion_models/high.safetensors", HIGH)
    scene.store.hash(scene.one("high"))
    path.write_bytes(LOW)
    os.utime(path, ns=(1, 1))
    assert scene.one("high").is_verified is None


def test_the_older_folder_is_as_good(scene: Scene) -> None:
    path = scene.put("models/unet/high.safetensors", HIGH)
    copy = scene.put("models/diffusion_models/high.safetensors", HIGH)
    found = scene.one("high")
    assert (found.state, found.path, found.copies) == (ModelState.present, path, (copy,))
    assert "never read" in status_text(found)


def test_folders_that_are_links_to_each_other_hold_no_copies(scene: Scene) -> None:
    scene.put("models/diffusion_models/high.safetensors", HIGH)
    (scene.models / "unet").symlink_to(scene.models / "diffusion_models", target_is_directory=True)
    assert scene.one("high").copies == ()


def test_wrong_size(scene: Scene) -> None:
    scene.put("models/vae/vae.safetensors", b"version https://git-lfs.github.com/spec/v1")
    found = scene.one("vae")
    assert (found.state, found.byte_count) == (ModelState.wrong_size, 42)
    assert "42 bytes" in status_text(found)
    assert "5001 are right" in status_text(found)


def test_swapped_experts_have_the_right_size_and_the_wrong_content(scene: Scene) -> None:
    scene.put("models/diffusion_models/high.safetensors", LOW)
    scene.put("models/diffusion_models/low.safetensors", HIGH)
    assert [status.state for status in scene.store.check(["high", "low"])] == [ModelState.present] * 2
    hashed = [scene.store.hash(status) for status in scene.store.check(["high", "low"])]
    assert [status.state for status in hashed] == [ModelState.wrong_hash] * 2
    assert hashed[0].notes == ("By its content it is low.safetensors.",)


def test_wrong_folder_is_moved(scene: Scene) -> None:
    path = scene.put("models/checkpoints/wan/high.safetensors", HIGH)
    found = scene.one("high")
    assert (found.state, found.path, found.is_movable) == (ModelState.wrong_folder, path, True)
    scene.store.hash(found)
    moved = scene.store.move(scene.one("high"))
    assert moved.path == scene.models / "diffusion_models" / "high.safetensors"
    assert moved.path.read_bytes() == HIGH
    assert moved.is_verified  # moving keeps what is known
    assert not path.exists()


def test_a_sub_folder_of_the_right_folder_is_a_wrong_folder(scene: Scene) -> None:
    scene.put("models/diffusion_models/wan/high.safetensors", HIGH)
    assert scene.one("high").state is ModelState.wrong_folder


def test_the_name_elsewhere_with_another_size_is_only_mentioned(scene: Scene) -> None:
    path = scene.put("models/checkpoints/high.safetensors", b"x")
    found = scene.one("high")
    assert found.state is ModelState.missing
    assert found.notes == (f"{path} has this name, but 1 bytes.",)


def test_another_name_is_found_by_hashing(scene: Scene) -> None:
    other = scene.put("models/loras/renamed.safetensors", HIGH)
    scene.put("models/loras/unrelated.safetensors", bytes(5000))
    scene.put("models/loras/note.txt", HIGH)
    found = scene.one("high")
    assert (found.state, found.path) == (ModelState.missing, None)
    assert set(found.candidates) == {other, scene.models / "loras" / "unrelated.safetensors"}
    hashed = scene.store.hash(found)
    assert (hashed.state, hashed.path, hashed.is_verified) == (ModelState.other_name, other, True)
    assert scene.one("high").state is ModelState.other_name
    moved = scene.store.move(hashed)
    assert (moved.state, moved.path) == (ModelState.present, scene.models / "diffusion_models" / "high.safetensors")


def test_candidates_that_are_something_else(scene: Scene) -> None:
    scene.put("models/loras/unrelated.safetensors", bytes(5000))
    hashed = scene.store.hash(scene.one("high"))
    assert (hashed.state, hashed.candidates) == (ModelState.missing, ())


def test_an_unfinished_download(scene: Scene) -> None:
    scene.put("models/vae/vae.safetensors.part", b"12345")
    found = scene.one("vae")
    assert (found.state, found.partial_bytes, found.path) == (ModelState.partial, 5, None)


def test_an_extra_folder(scene: Scene, tmp_path: Path) -> None:
    (scene.comfyui / "extra_model_paths.yaml").write_text(
        f"a:\n  base_path: {(tmp_path / 'shared').as_posix()}\n  vae: vae\n", encoding="utf-8"
    )
    path = tmp_path / "shared" / "vae" / "vae.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(VAE + b"!")
    found = scene.one("vae")
    assert (found.state, found.path, found.is_usable) == (ModelState.extra_folder, path, True)
    assert "your own configuration" in status_text(found)


def test_a_file_of_a_node_pack(scene: Scene) -> None:
    (scene.comfyui / "custom_nodes" / "frame-pack").mkdir(parents=True)
    missing = scene.one("rife49.pth")
    assert (missing.state, missing.pack_missing) == (ModelState.missing, False)
    path = scene.put("custom_nodes/frame-pack/ckpts/rife/rife49.pth", VAE)
    assert (scene.one("rife49").state, scene.one("rife49").path) == (ModelState.present, path)


def test_a_file_of_which_nothing_is_published(scene: Scene) -> None:
    scene.put("models/loras/unknown.safetensors", b"abc")
    hashed = scene.store.hash(scene.one("unknown"))
    assert (hashed.state, hashed.is_verified) == (ModelState.present, None)
    assert hashlib.sha256(b"abc").hexdigest() in status_text(hashed)


def test_a_link_that_leads_nowhere_is_missing(scene: Scene) -> None:
    (scene.models / "vae").mkdir()
    (scene.models / "vae" / "vae.safetensors").symlink_to(scene.models / "gone")
    assert scene.one("vae").state is ModelState.missing


def test_links_in_a_circle_do_no_harm(scene: Scene) -> None:
    scene.put("models/checkpoints/high.safetensors", HIGH)
    (scene.models / "checkpoints" / "again").symlink_to(scene.models, target_is_directory=True)
    assert scene.one("high").state is ModelState.wrong_folder


def test_names(scene: Scene) -> None:
    assert [status.file.file for status in scene.store.check(["sub\\LOW.safetensors"])] == ["low.safetensors"]
    with pytest.raises(AppError) as caught:
        scene.store.check(["nothing"])
    assert caught.value.problem.code == "model_unknown"
    with pytest.raises(AppError) as caught:
        scene.store.check([""])
    assert caught.value.problem.code == "model_unknown"


def test_a_move_never_overwrites(scene: Scene) -> None:
    path = scene.put("models/checkpoints/high.safetensors", HIGH)
    found = scene.one("high")
    there = scene.put("models/diffusion_models/high.safetensors", b"precious")
    with pytest.raises(AppError) as caught:
        scene.store.move(found)
    assert caught.value.problem.code == "model_not_moved"
    assert (path.read_bytes(), there.read_bytes()) == (HIGH, b"precious")


def test_a_link_is_not_moved(scene: Scene) -> None:
    path = scene.put("blobs/abc.bin", HIGH)
    (scene.models / "checkpoints").mkdir()
    link = scene.models / "checkpoints" / "high.safetensors"
    link.symlink_to(path)
    if not link.is_file():
        pytest.skip("no symbolic links here")
    with pytest.raises(AppError) as caught:
        scene.store.move(scene.one("high"))
    assert caught.value.problem.code == "model_not_moved"
    assert "only a link" in caught.value.problem.message


def test_what_is_in_its_place_is_not_moved(scene: Scene) -> None:
    scene.put("models/diffusion_models/high.safetensors", HIGH)
    with pytest.raises(AppError) as caught:
        scene.store.move(scene.one("high"))
    assert "its state is 'present'" in caught.value.problem.message


@pytest.fixture
def _other_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    """The target is on another disk: only files already beside it can be renamed to it."""
    real = model_move.rename_without_overwriting

    def rename(source: Path, target: Path) -> None:
        if source.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(source, target)

    monkeypatch.setattr(model_move, "rename_without_overwriting", rename)


@pytest.mark.usefixtures("_other_volume")
def test_across_volumes_it_is_copied_and_verified(scene: Scene) -> None:
    path = scene.put("models/checkpoints/high.safetensors", HIGH)
    moved = scene.store.move(scene.one("high"))
    assert (moved.state, moved.is_verified) == (ModelState.present, True)
    assert not path.exists()
    assert [one.name for one in moved.target.parent.iterdir()] == ["high.safetensors"]


SHM = Path("/dev/shm")


@pytest.mark.skipif(not SHM.is_dir(), reason="needs a second volume")
def test_between_two_real_volumes(scene: Scene, tmp_path: Path) -> None:
    if SHM.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("both are one volume here")
    with tempfile.TemporaryDirectory(dir=SHM) as other:
        path = Path(other) / "vae" / "high.safetensors"
        path.parent.mkdir()
        path.write_bytes(HIGH)
        (scene.comfyui / "extra_model_paths.yaml").write_text(f"a:\n  vae: {path.parent}\n", encoding="utf-8")
        moved = scene.store.move(scene.one("high"))
        assert (moved.state, moved.path, path.exists()) == (ModelState.present, moved.target, False)
    assert moved.target.read_bytes() == HIGH


@pytest.mark.usefixtures("_other_volume")
def test_across_volumes_wrong_content_stays_where_it_is(scene: Scene) -> None:
    path = scene.put("models/checkpoints/high.safetensors", LOW)
    with pytest.raises(AppError) as caught:
        scene.store.move(scene.one("high"))
    assert caught.value.problem.code == "model_not_moved"
    assert path.read_bytes() == LOW
    assert list((scene.models / "diffusion_models").iterdir()) == []


@pytest.mark.usefixtures("_other_volume")
def test_across_volumes_without_room(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    path = scene.put("models/checkpoints/high.safetensors", HIGH)
    monkeypatch.setattr(model_move, "free_bytes", lambda _path: 4999)
    with pytest.raises(AppError) as caught:
        scene.store.move(scene.one("high"))
    assert caught.value.problem.code == "disk_full"
    assert path.exists()


@pytest.mark.usefixtures("_other_volume")
def test_a_cancelled_copy_leaves_nothing(scene: Scene) -> None:
    path = scene.put("models/checkpoints/high.safetensors", HIGH)
    cancel = CancelToken()
    with pytest.raises(AppError) as caught:
        scene.store.move(scene.one("high"), cancel, lambda _count: cancel.set())
    assert caught.value.problem.code == "cancelled"
    assert path.read_bytes() == HIGH
    assert list((scene.models / "diffusion_models").iterdir()) == []


def test_a_file_held_open_by_another_program(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    path = scene.put("models/checkpoints/high.safetensors", HIGH)

    def rename(_source: Path, _target: Path) -> None:
        raise PermissionError(errno.EACCES, "The process cannot access the file")

    monkeypatch.setattr(model_move, "rename_without_overwriting", rename)
    with pytest.raises(AppError) as caught:
        scene.store.move(scene.one("high"))
    assert caught.value.problem.code == "model_not_moved"
    assert "stop ComfyUI" in caught.value.problem.hint
    assert path.exists()


def test_a_broken_cache_is_an_empty_one(scene: Scene, tmp_path: Path) -> None:
    scene.put("models/diffusion_models/high.safetensors", HIGH)
    for text in ("{", "[]", '{"format": 9}', '{"format": 1, "files": []}', "\0"):
        (tmp_path / "cache").mkdir(exist_ok=True)
        (tmp_path / "cache" / "hashes.json").write_text(text, encoding="utf-8")
        assert scene.one("high").is_verified is None
    assert scene.store.hash(scene.one("high")).is_verified
