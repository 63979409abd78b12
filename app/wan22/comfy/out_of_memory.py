"""A GPU that ran out of memory: how to tell it, and the allocator's numbers in one sentence."""

import re

from wan22.schema.problem import Problem, Severity, problem

_TYPES = ("OutOfMemoryError",)
# Newer torch raises AcceleratorError, TorchScript and host buffers a plain RuntimeError: only the text tells.
_WORDS = ("out of memory", "allocation on device", "would exceed allowed memory", "cublas_status_alloc_failed")
_UNITS = {"B": 1, "bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = r"([\d.]+) (bytes|B|KiB|MiB|GiB|TiB)"
# Each number as the cudaMallocAsync allocator writes it, then as the native one does.
_NUMBERS = {
    "requested": (rf"Requested\s*: {_SIZE}", rf"Tried to allocate {_SIZE}"),
    "free": (rf"Free \(according to CUDA\)\s*: {_SIZE}", rf"of which {_SIZE} is free"),
    "limit": (rf"Device limit\s*: {_SIZE}", rf"total capacity of {_SIZE}"),
    "allocated": (rf"Currently allocated\s*: {_SIZE}", rf"{_SIZE} is allocated by PyTorch"),
}


def is_out_of_memory(exception_type: str, message: str) -> bool:
    """Whether an exception means that the GPU's memory was not enough."""
    return exception_type.endswith(_TYPES) or any(word in message.lower() for word in _WORDS)


def memory_numbers(message: str) -> dict[str, int]:
    """The allocator's numbers in bytes, as far as it told them: requested, free, limit, allocated."""
    found: dict[str, int] = {}
    for name, patterns in _NUMBERS.items():
        match = next((hit for pattern in patterns if (hit := re.search(pattern, message))), None)
        if match is not None:
            found[name] = round(float(match[1]) * _UNITS[match[2]])
    return found


def out_of_memory_problem(message: str, node_name: str, *, detail: str, node: str, exception: str) -> Problem:
    """`out_of_memory` with the numbers of the allocator's `message` in its sentence and as bytes in `where`."""
    numbers = memory_numbers(message)
    parts = [
        f"{_size(numbers[name])} {word}"
        for name, word in (("requested", "more were needed"), ("free", "were free"))
        if name in numbers
    ]
    told = " and ".join(parts) if len(parts) < 2 else f"{parts[0]} but only {parts[1]}"
    total = f" of {_size(numbers['limit'])}" if "limit" in numbers and "free" in numbers else ""
    return problem(
        "out_of_memory",
        f"The GPU ran out of memory in {node_name}" + (f": {told}{total}." if told else "."),
        Severity.error,
        hint=_others_hold_most(numbers),
        detail=detail,
        node=node,
        exception=exception,
        **{f"{name}_bytes": value for name, value in numbers.items()},
    )


def _others_hold_most(numbers: dict[str, int]) -> str | None:
    """A hint when the memory is full but not of this job: a neighbour, or what ComfyUI's pool has kept."""
    if not {"free", "limit", "allocated"} <= numbers.keys():
        return None
    used = numbers["limit"] - numbers["free"]
    if used <= 0 or numbers["allocated"] >= used / 2:
        return None
    return (
        f"ComfyUI's models and results took only {_size(numbers['allocated'])}, {_size(used)} are in use: probably "
        "another program holds the rest. Close it, or restart ComfyUI."
    )


def _size(byte_count: int) -> str:
    return f"{byte_count / 2**30:.2f} GiB" if byte_count >= 2**30 else f"{byte_count / 2**20:.0f} MiB"
