import itertools
import re
from typing import Any

import pytest

from wan22.launch.knowledge.condition import (
    Condition,
    Situation,
    autotune_on,
    before,
    board_below,
    board_is,
    cuda_malloc_on,
    dynamic_vram_on,
    gpu_board,
    has,
    has_part,
    lacks,
    on_windows,
    since,
    torch_before,
    vram_below,
    vram_from,
)
from wan22.launch.knowledge.row import Knowledge
from wan22.launch.setting_knowledge import EXCLUSIVE_GROUPS, KNOWLEDGE, choose, known_settings, rows_for
from wan22.schema.setting_lint import Effect


def at(*settings: str, **facts: Any) -> Situation:
    given: dict[str, tuple[str, ...]] = {}
    for text in settings:
        name, _, value = text.partition(" ")
        given[name] = tuple(value.split(" "))
    return Situation(given=given, **facts)


@pytest.mark.parametrize("row", KNOWLEDGE, ids=lambda row: f"{row.setting}-{row.value}-{row.effect.value}")
def test_every_row_speaks_in_whole_sentences(row: Knowledge):
    for text in (row.reason, row.advice):
        assert not text or re.fullmatch(r"[A-Z\"'\-a-z0-9].*[.\]'\"]", text), text
        assert "  " not in text
    assert row.reason
    assert row.source
    assert len(row.reason) <= 330
    if row.effect in (Effect.harmful, Effect.no_effect):
        assert row.advice, "what has no use needs a way out"


def test_no_row_is_hidden_behind_an_unconditional_one():
    hidden = []
    for earlier, later in itertools.combinations(KNOWLEDGE, 2):
        same = earlier.setting == later.setting and earlier.value in (later.value, "*")
        if same and not earlier.when:
            hidden.append((later.setting, later.value))
    assert hidden == []


def test_a_special_value_goes_before_the_rest():
    assert rows_for("--fast", "fp8_matrix_mult")[-1].value == "*"
    assert rows_for("--fast", "")[0].effect is Effect.harmful
    assert rows_for("--verbose", "ERROR")[0].effect is Effect.harmful
    assert rows_for("--never-heard-of", "") == ()


def test_patterns_are_no_names():
    names = known_settings()
    assert "COMFYUI_*" not in names
    assert "TORCH_COMPILE" in names
    assert rows_for("COMFYUI_TURBO", "1")[0].effect is Effect.no_effect
    assert rows_for("COMFYUI_PATH", "x")[0].effect is Effect.known_effect


def test_every_exclusive_flag_is_known():
    assert {flag for group in EXCLUSIVE_GROUPS for flag in group} - known_settings() == set()
    assert sum(map(len, EXCLUSIVE_GROUPS)) == len({flag for group in EXCLUSIVE_GROUPS for flag in group})


@pytest.mark.parametrize(
    ("condition", "yes", "no", "unknown"),
    [
        (since("0.25.0"), at(comfyui=(0, 25, 0)), at(comfyui=(0, 3, 64)), at()),
        (before("0.4.0"), at(comfyui=(0, 3, 76)), at(comfyui=(0, 4, 0)), at()),
        (torch_before("2.7"), at(torch=(2, 6, 1)), at(torch=(2, 7, 0)), at()),
        (board_is("an A100", (8, 0)), at(capability=(8, 0)), at(capability=(9, 0)), at()),
        (board_below("old", (8, 9)), at(capability=(8, 6)), at(capability=(12, 0)), at()),
        (vram_below(40), at(vram_gib=32.0), at(vram_gib=40.0), at()),
        (vram_from(40), at(vram_gib=40.0), at(vram_gib=32.0), at()),
        (gpu_board(), at(capability=(8, 9)), at(), None),
        (has("--a", "--b"), at("--b"), at("--c"), None),
        (has_part("--fast", "autotune"), at("--fast fp16_accumulation autotune"), at("--fast fp16_accumulation"), None),
        (lacks("--a"), at("--b"), at("--a"), None),
        (on_windows(), at(windows=True), at(), None),
        (autotune_on(), at("--fast autotune"), at("--fast fp16_accumulation"), None),
        (
            cuda_malloc_on(),
            at("--fast autotune", comfyui=(0, 3, 64)),
            at("--disable-cuda-malloc"),
            at("--fast autotune"),
        ),
        (dynamic_vram_on(), at(comfyui=(0, 25, 0)), at(comfyui=(0, 3, 64)), at()),
    ],
    ids=lambda value: value.words if isinstance(value, Condition) else "",
)
def test_conditions(condition: Condition, yes: Situation, no: Situation, unknown: Situation | None):
    assert condition.holds(yes) is True
    assert condition.holds(no) is False
    if unknown is not None:
        assert condition.holds(unknown) is None


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (at(), True),
        (at("--cuda-malloc"), True),
        (at("--cuda-malloc", "--fast", comfyui=(0, 25, 0)), True),
        (at("--fast", comfyui=(0, 25, 0)), False),
        (at("--fast autotune", comfyui=(0, 3, 65)), False),
        (at("--fast fp16_accumulation", comfyui=(0, 25, 0)), True),
        (at("--disable-cuda-malloc", "--cuda-malloc"), False),
        (at("--cpu"), False),
    ],
)
def test_when_cuda_malloc_is_on(situation: Situation, expected: bool):
    assert cuda_malloc_on().holds(situation) is expected


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (at(comfyui=(0, 16, 0), torch=(2, 8, 0)), True),
        (at(comfyui=(0, 15, 1)), None),
        (at(comfyui=(0, 25, 0), torch=(2, 7, 1)), False),
        (at("--highvram", comfyui=(0, 25, 0)), False),
        (at("--highvram", "--enable-dynamic-vram", comfyui=(0, 25, 0)), True),
        (at("--lowvram", comfyui=(0, 25, 0)), True),
        (at("--disable-dynamic-vram", comfyui=(0, 25, 0)), False),
    ],
)
def test_when_vram_is_dynamic(situation: Situation, expected: bool | None):
    assert dynamic_vram_on().holds(situation) is expected


def test_unknown_versions_count_as_current_and_are_mentioned():
    old = Knowledge("--x", Effect.harmful, "It fails.", "s", "Out.", when=(before("0.4.0"),))
    new = Knowledge("--x", Effect.known_effect, "It works.", "s", when=(since("0.4.0"),))
    assert choose((old, new), at()) == (new, ("With ComfyUI older than 0.4.0: It fails.",))
    assert choose((old, new), at(comfyui=(0, 3, 64))) == (old, ())
    assert choose((old,), at(comfyui=(0, 25, 0))) == (None, ())
