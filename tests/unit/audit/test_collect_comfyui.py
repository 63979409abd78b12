import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.audit.machines import sources
from tests.unit.launch.installs import make_comfyui, touch
from wan22.audit.collect_comfyui import collect_comfyui
from wan22.audit.collect_models import collect_models
from wan22.audit.collect_packs import collect_packs
from wan22.audit.collect_results import collect_results
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken

DATA = Path(__file__).parents[2] / "data"


def git(folder: Path, *words: str) -> None:
    names = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *names, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_checkout_and_what_was_changed_in_it(tmp_path: Path):
    folder = make_comfyui(tmp_path / "Comfy UI ö")
    touch(folder / "nodes.py", "one\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    made = sources(tmp_path, comfyui=folder)
    clean = collect_comfyui(made, CancelToken()).facts
    assert (clean.version, clean.is_dirty, clean.changed_files) == ("0.25.0", False, ())
    assert len(clean.commit) == 40
    touch(folder / "nodes.py", "two\n")
    touch(folder / "own_notes.txt", "not tracked")
    dirty = collect_comfyui(made, CancelToken()).facts
    assert (dirty.is_dirty, dirty.changed_files) == (True, ("nodes.py",))


def test_no_checkout_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = sources(tmp_path)
    found = collect_comfyui(made, CancelToken())
    assert found.facts.is_dirty is None
    assert found.reasons["is_dirty"] == "The folder is no git checkout."
    touch(made.comfyui / ".git" / "HEAD", "ref: refs/heads/master\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed" in collect_comfyui(made, CancelToken()).reasons["is_dirty"]


def test_packs_of_every_kind(tmp_path: Path):
    made = sources(tmp_path)
    packs = made.comfyui / "custom_nodes"
    touch(packs / "ComfyUI-KJNodes" / "pyproject.toml", '[project]\nname = "kj"\nversion = "1.1.5"\n')
    touch(packs / "ComfyUI-KJNodes" / ".git" / "HEAD", "c" * 40)
    touch(packs / "broken" / "pyproject.toml", "[project\n")
    touch(packs / "ComfyUI-Old.disabled" / "__init__.py")
    touch(packs / ".disabled" / "comfyui-manager@3_1" / "__init__.py")
    touch(packs / "single.py")
    touch(packs / "example_node.py.example")
    touch(packs / "__pycache__" / "x.pyc")
    found = {pack.folder: pack for pack in collect_packs(made, CancelToken()).facts}
    assert sorted(found) == ["ComfyUI-KJNodes", "ComfyUI-Old", "broken", "comfyui-manager@3_1", "single.py"]
    assert (found["ComfyUI-KJNodes"].version, found["ComfyUI-KJNodes"].commit) == ("1.1.5", "c" * 40)
    assert found["broken"].version is None
    assert [found[name].is_enabled for name in ("ComfyUI-Old", "comfyui-manager@3_1", "single.py")] == [
        False,
        False,
        True,
    ]


def test_models_are_not_hashed_for_it(tmp_path: Path):
    made = sources(tmp_path)
    touch(made.comfyui / "models" / "vae" / "wan_2.1_vae.safetensors", "x" * 2000)
    found = collect_models(made, CancelToken())
    vae = next(one for one in found.facts if one.file == "wan_2.1_vae.safetensors")
    assert (vae.state, vae.byte_count, vae.sha256, vae.is_verified) == ("wrong size", 2000, None, None)
    number = found.facts.index(vae)
    assert "never hashed" in found.reasons[f"{number}.sha256"]
    assert any(one.state == "missing" and one.is_needed for one in found.facts)
    made.models().hashes.measure(made.comfyui / "models" / "vae" / "wan_2.1_vae.safetensors")
    again = next(one for one in collect_models(made, CancelToken()).facts if one.file == vae.file)
    assert again.sha256 is not None


def test_without_a_comfyui(tmp_path: Path):
    without = replace(sources(tmp_path), comfyui=None)
    for collect in (collect_comfyui, collect_packs, collect_models):
        with pytest.raises(AppError) as caught:
            collect(without, CancelToken())
        assert caught.value.problem.code == "comfyui_not_found"


def test_the_newest_runs_with_their_times(tmp_path: Path):
    runs = tmp_path / "runs"
    shutil.copytree(DATA / "runs" / "format_1", runs)
    results = collect_results(sources(tmp_path), CancelToken()).facts
    assert [one.run_id for one in results] == ["2026-11-23_15-08-00_sample"]
    assert results[0].outcome == "success"
    assert results[0].total_s is not None
