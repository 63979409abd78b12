"""Changing the user's own profiles: save, clone, rename, delete, restore, export. Shipped files are never touched."""

from pathlib import Path

from pydantic import ValidationError

from wan22.launch.profile_check import profile_complaints
from wan22.launch.profile_file import profile_files, profile_toml, read_toml
from wan22.launch.profile_overlay import edited_text, overlay_data, whole_data, with_unset
from wan22.launch.profile_store import LoadedProfile, ProfileStore
from wan22.launch.shape_complaint import complaints
from wan22.schema.problem import AppError, app_error
from wan22.schema.profile import Profile
from wan22.system.files import file_error, read_text, write_text_atomic


class ProfileEditor:
    """Writes into `user_folder` alone. Whatever it changes or takes away stays beside it as `NAME.toml.bak`."""

    def __init__(self, shipped_folder: Path, user_folder: Path) -> None:
        self._user_folder = user_folder
        self.store = ProfileStore(shipped_folder, user_folder)
        self._shipped = ProfileStore(shipped_folder, None)

    def is_shipped(self, name: str) -> bool:
        """Whether a profile of that name comes with the program."""
        return name in self._shipped.names()

    def shipped(self, name: str) -> Profile | None:
        """The profile as it comes with the program; None when there is none of that name."""
        return self._shipped.load(name).profile if self.is_shipped(name) else None

    def own_file(self, name: str) -> Path | None:
        """The user's file of that name: a profile of his own, or one laid over a shipped one."""
        return profile_files(self._user_folder).get(name)

    def save(self, wanted: Profile) -> Path | None:
        """Write the user's file for `wanted.name`; returns it, or None when it equals the shipped profile.

        Over a shipped profile only the differences are written, so that the rest goes on following it. Comments in
        an old file stay. Errors: AppError `profile_invalid` for fatal complaints, `disk_full`, `file_unwritable`.
        """
        checked(wanted)
        below = self._below(wanted.name)
        data = None if below is None else overlay_data(below, wanted)
        path = self.own_file(wanted.name) or self._user_folder / f"{wanted.name}.toml"
        if below is not None and data == {} and self.is_shipped(wanted.name):
            if path.exists():
                self._put_away(path)
            return None
        old = _text_of(path)
        text = _own_text(old, data) if data is not None else None
        if text is None and below is None and old is not None:
            text = edited_text(old, whole_data(wanted))
        if old is not None:
            _keep(path)
        write_text_atomic(path, text if text is not None else profile_toml(wanted))
        if not self._says(wanted, below):
            write_text_atomic(path, profile_toml(wanted))
        return path

    def clone(self, name: str, new_name: str, title: str | None = None) -> Path:
        """A whole copy under a new name. Errors: AppError `profile_exists`, `profile_invalid`, and those of loading."""
        return self.add(self.store.load(name).profile, new_name, title)

    def add(self, profile: Profile, name: str, title: str | None = None) -> Path:
        """Write `profile` as a new profile of the user's own; see `clone`."""
        made = renamed(profile, name, title)
        checked(made)
        if made.name in self.store.names():
            message = f"There is a profile named '{made.name}' already."
            raise app_error("profile_exists", message, file=self.own_file(made.name) or Path(f"{made.name}.toml"))
        path = self._user_folder / f"{made.name}.toml"
        write_text_atomic(path, profile_toml(made))
        return path

    def rename(self, name: str, new_name: str) -> Path:
        """Give a profile of the user's own another name. Errors: `profile_shipped`, `profile_extended`, see `clone`."""
        own = self._own(name)
        path = self.add(self.store.load(name).profile, new_name)
        self._put_away(own)
        return path

    def delete(self, name: str) -> Path:
        """Take a profile of the user's own away; returns the copy that is kept. Errors: see `rename`."""
        return self._put_away(self._own(name))

    def restore(self, name: str) -> Path | None:
        """Take the user's changes to a shipped profile away; returns the copy that is kept, None when there are none.

        Errors: AppError `profile_not_found` when no shipped profile has that name.
        """
        if not self.is_shipped(name):
            raise app_error(
                "profile_not_found",
                f"No shipped profile is named '{name}', so there is nothing to restore.",
                hint=f"Shipped: {', '.join(self._shipped.names())}.",
            )
        own = self.own_file(name)
        return None if own is None else self._put_away(own)

    def export(self, name: str, path: Path, *, overwrite: bool = False) -> Path:
        """Write a whole profile into a file for somebody else; a folder gets `NAME.toml`.

        Errors: AppError `profile_exists` for a file that is there, and those of loading and writing.
        """
        profile = self.store.load(name).profile
        target = path / f"{profile.name}.toml" if path.is_dir() else path
        if target.exists() and not overwrite:
            raise app_error(
                "profile_exists",
                f"{target} is there already and was not overwritten.",
                hint="Choose another file, or overwrite it with --force.",
                file=target,
            )
        write_text_atomic(target, profile_toml(profile))
        return target

    def _below(self, name: str) -> Profile | None:
        """The profile that the user's file of that name lies over or builds on; None when it stands alone."""
        own = self.own_file(name)
        document = None if own is None else _data_of(own)
        if document is not None and document.get("standalone") is True:
            return None
        base = document.get("extends") if document is not None else None
        if isinstance(base, str) and base.strip().lower() != name:
            return self.store.load(base).profile
        return self._shipped.load(name).profile if self.is_shipped(name) else None

    def _says(self, wanted: Profile, below: Profile | None) -> bool:
        """Whether what was written is read back as the wanted profile."""
        try:
            found = self.store.load(wanted.name).profile
        except AppError:
            return False
        return found in (wanted, with_unset(below, wanted) if below is not None else wanted)

    def _own(self, name: str) -> Path:
        own = self.own_file(name)
        if own is None or self.is_shipped(name):
            if name in self.store.names():
                raise app_error("profile_shipped", f"{name} comes with the program: it cannot be renamed or deleted.")
            self.store.load(name)
        assert own is not None
        builders = [other for other in self.store.names() if other != name and self._builds_on(other, own)]
        if builders:
            message = (
                f"{name} cannot be taken away: {', '.join(builders)} {'build' if builders[1:] else 'builds'} on it."
            )
            raise app_error("profile_extended", message, file=own)
        return own

    def _builds_on(self, name: str, base: Path) -> bool:
        try:
            return base in self.store.load(name).bases
        except AppError:
            return False

    def _put_away(self, path: Path) -> Path:
        kept = path.with_name(path.name + ".bak")
        try:
            path.replace(kept)
        except OSError as error:
            raise file_error(error, path, writing=True) from error
        return kept


