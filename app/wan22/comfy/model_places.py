"""Every folder in which an installation of ComfyUI looks for models, in the order in which it looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wan22.comfy.extra_model_paths import ExtraFolder, own_config, read_extra_folders
from wan22.schema.model_file import ModelFile
from wan22.schema.problem import AppError, Problem

_LEGACY = {"unet": "diffusion_models", "clip": "text_encoders"}
# ComfyUI reads the older folder too; its place in the order matters when a file lies in both.
_OWN_FOLDERS = {
    "text_encoders": ("text_encoders", "clip"),
    "diffusion_models": ("unet", "diffusion_models"),
    "controlnet": ("controlnet", "t2i_adapter"),
}
_OUTPUT_KINDS = ("checkpoints", "text_encoders", "vae", "diffusion_models", "loras")
_OUTPUT_NAMES = {"text_encoders": "clip"}
PACKS = "custom_nodes"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that is looked into; `config` is the yaml file that adds it, None for ComfyUI's own."""

    path: Path
    config: Path | None = None


@dataclass(frozen=True, slots=True)
class ModelPlaces:
    """Folders of one installation. `problems` say which yaml files could not be read and were left out."""

    base: Path
    models: Path
    output: Path
    extra: tuple[ExtraFolder, ...] = ()
    problems: tuple[Problem, ...] = ()

    def folders(self, kind: str) -> tuple[ModelFolder, ...]:
        """Where files of `kind` are looked for, the first hit counts."""
        kind = _LEGACY.get(kind, kind)
        if kind == PACKS:
            found = [ModelFolder(self.base / PACKS)]
        else:
            found = [ModelFolder(self.models / name) for name in _OWN_FOLDERS.get(kind, (kind,))]
        for extra in self.extra:
            if _LEGACY.get(extra.kind, extra.kind) == kind:
                _add(found, ModelFolder(extra.path, extra.config), first=extra.is_default)
        if kind in _OUTPUT_KINDS:
            _add(found, ModelFolder(self.output / _OUTPUT_NAMES.get(kind, kind)), first=False)
        return tuple(found)

    def roots(self) -> tuple[Path, ...]:
        """Folders that hold all models between them; node packs are not among them."""
        kinds = sorted({_LEGACY.get(extra.kind, extra.kind) for extra in self.extra} - {PACKS})
        extra = [folder.path for kind in kinds for folder in self.folders(kind)]
        output = [self.output / _OUTPUT_NAMES.get(kind, kind) for kind in _OUTPUT_KINDS]
        return tuple(dict.fromkeys((self.models, *extra, *output)))

    def target(self, file: ModelFile) -> Path:
        """Where a new `file` goes: the folder that the user made the default, else ComfyUI's own."""
        if file.kind == PACKS:
            return self._pack_target(file)
        first = self.folders(file.kind)[0]
        own = self.models / file.kind
        folder = first.path if first.config is not None else own
        return folder.joinpath(*file.sub_folder, file.file)

    def pack_folder(self, file: ModelFile) -> Path | None:
        """The installed node pack that `file` belongs to; None when it is not there, or the file belongs to none."""
        if file.kind != PACKS or not file.sub_folder:
            return None
        wanted = file.sub_folder[0].casefold()
        for folder in self.folders(PACKS):
            try:
                inside = sorted(folder.path.iterdir())
            except OSError:
                continue
            # A pack from the registry has a folder in lower case, a cloned one the name of its repository.
            for path in inside:
                if path.name.casefold() == wanted and path.is_dir():
                    return path
        return None

    def _pack_target(self, file: ModelFile) -> Path:
        pack = self.pack_folder(file)
        if pack is None:
            return self.base.joinpath(PACKS, *file.sub_folder, file.file)
        return pack.joinpath(*file.sub_folder[1:], file.file)


def model_places(
    comfyui: Path,
    *,
    base: Path | None = None,
    models: Path | None = None,
    output: Path | None = None,
    configs: Sequence[Path] = (),
) -> ModelPlaces:
    """Folders of the ComfyUI in `comfyui` (the folder with main.py).

    The others are what --base-directory, --models-directory, --output-directory and --extra-model-paths-config
    say. A yaml file that cannot be read is left out and named in `problems`.
    """
    top = base or comfyui
    own = own_config(comfyui)
    extra: list[ExtraFolder] = []
    problems: list[Problem] = []
    for config in (*((own,) if own is not None else ()), *configs):
        try:
            extra += read_extra_folders(config)
        except AppError as error:
            problems.append(error.problem)
    return ModelPlaces(top, models or top / "models", output or top / "output", tuple(extra), tuple(problems))


def flag_paths(flags: Mapping[str, object], working_folder: Path) -> dict[str, tuple[Path, ...]]:
    """Paths of the flags in `flags` (name -> argument or arguments), relative ones below the working folder."""
    found: dict[str, tuple[Path, ...]] = {}
    for name, value in flags.items():
        words = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
        found[name] = tuple(working_folder / word for word in words if isinstance(word, str) and word)
    return found


def _add(folders: list[ModelFolder], folder: ModelFolder, *, first: bool) -> None:
    """Add a folder at an end of the list; one that is there already only moves to the front."""
    known = next((index for index, one in enumerate(folders) if one.path == folder.path), None)
    if known is not None:
        if first:
            folders.insert(0, folders.pop(known))
    elif first:
        folders.insert(0, folder)
    else:
        folders.append(folder)
