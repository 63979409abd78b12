from typing import Any

import pytest
from pydantic import ValidationError

from wan22.schema.profile import Expectation, GpuExpectation, Profile, Setting, Target, target_for
from wan22.schema.verdict import TargetKey

KEY = {"gpu": "RTX 5090", "width": 1280, "height": 720, "length": 81, "steps": 4, "cfg": 1.0}
BANDS = {
    "pass_excellent_s": (67, 80),
    "pass_good_below_s": 85,
    "total_excellent_s": (134, 160),
    "total_good_below_s": 180,
    "source": "guide",
}


def setting(value: Any) -> dict[str, Any]:
    return {"value": value, "note": "What it does.", "read_by": "ComfyUI"}


def profile(**changes: Any) -> Profile:
    return Profile.model_validate({"name": "mine", "title": "Mine"} | changes)


def target(**changes: Any) -> Target:
    return Target.model_validate({"key": KEY} | BANDS | changes)


def job(**changes: Any) -> TargetKey:
    return TargetKey.model_validate(KEY | {"gpu": "NVIDIA GeForce RTX 5090"} | changes)


def test_the_least_profile_has_careful_defaults():
    least = profile()
    assert least.recommended
    assert least.gpu == GpuExpectation()
    assert least.environment == {}
    assert least.flags == {}
    assert least.expect == Expectation(attention="any", allocator="any", vram_state="any", fp16_accumulation=None)


@pytest.mark.parametrize("value", [True, False, 1, 0.5, "two", ("fp16_accumulation", "autotune")])
def test_a_value_keeps_its_type(value: Any):
    found = Setting.model_validate(setting(value)).value
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("value", [None, {}, [1, 2], [], float("nan"), float("inf")])
def test_a_value_must_be_usable(value: Any):
    with pytest.raises(ValidationError):
        Setting.model_validate(setting(value))


@pytest.mark.parametrize("missing", ["value", "note", "read_by"])
def test_every_setting_says_what_it_does_and_who_reads_it(missing: str):
    data = setting(True)
    del data[missing]
    with pytest.raises(ValidationError, match=missing):
        profile(flags={"--fast": data})


@pytest.mark.parametrize(
    "name", ["", "Mine", "my profile", "-x", "targets", "targets.old", "con", "com1", "x" * 65, "ä"]
)
def test_a_name_must_do_as_a_file_name_everywhere(name: str):
    with pytest.raises(ValidationError):
        profile(name=name)


@pytest.mark.parametrize("flag", ["fast", "-fast", "--", "--fast autotune", "--reserve-vram=2"])
def test_a_flag_must_look_like_one(flag: str):
    with pytest.raises(ValidationError, match="must look like --name"):
        profile(flags={flag: setting(True)})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("--fast", "x", "belongs under \\[flags\\]"),
        ("A=B", "x", "is not a name"),
        ("A B", "x", "is not a name"),
        ("A", True, "needs a text or a number"),
        ("A", ("x",), "needs a text or a number"),
        ("A", "x\0y", "zero character"),
    ],
)
def test_an_environment_variable_must_be_possible(name: str, value: Any, words: str):
    with pytest.raises(ValidationError, match=words):
        profile(environment={name: setting(value)})


def test_a_newer_format_is_refused():
    with pytest.raises(ValidationError):
        profile(format=2)


def test_boards_are_found_by_whole_words():
    gpu = GpuExpectation(match=("A100", "A100 80GB"))
    assert gpu.word_for("NVIDIA A100-SXM4-40GB") == "A100"
    assert gpu.word_for("NVIDIA A100 80GB PCIe") == "A100 80GB"
    assert gpu.word_for("NVIDIA RTX A1000") is None
    with pytest.raises(ValidationError, match="holds no word"):
        GpuExpectation(match=("--",))


@pytest.mark.parametrize(
    "change",
    [
        {"pass_excellent_s": (80, 67)},
        {"pass_excellent_s": (0, 67)},
        {"pass_excellent_s": (67, float("inf"))},
        {"pass_good_below_s": 79},
        {"total_good_below_s": 0},
        {"total_good_below_s": float("nan")},
        {"total_of": "all"},
        {"key": KEY | {"cfg": 0}},
    ],
)
def test_bands_out_of_order_are_refused(change: dict[str, Any]):
    with pytest.raises(ValidationError):
        target(**change)


def test_a_band_fits_its_very_job_only():
    band = target()
    assert band.fits(job())
    assert band.fits(job(cfg=1.0000000000000002))
    others = [{"width": 640, "height": 640}, {"length": 121}, {"steps": 20}, {"cfg": 3.5}, {"interpolation": "rife"}]
    others += [{"gpu": "NVIDIA GeForce RTX 4090"}, {"gpu": "NVIDIA GeForce RTX 5090 Laptop GPU"}]
    assert [band.fits(job(**other)) for other in others] == [False] * len(others)


def test_any_interpolation_is_not_none():
    band = target(key=KEY | {"interpolation": "any"}, total_of="job")
    assert band.fits(job(interpolation="rife"))
    assert band.fits(job(interpolation="film"))
    assert not band.fits(job())


def test_the_most_exact_band_is_taken():
    plain, any_kind = target(), target(key=KEY | {"interpolation": "any"})
    rife, wide = target(key=KEY | {"interpolation": "rife"}), target(key=KEY | {"gpu": "5090"})
    every = (wide, any_kind, plain, rife)
    assert target_for(every, job()) is plain
    assert target_for(every, job(interpolation="rife")) is rife
    assert target_for(every, job(interpolation="film")) is any_kind
    assert target_for(every, job(steps=20)) is None
    assert target_for((), job()) is None
