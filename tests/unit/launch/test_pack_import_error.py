import pytest

from wan22.launch.pack_import_error import failure_of, import_failures, import_hint, imported_folders, pack_name

LOG = r"""
[INFO] Total VRAM 32607 MB, total RAM 65298 MB
[WARNING] Traceback (most recent call last):
  File "C:\UI\nodes.py", line 2240, in load_custom_node
    module_spec.loader.exec_module(module)
  File "C:\UI\custom_nodes\ComfyUI-KJNodes\__init__.py", line 3, in <module>
    from color_matcher import ColorMatcher
ModuleNotFoundError: No module named 'color_matcher'

[WARNING] Cannot import C:\UI\custom_nodes\ComfyUI-KJNodes module for custom nodes: No module named 'color_matcher'
2026-11-25T06:00:00.000000 - Skip C:\UI\custom_nodes\notes module for custom nodes due to the lack of NODE
[INFO]
[INFO] Import times for custom nodes:
[INFO]    0.0 seconds: C:\UI\custom_nodes\websocket_image_save.py
[INFO]    0.1 seconds (IMPORT FAILED): C:\UI\custom_nodes\ComfyUI-KJNodes
[INFO]    0.1 seconds (IMPORT FAILED): C:\UI\custom_nodes\notes
[INFO]    0.2 seconds (IMPORT FAILED): C:\UI\custom_nodes\silent
""".strip().splitlines()


def test_failures_with_the_last_line_of_their_trace() -> None:
    found = import_failures(LOG)

    assert [pack_name(one.path) for one in found] == ["ComfyUI-KJNodes", "notes", "silent"]
    first = found[0]
    assert first.error == "ModuleNotFoundError: No module named 'color_matcher'"
    assert first.missing_module == "color_matcher"
    assert first.trace[0] == "Traceback (most recent call last):"
    assert len(first.trace) == 6
    assert "no node pack" in found[1].error
    assert found[2].error == ""


def test_failure_is_found_by_folder_whatever_the_case() -> None:
    assert failure_of(import_failures(LOG), "comfyui-kjnodes") is not None
    assert failure_of(import_failures(LOG), "websocket_image_save") is None


def test_folders_that_were_tried() -> None:
    assert imported_folders(LOG) == ("websocket_image_save", "ComfyUI-KJNodes", "notes", "silent")
    assert imported_folders([]) == ()


def test_trace_of_one_pack_is_not_told_of_another() -> None:
    lines = [
        "Traceback (most recent call last):",
        "ImportError: first",
        "Cannot import /x/custom_nodes/one module for custom nodes: first",
        "Cannot import /x/custom_nodes/two module for custom nodes: second",
    ]

    one, two = import_failures(lines)

    assert one.error == "ImportError: first"
    assert two.error == "second"
    assert two.trace == ()


def test_chained_trace_keeps_what_began_it() -> None:
    lines = [
        "Traceback (most recent call last):",
        "KeyError: 'a'",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        "RuntimeError: b",
        "Cannot import /x/custom_nodes/one module for custom nodes: b",
    ]

    (found,) = import_failures(lines)

    assert found.error == "RuntimeError: b"
    assert "KeyError: 'a'" in found.trace


@pytest.mark.parametrize(
    ("error", "word"),
    [
        ("ModuleNotFoundError: No module named 'cv2'", "opencv-python-headless"),
        ("ModuleNotFoundError: No module named 'torchaudio.transforms'", "never installs it"),
        ("ModuleNotFoundError: No module named 'comfy.samplers.x'", "another version of ComfyUI"),
        ("ImportError: cannot import name 'x' from 'comfy.utils' (/a/b.py)", "another version of ComfyUI"),
        ("ImportError: cannot import name 'x' from 'diffusers' (/a)", "another version of diffusers"),
        ("ImportError: libGL.so.1: cannot open shared object file", "libgl1"),
        ("ImportError: DLL load failed while importing _C", "missing or was built"),
        ("ValueError: something of its own", ""),
    ],
)
def test_hint_fits_the_error(error: str, word: str) -> None:
    hint = import_hint(error, "some-pack")

    assert (word in hint) if word else hint == ""


def test_switched_off_custom_nodes_are_said() -> None:
    (found,) = import_failures(["Skipping ComfyUI-GGUF due to disable_all_custom_nodes and whitelist_custom_nodes"])

    assert pack_name(found.path) == "ComfyUI-GGUF"
    assert "--disable-all-custom-nodes" in found.error
