"""The simulated board as the look-alike owns it: it follows the load it is given and tells readings when asked."""

import os
import random
import threading
import uuid
from typing import Any

from wan22.demo.gpu_model import IDLE, GpuState, Load, clock_share, first_state, link_of, step
from wan22.demo.scenario import Scenario
from wan22.schema.gpu import GpuInfo, GpuInventory, GpuProcess, GpuReading
from wan22.system.clock import Clock

_STEP_S = 0.05
_MOST_STEPS = 4000
_DRIVER = "580.00 (SIMULATED)"


class SimulatedGpu:
    """One board. `set_load` may be called from the worker, `document` from any request's thread.

    Nothing runs by itself: the model is brought up to the present whenever somebody looks or the load changes.
    """

    def __init__(self, scenario: Scenario, clock: Clock, speed: float, pid: int | None = None) -> None:
        self._scenario = scenario
        self._clock = clock
        self._speed = speed
        self._pid = os.getpid() if pid is None else pid
        self._rng = random.Random(scenario.seed)
        self._lock = threading.Lock()
        self._state = first_state(scenario)
        self._load = Load()
        self._at_s = clock.monotonic()

    @property
    def load(self) -> Load:
        """What is asked of it now."""
        return self._load

    def set_load(self, load: Load) -> None:
        """From now on the server asks this of it."""
        with self._lock:
            self._advance()
            self._load = load

    def state(self) -> GpuState:
        """How it stands now."""
        with self._lock:
            self._advance()
            return self._state

    def slowdown(self) -> float:
        """How many times longer work takes now than on a healthy board that it has for itself."""
        left = max(0.1, 1.0 - sum(one.load for one in self._scenario.neighbours))
        return 1.0 / max(0.05, clock_share(self._scenario, self.state()) * left)

    def memory_free_bytes(self) -> int:
        """What neither this server nor a neighbour holds."""
        return round(self._scenario.board.memory_mib * 2**20 - self.state().memory_bytes)

    def document(self) -> dict[str, Any]:
        """Inventory, one reading and the processes as JSON: what `GET /demo/gpu` answers."""
        with self._lock:
            self._advance()
            state, load = self._state, self._load
        reading = reading_from_state(self._scenario, state, self._clock.now())
        return {
            "inventory": inventory(self._scenario).model_dump(mode="json"),
            "reading": {name: getattr(reading, name) for name in reading.__slots__},
            "processes": [one.model_dump(mode="json") for one in self._processes(load)],
        }

    def _processes(self, load: Load) -> list[GpuProcess]:
        found = [
            GpuProcess(pid=one.pid, name=one.name, kind=one.kind, memory_bytes=round(one.memory_gib * 2**30))
            for one in self._scenario.neighbours
        ]
        if load.has_context:
            own = GpuProcess(pid=self._pid, name="python (SIMULATED)", memory_bytes=round(load.memory_bytes))
            found.insert(0, own)
        return found

    def _advance(self) -> None:
        """Bring the model up to the present, in small steps; after a long silence in larger ones."""
        now_s = self._clock.monotonic()
        passed_s = now_s - self._at_s
        if passed_s <= 0:
            return
        count = min(_MOST_STEPS, max(1, round(passed_s / _STEP_S)))
        for _ in range(count):
            self._state = step(self._scenario, self._state, self._load, passed_s / count, self._rng, self._speed)
        self._at_s = now_s


def inventory(scenario: Scenario) -> GpuInventory:
    """What the driver of this board would tell once."""
    board = scenario.board
    info = GpuInfo(
        gpu=0,
        uuid=f"GPU-{uuid.uuid5(uuid.NAMESPACE_URL, f'wan22-demo:{board.name}:{scenario.name}')}",
        name=scenario.board_name,
        architecture="simulated",
        compute_capability=(12, 0),
        pci_bus_id="00000000:01:00.0",
        memory_total_bytes=board.memory_mib * 2**20,
        memory_reserved_bytes=board.memory_reserved_mib * 2**20,
        bar1_total_bytes=board.bar1_mib * 2**20,
        power_default_w=board.power_default_w,
        power_min_w=board.power_min_w,
        power_max_w=board.power_max_w,
        power_enforced_w=scenario.power_limit_w,
        power_requested_w=scenario.power_limit_w,
        temperature_shutdown_c=board.temperature_shutdown_c,
        temperature_slowdown_c=board.temperature_slowdown_c,
        temperature_max_operating_c=board.temperature_max_c,
        sm_clock_max_mhz=board.sm_clock_max_mhz,
        memory_clock_max_mhz=board.memory_clock_mhz,
        pcie_generation_max=board.pcie_generation,
        pcie_width_max=board.pcie_width,
        pcie_generation_card_max=board.pcie_generation,
        ecc_enabled=False,
        mig_enabled=False,
        performance_counters=True,
    )
    return GpuInventory(
        source="simulated", simulated=True, driver_version=_DRIVER, cuda_version="13.0", nvml_version=None, gpus=(info,)
    )


def reading_from_state(scenario: Scenario, state: GpuState, now_s: float) -> GpuReading:
    """The state as a driver would tell it: whole degrees and megahertz, percent, milliwatts."""
    board = scenario.board
    generation, width = link_of(scenario)
    is_idle = state.reasons == IDLE and state.sm_clock_mhz <= board.sm_clock_idle_mhz
    temperature_c = float(round(state.temperature_c))
    counters = {f"limiter_{name}_ns": count for name, count in state.counters_ns.items()}
    return GpuReading(
        time_s=now_s,
        gpu=0,
        utilization_pct=float(round(100 * state.utilization)),
        memory_utilization_pct=float(round(100 * state.dram * state.utilization)),
        temperature_c=temperature_c,
        power_w=round(state.power_w, 3),
        power_instant_w=round(state.power_instant_w, 3),
        power_limit_w=scenario.power_limit_w,
        sm_clock_mhz=float(round(state.sm_clock_mhz)),
        memory_clock_mhz=state.memory_clock_mhz,
        memory_used_bytes=float(round(state.memory_bytes)),
        memory_total_bytes=float(board.memory_mib * 2**20),
        clocks_event_reasons=state.reasons,
        pstate=8 if is_idle else 1,
        pcie_generation=1 if is_idle else generation,
        pcie_width=width,
        encoder_pct=0.0,
        decoder_pct=0.0,
        temperature_margin_c=board.temperature_max_c - temperature_c,
        energy_j=round(state.energy_j, 3),
        sm_active_pct=round(94.0 * state.compute, 1),
        tensor_active_pct=round(88.0 * state.compute, 1),
        dram_active_pct=round(100.0 * state.dram * state.utilization, 1),
        pcie_rx_bytes_per_s=state.copy_in_bytes_per_s,
        pcie_tx_bytes_per_s=state.copy_in_bytes_per_s * 0.02,
        fan_pct=0.0 if temperature_c < 50 else float(min(100, round(30 + 1.6 * (temperature_c - 50)))),
        pcie_replay_count=0,
        recovery_action=0,
        **counters,
    )
