"""Every launch profile with what it is worth here, broken files included, and why one of them is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wan22.launch.profile_lint import lint_profile
from wan22.launch.profile_store import LoadedProfile, ProfileStore, profile_for_gpu
from wan22.schema.board import is_board
from wan22.schema.duration_text import EN_DASH
from wan22.schema.problem import AppError, Problem
from wan22.schema.profile import Profile, Setting, Target
from wan22.schema.setting_lint import Effect, SettingLint
from wan22.ui.number_text import NO_BREAK_SPACE
from wan22.ui.verdict_word import Tone

ARROW = f"{NO_BREAK_SPACE}\N{RIGHTWARDS ARROW}{NO_BREAK_SPACE}"
TIMES = "\N{MULTIPLICATION SIGN}"
EFFECT_WORDS: dict[Effect, tuple[Tone, str]] = {
    Effect.harmful: (Tone.bad, "harmful"),
    Effect.no_effect: (Tone.slow, "no effect"),
    Effect.unknown: (Tone.unknown, "unknown"),
    Effect.known_effect: (Tone.good, "known effect"),
}
"""Tone and word of each effect, the most urgent first."""


@dataclass(frozen=True, slots=True)
class ProfileCard:
    """One profile: loaded and judged, or broken and why."""

    name: str
    loaded: LoadedProfile | None = None
    findings: tuple[SettingLint, ...] = ()
    targets: tuple[Target, ...] = ()
    problem: Problem | None = None

    @property
    def title(self) -> str:
        """Its title, or that it cannot be read."""
        return self.loaded.profile.title if self.loaded is not None else "cannot be used"


@dataclass(frozen=True, slots=True)
class ProfileShelf:
    """All profiles. `automatic`: the one taken for the boards, None while they are unknown or a file is broken."""

    cards: tuple[ProfileCard, ...] = ()
    automatic: str | None = None
    automatic_problem: Problem | None = None
    boards: tuple[str, ...] | None = None
    targets_problem: Problem | None = None

    def card(self, name: str | None) -> ProfileCard | None:
        """The card of that name."""
        return next((card for card in self.cards if card.name == name), None)


def read_shelf(
    store: ProfileStore, boards: tuple[str, ...] | None, comfyui_version: str | None, platform: str
) -> ProfileShelf:
    """Read and judge all profiles; nothing is raised for a broken file. `boards` None: not known yet."""
    targets: tuple[Target, ...] = ()
    targets_problem = automatic_problem = automatic = None
    try:
        targets = store.targets()
    except AppError as error:
        targets_problem = error.problem
    if boards is not None:
        try:
            automatic = profile_for_gpu(store, boards)
        except AppError as error:
            automatic_problem = error.problem
    cards = [_card(store, name, targets, boards, comfyui_version, platform) for name in store.names()]
    return ProfileShelf(tuple(cards), automatic, automatic_problem, boards, targets_problem)


def _card(
    store: ProfileStore,
    name: str,
    targets: Sequence[Target],
    boards: Sequence[str] | None,
    comfyui_version: str | None,
    platform: str,
) -> ProfileCard:
    try:
        loaded = store.load(name)
    except AppError as error:
        return ProfileCard(name, problem=error.problem)
    profile = loaded.profile
    gpu_name = next((board for board in boards or () if profile.gpu.word_for(board) or profile.gpu.fallback), None)
    findings = lint_profile(
        profile,
        known_flags=None,
        comfyui_version=comfyui_version,
        torch_version=None,
        gpu_name=gpu_name,
        platform=platform,
    )
    fitting = [one for one in targets if any(is_board(word, one.key.gpu) for word in profile.gpu.match)]
    return ProfileCard(name, loaded, findings, tuple(fitting))


def automatic_words(shelf: ProfileShelf, *, simulated: bool) -> str:
    """What the automatic choice means here: `this machine: RTX 5090 → rtx5090`."""
    where = "the demo" if simulated else "this machine"
    if shelf.automatic_problem is not None:
        return "no choice: a profile file is broken"
    if shelf.boards is None or shelf.automatic is None:
        return "by the GPU, which is not read yet"
    board = short_board(shelf.boards[0]).replace(" ", NO_BREAK_SPACE) if shelf.boards else "no NVIDIA GPU"
    return f"{where}: {board}{ARROW}{shelf.automatic}"


def reason_words(shelf: ProfileShelf, chosen: str | None, *, simulated: bool) -> str:
    """Why the profile in force is the one."""
    where = "The demo" if simulated else "This machine"
    if chosen is not None:
        other = f" By itself the panel would take {shelf.automatic}." if shelf.automatic not in (None, chosen) else ""
        return f"You chose it; it stays until you choose another one.{other}"
    if shelf.automatic_problem is not None:
        return "A silent second choice would measure the wrong thing: mend the broken file, or choose a profile."
    if shelf.automatic is None or shelf.boards is None:
        return "The GPU of this machine has not been read yet."
    card = shelf.card(shelf.automatic)
    profile = card.loaded.profile if card is not None and card.loaded is not None else None
    for board in shelf.boards:
        word = profile.gpu.word_for(board) if profile is not None else None
        if word is not None:
            return f"{where} has {_article(board)} {board}, and the profile is made for boards called {word}."
    if shelf.boards:
        board = shelf.boards[0]
        return f"{where} has {_article(board)} {board}, which no profile names: this one fits every NVIDIA board."
    return f"{where} has no NVIDIA GPU that the driver tells of."


def _article(board: str) -> str:
    return "an" if board.startswith("NVIDIA") else "a"


def short_board(name: str) -> str:
    """A board's name without its maker."""
    return name.removeprefix("NVIDIA ").removeprefix("GeForce ")


