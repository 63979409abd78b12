from pathlib import Path

from tests.unit.audit.machines import sources
from tests.unit.launch.installs import touch
from wan22.audit.collect_os import collect_os
from wan22.audit.registry import read_machine_registry
from wan22.schema.audit import SystemFacts
from wan22.system.cancel import CancelToken

VERSION = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
POWER = r"SYSTEM\CurrentControlSet\Control\Power\User\PowerSchemes"
GRAPHICS = r"SYSTEM\CurrentControlSet\Control\GraphicsDrivers"
WINDOWS = {
    (VERSION, "ProductName"): "Windows 10 Pro",
    (VERSION, "DisplayVersion"): "24H2",
    (VERSION, "CurrentBuild"): "26100",
    (VERSION, "UBR"): 4061,
    (GRAPHICS, "HwSchMode"): 2,
    (POWER, "ActivePowerScheme"): "8C5E7FDA-E8BF-4A96-9A85-A6E23A8C635C",
    (POWER, "ActiveOverlayAcPowerScheme"): "ded574b5-45a0-4f42-8737-46345c09c238",
}


def test_windows_11_says_of_itself_that_it_is_10(tmp_path: Path):
    made = sources(tmp_path, platform="win32", read_registry=lambda key, name: WINDOWS.get((key, name)))
    facts = collect_os(made, CancelToken()).facts
    assert facts.name == "Windows 11 Pro 24H2"
    assert facts.build == "26100.4061"
    assert facts.gpu_scheduling is True
    assert facts.power_plan == "High performance"
    assert facts.power_mode == "Best performance"
    assert facts.kernel is None


def test_windows_that_tells_little(tmp_path: Path):
    made = sources(tmp_path, platform="win32", read_registry=lambda _key, _name: None)
    found = collect_os(made, CancelToken())
    assert (found.facts.name, found.facts.build, found.facts.power_plan) == (None, None, None)
    assert found.facts.gpu_scheduling is None
    assert "own default" in found.reasons["gpu_scheduling"]


def test_a_power_plan_of_the_maker(tmp_path: Path):
    own = "11111111-2222-3333-4444-555555555555"
    values = {(POWER, "ActivePowerScheme"): own, (rf"{POWER}\{own}", "FriendlyName"): "@%SystemRoot%\\x.dll,-14,Turbo"}
    made = sources(tmp_path, platform="win32", read_registry=lambda key, name: values.get((key, name)))
    assert collect_os(made, CancelToken()).facts.power_plan == "Turbo"


def linux(work: Path, files: dict[str, str], environment: dict[str, str] | None = None) -> SystemFacts:
    root = work / "root"
    for name, text in files.items():
        touch(root / name, text)
    made = sources(work, platform="linux", root=root, environment=environment or {})
    return collect_os(made, CancelToken()).facts


def test_linux(tmp_path: Path):
    files = {
        "etc/os-release": 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 24.04.3 LTS"\n',
        "proc/sys/kernel/osrelease": "6.8.0-45-generic\n",
        "proc/1/cgroup": "0::/init.scope\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    }
    facts = linux(tmp_path, files)
    assert (facts.name, facts.kernel) == ("Ubuntu 24.04.3 LTS", "6.8.0-45-generic")
    assert (facts.power_plan, facts.wsl, facts.container) == ("performance", False, "")


def test_wsl_and_containers(tmp_path: Path):
    assert linux(tmp_path / "a", {"proc/sys/kernel/osrelease": "5.15.167.4-microsoft-standard-WSL2"}).wsl is True
    assert linux(tmp_path / "b", {".dockerenv": ""}).container == "docker"
    assert linux(tmp_path / "c", {"proc/1/cgroup": "0::/kubepods/pod1"}).container == "kubernetes"
    assert linux(tmp_path / "d", {}, {"container": "podman"}).container == "podman"
    assert linux(tmp_path / "e", {}, {"container": "; rm -rf"}).container == ""


def test_the_registry_of_this_machine():
    name = read_machine_registry(VERSION, "ProductName")
    assert name is None or "Windows" in str(name)
    assert read_machine_registry("SOFTWARE\\There is no such key", "x") is None
