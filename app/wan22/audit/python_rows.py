"""Lines about ComfyUI's Python and its packages."""

from wan22.audit.collect_python import KEY_PACKAGES
from wan22.audit.fact_row import RowList
from wan22.schema.audit import AuditSnapshot, ChangeWeight, PythonFacts

NOT_INSTALLED = "not installed"
_STRONG = frozenset(
    {
        "comfy-aimdo",
        "comfy-kitchen",
        "nvidia-cublas",
        "nvidia-cublas-cu12",
        "nvidia-cudnn-cu12",
        "nvidia-cudnn-cu13",
        "numpy",
        "safetensors",
        "torchaudio",
        "torchvision",
        "transformers",
    }
)
"""Packages besides the key ones whose version can change speed or picture."""


def python_rows(snapshot: AuditSnapshot, rows: RowList) -> None:
    """Python, what torch brings, the key packages, then all others."""
    facts = snapshot.python
    assert facts is not None
    strong, heavy = ChangeWeight.strong, ChangeWeight.decisive
    rows.add("executable", "Python at", facts.executable, subject="ComfyUI's Python")
    rows.add("version", "Python", facts.version, weight=strong)
    _key_packages(facts, rows)
    built_for = None if facts.torch_cuda is None else facts.torch_cuda or "none"
    rows.add("torch_cuda", "CUDA of torch", built_for, subject="torch's CUDA", weight=heavy)
    rows.add("cudnn_version", "cuDNN", facts.cudnn_version, weight=strong)
    rows.add("cuda_available", "torch sees the GPU", facts.cuda_available, weight=heavy)
    architectures = facts.cuda_architectures
    text = None if architectures is None else " ".join(architectures) or "none"
    rows.add("cuda_architectures", "Boards torch is built for", architectures, text, is_detail=True)
    if facts.packages is None:
        rows.add("packages", "Packages", None)
        return
    others = {name: version for name, version in facts.packages.items() if not _is_key(name)}
    for name in sorted(others):
        rows.add(
            f"package.{name}",
            name,
            others[name],
            group=f"{len(others)} other packages",
            weight=strong if name in _STRONG else ChangeWeight.minor,
            comes_and_goes=True,
            is_detail=True,
        )


def _key_packages(facts: PythonFacts, rows: RowList) -> None:
    if facts.key_packages is None:
        rows.add("key_packages", "torch and attention", None, weight=ChangeWeight.decisive)
        return
    for name, found in facts.key_packages.items():
        version = found.version or (NOT_INSTALLED if found.imports is None else "version unknown")
        works = "" if found.imports in (None, True) else ", but it cannot be imported"
        rows.add(f"key.{name}", name, version, version + works, weight=ChangeWeight.decisive)
        if found.version is None and found.imports is None:
            continue
        text = "yes" if found.imports else f"no: {found.error or 'it fails'}"
        if found.imports is not None or not found.version:
            rows.add(
                f"key.{name}.imports",
                f"{name} can be imported",
                found.imports,
                text,
                parent=f"key.{name}",
                weight=ChangeWeight.decisive,
                is_detail=found.imports is True,
            )


def _is_key(name: str) -> bool:
    return any(name in names for names in KEY_PACKAGES.values())
