import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.unit.launch.installs import SCHEMA, touch
from tests.unit.launch.logs import DATA
from wan22.launch.discovery import Installation, find_installation
from wan22.launch.flag_schema import read_flag_schema
from wan22.schema.problem import AppError


@pytest.fixture
def fake(tmp_path: Path) -> Installation:
    folder = tmp_path / "Künstliche Intelligenz" / "ComfyUI"
    shutil.copytree(DATA / "fake_comfyui", folder)
    return find_installation(folder, Path(sys.executable))


def test_flags_of_a_real_main_py(fake: Installation, tmp_path: Path):
    schema = read_flag_schema(fake, tmp_path / "cache")
    assert schema.version == "0.25.1"
    assert set(schema.flags) == {
        *("--listen", "--port", "--disable-auto-launch", "--output-directory", "--fast", "--cpu"),
        *("--use-pytorch-cross-attention", "--use-sage-attention"),
    }
    assert schema.flags["--use-sage-attention"].group is not None
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".json"]


def test_the_cache_is_used_until_something_changes(fake: Installation, tmp_path: Path):
    cache = tmp_path / "cache"
    before = read_flag_schema(fake, cache)
    text = fake.main_file.read_text(encoding="utf-8")
    stamp = fake.main_file.stat()
    touch(fake.main_file, "raise SystemExit(7)")
    os.utime(fake.main_file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert read_flag_schema(fake, cache) == before
    with pytest.raises(AppError) as caught:
        read_flag_schema(fake, None)
    assert caught.value.problem.code == "comfyui_help_failed"
    assert "exit code 7" in caught.value.problem.message
    touch(fake.main_file, text.replace('"--cpu"', '"--slow-cpu"'))
    os.utime(fake.main_file, ns=(1, 1))
    assert "--slow-cpu" in read_flag_schema(fake, cache).flags
    touch(fake.folder / "comfy" / "cli_args.py")
    touch(next(cache.iterdir()), "{broken")
    assert "--slow-cpu" in read_flag_schema(fake, cache).flags


def test_a_cache_that_cannot_be_written_does_not_matter(fake: Installation, tmp_path: Path):
    assert "--port" in read_flag_schema(fake, touch(tmp_path / "a file") / "cache").flags


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import sys; sys.stderr.write('no such thing\\n'); sys.exit(1)", "exit code 1"),
        ("print('hello')", "does not list ComfyUI's flags"),
        ("import time; time.sleep(60)", "no answer within"),
    ],
)
def test_help_that_fails(fake: Installation, text: str, words: str):
    touch(fake.main_file, text)
    with pytest.raises(AppError) as caught:
        read_flag_schema(fake, None, limit_s=1.0)
    assert caught.value.problem.code == "comfyui_help_failed"
    assert words in caught.value.problem.message


def test_short_forms_are_found_when_they_are_clear():
    assert SCHEMA.find("--fast") == SCHEMA.flags["--fast"]
    assert SCHEMA.find("--use-sage") == SCHEMA.flags["--use-sage-attention"]
    assert SCHEMA.find("--use") is None
    assert SCHEMA.find("--") is None
    assert SCHEMA.find("--nothing") is None


def test_a_list_of_flags_that_is_not_comfyuis_is_refused(fake: Installation, tmp_path: Path):
    touch(fake.main_file, "import argparse; p = argparse.ArgumentParser(); p.add_argument('--colour'); p.parse_args()")
    with pytest.raises(AppError) as caught:
        read_flag_schema(fake, tmp_path / "cache")
    assert caught.value.problem.code == "comfyui_help_failed"
    assert "does not list ComfyUI's flags" in caught.value.problem.message
    assert "--colour" in caught.value.problem.detail
    assert not (tmp_path / "cache").exists()
