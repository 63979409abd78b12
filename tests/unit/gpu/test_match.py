from itertools import permutations
from typing import Any

import pytest

from wan22.gpu.match import find_device
from wan22.schema.gpu import GpuInfo, GpuInventory

R5090 = "NVIDIA GeForce RTX 5090"
R3090 = "NVIDIA GeForce RTX 3090"


def match_device(*arguments: Any, **ids: Any) -> GpuInfo | None:
    found = find_device(*arguments, **ids)
    return None if found is None else found.gpu


def board(gpu: int, name: str, bus: int | None = None) -> GpuInfo:
    bus = gpu + 1 if bus is None else bus
    return GpuInfo(gpu=gpu, name=name, uuid=f"GPU-{gpu}{gpu}aa-bb-cc", pci_bus_id=f"00000000:{bus:02X}:00.0")


def machine(*names: str) -> GpuInventory:
    return GpuInventory(source="nvml", gpus=tuple(board(gpu, name) for gpu, name in enumerate(names)))


def test_the_only_board():
    found = find_device(machine(R5090), R5090, 0)
    assert found is not None
    assert (found.gpu.gpu, found.certain) == (0, True)


def test_the_only_board_with_another_name_is_not_it():
    assert match_device(machine(R5090), R3090, 0) is None
    assert match_device(machine(), R5090, 0) is None


def test_spaces_and_case_of_a_name_do_not_matter():
    assert match_device(machine(R5090), "nvidia geforce  rtx 5090 ") is not None


@pytest.mark.parametrize("index", [None, 0, 1])
def test_a_name_that_only_one_board_has(index: int | None):
    found = find_device(machine(R3090, R5090), R5090, index)
    assert found is not None
    assert (found.gpu.gpu, found.certain) == (1, True)


def test_equal_boards_go_by_their_index_and_are_not_sure():
    found = [find_device(machine(R5090, R5090, R5090), R5090, index) for index in range(3)]
    assert [match and (match.gpu.gpu, match.certain) for match in found] == [(0, False), (1, False), (2, False)]
    assert find_device(machine(R5090, R5090), R5090, 2) is None


def test_equal_boards_in_the_order_of_the_bus_are_sure():
    inventory = GpuInventory(source="nvml", gpus=(board(0, R5090, bus=9), board(1, R5090, bus=3)))
    found = find_device(inventory, R5090, 0, None, {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"})
    assert found is not None
    assert (found.gpu.gpu, found.certain) == (1, True)


def test_in_the_order_of_the_bus_the_name_must_fit():
    environment = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    assert match_device(machine(R3090, R5090), R5090, 0, None, environment) is None
    assert match_device(machine(R3090, R5090), R5090, 5, None, environment) is None


def test_the_fastest_comes_first_whatever_the_bus_says():
    """CUDA: 5090 (bus 2), then the 3090s in the order of the bus."""
    inventory = machine(R3090, R5090, R3090)
    assert match_device(inventory, R5090, 0) == inventory.gpus[1]
    second = find_device(inventory, R3090, 2)
    assert second is not None
    assert (second.gpu.name, second.certain) == (R3090, False)


def test_visible_devices_by_uuid():
    inventory = machine(R5090, R5090)
    for text in ("GPU-11aa-bb-cc", "GPU-11", "GPU-11aa-bb-cc,GPU-00aa-bb-cc"):
        found = find_device(inventory, R5090, 0, text)
        assert found is not None
        assert (found.gpu.gpu, found.certain) == (1, True)
    second = find_device(inventory, R5090, 1, "GPU-11aa-bb-cc,GPU-00aa-bb-cc")
    assert second is not None
    assert second.gpu.gpu == 0
    assert match_device(inventory, R5090, 0, "GPU-") is None, "fits both"
    assert match_device(inventory, R5090, 0, "GPU-77") is None
    assert match_device(inventory, R3090, 0, "GPU-11") is None


def test_visible_devices_by_index():
    inventory = machine(R5090, R5090)
    found = find_device(inventory, R5090, 0, "1")
    assert found is not None
    assert (found.gpu.gpu, found.certain) == (1, False)
    sure = find_device(inventory, R5090, 0, "1", {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"})
    assert sure is not None
    assert (sure.gpu.gpu, sure.certain) == (1, True)


@pytest.mark.parametrize("text", ["", "-1", "-1,0", "NoDevFiles"])
def test_no_visible_device(text: str):
    assert match_device(machine(R5090), R5090, 0, text) is None


def test_visible_devices_end_at_the_first_that_is_not_valid():
    inventory = machine(R5090, R5090)
    assert match_device(inventory, R5090, 1, "0,-1,1") is None
    assert match_device(inventory, R5090, 0, "0,-1,1") == inventory.gpus[0]


def test_a_slice_names_its_board_in_the_old_form_only():
    inventory = machine("NVIDIA H100 80GB HBM3")
    assert match_device(inventory, "NVIDIA H100 80GB HBM3", 0, "MIG-GPU-00aa-bb-cc/1/0") == inventory.gpus[0]
    assert match_device(inventory, "NVIDIA H100 80GB HBM3", 0, "MIG-4c3a-77") is None


def test_what_the_server_itself_says_decides():
    inventory = machine(R5090, R5090)
    for wanted in ("GPU-11aa-bb-cc", "11AA-BB-CC"):
        assert match_device(inventory, R5090, 0, uuid=wanted) == inventory.gpus[1]
    for wanted in ("00000000:02:00.0", "0000:02:00.0", "02:00.0"):
        assert match_device(inventory, R5090, 0, pci_bus_id=wanted) == inventory.gpus[1]
    assert match_device(inventory, R5090, 0, uuid="GPU-99") is None
    assert match_device(inventory, R5090, 0, pci_bus_id="00000001:02:00.0") is None


def test_boards_that_do_not_answer_take_no_place():
    inventory = GpuInventory(source="nvml", gpus=(GpuInfo(gpu=0), board(1, R5090), board(2, R5090)))
    found = find_device(inventory, R5090, 0)
    assert found is not None
    assert found.gpu.gpu == 1


@pytest.mark.parametrize("names", sorted(set(permutations([R5090, R3090, R3090]))))
@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("name", [R5090, R3090])
def test_a_board_with_another_name_is_never_taken(names: tuple[str, ...], index: int, name: str):
    found = match_device(machine(*names), name, index)
    assert found is None or found.name == name
