"""Which board of this machine is the one that a server calls `cuda:0`. A wrong match is worse than none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wan22.schema.gpu import GpuInfo, GpuInventory

_BY_BUS = "PCI_BUS_ID"
_NO_NAME = "unknown GPU"


@dataclass(frozen=True, slots=True)
class DeviceMatch:
    """The board, and whether that is sure; `reason` says how it was found."""

    gpu: GpuInfo
    certain: bool
    reason: str


def find_device(
    inventory: GpuInventory,
    device_name: str,
    device_index: int | None = None,
    cuda_visible_devices: str | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    uuid: str | None = None,
    pci_bus_id: str | None = None,
) -> DeviceMatch | None:
    """The board behind CUDA device `device_index` (None = 0) called `device_name`; None if no board fits.

    `cuda_visible_devices` and `environment` (for CUDA_DEVICE_ORDER) are those of the server's process. A `uuid` or
    `pci_bus_id` that the server told decides alone. A board with another name is never taken.
    """
    for wanted, attribute in ((uuid, "uuid"), (pci_bus_id, "pci_bus_id")):
        if wanted is not None:
            found = [gpu for gpu in inventory.gpus if _same_id(getattr(gpu, attribute), wanted)]
            return DeviceMatch(found[0], certain=True, reason=f"by {attribute}") if len(found) == 1 else None
    index = device_index or 0
    visible = _visible(cuda_visible_devices)
    if visible is not None:
        if not 0 <= index < len(visible):
            return None
        entry = visible[index]
        if not entry.isdecimal():
            return _by_visible_uuid(inventory, entry, device_name)
        index = int(entry)
    return _by_order(inventory, device_name, index, by_bus=(environment or {}).get("CUDA_DEVICE_ORDER") == _BY_BUS)


def _by_visible_uuid(inventory: GpuInventory, entry: str, device_name: str) -> DeviceMatch | None:
    """CUDA_VISIBLE_DEVICES takes the beginning of a uuid if only one board has it; a MIG slice names its board."""
    start = entry.removeprefix("MIG-").partition("/")[0].casefold()
    found = [gpu for gpu in inventory.gpus if gpu.uuid is not None and gpu.uuid.casefold().startswith(start)]
    if len(found) != 1 or not _same_name(found[0], device_name):
        return None
    return DeviceMatch(found[0], certain=True, reason="by the uuid in CUDA_VISIBLE_DEVICES")


def _by_order(inventory: GpuInventory, device_name: str, index: int, *, by_bus: bool) -> DeviceMatch | None:
    boards = sorted((gpu for gpu in inventory.gpus if gpu.name != _NO_NAME), key=_bus_order)
    named = [gpu for gpu in boards if _same_name(gpu, device_name)]
    if by_bus:
        if 0 <= index < len(boards) and _same_name(boards[index], device_name):
            return DeviceMatch(boards[index], certain=True, reason="by its place on the PCI bus")
        return None
    if len(named) == 1:
        alone = len(boards) == 1
        return DeviceMatch(named[0], certain=True, reason="the only board" if alone else "the only board of that name")
    return _guess(boards, device_name, index)


def _guess(boards: Sequence[GpuInfo], device_name: str, index: int) -> DeviceMatch | None:
    """CUDA puts the fastest board first and leaves the others in the order of the bus; which is fastest is not known.

    Several boards carry the name, so try every board as the fastest and take the first order that fits the name.
    """
    if not 0 <= index < len(boards):
        return None
    for fastest in boards:
        order = [fastest, *(gpu for gpu in boards if gpu is not fastest)]
        if _same_name(order[index], device_name):
            return DeviceMatch(order[index], certain=False, reason="several boards have that name; by its index")
    return None


def _visible(text: str | None) -> list[str] | None:
    """Entries of CUDA_VISIBLE_DEVICES up to the first that is not valid, as CUDA reads it; None when it is not set."""
    if text is None:
        return None
    entries: list[str] = []
    for part in text.split(","):
        entry = part.strip()
        if not (entry.isdecimal() or entry.startswith(("GPU-", "MIG-"))):
            break
        entries.append(entry)
    return entries


def _same_name(gpu: GpuInfo, name: str) -> bool:
    return " ".join(gpu.name.split()).casefold() == " ".join(name.split()).casefold()


def _same_id(known: str | None, wanted: str) -> bool:
    """Uuids with or without `GPU-`, bus ids with a domain of four or eight digits or none."""
    return known is not None and _id_key(known) == _id_key(wanted)


def _id_key(text: str) -> str:
    key = text.strip().casefold().removeprefix("gpu-")
    if ":" not in key:
        return key
    *domain, bus, device = key.split(":")
    number = int(domain[0], 16) if domain and domain[0] and set(domain[0]) <= set("0123456789abcdef") else 0
    return f"{number:x}:{bus}:{device}"


def _bus_order(gpu: GpuInfo) -> tuple[str, int]:
    return (gpu.pci_bus_id or "", gpu.gpu)
