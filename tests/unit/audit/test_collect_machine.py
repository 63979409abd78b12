from pathlib import Path

from tests.unit.audit.machines import sources
from tests.unit.launch.installs import touch
from wan22.audit.collect_machine import collect_machine, disk_kind
from wan22.system.cancel import CancelToken


def test_this_very_machine(tmp_path: Path):
    facts = collect_machine(sources(tmp_path), CancelToken()).facts
    assert facts.memory_bytes > 2**28
    assert 0 < facts.memory_free_bytes <= facts.memory_bytes
    assert facts.cpu_threads >= 1
    for disk in facts.disks:
        assert disk.free_bytes is None or disk.free_bytes <= disk.total_bytes


def test_windows_names_its_processor_in_the_registry(tmp_path: Path):
    def read(key: str, name: str) -> str | None:
        return "AMD Ryzen 9 9950X   16-Core " if "CentralProcessor" in key and name == "ProcessorNameString" else None

    found = collect_machine(sources(tmp_path, platform="win32", read_registry=read), CancelToken())
    assert found.facts.cpu == "AMD Ryzen 9 9950X 16-Core"


def test_a_container_may_have_less_memory_than_the_machine(tmp_path: Path):
    root = tmp_path / "root"
    touch(root / "sys/fs/cgroup/memory.max", f"{2**27}\n")
    touch(root / "proc/cpuinfo", "processor : 0\nmodel name : Intel(R)  Xeon(R)\n")
    facts = collect_machine(sources(tmp_path, platform="linux", root=root), CancelToken()).facts
    assert facts.memory_limit_bytes == 2**27
    assert facts.cpu == "Intel(R) Xeon(R)"
    touch(root / "sys/fs/cgroup/memory.max", "max\n")
    facts = collect_machine(sources(tmp_path, platform="linux", root=root), CancelToken()).facts
    assert facts.memory_limit_bytes is None


def test_kinds_of_disks(tmp_path: Path):
    block = tmp_path / "sys" / "class" / "block"
    touch(block / "nvme0n1p2" / "partition")
    touch(block / "sda" / "queue" / "rotational", "1\n")
    touch(block / "sdb" / "queue" / "rotational", "0\n")
    touch(block / "vda" / "queue" / "rotational", "1\n")
    kinds = {name: disk_kind(f"/dev/{name}", tmp_path, "linux") for name in ("nvme0n1p2", "sda", "sdb", "vda", "md0")}
    assert kinds == {"nvme0n1p2": "NVMe", "sda": "hard disk", "sdb": "SSD", "vda": None, "md0": None}
    assert disk_kind("C:\\", tmp_path, "win32") is None
