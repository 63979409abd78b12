"""What is known of ComfyUI's flags and of environment variables, as one table, and how to look something up in it."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from wan22.launch.knowledge.attention import ATTENTION_FLAGS
from wan22.launch.knowledge.condition import Situation
from wan22.launch.knowledge.environment import ENVIRONMENT
from wan22.launch.knowledge.fast import FAST_FLAGS
from wan22.launch.knowledge.memory import MEMORY_FLAGS
from wan22.launch.knowledge.precision import PRECISION_FLAGS
from wan22.launch.knowledge.row import Knowledge
from wan22.launch.knowledge.server import SERVER_FLAGS

KNOWLEDGE: tuple[Knowledge, ...] = (
    *ENVIRONMENT,
    *ATTENTION_FLAGS,
    *FAST_FLAGS,
    *PRECISION_FLAGS,
    *MEMORY_FLAGS,
    *SERVER_FLAGS,
)

EXCLUSIVE_GROUPS: tuple[frozenset[str], ...] = (
    frozenset({"--cuda-malloc", "--disable-cuda-malloc"}),
    frozenset({"--force-fp32", "--force-fp16"}),
    frozenset(
        {
            "--fp32-unet",
            "--fp64-unet",
            "--bf16-unet",
            "--fp16-unet",
            "--fp8_e4m3fn-unet",
            "--fp8_e5m2-unet",
            "--fp8_e8m0fnu-unet",
        }
    ),
    frozenset({"--fp16-vae", "--fp32-vae", "--bf16-vae"}),
    frozenset(
        {
            "--fp8_e4m3fn-text-enc",
            "--fp8_e5m2-text-enc",
            "--fp16-text-enc",
            "--fp32-text-enc",
            "--bf16-text-enc",
        }
    ),
    frozenset({"--cache-ram", "--cache-classic", "--cache-lru", "--cache-none", "--high-ram"}),
    frozenset(
        {
            "--use-split-cross-attention",
            "--use-quad-cross-attention",
            "--use-pytorch-cross-attention",
            "--use-sage-attention",
            "--use-flash-attention",
            "--use-ck-attention",
        }
    ),
    frozenset({"--force-upcast-attention", "--dont-upcast-attention"}),
    frozenset({"--gpu-only", "--highvram", "--normalvram", "--lowvram", "--novram", "--cpu"}),
)
"""Of each group ComfyUI takes at most one flag; two end it with exit code 2."""


def known_settings() -> frozenset[str]:
    """Names in the table that stand for exactly one setting (no patterns)."""
    return frozenset(row.setting for row in KNOWLEDGE if not set(row.setting) & set("*?["))


def rows_for(setting: str, value: str) -> tuple[Knowledge, ...]:
    """Rows about a setting with that value, most special first."""
    return tuple(row for row in KNOWLEDGE if fnmatchcase(setting, row.setting) and fnmatchcase(value, row.value))


def choose(rows: Iterable[Knowledge], at: Situation) -> tuple[Knowledge | None, tuple[str, ...]]:
    """The first row that holds in the situation, and remarks from rows before it that may hold.

    What is unknown is taken as each condition assumes: a current ComfyUI and torch, a board that fits.
    """
    remarks: list[str] = []
    for row in rows:
        answer, assumed = row.holds(at)
        if answer is True or (answer is None and assumed):
            return row, tuple(remarks)
        if answer is None:
            remarks.append(f"With {row.words}: {row.reason}")
    return None, tuple(remarks)
