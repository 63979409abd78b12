"""How well a GPU was used over a span, as one sentence with its grounds. Pure."""

from dataclasses import dataclass

from wan22.ui.number_text import number, with_unit
from wan22.ui.state.gpu_history import Series
from wan22.ui.state.telemetry_store import SpanStatistics, TelemetryStore
from wan22.ui.verdict_word import Tone

IDLE_PCT = 5.0
FULL_PCT = 90.0
HEAT_SHARE = 0.02
POWER_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class GpuUse:
    """The answer, its grounds, and the word for a chip."""

    sentence: str
    grounds: str
    word: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class GpuLimit:
    """Limits of a board that the grounds name; None = unknown."""

    power_w: float | None = None
    temperature_c: float | None = None


def use_of_span(store: TelemetryStore | None, span_s: float, end_s: float | None, limit: GpuLimit) -> GpuUse:
    """Judge the use of a GPU in the `span_s` before `end_s`."""
    if store is None:
        return GpuUse("No GPU is read yet", "Curves appear with the first reading.", "no readings", Tone.unknown)
    load = store.statistics(Series.utilisation_pct, span_s, end_s)
    power = store.statistics(Series.power_w, span_s, end_s)
    heat = store.statistics(Series.temperature_c, span_s, end_s)
    capped = store.statistics(Series.power_cap_share, span_s, end_s).mean
    hot = store.statistics(Series.heat_share, span_s, end_s).mean
    grounds = _grounds(load, power, heat, hot, limit)
    if load.mean is None:
        return GpuUse("How busy the GPU was is unknown", grounds, "load unknown", Tone.unknown)
    if load.mean < IDLE_PCT:
        return GpuUse("Idle", grounds, "idle", Tone.unknown)
    if hot is not None and hot >= HEAT_SHARE:
        sentence = f"Heat held the clocks back for {number(100 * hot)} % of the time"
        return GpuUse(sentence, grounds, "held back by heat", Tone.slow)
    if load.mean < FULL_PCT:
        return GpuUse(f"Used in part: {number(load.mean)} % on average", grounds, "partly used", Tone.running)
    if capped is None:
        return GpuUse("Fully used", grounds, "fully used", Tone.good)
    if capped >= POWER_SHARE:
        return GpuUse("Fully used: only the power limit holds it back", grounds, "fully used", Tone.good)
    return GpuUse("Fully used: nothing holds it back", grounds, "fully used", Tone.good)


def _grounds(
    load: SpanStatistics, power: SpanStatistics, heat: SpanStatistics, hot: float | None, limit: GpuLimit
) -> str:
    parts: list[str] = []
    if load.mean is not None:
        parts.append(f"{number(load.mean)} % busy on average")
    if power.mean is not None:
        of_limit = f" of {with_unit(limit.power_w, 'W')}" if limit.power_w is not None else " W"
        parts.append(f"{number(power.mean)}{of_limit} on average")
    if heat.high is not None:
        below = ""
        if limit.temperature_c is not None:
            margin = limit.temperature_c - heat.high
            side = "below" if margin >= 0 else "above"
            below = f", {number(abs(margin))} °C {side} the limit of {number(limit.temperature_c)} °C"
        parts.append(f"at most {number(heat.high)} °C{below}")
    parts.append("time lost to heat unknown" if hot is None else f"{number(100 * hot, 1)} % of the time lost to heat")
    return " · ".join(parts)
