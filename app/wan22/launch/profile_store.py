"""Profiles by name: the shipped ones, the user's own ones laid over them key by key, and single files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from wan22.launch.profile_file import TomlDocument, profile_files, read_toml, save_user_profile, validated
from wan22.launch.shape_complaint import nearest
from wan22.schema.problem import AppError, app_error
from wan22.schema.profile import TARGETS_NAME, Profile, ProfileFile, Target, TargetTable
from wan22.schema.verdict import TargetKey

__all__ = ["LoadedProfile", "ProfileStore", "profile_for_gpu", "save_user_profile"]

CPU_PROFILE = "cpu"

Origin = Literal["shipped", "user", "file"]


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A validated profile and where its words come from.

    `path` is the file that defines it, `overlays` the user's files laid over that one, `bases` the files it
    `extends`, lowest first.
    """

    profile: Profile
    path: Path
    origin: Origin
    overlays: tuple[Path, ...] = ()
    bases: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class _Draft:
    """Files merged so far, before validation."""

    data: dict[str, Any]
    sources: tuple[TomlDocument, ...]
    path: Path
    origin: Origin
    overlays: tuple[Path, ...] = ()
    bases: tuple[Path, ...] = ()


class ProfileStore:
    """Reads profiles on demand; nothing is kept, so an edited file counts at once.

    `shipped_folder` holds the profiles of this program, `user_folder` (may be absent) the user's own.
    """

    def __init__(self, shipped_folder: Path, user_folder: Path | None) -> None:
        self._shipped_folder = shipped_folder
        self._user_folder = user_folder

    def names(self) -> tuple[str, ...]:
        """Names of all profiles, shipped and own, in order of the alphabet. They need not be valid."""
        return tuple(sorted(profile_files(self._shipped_folder).keys() | profile_files(self._user_folder).keys()))

    def load(self, name_or_path: str | Path) -> LoadedProfile:
        """The profile of that name (case ignored), or of a file: a Path, or a text with a slash or `.toml`.

        Errors: AppError `profile_not_found`, `profile_invalid`, `file_unreadable`.
        """
        if isinstance(name_or_path, Path) or _looks_like_path(name_or_path):
            draft = self._from_path(Path(name_or_path))
        else:
            draft = self._named(name_or_path.strip().lower(), ())
        whole = validated(ProfileFile, draft.data, draft.sources)
        profile = Profile.model_validate(whole.model_dump(exclude={"extends", "standalone"}))
        return LoadedProfile(profile, draft.path, draft.origin, draft.overlays, draft.bases)

    def targets(self) -> tuple[Target, ...]:
        """All target bands: the shipped `targets.toml` with the user's laid over it, key by key.

        Errors: AppError `profile_invalid`, `file_unreadable`.
        """
        targets: dict[TargetKey, Target] = {}
        for folder in (self._shipped_folder, self._user_folder):
            path = folder / f"{TARGETS_NAME}.toml" if folder is not None else None
            if path is not None and path.is_file():
                targets = _targets_over(targets, read_toml(path))
        return tuple(targets.values())

    def _named(self, name: str, chain: tuple[str, ...]) -> _Draft:
        shipped = profile_files(self._shipped_folder).get(name)
        own = profile_files(self._user_folder).get(name)
        if name in chain:
            around = " → ".join((*chain, name))
            raise _refused(
                own or shipped or Path(name), f"the profiles extend each other in a circle: {around}", "Break it."
            )
        if own is None:
            if shipped is None:
                raise self._not_found(name, chain)
            return self._of_file(read_toml(shipped), name, "shipped", chain)
        overlay = read_toml(own)
        if shipped is None or overlay.data.get("standalone") is True or _base_of(overlay) not in (None, name):
            return self._of_file(overlay, name, "user", chain)
        below = self._of_file(read_toml(shipped), name, "shipped", chain)
        return _laid_over(below, overlay, name, path=below.path, origin="shipped", overlays=(own,), bases=below.bases)

    def _from_path(self, path: Path) -> _Draft:
        if not path.is_file():
            raise app_error(
                "profile_not_found", f"There is no profile file {path}.", hint=self._known_hint(), file=path
            )
        document = read_toml(path)
        return self._of_file(document, document.data.get("name", path.stem), "file", ())

    def _of_file(self, document: TomlDocument, name: object, origin: Origin, chain: tuple[str, ...]) -> _Draft:
        """A file alone, or on top of the profile that it extends."""
        path = document.path
        base = _base_of(document)
        if base is None:
            return _laid_over(_Draft({}, (), path, origin), document, name, path=path, origin=origin)
        if document.data.get("standalone") is True:
            raise _refused(path, "a profile cannot be standalone and extend another one", "Take one of the two out.")
        below = self._named(base, (*chain, str(name)))
        bases = (*below.bases, below.path, *below.overlays)
        return _laid_over(below, document, name, path=path, origin=origin, bases=bases)

    def _not_found(self, name: str, chain: tuple[str, ...]) -> AppError:
        best = nearest(name, self.names())
        guess = f"Did you mean {best}? " if best else ""
        who = f"Profile '{chain[-1]}' extends '{name}', but no profile has that name." if chain else ""
        return app_error("profile_not_found", who or f"No profile is named '{name}'.", hint=guess + self._known_hint())

    def _known_hint(self) -> str:
        return f"Profiles: {', '.join(self.names()) or 'none'}."