def checked(profile: Profile) -> None:
    """Refuse what must not be saved. Errors: AppError `profile_invalid`; values of flags are judged by the editor."""
    fatal = [one.sentence for one in profile_complaints(profile, None) if one.is_fatal]
    if fatal:
        raise app_error(
            "profile_invalid",
            f"{profile.name}: {fatal[0]}",
            hint="Change that and try again.",
            detail="\n".join(fatal[1:]),
        )


def renamed(profile: Profile, name: str, title: str | None = None) -> Profile:
    """The profile under another name, which must be a good one. Errors: AppError `profile_invalid`."""
    fields = profile.model_dump() | {"name": name.strip(), "title": profile.title if title is None else title}
    try:
        return Profile.model_validate(fields)
    except ValidationError as error:
        first = complaints(error, Profile)[0]
        raise app_error(
            "profile_invalid",
            f"'{name}' cannot be the name of a profile: {first.sentence}" if first.key == "name" else first.sentence,
            hint="Use small letters, digits, dots, dashes and underscores, such as rtx5090-quiet.",
        ) from error


def can_be_changed(loaded: LoadedProfile) -> bool:
    """Whether it has a name to be saved under: a single file elsewhere has not."""
    return loaded.origin != "file"


def _own_text(old: str | None, data: dict[str, object]) -> str | None:
    return edited_text(old if old is not None else "format = 1\n", data)


def _data_of(path: Path) -> dict[str, object] | None:
    try:
        return dict(read_toml(path).data)
    except AppError:
        return None


def _text_of(path: Path) -> str | None:
    """The file as text; None when there is none, or when it is no UTF-8."""
    try:
        return read_text(path)
    except AppError:
        return None


def _keep(path: Path) -> None:
    """A copy of the file before it is changed."""
    try:
        path.with_name(path.name + ".bak").write_bytes(path.read_bytes())
    except OSError as error:
        raise file_error(error, path, writing=True) from error
