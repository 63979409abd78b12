"""What the Monitor offers: its spans, its strips, its limiter lanes."""

from wan22.ui.palette import Metric
from wan22.ui.state.gpu_history import Series
from wan22.ui.widgets.limiter_lanes import LaneSpec
from wan22.ui.widgets.strip_plot import StripSpec

SPANS: tuple[tuple[float, str, str], ...] = (
    (60.0, "1 min", "The last minute"),
    (300.0, "5 min", "The last five minutes"),
    (900.0, "15 min", "The last quarter of an hour"),
    (3600.0, "1 h", "The last hour, at least one bucket a second"),
    (21600.0, "6 h", "The last six hours"),
    (86400.0, "24 h", "The last day, at least one bucket every ten seconds"),
)
STRIPS: tuple[tuple[Series, StripSpec], ...] = (
    (
        Series.utilisation_pct,
        StripSpec("Utilisation", "%", Metric.utilisation, "Share of the time in which the GPU had work"),
    ),
    (
        Series.temperature_c,
        StripSpec("Temperature", "°C", Metric.temperature, "Temperature of the GPU and where it slows down", 0, False),
    ),
    (Series.power_w, StripSpec("Power", "W", Metric.power, "What the board draws, and its limit")),
    (Series.memory_gib, StripSpec("VRAM used", "GiB", Metric.vram, "Memory of the board in use by all programs", 1)),
    (Series.sm_clock_mhz, StripSpec("SM clock", "MHz", Metric.sm_clock, "Clock of the computing units")),
)
LANES: tuple[tuple[Series, LaneSpec], ...] = (
    (Series.power_cap_share, LaneSpec("power cap", "slow", "At the power limit: normal for a GPU that is kept busy")),
    (Series.heat_share, LaneSpec("heat", "bad", "The clocks are lowered because of heat: check the cooling")),
    (Series.brake_share, LaneSpec("board, brake", "bad", "The board's own policy or the system's power brake")),
    (Series.idle_share, LaneSpec("idle, waiting", "reference", "Too little work to raise the clocks")),
)
