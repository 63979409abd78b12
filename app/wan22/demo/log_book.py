"""What the look-alike says on standard error, in ComfyUI's words, and keeps for `GET /internal/logs`."""

import argparse
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from wan22.demo.cost_model import Phase
from wan22.demo.flags import attention_name, fast_options
from wan22.demo.scenario import Scenario

VERSION = "0.25.0"
TORCH = "2.14.1+cu130"

_KEPT = 300
_TAG = "\x1b[32m[INFO]\x1b[0m "
_BAR_WIDTH = 10
_ATTENTION_LINES = {
    "--use-sage-attention": "Using sage attention",
    "--use-flash-attention": "Using Flash Attention",
    "--use-pytorch-cross-attention": "Using pytorch attention",
    "--use-split-cross-attention": "Using split optimization for attention",
    "--use-quad-cross-attention": "Using sub quadratic optimization for attention",
}
_VRAM_STATES = {"gpu_only": "HIGH_VRAM", "highvram": "HIGH_VRAM", "lowvram": "LOW_VRAM", "novram": "NO_VRAM"}


class LogBook:
    """Lines go out at once and are kept; a progress bar only goes out."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._entries: deque[dict[str, str]] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """One line, tagged as ComfyUI 0.25 does it."""
        line = f"{_TAG}{text}\n"
        with self._lock:
            self._entries.append({"t": datetime.now().astimezone().isoformat(), "m": line})
            self._stream.write(line)
            self._stream.flush()

    def show_bar(self, done: int, total: int, elapsed_s: float) -> None:
        """The bar of a sampler after a step."""
        filled = round(_BAR_WIDTH * done / total)
        left_s = elapsed_s / done * (total - done)
        bar = "█" * filled + " " * (_BAR_WIDTH - filled)
        times = f"[{_clock(elapsed_s)}<{_clock(left_s)}, {elapsed_s / done:5.2f}s/it]"
        with self._lock:
            self._stream.write(
                f"\r{100 * done // total:3d}%|{bar}| {done}/{total} {times}" + ("\n" if done == total else "")
            )
            self._stream.flush()

    def raw(self, text: str) -> None:
        """Text without a tag, as a crashing thread prints it."""
        with self._lock:
            self._stream.write(text)
            self._stream.flush()

    def document(self) -> dict[str, Any]:
        """What `GET /internal/logs/raw` answers."""
        with self._lock:
            return {"entries": list(self._entries), "size": {"cols": 120, "rows": 50}}

    def text(self) -> str:
        """What `GET /internal/logs` answers."""
        with self._lock:
            return "".join(f"{entry['t']} - {entry['m']}" for entry in self._entries)


def start_lines(
    flags: argparse.Namespace, scenario: Scenario, folder: Path, ram_mib: int
) -> Iterator[tuple[float, str]]:
    """Lines of a start, each after its share of the whole start time."""
    board = scenario.board
    yield 0.30, "Checkpoint files will always be loaded safely."
    yield 0.10, f"Total VRAM {board.memory_mib} MB, total RAM {ram_mib} MB"
    yield 0.0, f"pytorch version: {TORCH}"
    if "fp16_accumulation" in fast_options(flags) and not flags.cpu:
        yield 0.0, "Enabled fp16 accumulation."
    yield 0.0, f"Set vram state to: {vram_state(flags)}"
    yield 0.0, f"Device: {device_name(flags, scenario)}"
    if not flags.disable_async_offload and not flags.cpu:
        yield 0.0, f"Using async weight offloading with {flags.async_offload or 2} streams"
    if not flags.disable_pinned_memory and not flags.cpu:
        yield 0.0, f"Enabled pinned memory {ram_mib // 2}"
    yield 0.25, _ATTENTION_LINES[attention_name(flags)]
    yield 0.0, f"Python version: {sys.version}"
    yield 0.0, f"ComfyUI version: {VERSION}"
    yield 0.0, "SIMULATED: a stand-in for ComfyUI; nothing is computed here, times and readings are made up."
    yield 0.25, "\nImport times for custom nodes:"
    yield 0.0, f"   0.0 seconds: {folder / 'custom_nodes' / 'websocket_image_save.py'}"
    yield 0.0, ""
    yield 0.05, "Context impl SQLiteImpl."
    yield 0.0, "Will assume non-transactional DDL."
    cache = cache_line(flags)
    if cache:
        yield 0.0, cache
    yield 0.05, "Starting server\n"


def cache_line(flags: argparse.Namespace) -> str:
    """What is said about the cache of node outputs; nothing for the classic one."""
    if flags.cache_lru:
        return "Using LRU cache"
    if flags.cache_none:
        return "Disabling intermediate node cache."
    return "" if flags.cache_classic or flags.high_ram else "Using RAM pressure cache."


def vram_state(flags: argparse.Namespace) -> str:
    """The name of the VRAM state that the flags choose."""
    if flags.cpu:
        return "DISABLED"
    return next((state for name, state in _VRAM_STATES.items() if getattr(flags, name)), "NORMAL_VRAM")


def device_name(flags: argparse.Namespace, scenario: Scenario) -> str:
    """The device as ComfyUI names it, with its allocator."""
    if flags.cpu:
        return "cpu"
    allocator = "native" if flags.disable_cuda_malloc or "autotune" in fast_options(flags) else "cudaMallocAsync"
    return f"cuda:0 {scenario.board_name} : {allocator}"


def load_lines(class_type: str, phases: Sequence[Phase]) -> tuple[str, ...]:
    """What is logged when a node loads a model."""
    if class_type == "UNETLoader":
        return "model weight dtype torch.float16, manual cast: None", "model_type FLOW"
    if any(phase.is_step for phase in phases):
        megabytes = phases[-1].load.memory_bytes / 2**20
        return (
            "Requested to load WAN21",
            f"loaded completely; {megabytes:.2f} MB usable, 14213.00 MB loaded, full load: True",
        )
    return ()


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
