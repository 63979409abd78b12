"""What is known to follow from a change: only what is documented or was measured, and nothing for the rest.

Sources: PyTorch's and ComfyUI's release notes and issue trackers, NVIDIA's NVML reference, published timings.
"""

from collections.abc import Callable

from wan22.audit.python_rows import NOT_INSTALLED
from wan22.schema.audit import AuditSnapshot, BoardFacts
from wan22.schema.board import compute_capability
from wan22.schema.version import version_tuple

_MIB = 2**20
_MILESTONES: tuple[tuple[tuple[int, int, int], str], ...] = (
    ((0, 3, 66), "the work-around for the slow VAE of torch 2.9"),
    ((0, 16, 0), "dynamic VRAM by default, which --lowvram does not touch"),
    ((0, 18, 0), "a Wan VAE that needs less memory"),
    ((0, 18, 1), "the corrected colours of the Wan VAE"),
    ((0, 20, 0), "RIFE and FILM without a node pack"),
)


def change_note(key: str, before: object, after: object, new: AuditSnapshot) -> str:
    """What follows from the fact `key` now being `after`; empty when nothing is known."""
    tail = key.rpartition(".")[2]
    found = _BY_KEY.get(key) or _BY_TAIL.get(tail)
    return found(before, after, new, key) if found is not None else ""


Note = Callable[[object, object, AuditSnapshot, str], str]


def _torch(_before: object, after: object, new: AuditSnapshot, _key: str) -> str:
    version = str(after)
    if "+cpu" in version:
        return "this build cannot use the GPU at all"
    if (version_tuple(version) or ())[:3] not in ((2, 9, 0), (2, 9, 1)):
        return ""
    cudnn = version_tuple(new.python.cudnn_version) if new.python is not None else None
    comfyui = version_tuple(new.comfyui.version) if new.comfyui is not None else None
    if cudnn is not None and cudnn >= (9, 15, 0):
        return f"its slow VAE (conv3d) is cured by the cuDNN {new.python.cudnn_version if new.python else ''} here"
    if comfyui is not None and comfyui >= (0, 3, 66):
        return "known slow VAE (conv3d); this ComfyUI works around it, torch 2.10 or cuDNN 9.15 cure it"
    return "known slow VAE (conv3d): three times the memory, twice the time; torch 2.10 or cuDNN 9.15 cure it"


def _torch_cuda(_before: object, after: object, new: AuditSnapshot, _key: str) -> str:
    cuda = version_tuple(str(after)) or (0, 0, 0)
    capabilities = [compute_capability(board.info.name) for board in (new.gpu.boards if new.gpu is not None else ())]
    if cuda < (12, 8, 0) and any(one is not None and one[0] == 12 for one in capabilities):
        return "an RTX 50 needs a torch built for CUDA 12.8 or later"
    driver = version_tuple(new.gpu.cuda_version) if new.gpu is not None else None
    if driver is not None and driver[0] < cuda[0]:
        return f"the driver only offers CUDA {new.gpu.cuda_version if new.gpu is not None else ''}: update it"
    return ""


def _sage(_before: object, after: object, _new: AuditSnapshot, key: str) -> str:
    is_gone = after in (NOT_INSTALLED, False)
    if not is_gone or "sageattention" not in key:
        return ""
    return "with --use-sage-attention ComfyUI ends at once; without the flag attention is slower, most of all at 720p"


def _available(_before: object, after: object, _new: AuditSnapshot, _key: str) -> str:
    return "" if after else "ComfyUI cannot use the GPU like this"


def _comfyui(before: object, after: object, _new: AuditSnapshot, _key: str) -> str:
    old, now = version_tuple(str(before)), version_tuple(str(after))
    if old is None or now is None:
        return ""
    low, high = min(old, now), max(old, now)
    crossed = [words for version, words in _MILESTONES if low < version <= high]
    return f"it {'brings' if now > old else 'loses'} {', '.join(crossed)}" if crossed else ""


def _power(_before: object, _after: object, new: AuditSnapshot, key: str) -> str:
    board = _board(new, key)
    if board is None or board.info.power_enforced_w is None or board.info.power_default_w is None:
        return ""
    if board.info.power_enforced_w >= 0.98 * board.info.power_default_w:
        return "the board's full power" if board.info.power_enforced_w <= board.info.power_default_w else ""
    return f"below the board's own {board.info.power_default_w:g} W: it works slower"


def _bar1(_before: object, after: object, new: AuditSnapshot, key: str) -> str:
    board = _board(new, key)
    total = board.info.memory_total_bytes if board is not None else None
    is_off = isinstance(after, int) and total is not None and after < total and after <= 256 * _MIB
    return "Resizable BAR is off" if is_off else ""


def _link(before: object, after: object, _new: AuditSnapshot, _key: str) -> str:
    if not (isinstance(before, tuple | list) and isinstance(after, tuple | list)):
        return ""
    if after[1] < before[1] or after[0] < before[0]:
        return "a slower slot: moving weights takes longer; look at riser, slot and BIOS"
    return ""


def _ecc(_before: object, after: object, new: AuditSnapshot, key: str) -> str:
    board = _board(new, key)
    is_geforce = board is not None and "rtx" in board.info.name.lower()
    return "on this board it costs memory and bandwidth" if is_geforce and str(after).startswith("on") else ""


def _mig(_before: object, after: object, _new: AuditSnapshot, _key: str) -> str:
    return "a slice of the board is smaller, and its use cannot be read" if after == "on" else ""


def _scheduling(_before: object, _after: object, _new: AuditSnapshot, _key: str) -> str:
    return "reports differ on what it does to speed: measure again"


def _source(_before: object, after: object, _new: AuditSnapshot, _key: str) -> str:
    return "" if after == "mains" else "plug it in: the GPU is held back"


def _plan(_before: object, after: object, _new: AuditSnapshot, _key: str) -> str:
    return "it saves power at the cost of speed" if str(after) in ("Power saver", "powersave") else ""


def _channels_last(_before: object, after: object, _new: AuditSnapshot, _key: str) -> str:
    return "no Wan model loads with it" if after is not None else ""


def _board(new: AuditSnapshot, key: str) -> BoardFacts | None:
    boards = new.gpu.boards if new.gpu is not None else ()
    named = (board for board in boards if (board.info.uuid or f"index-{board.info.gpu}") in key)
    return next(named, None)


_BY_KEY: dict[str, Note] = {
    "python.key.torch": _torch,
    "python.key.sageattention": _sage,
    "python.key.sageattention.imports": _sage,
    "python.torch_cuda": _torch_cuda,
    "python.cuda_available": _available,
    "comfyui.version": _comfyui,
    "system.gpu_scheduling": _scheduling,
    "system.power_source": _source,
    "system.power_plan": _plan,
    "profile.flag.--force-channels-last": _channels_last,
}
_BY_TAIL: dict[str, Note] = {
    "power_enforced_w": _power,
    "bar1_total_bytes": _bar1,
    "pcie_generation_max": _link,
    "ecc_enabled": _ecc,
    "mig_enabled": _mig,
    "power_source": _source,
}
