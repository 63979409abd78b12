"""One coherent simulated GPU as a pure function: load → power → clocks → heat → limiter counters."""

import math
import random
from dataclasses import dataclass, field, replace

from wan22.demo.scenario import Board, Scenario

IDLE = 0x001
POWER_CAP = 0x004
HW_SLOWDOWN = 0x008
SW_THERMAL = 0x020
HW_THERMAL = 0x040
RELIABILITY = 0x400

_POWER_EXPONENT = 2.4  # power against clock at a fixed load: frequency times voltage squared, roughly
_POWER_WINDOW_S = 1.0  # the driver's power is an average over a second
# What the parts of the chip draw of the whole; a healthy matrix product uses a third of the memory bandwidth.
_COMPUTE_SHARE, _DRAM_SHARE, _COPY_SHARE = 0.82, 0.52, 0.01
_REST_S = 4.0  # how long the clocks stay up after the last work
_THERMAL_MHZ_PER_C_S = 60.0
_RECOVERY_MHZ_PER_S = 25.0
_HW_RELEASE_C = 3.0
_HOT_SHARE = 0.97  # of the thermal range: clocks are held back from here on
_LIMITERS = (
    "power_cap",
    "thermal",
    "hw_thermal",
    "power_brake",
    "board",
    "low_utilization",
    "reliability",
    "below_base",
)
_GEN_BYTES_PER_S = {1: 0.25e9, 2: 0.5e9, 3: 0.985e9, 4: 1.97e9, 5: 3.94e9, 6: 7.9e9, 7: 15.8e9}


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of the GPU: shares from 0 to 1, bytes and bytes a second.

    `busy`: share of the time with a kernel or copy at work; `compute` and `dram`: how far those kernels use the
    arithmetic units and the memory's bandwidth.
    """

    busy: float = 0.0
    compute: float = 0.0
    dram: float = 0.0
    copy_in_bytes_per_s: float = 0.0
    memory_bytes: float = 0.0
    has_context: bool = False


FULL_LOAD = Load(busy=0.99, compute=1.0, dram=0.35, has_context=True)
"""What sampling asks of the board when nothing holds it back."""


@dataclass(frozen=True, slots=True)
class GpuState:
    """The GPU at one moment. Counters in nanoseconds; `thermal_cap_mhz` is how far heat lets the clock go."""

    temperature_c: float
    power_w: float
    power_instant_w: float
    sm_clock_mhz: float
    memory_clock_mhz: float
    thermal_cap_mhz: float
    energy_j: float = 0.0
    reasons: int = IDLE
    utilization: float = 0.0
    memory_bytes: float = 0.0
    copy_in_bytes_per_s: float = 0.0
    dram: float = 0.0
    compute: float = 0.0
    rest_s: float = _REST_S
    counters_ns: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_LIMITERS, 0))


def first_state(scenario: Scenario) -> GpuState:
    """The GPU after a long time of doing nothing."""
    board, cooling = scenario.board, scenario.cooling
    return GpuState(
        temperature_c=cooling.ambient_c + cooling.resistance_c_per_w * board.power_idle_w,
        power_w=board.power_idle_w,
        power_instant_w=board.power_idle_w,
        sm_clock_mhz=board.sm_clock_idle_mhz,
        memory_clock_mhz=board.memory_clock_idle_mhz,
        thermal_cap_mhz=board.sm_clock_max_mhz,
        memory_bytes=_memory(scenario, Load()),
    )


def step(
    scenario: Scenario, state: GpuState, load: Load, dt_s: float, rng: random.Random, speed: float = 1.0
) -> GpuState:
    """The GPU `dt_s` seconds later under `load`; `speed` makes heat as much faster as the work is.

    Pure but for the random numbers, so that a seed gives the same again. Noise of power pulls the clock along: the
    limiter is always explained by what is seen.
    """
    load = with_neighbours(scenario, load)
    is_working = load.busy > 0.0
    rest_s = 0.0 if is_working else state.rest_s + dt_s * speed
    is_up = is_working or (rest_s < _REST_S)
    hw_thermal = _in_hw_slowdown(scenario.board, state)
    cap_mhz = _thermal_cap(scenario.board, state, dt_s * speed)
    clock_mhz, reasons = _clock(scenario, load, cap_mhz, is_working=is_working, is_up=is_up, hw_thermal=hw_thermal)
    clock_mhz = _jitter(clock_mhz, scenario.noise.clock if is_working else 0.0, rng, below=_ceiling(scenario, cap_mhz))
    instant_w = _power(scenario.board, load, clock_mhz, is_up=is_up)
    instant_w *= max(0.0, 1.0 + rng.gauss(0.0, scenario.noise.power))
    keep = math.exp(-dt_s / _POWER_WINDOW_S)
    power_w = min(state.power_w * keep + instant_w * (1.0 - keep), max(scenario.power_limit_w * 1.01, state.power_w))
    return replace(
        state,
        temperature_c=_temperature(scenario, state.temperature_c, instant_w, dt_s * speed),
        power_w=power_w,
        power_instant_w=instant_w,
        sm_clock_mhz=clock_mhz,
        memory_clock_mhz=scenario.board.memory_clock_mhz if is_up else scenario.board.memory_clock_idle_mhz,
        thermal_cap_mhz=cap_mhz,
        energy_j=state.energy_j + instant_w * dt_s,
        reasons=reasons,
        utilization=min(1.0, load.busy),
        memory_bytes=_memory(scenario, load),
        copy_in_bytes_per_s=min(load.copy_in_bytes_per_s, link_bytes_per_s(scenario)),
        dram=load.dram,
        compute=load.compute * load.busy,
        rest_s=rest_s,
        counters_ns=_counted(scenario, state, reasons, clock_mhz, is_working=is_working, dt_s=dt_s),
    )


def with_neighbours(scenario: Scenario, load: Load) -> Load:
    """The load of our server and that of its neighbours together."""
    extra = min(1.0, sum(one.load for one in scenario.neighbours))
    if extra <= 0.0:
        return load
    busy = min(1.0, load.busy + extra * (1.0 - load.busy))
    asked = load.compute * load.busy + 0.35 * extra * (1.0 - load.busy)
    return replace(load, busy=busy, compute=asked / busy if busy else 0.0)


def link_bytes_per_s(scenario: Scenario) -> float:
    """What the PCIe link carries one way under load: nine tenths of its nominal rate."""
    generation, width = link_of(scenario)
    return _GEN_BYTES_PER_S[generation] * width * 0.9


def link_of(scenario: Scenario) -> tuple[int, int]:
    """Generation and width of the link under load."""
    board, limits = scenario.board, scenario.limits
    generation = min(board.pcie_generation, limits.pcie_generation or board.pcie_generation)
    return generation, min(board.pcie_width, limits.pcie_width or board.pcie_width)


def clock_share(scenario: Scenario, state: GpuState) -> float:
    """Clock against that of a healthy board at full load, at most 1: what heat and limits cost the work."""
    return min(1.0, state.sm_clock_mhz / healthy_clock_mhz(scenario.board))


def healthy_clock_mhz(board: Board) -> float:
    """Clock of this board at full load with the power limit it was delivered with."""
    healthy = Scenario(board=board)
    clock_mhz, _ = _clock(healthy, FULL_LOAD, board.sm_clock_max_mhz, is_working=True, is_up=True, hw_thermal=False)
    return clock_mhz


def _ceiling(scenario: Scenario, cap_mhz: float) -> float:
    lock_mhz = scenario.limits.lock_sm_mhz or scenario.board.sm_clock_max_mhz
    return min(scenario.board.sm_clock_boost_mhz, lock_mhz, cap_mhz)


def _clock(
    scenario: Scenario, load: Load, cap_mhz: float, *, is_working: bool, is_up: bool, hw_thermal: bool
) -> tuple[float, int]:
    """SM clock and the reasons that hold it where it is."""
    board = scenario.board
    if not is_up:
        return board.sm_clock_idle_mhz, IDLE
    free_mhz = min(board.sm_clock_boost_mhz, scenario.limits.lock_sm_mhz or board.sm_clock_max_mhz)
    if not is_working:
        return free_mhz, IDLE
    reasons, clock_mhz = 0, free_mhz
    if cap_mhz < clock_mhz:
        clock_mhz, reasons = cap_mhz, SW_THERMAL
    fed_mhz = _clock_at_power(board, load, scenario.power_limit_w)
    if fed_mhz < clock_mhz:
        clock_mhz, reasons = fed_mhz, POWER_CAP
    if hw_thermal:
        clock_mhz, reasons = min(clock_mhz, board.sm_clock_boost_mhz / 2), reasons | HW_THERMAL | HW_SLOWDOWN
    if not reasons and scenario.limits.lock_sm_mhz is None and load.compute > 0.3:
        reasons = RELIABILITY
    return max(clock_mhz, board.sm_clock_idle_mhz), reasons


def _dynamic_w(board: Board, load: Load) -> float:
    """Watts above those of an open context that the load asks for at boost clock."""
    kernels = load.busy * (_COMPUTE_SHARE * load.compute + _DRAM_SHARE * load.dram)
    share = kernels + _COPY_SHARE * min(1.0, load.copy_in_bytes_per_s / 5e10)
    return share * (board.power_demand_w - board.power_context_w)


def _power(board: Board, load: Load, clock_mhz: float, *, is_up: bool) -> float:
    if not is_up:
        return board.power_idle_w
    return board.power_context_w + _dynamic_w(board, load) * math.pow(
        clock_mhz / board.sm_clock_boost_mhz, _POWER_EXPONENT
    )


def _clock_at_power(board: Board, load: Load, limit_w: float) -> float:
    """The clock at which this load draws just the limit."""
    dynamic_w = _dynamic_w(board, load)
    room_w = limit_w - board.power_context_w
    if dynamic_w <= room_w:
        return math.inf
    return board.sm_clock_boost_mhz * math.pow(max(room_w, 0.0) / dynamic_w, 1.0 / _POWER_EXPONENT)


def _thermal_cap(board: Board, state: GpuState, dt_s: float) -> float:
    """How far heat lets the clock go: down while too hot, slowly up again below."""
    over_c = state.temperature_c - board.temperature_max_c * _HOT_SHARE
    if over_c > 0:
        started_mhz = min(state.thermal_cap_mhz, board.sm_clock_boost_mhz)
        return max(board.sm_clock_idle_mhz, started_mhz - _THERMAL_MHZ_PER_C_S * over_c * dt_s)
    return min(board.sm_clock_max_mhz, state.thermal_cap_mhz + _RECOVERY_MHZ_PER_S * dt_s)


def _in_hw_slowdown(board: Board, state: GpuState) -> bool:
    release_c = _HW_RELEASE_C if state.reasons & HW_THERMAL else 0.0
    return state.temperature_c >= board.temperature_slowdown_c - release_c


def _temperature(scenario: Scenario, now_c: float, power_w: float, dt_s: float) -> float:
    cooling = scenario.cooling
    goal_c = cooling.ambient_c + cooling.resistance_c_per_w * power_w
    return goal_c + (now_c - goal_c) * math.exp(-dt_s / cooling.time_constant_s)


def _memory(scenario: Scenario, load: Load) -> float:
    board = scenario.board
    held = sum(one.memory_gib for one in scenario.neighbours) * 2**30
    total = board.memory_mib * 2**20
    return min(total - 64 * 2**20, board.memory_reserved_mib * 2**20 + held + load.memory_bytes)


def _jitter(value: float, spread: float, rng: random.Random, *, below: float) -> float:
    return min(below, value * (1.0 + rng.gauss(0.0, spread))) if spread else value


def _counted(
    scenario: Scenario, state: GpuState, reasons: int, clock_mhz: float, *, is_working: bool, dt_s: float
) -> dict[str, int]:
    """Counters of time a limiter was at work, as the driver sums them."""
    active = {
        "power_cap": bool(reasons & POWER_CAP),
        "thermal": bool(reasons & SW_THERMAL),
        "hw_thermal": bool(reasons & HW_THERMAL),
        "reliability": bool(reasons & RELIABILITY),
        "low_utilization": not is_working,
        "below_base": is_working and clock_mhz < scenario.board.sm_clock_base_mhz,
    }
    passed_ns = round(dt_s * 1e9)
    return {name: count + (passed_ns if active.get(name) else 0) for name, count in state.counters_ns.items()}
