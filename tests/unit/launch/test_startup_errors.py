import pytest

from tests.unit.launch.logs import recorded_start
from wan22.launch.startup_errors import explain_crash, explain_exit, explain_stuck, has_job, is_worker_death
from wan22.schema.error_codes import ERROR_CODES

ARGV = ("/ai/Meine KI/python", "/ai/Meine KI/main.py", "--use-sage-attention", "--port", "8188")
TRACEBACK = "Traceback (most recent call last):"
PLACE = '  File "/ai/ComfyUI/main.py", line 10, in <module>'

CASES: list[tuple[str, int, list[str], str, str]] = [
    (
        "no main.py",
        2,
        ["/usr/bin/python: can't open file '/ai/König/main.py': [Errno 2] No such file or directory"],
        "comfyui_not_found",
        "Python could not open /ai/König/main.py: No such file or directory.",
    ),
    (
        "no sage",
        255,
        ["To use the `--use-sage-attention` feature, the `sageattention` package must be installed first."],
        "attention_package_missing",
        "--use-sage-attention needs the package sageattention, and ComfyUI's Python does not have it.",
    ),
    ("no sage, no word", 4294967295, ["pytorch version: 2.10"], "attention_package_missing", "--use-sage-attention"),
    (
        "unknown flag",
        2,
        ["usage: main.py [-h]", "main.py: error: unrecognized arguments: --normalvram"],
        "flag_rejected",
        "ComfyUI does not know --normalvram.",
    ),
    (
        "wrong value",
        2,
        ["main.py: error: argument --fast: invalid PerformanceFeature value: 'speed'"],
        "flag_rejected",
        "ComfyUI refused --fast: invalid PerformanceFeature value: 'speed'.",
    ),
    (
        "no folder",
        2,
        ["main.py: error: argument --user-directory: The path '/ü' does not exist."],
        "flag_rejected",
        "ComfyUI refused --user-directory: The path '/ü' does not exist.",
    ),
    (
        "exclusive",
        2,
        ["main.py: error: argument --novram: not allowed with argument --highvram"],
        "flag_rejected",
        "ComfyUI refused --novram: not allowed with argument --highvram.",
    ),
    (
        "ambiguous",
        2,
        ["main.py: error: ambiguous option: --use could match --use-sage-attention, --use-flash-attention"],
        "flag_rejected",
        "ComfyUI does not know which flag --use stands for",
    ),
    (
        "port, 0.25",
        1,
        ["Port 8188 is already in use on address 127.0.0.1. Please close the other application."],
        "port_in_use",
        "Port 8188 on 127.0.0.1 was taken",
    ),
    (
        "port, 0.3.64",
        1,
        [
            TRACEBACK,
            "OSError: [Errno 98] error while attempting to bind on address ('127.0.0.1', 8188): address already in use",
        ],
        "port_in_use",
        "Port 8188 on 127.0.0.1 was taken",
    ),
    (
        "port kept by Windows",
        1,
        ["OSError: [Errno 13] error while attempting to bind on address ('127.0.0.1', 8188): an attempt was made"],
        "port_in_use",
        "The system keeps port 8188",
    ),
    (
        "address of another machine",
        1,
        ["OSError: [Errno 99] error while attempting to bind on address ('10.0.0.9', 8188): cannot assign it"],
        "server_start_failed",
        "could not listen on 10.0.0.9, port 8188: cannot assign it",
    ),
    ("database", 1, ["ASSETS_STARTUP_FAILED: in_use"], "database_in_use", "Another ComfyUI holds the same database"),
    (
        "database of 0.25",
        1,
        ["Database is locked. Another ComfyUI process is already using this database."],
        "database_in_use",
        "Another ComfyUI holds the same database.",
    ),
    ("newer database", 1, ["ASSETS_STARTUP_FAILED: newer_revision"], "server_start_failed", "by a newer ComfyUI"),
    ("database folder", 1, ["ASSETS_STARTUP_FAILED: not_writable"], "file_unwritable", "may not write its database"),
    ("database packages", 1, ["ASSETS_STARTUP_FAILED: missing_packages"], "package_missing", "database needs"),
    ("database other", 1, ["ASSETS_STARTUP_FAILED: corrupt"], "server_start_failed", "database (corrupt)"),
    ("no torch", 1, [TRACEBACK, PLACE, "ModuleNotFoundError: No module named 'torch'"], "torch_missing", "no torch"),
    (
        "no package",
        1,
        [TRACEBACK, PLACE, "ModuleNotFoundError: No module named 'aiohttp.web'; 'aiohttp' is not a package"],
        "package_missing",
        "lacks the package aiohttp.",
    ),
    (
        "library",
        1,
        [TRACEBACK, "ImportError: libcudart.so.13: cannot open shared object file"],
        "package_missing",
        "libcudart.so.13",
    ),
    (
        "torch's library",
        1,
        ['OSError: [WinError 126] The module was not found. Error loading "C:\\p\\torch\\lib\\c10.dll" or another.'],
        "torch_missing",
        "could not load its library C:\\p\\torch\\lib\\c10.dll",
    ),
    ("CPU torch", 1, ["AssertionError: Torch not compiled with CUDA enabled"], "torch_without_cuda", "without CUDA"),
    (
        "no driver",
        1,
        ["RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU."],
        "torch_without_cuda",
        "found no NVIDIA GPU",
    ),
    (
        "old driver",
        1,
        ["RuntimeError: The NVIDIA driver on your system is too old (found version 12020)."],
        "torch_without_cuda",
        "too old",
    ),
    (
        "old torch",
        1,
        [
            "RTX 5090 with CUDA capability sm_120 is not compatible with the current PyTorch installation.",
            "RuntimeError: something else",
        ],
        "torch_without_cuda",
        "(sm_120)",
    ),
    (
        "no kernel",
        1,
        [
            "torch.AcceleratorError: CUDA error: no kernel image is available for execution on the device",
            "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.",
        ],
        "torch_without_cuda",
        "no code for this GPU",
    ),
    ("VRAM", 1, ["torch.OutOfMemoryError: Allocation on device 0 would exceed"], "out_of_memory", "no memory left"),
    (
        "GPU fault",
        1,
        ["RuntimeError: CUDA error: unspecified launch failure"],
        "server_start_failed",
        "The GPU reported a fault: unspecified launch failure.",
    ),
    ("RAM", 1, [TRACEBACK, "MemoryError"], "server_start_failed", "memory (RAM)"),
    ("page file", 1, ["OSError: [WinError 1455] The paging file is too small"], "server_start_failed", "memory (RAM)"),
    ("disk", 1, ["OSError: [Errno 28] No space left on device"], "disk_full", "disk"),
    (
        "permission",
        1,
        [TRACEBACK, "PermissionError: [Errno 13] Permission denied: '/ai/output/übung'"],
        "file_unwritable",
        "ComfyUI may not use /ai/output/übung: Permission denied.",
    ),
]


