"""Folders that look like a ComfyUI, without one."""

from pathlib import Path

from wan22.launch.discovery import Installation
from wan22.launch.flag_schema import FlagSchema
from wan22.launch.help_text import flags_from_help

USAGE = (
    "usage: main.py [-h] [--listen [IP]] [--port PORT] [--auto-launch] [--disable-auto-launch] "
    "[--cuda-device ID] [--default-device ID] [--cuda-malloc | --disable-cuda-malloc] "
    "[--output-directory DIR] [--input-directory DIR] [--user-directory DIR] "
    "[--preview-method [none,auto,taesd]] [--tls-keyfile FILE] [--tls-certfile FILE] "
    "[--use-pytorch-cross-attention | --use-sage-attention | --use-flash-attention] "
    "[--gpu-only | --highvram | --lowvram | --cpu] [--reserve-vram GB] [--async-offload] "
    "[--fast [FAST ...]] [--whitelist-custom-nodes NAME [NAME ...]] [--verbose [{DEBUG,INFO}]]\n\noptions:\n"
)
SCHEMA = FlagSchema(flags=flags_from_help(USAGE), version="0.25.0")


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def make_comfyui(folder: Path, version: str = "0.25.0") -> Path:
    touch(folder / "main.py")
    touch(folder / "comfyui_version.py", f'# made by a script\n__version__ = "{version}"\n')
    return folder


def installation(folder: Path = Path("/ai/ComfyUI"), version: str | None = "0.25.0") -> Installation:
    return Installation(
        folder=folder,
        python=folder / ".venv" / "bin" / "python",
        layout="checkout",
        working_folder=folder,
        version=version,
    )
