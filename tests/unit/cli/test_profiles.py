import json
from pathlib import Path
from typing import Any

import pytest

from wan22.cli.exit_codes import ExitCode
from wan22.cli.main import run
from wan22.launch.profile_file import read_toml
from wan22.launch.profile_store import ProfileStore

SHIPPED = Path(__file__).parents[3] / "profiles"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own profiles, empty, and a screen of 80 columns."""
    monkeypatch.setenv("WAN22_HOME", str(tmp_path / "Jürgen Müller"))
    monkeypatch.setenv("COLUMNS", "80")
    folder = tmp_path / "Jürgen Müller" / "config" / "profiles"
    folder.mkdir(parents=True)
    return folder


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_list_names_every_profile_within_80_columns(own: Path, capsys: pytest.CaptureFixture[str]):
    (own / "mine.toml").write_text('extends = "rtx5090"\ntitle = "My quiet one"\n', encoding="utf-8")
    (own / "rtx4090.toml").write_text('title = "Changed"\n', encoding="utf-8")
    assert run(["profiles", "list"]) == ExitCode.ok
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    rows = {line.split()[0]: line for line in lines if line.split()}
    for name in ProfileStore(SHIPPED, own).names():
        assert name in rows
    assert rows["mine"].split() == ["mine", "My", "quiet", "one", "your", "own"]
    assert "shipped + your changes" in rows["rtx4090"]
    assert "shipped, to compare" in rows["rtx5090-original"]


def test_a_broken_profile_does_not_hide_the_others(own: Path, capsys: pytest.CaptureFixture[str]):
    (own / "broken.toml").write_text("title = \n", encoding="utf-8")
    assert run(["profiles", "list"]) == ExitCode.ok
    shown = capsys.readouterr()
    assert "rtx5090-original" in shown.out
    assert "broken.toml: line 1, column 9 is not valid TOML" in shown.err
    assert run(["profiles", "list", "--json"]) == ExitCode.ok
    listed, problem = documents(capsys.readouterr().out)
    assert {one["name"] for one in listed["profiles"]} >= {"rtx5090", "cpu"}
    assert problem["problem"]["code"] == "profile_invalid"


def test_show_says_everything(own: Path, capsys: pytest.CaptureFixture[str]):
    overlay = own / "rtx5090.toml"
    overlay.write_text("[gpu]\npower_w = 600\n", encoding="utf-8")
    assert run(["profiles", "show", "rtx5090"]) == ExitCode.ok
    text = capsys.readouterr().out
    flat = " ".join(text.split())
    for words in (
        "rtx5090 · RTX 5090, 32 GB",
        "RTX 5090, 32 GB, usually 600 W",
        str(overlay),
        "--fast fp16_accumulation",
        "Read by ComfyUI, which switches it on in torch.",
        "attention sage, allocator cudaMallocAsync",
        "each pass 67 to 80 s excellent, up to 85 s good, more is slow",
        "both passes 134 to 160 s excellent, up to 180 s good, more is slow",
        "whole job up to 180 s good, more is slow",
        "Assumption: The guide does not say at which size",
    ):
        assert words in flat
    assert max(len(line) for line in text.splitlines() if str(overlay) not in line and "http" not in line) <= 80


def test_a_profile_without_bands_shows_none(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["profiles", "show", "rtx4090"]) == ExitCode.ok
    assert "Targets" not in capsys.readouterr().out
    assert run(["profiles", "show", "rtx4090", "--json"]) == ExitCode.ok
    (shown,) = documents(capsys.readouterr().out)
    assert shown["targets"] == []


def test_show_as_json(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["profiles", "show", "rtx5090", "--json"]) == ExitCode.ok
    (shown,) = documents(capsys.readouterr().out)
    assert (shown["kind"], shown["name"], shown["origin"], shown["overlays"]) == ("profile", "rtx5090", "shipped", [])
    assert shown["profile"]["flags"]["--fast"]["value"] == ["fp16_accumulation"]
    assert {one["total_of"] for one in shown["targets"]} == {"passes", "job"}


def test_what_show_prints_as_toml_is_a_profile(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["profiles", "show", "rtx5090-original", "--toml"]) == ExitCode.ok
    path = tmp_path / "copy.toml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert read_toml(path).data["standalone"] is True
    path = path.rename(path.with_name("rtx5090-original.toml"))
    assert (
        ProfileStore(tmp_path, None).load(path).profile == ProfileStore(SHIPPED, None).load("rtx5090-original").profile
    )


def test_an_unknown_profile(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["profiles", "show", "rtx509"]) == ExitCode.profile
    assert "Did you mean rtx5090?" in capsys.readouterr().err


def test_lint_shows_the_worst_first(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["profiles", "lint", "rtx5090-original"]) == ExitCode.ok
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "1 harmful, 6 no effect, 2 known effect · for any current ComfyUI" in text
    heads = [line for line in text.splitlines() if line[:1] in "✕–✓" and line]  # noqa: RUF001
    assert heads[0] == "✕ harmful: --force-channels-last"
    assert heads[1] == "– no effect: TORCH_COMPILE=1"  # noqa: RUF001
    assert heads[-1] == "✓ known effect: --use-sage-attention"
    assert len(heads) == 9
    assert "Advice: Take it out: with it no Wan job can succeed." in text


def test_lint_of_all_as_json(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["profiles", "lint", "--json"]) == ExitCode.ok
    found = {one["profile"]: one for one in documents(capsys.readouterr().out)}
    assert set(found) == set(ProfileStore(SHIPPED, own).names())
    effects = {name: {item["effect"] for item in one["settings"]} for name, one in found.items()}
    assert [name for name, seen in effects.items() if "harmful" in seen] == ["rtx5090-original"]
    assert found["rtx5090"]["comfyui_version"] is None


def test_strict_lint_has_an_exit_code(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["profiles", "lint", "rtx5090", "--strict"]) == ExitCode.ok
    assert run(["profiles", "lint", "rtx5090-original", "--strict"]) == ExitCode.profile
    assert run(["profiles", "lint", "rtx5090", "--gpu", "NVIDIA A100-SXM4-80GB"]) == ExitCode.ok
    assert "This board multiplies fp16 at the same speed" in " ".join(capsys.readouterr().out.split())


def test_lint_for_a_folder_without_comfyui(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["profiles", "lint", "cpu", "--comfyui", str(tmp_path)]) == ExitCode.installation
    assert "[comfyui_not_found]" in capsys.readouterr().err


def test_clone_diff_rename_delete(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["profiles", "clone", "rtx5090", "quiet", "--title", "Quiet one"]) == ExitCode.ok
    assert str(own / "quiet.toml") in capsys.readouterr().out
    assert run(["profiles", "diff", "rtx5090", "quiet"]) == ExitCode.ok
    said = capsys.readouterr().out
    assert "Both start ComfyUI in the same way." in said
    assert "1 note or title differs too." in said
    assert run(["profiles", "diff", "rtx5090", "h100"]) == ExitCode.ok
    said = capsys.readouterr().out
    assert "rtx5090 gives --use-sage-attention; h100 does not." in said
    assert max(map(len, said.splitlines())) <= 80
    assert run(["profiles", "diff", "rtx5090", "h100", "--json"]) == ExitCode.ok
    (document,) = documents(capsys.readouterr().out)
    first = document["differences"][0]
    assert (first["name"], first["left"], first["right"]) == ("--use-sage-attention", "given", "not given")
    assert run(["profiles", "clone", "rtx5090", "quiet"]) == ExitCode.profile
    assert "profile_exists" in capsys.readouterr().err
    assert run(["profiles", "rename", "quiet", "silent"]) == ExitCode.ok
    assert run(["profiles", "delete", "silent", "--json"]) == ExitCode.ok
    assert documents(capsys.readouterr().out.splitlines()[-1])[0]["kind"] == "profile_deleted"
    assert run(["profiles", "delete", "rtx5090"]) == ExitCode.profile
    assert "profile_shipped" in capsys.readouterr().err


def test_export_import_and_restore(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    target = tmp_path / "a b.toml"
    assert run(["profiles", "export", "rtx5090", str(target)]) == ExitCode.ok
    assert run(["profiles", "export", "rtx5090", str(target)]) == ExitCode.profile
    assert "--force" in capsys.readouterr().err
    assert run(["profiles", "export", "cpu", str(target), "--force"]) == ExitCode.ok
    assert run(["profiles", "import", str(target)]) == ExitCode.profile
    assert "There is a profile named 'cpu' already." in capsys.readouterr().err
    assert run(["profiles", "import", str(target), "--name", "cpu-2", "--json"]) == ExitCode.ok
    (document,) = documents(capsys.readouterr().out)
    assert (document["name"], document["cautions"]) == ("cpu-2", [])
    evil = tmp_path / "evil.toml"
    evil.write_text(
        'title = "E"\n[environment.LD_PRELOAD]\nvalue = "/x.so"\nnote = "n"\nread_by = "l"\n', encoding="utf-8"
    )
    assert run(["profiles", "import", str(evil)]) == ExitCode.ok
    assert "LD_PRELOAD can make ComfyUI load other programs" in capsys.readouterr().out
    assert run(["profiles", "import", str(tmp_path / "nothing.toml")]) == ExitCode.profile
    assert run(["profiles", "restore", "rtx5090"]) == ExitCode.profile
    assert "There are no changes of yours to rtx5090." in capsys.readouterr().err
    (own / "rtx5090.toml").write_text('title = "Changed"\n', encoding="utf-8")
    assert run(["profiles", "restore", "rtx5090"]) == ExitCode.ok
    assert not (own / "rtx5090.toml").exists()