def profile_for_gpu(store: ProfileStore, gpu_names: Sequence[str]) -> str:
    """Name of the profile made for one of the boards; cpu when there is none.

    A profile that names the board goes before the fallback for any NVIDIA board, a longer word before a shorter
    one, an earlier board before a later, a shipped profile before a user's own. Profiles that are not
    recommended are never chosen.
    Errors: AppError `profile_invalid` when any profile is broken: a silent second choice would measure the wrong thing.
    """
    found: list[tuple[tuple[bool, int, int, bool, str], str]] = []
    for name in store.names():
        loaded = store.load(name)
        gpu = loaded.profile.gpu
        if not loaded.profile.recommended:
            continue
        for position, board in enumerate(gpu_names):
            word = gpu.word_for(board)
            if word is not None or gpu.fallback:
                rank = (word is None, -len(word or ""), position, loaded.origin != "shipped", name)
                found.append((rank, name))
    return min(found)[1] if found else CPU_PROFILE


def _looks_like_path(text: str) -> bool:
    return text.lower().endswith(".toml") or "/" in text or "\\" in text


def _laid_over(
    below: _Draft,
    document: TomlDocument,
    name: object,
    *,
    path: Path,
    origin: Origin,
    overlays: tuple[Path, ...] = (),
    bases: tuple[Path, ...] = (),
) -> _Draft:
    """The draft below with one more file on top. The file's own `name`, if it has one, must be `name`."""
    own_name = document.data.get("name", name)
    if own_name != name:
        raise _refused(
            document.path,
            f"it says name = {own_name!r}, but a profile has the name of its file, '{name}'",
            "Rename the file or the name.",
        )
    data = _merged(below.data, document.data) | {"name": name}
    _drop_unset_environment(data, document.data)
    return _Draft(data, (*below.sources, document), path, origin, overlays, bases)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables merged key by key, all else replaced."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = _merged(old, value)
        else:
            result[key] = value
    return result


def _drop_unset_environment(data: dict[str, Any], above: Mapping[str, Any]) -> None:
    """`value = false` takes a variable out again: unlike a flag it has no way of not being given."""
    environment = above.get("environment")
    if not isinstance(environment, Mapping) or not isinstance(data["environment"], Mapping):
        return
    unset = {key for key, entry in environment.items() if isinstance(entry, Mapping) and entry.get("value") is False}
    data["environment"] = {key: entry for key, entry in data["environment"].items() if key not in unset}


def _targets_over(below: Mapping[TargetKey, Target], document: TomlDocument) -> dict[TargetKey, Target]:
    """Bands with a file's own laid over them by their key; `remove = true` takes one out."""
    entries = document.data.get("target", [])
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        validated(TargetTable, document.data, [document])
    keys = [_key_of(entry) for entry in entries]
    merged = []
    for number, (entry, key) in enumerate(zip(entries, keys, strict=True), start=1):
        old = below.get(key) if key is not None else None
        fields = {name: value for name, value in entry.items() if name != "remove" or not isinstance(value, bool)}
        merged.append(_merged(old.model_dump(exclude_none=True), fields) if old is not None else fields)
        if key is not None and key in keys[: number - 1]:
            raise _refused(document.path, f"[[target]] number {number} has the key of an earlier one", "Take one out.")
        if key is not None and old is None and entry.get("remove") is True:
            raise _refused(
                document.path, f"[[target]] number {number} removes a band that is not there", "Take it out."
            )
    table = validated(TargetTable, {**document.data, "target": merged}, [document])
    result = dict(below)
    for entry, target in zip(entries, table.target, strict=True):
        if entry.get("remove") is True:
            del result[_folded(target.key)]
        else:
            result[_folded(target.key)] = target
    return result


def _key_of(entry: Mapping[str, Any]) -> TargetKey | None:
    """A band's key for comparing (case of the board ignored); None when it is not valid."""
    try:
        return _folded(TargetKey.model_validate(entry.get("key")))
    except ValidationError:
        return None


def _folded(key: TargetKey) -> TargetKey:
    return key.model_copy(update={"gpu": key.gpu.casefold()})


def _base_of(document: TomlDocument) -> str | None:
    base = document.data.get("extends")
    return base.strip().lower() if isinstance(base, str) else None


def _refused(path: Path, what: str, hint: str) -> AppError:
    return app_error("profile_invalid", f"{path.name}: {what}.", hint=hint, detail=str(path), file=path)
