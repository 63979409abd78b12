"""The command line of the look-alike: the flags of ComfyUI 0.25, and its own `--demo-…` ones."""

import argparse
from collections.abc import Sequence

ATTENTION_FLAGS = (
    "--use-split-cross-attention",
    "--use-quad-cross-attention",
    "--use-pytorch-cross-attention",
    "--use-sage-attention",
    "--use-flash-attention",
)
FAST_OPTIONS = ("fp16_accumulation", "fp8_matrix_mult", "cublas_ops", "autotune")
_GROUPS = (
    ("--force-fp32", "--force-fp16"),
    (
        "--fp32-unet",
        "--fp64-unet",
        "--bf16-unet",
        "--fp16-unet",
        "--fp8_e4m3fn-unet",
        "--fp8_e5m2-unet",
        "--fp8_e8m0fnu-unet",
    ),
    ("--fp16-vae", "--fp32-vae", "--bf16-vae"),
    ("--fp8_e4m3fn-text-enc", "--fp8_e5m2-text-enc", "--fp16-text-enc", "--fp32-text-enc", "--bf16-text-enc"),
    ATTENTION_FLAGS,
    ("--force-upcast-attention", "--dont-upcast-attention"),
    ("--disable-manager-ui", "--enable-manager-legacy-ui"),
    ("--gpu-only", "--highvram", "--lowvram", "--novram", "--cpu"),
    ("--cuda-malloc", "--disable-cuda-malloc"),
)
_SWITCHES = [
    "--auto-launch",
    "--disable-auto-launch",
    "--cpu-vae",
    "--fp16-intermediates",
    "--force-channels-last",
    "--supports-fp8-compute",
    "--enable-triton-backend",
    "--disable-xformers",
    "--enable-manager",
    "--disable-async-offload",
    "--disable-dynamic-vram",
    "--enable-dynamic-vram",
    "--fast-disk",
    "--force-non-blocking",
    "--disable-smart-memory",
    "--deterministic",
    "--debug-hang",
    "--disable-pinned-memory",
    "--mmap-torch-files",
    "--disable-mmap",
    "--dont-print-server",
    "--quick-test-for-ci",
    "--windows-standalone-build",
    "--disable-metadata",
    "--disable-all-custom-nodes",
    "--disable-api-nodes",
    "--multi-user",
    "--log-stdout",
    "--enable-compress-response-body",
    "--enable-assets",
    "--list-feature-flags",
]
_VALUES = [
    "--tls-keyfile",
    "--tls-certfile",
    "--base-directory",
    "--output-directory",
    "--temp-directory",
    "--input-directory",
    "--oneapi-device-selector",
    "--front-end-version",
    "--front-end-root",
    "--user-directory",
    "--comfy-api-base",
    "--database-url",
    "--cuda-device",
]


def parse_flags(arguments: Sequence[str]) -> argparse.Namespace:
    """Flags as ComfyUI takes them. `--help` and a wrong flag end the process as there: 0 and 2."""
    return _parser().parse_args(list(arguments))


def attention_name(flags: argparse.Namespace) -> str:
    """The flag that chooses the attention backend; PyTorch's when none does."""
    given = [flag for flag in ATTENTION_FLAGS if getattr(flags, _attribute(flag))]
    return given[0] if given else "--use-pytorch-cross-attention"


def fast_options(flags: argparse.Namespace) -> tuple[str, ...]:
    """What `--fast` switches on; without a value it is everything."""
    if flags.fast is None:
        return ()
    return tuple(flags.fast) or FAST_OPTIONS


def given_flags(flags: argparse.Namespace) -> tuple[str, ...]:
    """Switches that are on, and `--fast` when it holds fp16 accumulation: what a scenario may know an effect of."""
    names = [name for group in _GROUPS for name in group] + list(_SWITCHES)
    found = [name for name in names if getattr(flags, _attribute(name))]
    return (*found, "--fast") if "fp16_accumulation" in fast_options(flags) else tuple(found)


def _attribute(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def _fast_option(text: str) -> str:
    if text not in FAST_OPTIONS:
        raise argparse.ArgumentTypeError(f"invalid PerformanceFeature value: {text!r}")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="main.py", description="A look-alike of ComfyUI that belongs to the Wan 2.2 control panel. SIMULATED."
    )
    add = parser.add_argument
    add("--listen", nargs="?", const="0.0.0.0,::", default="127.0.0.1", metavar="IP")
    add("--port", type=int, default=8188)
    add("--enable-cors-header", nargs="?", const="*", default=None, metavar="ORIGIN")
    add("--max-upload-size", type=float, default=100)
    add("--extra-model-paths-config", nargs="+", metavar="PATH")
    add("--default-device", type=int, metavar="DEFAULT_DEVICE_ID")
    add("--directml", type=int, nargs="?", const=-1, metavar="DIRECTML_DEVICE")
    add("--preview-method", choices=("none", "auto", "latent2rgb", "taesd"), default="none")
    add("--preview-size", type=int, default=512)
    add("--reserve-vram", type=float)
    add("--vram-headroom", type=float)
    add("--async-offload", type=int, nargs="?", const=2, metavar="NUM_STREAMS")
    add("--default-hashing-function", choices=("md5", "sha1", "sha256", "sha512"), default="sha256")
    add("--fast", nargs="*", type=_fast_option)
    add("--whitelist-custom-nodes", nargs="+")
    add(
        "--verbose", nargs="?", const="DEBUG", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    )
    add("--feature-flag", action="append", metavar="KEY[=VALUE]")
    for name in _VALUES:
        add(name)
    for name in _SWITCHES:
        add(name, action="store_true")
    for names in _GROUPS:
        group = parser.add_mutually_exclusive_group()
        for name in names:
            group.add_argument(name, action="store_true")
    cache = parser.add_mutually_exclusive_group()
    cache.add_argument("--cache-ram", nargs="*", type=float, metavar="GB")
    cache.add_argument("--cache-lru", type=int, default=0)
    for name in ("--cache-classic", "--cache-none", "--high-ram"):
        cache.add_argument(name, action="store_true")
    add("--demo-scenario", metavar="FILE", help="the scenario to play")
    add(
        "--demo-speed", type=float, metavar="FACTOR", help="how much faster than life; left out: what the scenario says"
    )
    return parser
