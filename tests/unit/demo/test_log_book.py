"""The start of the look-alike is read like that of a ComfyUI, and its profile's promises are proved by it."""

from io import StringIO
from pathlib import Path

import pytest

from wan22.demo.flags import given_flags, parse_flags
from wan22.demo.log_book import LogBook, device_name, start_lines, vram_state
from wan22.demo.scenario import Scenario
from wan22.launch.startup_stages import StartupStages
from wan22.system.line_text import strip_level_tag


def lines(*words: str) -> list[str]:
    found = [line for _, line in start_lines(parse_flags(words), Scenario(), Path("/demo"), 65536)]
    return [part for line in found for part in line.split("\n")]


def test_every_stage_is_reached():
    stages = StartupStages()
    reached = [one.stage.value for line in lines() for one in stages.feed(line)]
    assert reached == ["torch", "device", "attention", "version", "custom_nodes", "database"]


def test_shares_make_the_whole_start():
    shares = [share for share, _ in start_lines(parse_flags([]), Scenario(), Path("/demo"), 65536)]
    assert sum(shares) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "Using pytorch attention"),
        (("--use-sage-attention",), "Using sage attention"),
        (("--use-flash-attention",), "Using Flash Attention"),
        (("--fast",), "Enabled fp16 accumulation."),
        (("--fast", "autotune"), "Device: cuda:0 NVIDIA GeForce RTX 5090 (SIMULATED) : native"),
        (("--disable-cuda-malloc",), "Device: cuda:0 NVIDIA GeForce RTX 5090 (SIMULATED) : native"),
        (("--cpu",), "Device: cpu"),
        (("--highvram",), "Set vram state to: HIGH_VRAM"),
        ((), "Using RAM pressure cache."),
        (("--cache-lru", "3"), "Using LRU cache"),
        (("--cache-none",), "Disabling intermediate node cache."),
    ],
)
def test_flags_show_in_the_log(words: tuple[str, ...], line: str):
    assert line in lines(*words)


def test_it_always_says_what_it_is():
    assert any(line.startswith("SIMULATED") for line in lines())


def test_what_is_not_on_is_not_said():
    assert "Enabled fp16 accumulation." not in lines("--fast", "autotune")
    assert "Using RAM pressure cache." not in lines("--cache-classic")
    flags = parse_flags(["--cpu", "--novram"][:1])
    assert (vram_state(flags), device_name(flags, Scenario())) == ("DISABLED", "cpu")


def test_flags_with_an_effect():
    assert given_flags(parse_flags(["--use-sage-attention", "--fast"])) == ("--use-sage-attention", "--fast")
    assert given_flags(parse_flags(["--fast", "autotune", "--port", "1"])) == ()


def test_lines_are_tagged_and_kept():
    stream = StringIO()
    log = LogBook(stream)
    log.say("got prompt")
    log.show_bar(1, 2, 2.62)
    log.show_bar(2, 2, 8.62)
    log.raw("Exception in thread\n")
    told = stream.getvalue().splitlines()
    assert strip_level_tag(told[0].replace("\x1b[32m", "").replace("\x1b[0m", "")) == "got prompt"
    assert "50%|█████     | 1/2 [00:02<00:02,  2.62s/it]" in stream.getvalue()
    assert "100%|██████████| 2/2 [00:08<00:00,  4.31s/it]\n" in stream.getvalue()
    assert len(log.document()["entries"]) == 1
    assert "got prompt" in log.text()