def board_words(profile: Profile) -> str:
    """The board a profile is made for."""
    gpu = profile.gpu
    if gpu.fallback:
        return "every NVIDIA board that no other profile names"
    if not gpu.match:
        return "no GPU"
    words = [" or ".join(gpu.match)]
    words += [f"{gpu.vram_gib:g} GB"] if gpu.vram_gib is not None else []
    words += [f"usually {gpu.power_w:g} W"] if gpu.power_w is not None else []
    return ", ".join(words)


def origin_words(loaded: LoadedProfile) -> str:
    """Whose profile it is; the user's own files are named."""
    if loaded.origin == "user":
        return f"your own: {loaded.path.name}"
    if loaded.overlays:
        return f"shipped, with your changes from {', '.join(path.name for path in loaded.overlays)}"
    return "shipped" if loaded.profile.recommended else "shipped to compare, never chosen by itself"


def files_of(card: ProfileCard) -> tuple[Path, ...]:
    """The user's files behind a profile."""
    if card.loaded is None:
        return ()
    return card.loaded.overlays or ((card.loaded.path,) if card.loaded.origin == "user" else ())


def setting_words(name: str, setting: Setting) -> str:
    """A setting as one would type it; one that is not given says so."""
    value = setting.value
    if value is False:
        return f"{name} (not given)"
    if value is True:
        return name
    text = " ".join(value) if isinstance(value, tuple) else str(value)
    return f"{name} {text}" if name.startswith("--") else f"{name}={text}"


def worst(findings: Sequence[SettingLint]) -> tuple[Tone, str] | None:
    """The most urgent judgement with its count; None when there is nothing to say against any setting."""
    for effect, (tone, word) in EFFECT_WORDS.items():
        count = sum(finding.effect is effect for finding in findings)
        if count and effect is not Effect.known_effect:
            return tone, f"{count} {word}"
    return None


def target_words(target: Target) -> str:
    """A band of times in one line."""
    key = target.key
    after = {"none": "", "any": ", with interpolation"}.get(key.interpolation, f", with {key.interpolation}")
    size = f"{key.width}{TIMES}{key.height}, {key.length} frames, {key.steps} steps, CFG {key.cfg:g}{after}"
    total = "both passes" if target.total_of == "passes" else "whole job"
    parts = []
    for name, band, limit in (
        ("a pass", target.pass_excellent_s, target.pass_good_below_s),
        (total, target.total_excellent_s, target.total_good_below_s),
    ):
        words = [f"{band[0]:g}{EN_DASH}{band[1]:g} s excellent"] if band is not None else []
        words += [f"up to {limit:g} s good"] if limit is not None else []
        if words:
            parts.append(f"{name} {', '.join(words)}")
    return f"{size}: {'; '.join(parts)}"
