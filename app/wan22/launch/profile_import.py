"""A profile from somebody else's file: checked as something hostile, then kept as one of the user's own."""

import re
from dataclasses import dataclass
from pathlib import Path

from wan22.launch.profile_edit import ProfileEditor
from wan22.schema.problem import app_error
from wan22.schema.profile import Profile
from wan22.system.files import file_error

SIZE_LIMIT_BYTES = 256 * 1024
SETTING_LIMIT = 200
TEXT_LIMIT = 4000
_CODE_VARIABLES = re.compile(
    r"(LD_|DYLD_|PYTHON|PIP_|GIT_|PATH$|PATHEXT$|COMSPEC$|HTTPS?_PROXY$|ALL_PROXY$|HF_ENDPOINT$|CUDA_INJECTION)", re.I
)
_CODE_FLAGS = {
    "--front-end-root": "shows web pages from a folder",
    "--front-end-version": "downloads another interface",
    "--base-directory": "takes node packs, which are programs, from another folder",
    "--extra-model-paths-config": "takes models and node packs from other folders",
    "--enable-cors-header": "lets other web pages talk to ComfyUI",
    "--comfy-api-base": "sends what you make to another address",
    "--enable-manager": "lets the page install node packs, which are programs",
    "--database-url": "keeps its data in another place",
}


@dataclass(frozen=True, slots=True)
class ImportedProfile:
    """`cautions`: settings that can make ComfyUI run other code or talk to others, one sentence each."""

    profile: Profile
    path: Path
    cautions: tuple[str, ...]


def read_foreign_profile(editor: ProfileEditor, path: Path) -> Profile:
    """Read and check a file; what it `extends` must be here. Errors: `profile_invalid`, `profile_not_found`, …"""
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise app_error("profile_not_found", f"There is no profile file {path}.", file=path) from error
    except OSError as error:
        raise file_error(error, path, writing=False) from error
    if not path.is_file():
        raise _refused(path, "it is no file", "Name one .toml file.")
    if size > SIZE_LIMIT_BYTES:
        raise _refused(
            path, f"it has {size:,} bytes; a profile has {SIZE_LIMIT_BYTES:,} at most", "It is hardly a profile."
        )
    profile = editor.store.load(path).profile
    if len(profile.flags) + len(profile.environment) > SETTING_LIMIT:
        raise _refused(path, f"it holds more than {SETTING_LIMIT} settings", "It is hardly a profile.")
    texts = [profile.title, profile.description, *profile.gpu.match]
    for setting in (*profile.flags.values(), *profile.environment.values()):
        texts += [setting.note, setting.read_by, str(setting.value)]
    if any(len(text) > TEXT_LIMIT for text in texts):
        raise _refused(path, f"one of its texts is longer than {TEXT_LIMIT} letters", "It is hardly a profile.")
    return profile


def import_profile(editor: ProfileEditor, path: Path, name: str | None = None) -> ImportedProfile:
    """Keep the profile of a file as one of the user's own, under `name` or the name that it has.

    Errors: AppError `profile_exists` when the name is taken, and those of `read_foreign_profile`.
    """
    profile = read_foreign_profile(editor, path)
    kept = editor.add(profile, name or profile.name)
    return ImportedProfile(editor.store.load(kept.stem).profile, kept, cautions(profile))


def cautions(profile: Profile) -> tuple[str, ...]:
    """What in a profile of somebody else deserves a look before it is used."""
    found = [
        f"{name} can make ComfyUI load other programs or talk to other servers; it is set to {setting.value}."
        for name, setting in profile.environment.items()
        if _CODE_VARIABLES.match(name)
    ]
    found += [
        f"{name} {_CODE_FLAGS[name]}."
        for name, setting in profile.flags.items()
        if name in _CODE_FLAGS and setting.value is not False
    ]
    return tuple(found)


def _refused(path: Path, what: str, hint: str) -> Exception:
    return app_error("profile_invalid", f"{path.name}: {what}.", hint=hint, file=path)
