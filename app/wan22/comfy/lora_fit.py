"""Whether a LoRA fits a Wan model, told from both headers: a server says nothing loud when it does not."""

import re
from dataclasses import dataclass

from wan22.comfy.safetensors_header import SafetensorsHeader

MODELS = {5120: "Wan 14B", 3072: "Wan 2.2 5B", 1536: "Wan 2.1 1.3B"}
"""Model by the size of its attention layers."""

_WIDTH_14B, _BLOCKS_14B = 5120, 40
_PREFIX = re.compile(r"^(model\.diffusion_model\.|diffusion_model\.|lora_unet_+|transformer\.|base_model\.model\.)")
_KNOWN_PREFIXES = frozenset({"diffusion_model.", "lora_unet"})
_PART = re.compile(r"\.(lora_down|lora_up|lora_A|lora_B)(?:\.default)?(?:\.weight)?$")
_WEIGHT = re.compile(r"^(?:model\.diffusion_model\.)?(blocks\.\d+\.(?:(?:self|cross)_attn\.[qkvo]|ffn\.[02]))\.weight$")
_FORMER_PARTS = re.compile(r"k_img|v_img|img_emb")


@dataclass(frozen=True, slots=True)
class LoraFit:
    """What a LoRA reaches.

    `targets` of `expected`: layers with both halves that the model has and a server would find. `foreign_prefix`: a
    way of naming that servers up to 0.25 do not understand. `width`, `expected_width`: size of the attention layers
    of the LoRA and of the model, None = not known. `unknown`: names of no layer of the model (at most five).
    """

    targets: int
    expected: int
    foreign_prefix: str | None
    width: int | None
    expected_width: int
    unknown: tuple[str, ...]
    rank: int | None

    @property
    def made_for(self) -> str | None:
        """Model that the sizes were made for; None = not known."""
        return MODELS.get(self.width) if self.width is not None else None

    @property
    def wrong_size(self) -> bool:
        """Whether its layers have another size than the model's: the server then leaves them out."""
        return self.width is not None and self.width != self.expected_width

    @property
    def fits(self) -> bool:
        """Whether every layer of the model is reached."""
        return self.targets == self.expected and self.foreign_prefix is None and not self.wrong_size


def lora_fit(header: SafetensorsHeader, expert: SafetensorsHeader | None = None) -> LoraFit:
    """Count the layers that a LoRA reaches: of `expert` when its header is known, else of a 14B expert."""
    halves: dict[str, set[str]] = {}
    prefixes: list[str] = []
    unknown: list[str] = []
    width, rank = None, None
    layers, expected_width = _layers(expert)
    for name, info in header.tensors.items():
        part = _PART.search(name)
        if part is None or part.group(1) is None:
            continue
        prefix = _PREFIX.match(name)
        start = prefix.end() if prefix else 0
        layer = name[start : part.start()].replace("_", ".")
        if layer not in layers:
            unknown += [] if _FORMER_PARTS.search(name) else [name]
            continue
        prefixes.append(name[:start])
        down = part.group(1) in ("lora_down", "lora_A")
        halves.setdefault(layer, set()).add("down" if down else "up")
        if down and len(info.shape) == 2 and "attn" in layer:
            rank, width = info.shape
    foreign = next((prefix for prefix in prefixes if prefix.rstrip("_") not in _KNOWN_PREFIXES), None)
    return LoraFit(
        targets=sum(1 for found in halves.values() if found == {"down", "up"}),
        expected=len(layers),
        foreign_prefix=foreign,
        width=width,
        expected_width=expected_width,
        unknown=tuple(unknown[:5]),
        rank=rank,
    )


def _layers(expert: SafetensorsHeader | None) -> tuple[frozenset[str], int]:
    """Names of a model's linear layers, dots for all separators, and the size of its attention layers."""
    found: set[str] = set()
    width = _WIDTH_14B
    for name, info in (expert.tensors if expert is not None else {}).items():
        match = _WEIGHT.match(name)
        if match:
            found.add(match.group(1).replace("_", "."))
            if match.group(1).endswith("self_attn.q") and len(info.shape) == 2:
                width = info.shape[1]
    if found:
        return frozenset(found), width
    names = [f"{kind}.attn.{letter}" for kind in ("self", "cross") for letter in "qkvo"] + ["ffn.0", "ffn.2"]
    return frozenset(f"blocks.{number}.{name}" for number in range(_BLOCKS_14B) for name in names), _WIDTH_14B
