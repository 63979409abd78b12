"""Profiles and their judgements in words that fit into a terminal."""

import textwrap
from collections.abc import Iterable, Sequence

from wan22.cli.console import Console
from wan22.launch.profile_difference import ProfileDifference
from wan22.launch.profile_store import LoadedProfile
from wan22.schema.board import is_board
from wan22.schema.profile import Expectation, Profile, Setting, Target
from wan22.schema.setting_lint import Effect, SettingLint

_WIDEST = 100
_INDENT = 4
_MARKS: dict[Effect, tuple[str, str, str]] = {
    Effect.harmful: ("✕", "harmful", "bold red"),
    Effect.no_effect: ("–", "no effect", "bold yellow"),  # noqa: RUF001 - a dash that is seen
    Effect.unknown: ("●", "unknown", "bold cyan"),
    Effect.known_effect: ("✓", "known effect", "bold green"),
}
"""Sign, word and style of each effect, the most urgent first."""


def print_list(console: Console, profiles: Sequence[LoadedProfile]) -> None:
    """A table of all profiles."""
    rows = [(one.profile.name, one.profile.title, _origin(one)) for one in profiles]
    console.table("", ("name", "made for", "from"), rows)
    console.text("`wan22 profiles show NAME` says what is in one,")
    console.text("`wan22 profiles lint NAME` what that is worth.")


def print_profile(console: Console, loaded: LoadedProfile, targets: Iterable[Target]) -> None:
    """Everything in a profile with its notes, and the bands for its board."""
    profile = loaded.profile
    console.text(f"{profile.name} · {profile.title}", style="bold")
    if profile.description:
        _paragraph(console, profile.description, 0)
    console.text()
    facts = [("board", _board(profile)), ("file", str(loaded.path))]
    facts += [("builds on", str(path)) for path in loaded.bases]
    facts += [("under", f"{path} (your own, laid over it)") for path in loaded.overlays]
    for name, words in facts:
        console.text(f"{name:<10} {words}")
    _paragraph(console, f"{'must show':<10} {_expected(profile.expect)}", 0, hanging=11)
    for title, settings in (("Environment", profile.environment), ("Flags", profile.flags)):
        console.text()
        console.text(title, style="bold")
        if not settings:
            console.text("none")
        for name, setting in settings.items():
            console.text(setting_words(name, setting), style="bold cyan")
            _paragraph(console, f"{setting.note} Read by {setting.read_by}.", _INDENT)
    fitting = [one for one in targets if any(is_board(word, one.key.gpu) for word in profile.gpu.match)]
    if fitting:
        console.text()
        console.text("Targets on this board", style="bold")
    for target in fitting:
        _print_target(console, target)


def print_lint(console: Console, profile: Profile, found: Sequence[SettingLint], where: str) -> None:
    """All judgements of a profile, the most urgent first; `where` says which ComfyUI was asked."""
    console.text(f"{profile.name} · {profile.title}", style="bold")
    console.text(f"{_counts(found)} · {where}")
    for effect, (mark, word, style) in _MARKS.items():
        for lint in found:
            if lint.effect is effect:
                console.text()
                console.text(f"{mark} {word}: {lint_words(lint)}", style=style)
                _paragraph(console, lint.reason, _INDENT)
                if lint.advice:
                    _paragraph(console, f"Advice: {lint.advice}", _INDENT)


def print_differences(console: Console, left: Profile, right: Profile, found: Sequence[ProfileDifference]) -> None:
    """What differs between two profiles, one sentence each; notes that differ are only counted."""
    console.text(f"{left.name} · {left.title}", style="bold")
    console.text(f"{right.name} · {right.title}", style="bold")
    told = [item for item in found if not item.is_note]
    console.text()
    if not told:
        console.text("Both start ComfyUI in the same way.")
    for item in told:
        _paragraph(console, f"● {item.sentence}", 0, hanging=2)
    notes = len(found) - len(told)
    if notes:
        console.text()
        console.text(f"{notes} {'note or title differs' if notes == 1 else 'notes or titles differ'} too.")


def setting_words(name: str, setting: Setting) -> str:
    """A setting as one would type it: `NAME=value`, `--flag a b`; one that is not given says so."""
    value = setting.value
    if value is False:
        return f"{name}  (not given)"
    if value is True:
        return name
    text = " ".join(value) if isinstance(value, tuple) else str(value)
    return f"{name} {text}" if name.startswith("--") else f"{name}={text}"


def lint_words(lint: SettingLint) -> str:
    """The judged part as one would type it."""
    if lint.setting.startswith("--"):
        return f"{lint.setting} {lint.value}".strip() if lint.value != "false" else f"{lint.setting}  (not given)"
    return f"{lint.setting}={lint.value}"


def _print_target(console: Console, target: Target) -> None:
    key = target.key
    size = f"{key.width}×{key.height}×{key.length}"  # noqa: RUF001 - the sign that people write between sizes
    after = {"none": "", "any": ", with interpolation"}.get(key.interpolation, f", with {key.interpolation}")
    console.text(f"{size}, {key.steps} steps, CFG {key.cfg:g}{after}", style="bold cyan")
    total = "both passes" if target.total_of == "passes" else "whole job"
    for name, band, limit in (
        ("each pass", target.pass_excellent_s, target.pass_good_below_s),
        (total, target.total_excellent_s, target.total_good_below_s),
    ):
        words = [f"{band[0]:g} to {band[1]:g} s excellent"] if band is not None else []
        words += [f"up to {limit:g} s good", "more is slow"] if limit is not None else []
        if words:
            console.text(f"{'':{_INDENT}}{name:<12} {', '.join(words)}")
    _paragraph(console, f"Source: {target.source}.", _INDENT)
    if target.assumption:
        _paragraph(console, f"Assumption: {target.assumption}", _INDENT)


def _paragraph(console: Console, text: str, indent: int, hanging: int = 0) -> None:
    """Text wrapped to the screen; `hanging` indents all lines but the first once more."""
    lines = textwrap.wrap(
        text,
        min(console.width, _WIDEST),
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        drop_whitespace=True,
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in lines:
        console.text(line)


def _origin(loaded: LoadedProfile) -> str:
    words = {"shipped": "shipped", "user": "your own", "file": "a file"}[loaded.origin]
    words += " + your changes" if loaded.overlays else ""
    return words if loaded.profile.recommended else f"{words}, to compare"


def _board(profile: Profile) -> str:
    gpu = profile.gpu
    if gpu.fallback:
        return "every NVIDIA board that no other profile names"
    if not gpu.match:
        return "none"
    words = [" or ".join(gpu.match)]
    words += [f"{gpu.vram_gib:g} GB"] if gpu.vram_gib is not None else []
    words += [f"usually {gpu.power_w:g} W"] if gpu.power_w is not None else []
    return ", ".join(words)


def _expected(expect: Expectation) -> str:
    named = (("attention", expect.attention), ("allocator", expect.allocator), ("VRAM state", expect.vram_state))
    words = [f"{name} {value}" for name, value in named if value != "any"]
    if expect.fp16_accumulation is not None:
        words.append(f"fp16 accumulation {'on' if expect.fp16_accumulation else 'off'}")
    return ", ".join(words) or "nothing special"


def _counts(found: Sequence[SettingLint]) -> str:
    counts = [(sum(lint.effect is effect for lint in found), word) for effect, (_, word, _) in _MARKS.items()]
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing is set"
