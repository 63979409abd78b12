"""Model files: where the chosen ComfyUI looks for them, and how they are fetched."""

import os
import re
import sys
from dataclasses import replace
from pathlib import Path

from wan22.comfy.fetch_plan import FetchPlan
from wan22.comfy.hash_cache import HashCache
from wan22.comfy.model_manifest import load_model_manifest
from wan22.comfy.model_places import ModelPlaces, flag_paths, model_places
from wan22.comfy.model_store import ModelStore
from wan22.job.model_job import ModelFetch
from wan22.launch.discovery import Installation, candidate_folders, find_installation
from wan22.schema.problem import AppError, Problem, app_error
from wan22.schema.settings import Settings
from wan22.system.paths import data_folder, user_folders
from wan22.wiring.parts import Parts
from wan22.wiring.server import choose_profile

_FOLDER_FLAGS = ("--base-directory", "--models-directory", "--output-directory", "--extra-model-paths-config")
_TOKEN = re.compile(r"[\x21-\x7e]+")


def model_store(chosen: Settings) -> ModelStore:
    """The wanted model files in the folders of the ComfyUI of the settings, as its profile starts it.

    Raises AppError `comfyui_not_found`, `manifest_invalid`. A profile or a yaml file that cannot be read is named
    in the store's `problems`.
    """
    if chosen.comfyui is None:
        raise _no_comfyui()
    installation = _installation(chosen.comfyui, chosen.python)
    manifest = load_model_manifest(data_folder() / "workflows" / "models.json")
    hashes = HashCache(user_folders(os.environ).cache / "model_hashes.json")
    return ModelStore(manifest, _places(installation, chosen), hashes)


def model_mirror(chosen: Settings) -> str | None:
    """Mirror in force: the setting, else HF_ENDPOINT, the variable that other programs read for the same."""
    return chosen.model_mirror or os.environ.get("HF_ENDPOINT", "").strip() or None


def model_fetch(plan: FetchPlan, store: ModelStore, shared: Parts) -> ModelFetch:
    """The fetch of `plan`, with the token of the environment. AppError `bad_argument` for an unusable token."""
    token = os.environ.get("HF_TOKEN", "").strip()
    if token and not _TOKEN.fullmatch(token):
        raise app_error("bad_argument", "The variable HF_TOKEN holds characters that no token has.")
    return ModelFetch(plan, shared.bus.publish, shared.clock, store.hashes, token=token or None)


def _no_comfyui() -> AppError:
    found = candidate_folders(Path.home(), os.environ, sys.platform)
    lines = [f'wan22 models check --comfyui "{folder}"' for folder in found] or ["wan22 models check --comfyui FOLDER"]
    hint = (
        "Name its folder:\n  "
        + "\n  ".join(lines)
        + "\n`comfyui = …` in settings.toml or the variable WAN22_COMFYUI keeps the choice."
    )
    return app_error(
        "comfyui_not_found", "No ComfyUI is configured yet, so its models cannot be looked for.", hint=hint
    )


def _installation(folder: Path, python: Path | None) -> Installation:
    try:
        return find_installation(folder, python)
    except AppError as error:
        if error.problem.code != "comfyui_python_not_found":
            raise
    # Files can be looked for without the Python that runs it; any one stands in.
    return find_installation(folder, Path(sys.executable))


def _places(installation: Installation, chosen: Settings) -> ModelPlaces:
    problems: list[Problem] = []
    flags: dict[str, object] = {}
    try:
        settings_of_profile = choose_profile(chosen).flags
    except AppError as error:
        problems.append(error.problem)
    else:
        flags = {name: one.value for name, one in settings_of_profile.items() if _is_known(installation, name)}
    paths = flag_paths(flags, installation.working_folder)
    base, models, output, configs = (paths.get(name, ()) for name in _FOLDER_FLAGS)
    found = model_places(
        installation.folder,
        base=base[0] if base else None,
        models=models[0] if models else None,
        output=output[0] if output else None,
        configs=configs,
    )
    return replace(found, problems=(*problems, *found.problems))


def _is_known(installation: Installation, flag: str) -> bool:
    """Whether this ComfyUI knows the flag: a launch leaves out those that it does not."""
    if flag not in _FOLDER_FLAGS:
        return False
    try:
        text = (installation.folder / "comfy" / "cli_args.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return f'"{flag}"' in text or f"'{flag}'" in text
