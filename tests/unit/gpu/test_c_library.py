"""The real binding, the real loader, a library in C that exports only a handful of functions."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = r"""
#include <string.h>
typedef struct { unsigned id; } device;
static device only;
int nvmlInitWithFlags(unsigned flags) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned size) { strncpy(text, "470.00", size); return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 1; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, device **handle) { *handle = &only; return 0; }
int nvmlDeviceGetName(device *handle, char *text, unsigned size) { strncpy(text, "Old Board", size); return 0; }
int nvmlDeviceGetMemoryInfo(device *handle, unsigned long long *memory) {
    memory[0] = 8589934592ull; memory[1] = 8000000000ull; memory[2] = 589934592ull; return 0;
}
int nvmlDeviceGetTemperature(device *handle, unsigned sensor, unsigned *celsius) { *celsius = 55; return 0; }
int nvmlDeviceGetUtilizationRates(device *handle, unsigned *rates) { rates[0] = 97; rates[1] = 33; return 0; }
int nvmlDeviceGetPowerUsage(device *handle, unsigned *milliwatts) { *milliwatts = 150500; return 0; }
int nvmlDeviceGetCurrentClocksThrottleReasons(device *handle, unsigned long long *mask) { *mask = 4; return 0; }
int nvmlDeviceGetClockInfo(device *handle, unsigned which, unsigned *mhz) { return 3; }
"""


@pytest.fixture(scope="module")
def library_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if sys.platform == "win32" or compiler is None:
        pytest.skip("needs a C compiler and a Unix loader")
    folder = tmp_path_factory.mktemp("old driver")
    (folder / "nvml.c").write_text(SOURCE, encoding="utf-8")
    subprocess.run(
        [compiler, "-w", "-shared", "-fPIC", "-o", str(folder / "libnvidia-ml.so.1"), str(folder / "nvml.c")],
        check=True,
        timeout=60,
    )
    return folder


def test_a_driver_that_knows_only_the_old_functions(library_folder: Path):
    done = subprocess.run(
        [sys.executable, "-m", "wan22", "monitor", "--json", "--gentle", "--seconds", "0.2"],
        env=dict(os.environ, LD_LIBRARY_PATH=str(library_folder)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["inventory"]["driver_version"] == "470.00"
    assert lines[0]["inventory"]["gpus"][0]["name"] == "Old Board"
    (reading,) = next(line for line in lines if line["kind"] == "gpu_sampled")["readings"]
    cost_s = reading.pop("read_cost_s")
    assert 0.0 < cost_s < 1.0
    del reading["time_s"]
    assert reading == {
        "gpu": 0,
        "utilization_pct": 97,
        "memory_utilization_pct": 33,
        "temperature_c": 55,
        "power_w": 150.5,
        "memory_used_bytes": 589934592,
        "memory_total_bytes": 8589934592,
        "clocks_event_reasons": 4,
    }
