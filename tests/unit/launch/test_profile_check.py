import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.launch.installs import SCHEMA
from wan22.launch.discovery import find_installation
from wan22.launch.flag_category import FlagCategory, category_of
from wan22.launch.flag_schema import read_flag_schema
from wan22.launch.flag_trial import try_profile
from wan22.launch.profile_check import profile_complaints
from wan22.launch.profile_difference import profile_differences
from wan22.launch.setting_text import text_of_value, value_of_text
from wan22.schema.profile import FlagValue, Profile

PARSER = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--port", type=int)
p.add_argument("--reserve-vram", type=float, help="room in GB")
g = p.add_mutually_exclusive_group()
g.add_argument("--cpu", action="store_true")
g.add_argument("--gpu-only", action="store_true")
p.parse_args()
raise SystemExit("started")
"""


def profile(environment: dict[str, Any] | None = None, name: str = "mine", **flags: FlagValue) -> Profile:
    def settings(given: dict[str, Any]) -> dict[str, Any]:
        return {key: {"value": value, "note": "A note.", "read_by": "ComfyUI"} for key, value in given.items()}

    named = {"--" + flag.replace("_", "-"): value for flag, value in flags.items()}
    return Profile.model_validate(
        {"name": name, "title": "Mine", "flags": settings(named), "environment": settings(environment or {})}
    )


@pytest.mark.parametrize(
    ("flags", "setting", "words"),
    [
        ({"cpu": "yes"}, "--cpu", "--cpu takes no value, but 'yes' is given. ComfyUI 0.25.0 would refuse to start."),
        ({"reserve_vram": True}, "--reserve-vram", "needs one value, none is given"),
        ({"reserve_vram": ("1", "2")}, "--reserve-vram", "needs one value, 2 is given"),
        ({"verbose": ("DEBUG", "INFO")}, "--verbose", "takes at most one value, 2 are given"),
        ({"verbose": "LOUD"}, "--verbose", "does not take 'LOUD'; it takes DEBUG, INFO"),
        ({"output_directory": "--cpu"}, "--output-directory", "must not begin with dashes"),
        ({"cpu": True, "gpu_only": True}, "--cpu", "--cpu and --gpu-only exclude each other: keep one"),
    ],
)
def test_what_comfyui_would_refuse_is_fatal(flags: dict[str, FlagValue], setting: str, words: str):
    found = profile_complaints(profile(**flags), SCHEMA)
    assert found[0].setting == setting
    assert words in found[0].sentence
    assert found[0].is_fatal


def test_what_is_left_out_is_said_but_may_be_saved():
    found = profile_complaints(profile(port=9000, reserve_vran=2), SCHEMA)
    assert [(one.setting, one.is_fatal) for one in found] == [("--port", False), ("--reserve-vran", False)]
    assert "The nearest flag that it knows is --reserve-vram." in found[1].sentence


def test_groups_are_known_without_an_installation_too():
    (first, second) = profile_complaints(profile(cpu=True, highvram=True, fast=("autotune",)), None)
    assert (first.setting, second.setting) == ("--cpu", "--highvram")
    assert profile_complaints(profile(cpu=False, highvram=True), None) == ()
    assert profile_complaints(profile(cpu=True, highvram=False), SCHEMA) == ()


def test_comfyuis_own_reader_judges_types(tmp_path: Path):
    folder = tmp_path / "Comfy ü"
    folder.mkdir()
    (folder / "nodes.py").touch()
    (folder / "main.py").write_text(PARSER, encoding="utf-8")
    installation = find_installation(folder, Path(sys.executable))
    schema = read_flag_schema(installation, None)
    assert schema.flags["--reserve-vram"].help == "room in GB"
    assert schema.flags["--reserve-vram"].value_name == "RESERVE_VRAM"
    found = try_profile(profile(reserve_vram="much", unknown=True), installation, schema)
    assert found is not None
    assert (found.setting, found.is_fatal) == ("--reserve-vram", True)
    assert found.sentence == "ComfyUI itself says: invalid float value: 'much'."
    assert try_profile(profile(reserve_vram=1.5), installation, schema) is None
    clash = try_profile(profile(cpu=True, gpu_only=True), installation, schema)
    assert clash is not None
    assert "not allowed with argument --cpu" in clash.sentence


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", True),
        ("2", 2),
        ("1.5", 1.5),
        ("02", "02"),
        ("0,1", "0,1"),
        ("nan", "nan"),
        ("1e999", "1e999"),
        (" a b ", "a b"),
    ],
)
def test_one_value_is_typed_as_it_reads(text: str, value: FlagValue):
    assert value_of_text(text) == value
    assert type(value_of_text(text)) is type(value)
    assert text_of_value(value) == text.strip()


def test_several_values_are_words():
    assert value_of_text('fp16_accumulation  "a b" c', takes_many=True) == ("fp16_accumulation", "a b", "c")
    assert text_of_value(("x", "a b")) == 'x "a b"'
    assert value_of_text(" ", takes_many=True) is True
    assert text_of_value(True) == text_of_value(False) == ""


@pytest.mark.parametrize(
    ("flag", "category"),
    [
        ("--use-sage-attention", FlagCategory.attention),
        ("--fast", FlagCategory.speed),
        ("--bf16-unet", FlagCategory.precision),
        ("--reserve-vram", FlagCategory.memory),
        ("--output-directory", FlagCategory.folders),
        ("--disable-all-custom-nodes", FlagCategory.packs),
        ("--port", FlagCategory.server),
        ("--never-heard-of", FlagCategory.server),
        ("--new-vram-thing", FlagCategory.memory),
    ],
)
def test_every_flag_has_a_place(flag: str, category: FlagCategory):
    assert category_of(flag) is category


def test_differences_in_words():
    left = profile({"A": "1", "B": "2"}, name="one", cpu=True, fast=("a", "b"), verbose="INFO", lowvram=False)
    right = profile({"A": "3"}, name="two", fast=("a",), verbose="INFO", normalvram=True)
    right = right.model_copy(update={"title": "Other"})
    sentences = [item.sentence for item in profile_differences(left, right)]
    assert sentences == [
        "one gives --cpu; two does not.",
        "--fast is a b in one and a in two.",
        "two gives --normalvram; one does not.",
        "A is 1 in one and 3 in two.",
        "one sets B=2; two does not.",
        "The title differs.",
    ]
    assert profile_differences(left, left) == ()
    noted = left.model_copy(
        update={"flags": {**left.flags, "--cpu": left.flags["--cpu"].model_copy(update={"note": "N"})}}
    )
    (only,) = profile_differences(left, noted)
    assert only.is_note
    assert only.left == "A note. Read by ComfyUI."