@pytest.mark.parametrize(
    ("exit_code", "lines", "code", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_failed_start_is_explained(exit_code: int, lines: list[str], code: str, words: str):
    found = explain_exit([*recorded_start("0.3.64")[:4], *lines], exit_code, ARGV, "linux")
    assert found.code == code
    assert words in found.message
    assert found.message.endswith(".")
    assert not found.message.endswith("..")
    assert lines[-1] in found.detail
    assert "'/ai/Meine KI/main.py'" in found.detail
    assert found.where == {"exit_code": str(exit_code)}
    assert "{" not in found.message + found.hint


def test_the_hint_names_the_package():
    line = "To use the `--use-flash-attention` feature, the `flash-attn` package must be installed first."
    found = explain_exit([line], -1, (), "linux")
    assert "Install flash-attn into ComfyUI's Python" in found.hint


@pytest.mark.parametrize("exit_code", [-9, 137, -15, -2, 0xC000013A])
def test_an_end_from_outside_is_not_blamed_on_the_log(exit_code: int):
    found = explain_exit(["AssertionError: Torch not compiled with CUDA enabled"], exit_code, ARGV, "linux")
    assert found.code == "server_killed"
    assert "before it was ready" in found.message


@pytest.mark.parametrize(("exit_code", "words"), [(0xC0000005, "access violation"), (-11, "segmentation fault")])
def test_a_native_crash_is_one(exit_code: int, words: str):
    found = explain_exit(["Device: cuda:0 NVIDIA GeForce RTX 5090"], exit_code, ARGV, "win32")
    assert found.code == "server_start_failed"
    assert words in found.message
    assert "--disable-all-custom-nodes" in found.hint


def test_a_custom_node_is_named():
    lines = [
        TRACEBACK,
        PLACE,
        '  File "D:\\ComfyUI\\custom_nodes\\Bad-Pack\\nodes\\__init__.py", line 3, in <module>',
        "RuntimeError: nothing works",
    ]
    found = explain_exit(lines, 1, ARGV, "win32")
    assert found.code == "server_start_failed"
    assert "inside the custom node Bad-Pack" in found.message
    assert "Bad-Pack" in found.hint
    survived = [*lines, "Cannot import Bad-Pack", *recorded_start("0.3.64")]
    assert "Bad-Pack" not in explain_exit(survived, 1, ARGV, "win32").message


def test_a_missing_package_of_a_custom_node_is_not_the_cause():
    lines = [
        TRACEBACK,
        '  File "/ai/ComfyUI/custom_nodes/Pack/__init__.py", line 1',
        "ModuleNotFoundError: No module named 'torchaudio'",
        "Cannot import /ai/ComfyUI/custom_nodes/Pack module for custom nodes: No module named 'torchaudio'",
        *recorded_start("0.25.0"),
    ]
    found = explain_exit(lines, 1, ARGV, "linux")
    assert found.code == "server_start_failed"
    assert found.message == "ComfyUI ended before it was ready: exit code 1."


def test_the_unknown_is_told_with_its_last_words():
    found = explain_exit([TRACEBACK, PLACE, "ValueError: a strange value"], 1, ARGV, "linux")
    assert found.message == "ComfyUI ended before it was ready: exit code 1, ValueError: a strange value."
    assert found.hint == ERROR_CODES["server_start_failed"].hint
    assert "It wrote nothing." in explain_exit([], 0, ARGV, "linux").detail


@pytest.mark.parametrize(
    ("exit_code", "lines", "code", "words"),
    [
        (-9, [], "server_killed", "from outside while it worked on a job: signal 9"),
        (0, ["Stopped server"], "server_crashed", "stopped by somebody else"),
        (
            1,
            ["RuntimeError: CUDA error: an illegal memory access was encountered"],
            "server_crashed",
            "fault of the GPU",
        ),
        (1, ["MemoryError"], "server_crashed", "memory (RAM)"),
        (0xC000012D, [], "server_crashed", "memory (RAM)"),
        (0xC0000005, [], "server_crashed", "native code"),
        (3, ["ValueError: no"], "server_crashed", "exit code 3, ValueError: no"),
    ],
)
def test_a_crash_is_explained(exit_code: int, lines: list[str], code: str, words: str):
    found = explain_crash(["got prompt", *lines], exit_code, was_working=True)
    assert found.code == code
    assert words in found.message
    assert "while it worked on a job" in found.message
    assert "got prompt" in found.detail
    assert "while it waited" in explain_crash(lines, exit_code, was_working=False).message


def test_whether_there_was_a_job():
    assert not has_job([])
    assert has_job(["got prompt", "Requested to load WAN21"])
    assert not has_job(["got prompt", "Prompt executed in 12.3 seconds"])
    assert not has_job(["got prompt", "Processing interrupted"])
    assert has_job(["got prompt", "Prompt executed in 00:12:01", "got prompt"])


def test_a_dead_worker_shows():
    assert is_worker_death("Exception in thread Thread-7 (prompt_worker):")
    assert not is_worker_death("Exception in thread Thread-7 (other):")
    found = explain_stuck(["got prompt", "Exception in thread Thread-7 (prompt_worker):"])
    assert found.code == "server_stuck"
    assert "got prompt" in found.detail
