import argparse

import pytest

from wan22.launch.help_text import FlagSpec, flags_from_help


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="main.py", description="Text with [brackets] and --not-a-flag in it.")
    made.add_argument("--listen", nargs="?", const="0.0.0.0", metavar="IP", help="where (default: 127.0.0.1)")
    made.add_argument("--port", type=int, help="a number; see --listen")
    made.add_argument("-q", "--quiet", "--silent", action="store_true", help="say less")
    made.add_argument("-o", "--output-folder", metavar="DIR", help="where to put things")
    made.add_argument("--paths", nargs="+", action="append", metavar="PATH", help="some files")
    made.add_argument("--fast", nargs="*", help="a list, such as: one two")
    made.add_argument("--size", nargs=2, metavar=("W", "H"), help="two numbers")
    made.add_argument("--hash", choices=["md5", "sha1"], help="which one")
    made.add_argument("--verbose", nargs="?", const="DEBUG", choices=["DEBUG", "INFO"], help="how much")
    made.add_argument("--preview", choices=["none", "auto"], metavar="[none,auto]", help="shown as a list")
    made.add_argument("--feature", action="append", metavar="KEY[=VALUE]", help="many times")
    made.add_argument("--colour", action=argparse.BooleanOptionalAction, help="both ways")
    first = made.add_mutually_exclusive_group()
    for name in ("alpha-attention", "beta-attention", "gamma-attention"):
        first.add_argument(f"--use-{name}", action="store_true", help="one of three")
    second = made.add_mutually_exclusive_group()
    second.add_argument("--cache-ram", nargs="*", metavar="GB", help="some")
    second.add_argument("--cache-lru", type=int, help="a number")
    third = made.add_mutually_exclusive_group(required=True)
    third.add_argument("--red", action="store_true")
    third.add_argument("--green", action="store_true")
    made.add_argument("--hidden", help=argparse.SUPPRESS)
    return made


@pytest.fixture(params=["40", "80", "10000"])
def flags(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, FlagSpec]:
    """The same parser's help, broken into lines of different width."""
    monkeypatch.setenv("COLUMNS", request.param)
    return flags_from_help(parser().format_help())


def test_every_flag_and_nothing_else(flags: dict[str, FlagSpec]):
    assert set(flags) == {
        *("--listen", "--port", "--quiet", "--silent", "--output-folder", "--paths", "--fast", "--size", "--hash"),
        *("--verbose", "--preview", "--feature", "--colour", "--no-colour", "--cache-ram", "--cache-lru"),
        *("--use-alpha-attention", "--use-beta-attention", "--use-gamma-attention", "--red", "--green"),
    }


def test_how_many_values_each_takes(flags: dict[str, FlagSpec]):
    takes = {name: spec.takes for name, spec in flags.items()}
    assert {name for name, kind in takes.items() if kind == "one"} == {
        *("--port", "--output-folder", "--hash", "--preview", "--feature", "--cache-lru"),
    }
    assert {name for name, kind in takes.items() if kind == "optional"} == {"--listen", "--verbose"}
    assert {name for name, kind in takes.items() if kind == "many"} == {"--paths", "--fast", "--size", "--cache-ram"}
    assert takes["--quiet"] == takes["--silent"] == takes["--no-colour"] == "none"


def test_allowed_values(flags: dict[str, FlagSpec]):
    choices = {name: spec.choices for name, spec in flags.items() if spec.choices}
    assert choices == {"--hash": ("md5", "sha1"), "--verbose": ("DEBUG", "INFO"), "--preview": ("none", "auto")}


def test_groups(flags: dict[str, FlagSpec]):
    attention = {flags[f"--use-{name}-attention"].group for name in ("alpha", "beta", "gamma")}
    assert len(attention) == 1
    assert None not in attention
    assert flags["--cache-ram"].group == flags["--cache-lru"].group
    assert flags["--red"].group == flags["--green"].group is not None
    assert len({flags[name].group for name in ("--use-beta-attention", "--cache-lru", "--red")}) == 3
    assert flags["--port"].group is None


@pytest.mark.parametrize("text", ["", "Traceback (most recent call last):\nImportError: no", "usage: main.py\n"])
def test_something_else_holds_no_flags(text: str):
    assert flags_from_help(text) == {}


def test_lines_before_the_usage_and_lost_empty_lines_do_not_matter():
    text = "a warning: --port is odd\n" + "\n".join(line for line in parser().format_help().splitlines() if line)
    assert "--port" in flags_from_help(text)
    assert flags_from_help(text) == flags_from_help(parser().format_help())
