"""Which of the wanted model files are on this machine, where, and whether they are what their name says."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from wan22.comfy.hash_cache import HashCache
from wan22.comfy.model_index import FoundFile, ModelIndex
from wan22.comfy.model_manifest import ModelManifest
from wan22.comfy.model_move import move_file
from wan22.comfy.model_places import ModelPlaces
from wan22.comfy.part_file import PartFile
from wan22.schema.model_file import ModelFile, ModelState, ModelStatus
from wan22.schema.problem import AppError, Problem, app_error, problem
from wan22.system.cancel import CancelToken

OnBytes = Callable[[int], None]


class ModelStore:
    """The files of `manifest` in the folders of one installation.

    `check` reads no file and is quick; `hash` and `move` may read tens of gigabytes: call them in a worker.
    """

    def __init__(self, manifest: ModelManifest, places: ModelPlaces, hashes: HashCache) -> None:
        self._manifest = manifest
        self._places = places
        self._hashes = hashes
        self._known_names = frozenset(file.file.casefold() for file in manifest.models)

    @property
    def places(self) -> ModelPlaces:
        """The folders that are looked into."""
        return self._places

    @property
    def hashes(self) -> HashCache:
        """The digests that are known."""
        return self._hashes

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why some folders could not be looked into."""
        return self._places.problems

    def check(self, names: Sequence[str] = ()) -> list[ModelStatus]:
        """How each file stands, in the order of the manifest; `names` picks some. Nothing is hashed.

        A name may leave out the ending or be the beginning of one file's name only. AppError `model_unknown`.
        """
        index = ModelIndex(self._places.roots())
        return [self._status(file, index) for file in self._chosen(names)]

    def hash(
        self, status: ModelStatus, cancel: CancelToken | None = None, on_bytes: OnBytes | None = None
    ) -> ModelStatus:
        """`status` with its digest measured. For a missing file its candidates are hashed until one is it.

        Digests that are known for the same size and time of change are not measured again. AppError
        `file_unreadable`, `cancelled`.
        """
        if status.path is not None:
            self._hashes.measure(status.path, cancel, on_bytes)
        for candidate in status.candidates:
            if self._hashes.measure(candidate, cancel, on_bytes) == status.file.sha256:
                break
        return self._status(status.file, ModelIndex(self._places.roots()))

    def bytes_to_hash(self, status: ModelStatus) -> int:
        """Bytes that `hash` would read at most: 0 when everything is known."""
        paths = (status.path, *status.candidates) if status.path is not None else status.candidates
        return sum(path.stat().st_size for path in paths if path.is_file() and self._hashes.known(path) is None)

    def move(
        self, status: ModelStatus, cancel: CancelToken | None = None, on_bytes: OnBytes | None = None
    ) -> ModelStatus:
        """Put a file that lies in the wrong folder, or under another name, into its place.

        Atomic on one volume; across volumes it is copied, verified, and only then deleted. Nothing is overwritten.
        AppError `model_not_moved`, `disk_full`, `file_unreadable`, `file_unwritable`, `cancelled`: the file is then
        where it was.
        """
        if not status.is_movable or status.path is None:
            message = f"{status.file.file} is not to be moved: its state is '{status.state.value.replace('_', ' ')}'."
            raise app_error("model_not_moved", message, hint="Check again: something has changed since.")
        digest = self._hashes.known(status.path)
        if status.pack_missing:
            raise AppError(pack_problem(status))
        copied = move_file(status.path, status.target, status.file.sha256, cancel, on_bytes)
        if copied or digest:
            self._hashes.put(status.target, copied or digest or "")
        return self._status(status.file, ModelIndex(self._places.roots()))

    def _chosen(self, names: Sequence[str]) -> Iterator[ModelFile]:
        wanted = {self._entry(name).file for name in names}
        return (file for file in self._manifest.models if not names or file.file in wanted)

    def _entry(self, name: str) -> ModelFile:
        exact = self._manifest.by_file(name)
        if exact is not None:
            return exact
        near = [file for file in self._manifest.models if file.file.casefold().startswith(name.casefold())]
        if name and len(near) == 1:
            return near[0]
        hint = "It may be " + ", ".join(file.file for file in near) + "." if name and near else None
        raise app_error("model_unknown", f"There is no model file '{name}' in the list.", hint=hint, name=name)

    def _status(self, file: ModelFile, index: ModelIndex) -> ModelStatus:
        target = self._places.target(file)
        found = list(self._in_place(file))
        part = PartFile(target)
        status = ModelStatus(
            file=file,
            state=ModelState.missing,
            target=target,
            partial_bytes=part.byte_count(),
            pack_missing=file.kind == "custom_nodes" and self._places.pack_folder(file) is None,
        )
        if found:
            first, is_extra = found[0]
            copies = tuple(one.path for one, _ in found[1:])
            return self._judged(status, first, is_extra=is_extra).model_copy(update={"copies": copies})
        return self._elsewhere(status, index)

    def _in_place(self, file: ModelFile) -> Iterator[tuple[FoundFile, bool]]:
        """Where ComfyUI finds the file by its name, in the order in which it looks; True = thanks to a yaml file."""
        if file.kind == "custom_nodes":
            paths = [(self._places.target(file), False)]
        else:
            paths = [
                (folder.path.joinpath(*file.sub_folder, file.file), folder.config is not None)
                for folder in self._places.folders(file.kind)
            ]
        seen: set[Path] = set()
        for path, is_extra in paths:
            try:
                real = path.resolve()
                if real not in seen and path.is_file():
                    seen.add(real)  # folders may be links to each other
                    yield FoundFile(path, path.stat().st_size), is_extra
            except OSError:
                continue

    def _judged(self, status: ModelStatus, found: FoundFile, *, is_extra: bool) -> ModelStatus:
        """The state of a file that lies where ComfyUI reads it."""
        file, digest = status.file, self._hashes.known(found.path)
        if file.bytes is not None and found.byte_count != file.bytes:
            state = ModelState.wrong_size
        elif digest is not None and file.sha256 is not None and digest != file.sha256:
            state = ModelState.wrong_hash
        else:
            state = ModelState.extra_folder if is_extra else ModelState.present
        notes = tuple(self._other_identity(digest, file)) if state is ModelState.wrong_hash else ()
        update = {"state": state, "path": found.path, "byte_count": found.byte_count, "sha256": digest, "notes": notes}
        return status.model_copy(update=update)

    def _other_identity(self, digest: str | None, file: ModelFile) -> Iterator[str]:
        """A wrong file that is another one of the list, such as the low noise expert under the other's name."""
        for other in self._manifest.models:
            if digest is not None and other.sha256 == digest and other.file != file.file:
                yield f"By its content it is {other.file}."

    def _elsewhere(self, status: ModelStatus, index: ModelIndex) -> ModelStatus:
        """The state of a file that is not where ComfyUI looks for it."""
        file = status.file
        named = index.named(file.file) if file.kind != "custom_nodes" else ()
        right = [found for found in named if file.bytes in (None, found.byte_count)]
        for found in right:
            digest = self._hashes.known(found.path)
            if digest is not None and file.sha256 is not None and digest != file.sha256:
                continue
            same_folder = found.path.parent in [folder.path for folder in self._places.folders(file.kind)]
            state = ModelState.other_name if same_folder else ModelState.wrong_folder
            return self._moved(status, found, state)
        same_size = [found for found in self._strangers(file, index) if found not in named]
        unknown = []
        for found in same_size:
            digest = self._hashes.known(found.path)
            if digest is not None and digest == file.sha256:
                return self._moved(status, found, ModelState.other_name)
            if digest is None and found.path.name.casefold() not in self._known_names:
                unknown.append(found.path)
        notes = tuple(
            f"{found.path} has this name, but {found.byte_count} bytes." for found in named if found not in right
        )
        state = ModelState.partial if status.partial_bytes else ModelState.missing
        return status.model_copy(update={"state": state, "candidates": tuple(unknown), "notes": notes})

    def _strangers(self, file: ModelFile, index: ModelIndex) -> Sequence[FoundFile]:
        """Files of the right size and kind of ending, whatever their name."""
        if file.bytes is None or file.sha256 is None or file.kind == "custom_nodes":
            return ()
        suffix = Path(file.file).suffix.casefold()
        return [found for found in index.sized(file.bytes) if found.path.suffix.casefold() == suffix]

    def _moved(self, status: ModelStatus, found: FoundFile, state: ModelState) -> ModelStatus:
        digest = self._hashes.known(found.path)
        update = {"state": state, "path": found.path, "byte_count": found.byte_count, "sha256": digest}
        return status.model_copy(update=update)


def pack_problem(status: ModelStatus) -> Problem:
    """Why a file whose node pack is not installed has no place yet."""
    pack = status.file.sub_folder[0] if status.file.sub_folder else status.file.folder
    message = f"{status.file.file} belongs to the node pack {pack}, which is not installed."
    return problem("model_pack_missing", message, file=status.file.file)
