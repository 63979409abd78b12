"""Whether a LoRA fits Wan 2.2 14B, told from its header: a server says nothing loud when it does not."""

import re
from dataclasses import dataclass

from wan22.comfy.safetensors_header import SafetensorsHeader

LAYERS = 10
BLOCKS = 40
TARGETS = LAYERS * BLOCKS
"""Linear layers of a 14B expert: q k v o of self- and cross-attention, two of the feed-forward, in 40 blocks."""

_MODELS = {5120: "Wan 14B", 3072: "Wan 2.2 5B", 1536: "Wan 2.1 1.3B"}
_PREFIX = re.compile(r"^(diffusion_model\.|lora_unet_+|transformer\.|model\.diffusion_model\.|)")
_LAYER = re.compile(r"^blocks[._](\d+)[._](self_attn|cross_attn)[._]([qkvo])$|^blocks[._](\d+)[._]ffn[._]([02])$")
_PART = re.compile(r"\.(lora_down|lora_up|lora_A|lora_B)(\.default)?(\.weight)?$|\.(alpha|dora_scale|diff|diff_b|diff_m)$")
_KNOWN_PREFIXES = frozenset({"diffusion_model.", "lora_unet_"})
_FORMER_PARTS = re.compile(r"(k_img|v_img|norm_k_img|img_emb)")


@dataclass(frozen=True, slots=True)
class LoraFit:
    """What a LoRA reaches. `targets`: layers with both halves that this model has and a server would find.

    `foreign_prefix`: a way of naming that servers up to 0.25 do not understand. `model`: what its sizes were made
    for, None = not known. `unknown`: names that belong to no layer of the model (at most five).
    """

    targets: int
    foreign_prefix: str | None
    model: str | None
    unknown: tuple[str, ...]
    rank: int | None

    @property
    def fits(self) -> bool:
        """Whether it does its work on a 14B expert: no other model's, and at least one layer in each block reached."""
        return self.targets >= BLOCKS and self.foreign_prefix is None and self.model in (None, "Wan 14B")


def lora_fit(header: SafetensorsHeader) -> LoraFit:
    """Count the layers of a 14B expert that a LoRA reaches."""
    halves: dict[str, set[str]] = {}
    prefixes: dict[str, int] = {}
    unknown: list[str] = []
    width, rank = None, None
    for name, info in header.tensors.items():
        part = _PART.search(name)
        prefix = _PREFIX.match(name)
        layer = name[prefix.end() if prefix else 0 : part.start() if part else None]
        if part is None or not _is_layer(layer):
            if not _FORMER_PARTS.search(name) and part is not None and part.group(1) is not None:
                unknown.append(name)
            continue
        half = part.group(1)
        if half is None:
            continue
        prefixes[prefix.group(0) if prefix else ""] = prefixes.get(prefix.group(0) if prefix else "", 0) + 1
        halves.setdefault(layer.replace("_", "."), set()).add("down" if half in ("lora_down", "lora_A") else "up")
        if half in ("lora_down", "lora_A") and len(info.shape) == 2 and "attn" in layer:
            rank, width = info.shape
    targets = sum(1 for found in halves.values() if found == {"down", "up"})
    prefix_used = max(prefixes, key=lambda key: prefixes[key]) if prefixes else None
    foreign = prefix_used if prefix_used is not None and prefix_used.rstrip("_") + "_" not in _KNOWN_PREFIXES else None
    if prefix_used == "diffusion_model.":
        foreign = None
    return LoraFit(
        targets=targets,
        foreign_prefix=(foreign or "none at all") if foreign is not None else None,
        model=_MODELS.get(width) if width is not None else None,
        unknown=tuple(unknown[:5]),
        rank=rank,
    )


def _is_layer(layer: str) -> bool:
    match = _LAYER.match(layer)
    return match is not None and int(match.group(1) or match.group(4)) < BLOCKS
