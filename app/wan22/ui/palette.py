"""The colours of both themes as named tokens. Plain text: no Qt is needed to check them.

Named tuples here and in the frame's widgets: they load three times as fast as dataclasses, before the first paint.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from wan22.ui.verdict_word import Tone


class Metric(Enum):
    """What is measured of a GPU; each has one colour and one dash pattern everywhere."""

    utilisation = "utilisation"
    temperature = "temperature"
    power = "power"
    vram = "vram"
    sm_clock = "sm_clock"
    memory_clock = "memory_clock"
    pcie = "pcie"


DASHES: Mapping[Metric, tuple[int, ...]] = {
    Metric.utilisation: (),
    Metric.temperature: (8, 3),
    Metric.power: (2, 2),
    Metric.vram: (10, 3, 2, 3),
    Metric.sm_clock: (5, 2),
    Metric.memory_clock: (5, 2, 1, 2),
    Metric.pcie: (1, 3),
}
"""Lengths of stroke and gap in pixels, for where metrics share one plot; empty = solid."""


class ToneColours(NamedTuple):
    """Ink and ground of a tinted chip."""

    ink: str
    ground: str


class Colours(NamedTuple):
    """One theme. Grounds from the lowest to the highest: window, panel, field, raised."""

    name: str
    window: str
    panel: str
    field: str
    raised: str
    line: str
    outline: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    accent_text: str
    on_accent: str
    focus: str
    limit: str
    reference: str
    cursor: str
    tag_ink: str
    tag_ground: str
    simulated_ink: str
    simulated_ground: str
    tones: Mapping[Tone, ToneColours]
    metrics: Mapping[Metric, str]
    phases: Mapping[str, str]


DARK = Colours(
    name="dark",
    window="#0F1216",
    panel="#161A20",
    field="#1E242C",
    raised="#29313C",
    line="#2A323D",
    outline="#6B7686",
    text="#E6EAF0",
    muted="#9AA4B2",
    accent="#5B9DFF",
    accent_hover="#7FB2FF",
    accent_text="#7FB2FF",
    on_accent="#0A1322",
    focus="#9CC4FF",
    limit="#FF7B7B",
    reference="#9AA4B2",
    cursor="#C9D1DC",
    tag_ink="#14181D",
    tag_ground="#E6EAF0",
    simulated_ink="#1B1300",
    simulated_ground="#F2B04E",
    tones={
        Tone.good: ToneColours("#5CCB8A", "#16291F"),
        Tone.slow: ToneColours("#F2B04E", "#2E2616"),
        Tone.bad: ToneColours("#FF7B7B", "#331D20"),
        Tone.running: ToneColours("#7FB2FF", "#1A2A42"),
        Tone.unknown: ToneColours("#B4BDC9", "#29313C"),
    },
    metrics={
        Metric.utilisation: "#5B9DFF",
        Metric.temperature: "#FF8A4C",
        Metric.power: "#F2C14E",
        Metric.vram: "#B48CFF",
        Metric.sm_clock: "#3FC1A6",
        Metric.memory_clock: "#7FB5A8",
        Metric.pcie: "#8C9BB0",
    },
    phases={
        "load": "#20262F",
        "encode": "#1B2D33",
        "pass_1": "#18263D",
        "pass_2": "#25223D",
        "decode": "#172B22",
        "interpolate": "#2B2819",
        "save": "#262B33",
        "other": "#1B2027",
    },
)

LIGHT = Colours(
    name="light",
    window="#F6F7F9",
    panel="#FFFFFF",
    field="#EEF1F5",
    raised="#DDE2E9",
    line="#D5DBE3",
    outline="#7A8593",
    text="#14181D",
    muted="#5A6573",
    accent="#1F6FEB",
    accent_hover="#1A5FCC",
    accent_text="#1A5FCC",
    on_accent="#FFFFFF",
    focus="#1A5FCC",
    limit="#B42525",
    reference="#5A6573",
    cursor="#3A4450",
    tag_ink="#FFFFFF",
    tag_ground="#14181D",
    simulated_ink="#1B1300",
    simulated_ground="#F2B04E",
    tones={
        Tone.good: ToneColours("#17703F", "#E2F4E9"),
        Tone.slow: ToneColours("#8A5A00", "#FBF0D9"),
        Tone.bad: ToneColours("#B42525", "#FBE4E4"),
        Tone.running: ToneColours("#1A5FCC", "#E1ECFD"),
        Tone.unknown: ToneColours("#4A5563", "#DDE2E9"),
    },
    metrics={
        Metric.utilisation: "#1A5FCC",
        Metric.temperature: "#B8430B",
        Metric.power: "#8A6100",
        Metric.vram: "#7440D8",
        Metric.sm_clock: "#0B7562",
        Metric.memory_clock: "#3E7468",
        Metric.pcie: "#56657A",
    },
    phases={
        "load": "#ECEFF3",
        "encode": "#E3F1F3",
        "pass_1": "#E3EDFC",
        "pass_2": "#ECE6FA",
        "decode": "#E2F4E9",
        "interpolate": "#F8F0DC",
        "save": "#E8EBF0",
        "other": "#F1F3F6",
    },
)


def contrast_ratio(first: str, second: str) -> float:
    """Contrast of two opaque colours `#RRGGBB`, 1 to 21, as WCAG 2 defines it."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def text_pairs(colours: Colours) -> list[tuple[str, str, str]]:
    """Every ink and ground that meet in the window: (name, ink, ground)."""
    grounds = {"window": colours.window, "panel": colours.panel, "field": colours.field, "raised": colours.raised}
    inks = {"text": colours.text, "muted": colours.muted}
    pairs = [(f"{ink} on {ground}", inks[ink], grounds[ground]) for ink in inks for ground in grounds]
    pairs += [(f"accent text on {name}", colours.accent_text, grounds[name]) for name in ("window", "panel", "field")]
    pairs += [(f"text on phase {name}", colours.text, ground) for name, ground in colours.phases.items()]
    pairs += [(f"chip {tone.value}", pair.ink, pair.ground) for tone, pair in colours.tones.items()]
    pairs += [
        (f"{tone.value} on {name}", pair.ink, grounds[name])
        for tone, pair in colours.tones.items()
        for name in ("window", "panel", "field")
    ]
    pairs += [
        ("text on the accent", colours.on_accent, colours.accent),
        ("text on the lit accent", colours.on_accent, colours.accent_hover),
        ("limit on panel", colours.limit, colours.panel),
        ("tag", colours.tag_ink, colours.tag_ground),
        ("simulated band", colours.simulated_ink, colours.simulated_ground),
    ]
    return pairs


def shape_pairs(colours: Colours) -> list[tuple[str, str, str]]:
    """Every line or shape that carries meaning, with its ground: 3:1 is enough for these."""
    pairs = [(f"{metric.value} on panel", ink, colours.panel) for metric, ink in colours.metrics.items()]
    pairs += [
        (f"{metric.value} on phase {name}", ink, ground)
        for metric, ink in colours.metrics.items()
        for name, ground in colours.phases.items()
    ]
    grounds = (("window", colours.window), ("panel", colours.panel), ("field", colours.field))
    pairs += [(f"focus ring on {name}", colours.focus, ground) for name, ground in grounds]
    pairs += [(f"outline on {name}", colours.outline, ground) for name, ground in grounds]
    return pairs


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
