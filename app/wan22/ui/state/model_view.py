"""The model files as they were found: what the page shows, made in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wan22.comfy.fetch_plan import FetchPlan, fetch_plan
from wan22.comfy.model_places import ModelPlaces
from wan22.comfy.model_status_text import STATE_WORDS, status_text
from wan22.comfy.model_store import ModelStore
from wan22.schema.model_file import ModelState, ModelStatus
from wan22.schema.settings import Settings
from wan22.system.cancel import CancelToken
from wan22.ui.state.disk_space import free_bytes
from wan22.ui.verdict_word import Tone
from wan22.wiring.models import model_mirror, model_store

WRONG = (ModelState.wrong_size, ModelState.wrong_hash)


@dataclass(frozen=True, slots=True)
class ModelView:
    """`free_bytes`: room on the disk of ComfyUI's models, None = could not be asked. `hash_bytes`: what would have
    to be read to compare every content."""

    store: ModelStore
    statuses: tuple[ModelStatus, ...]
    free_bytes: int | None
    hash_bytes: int

    @property
    def places(self) -> ModelPlaces:
        """The folders that were looked into."""
        return self.store.places

    @property
    def needed(self) -> tuple[ModelStatus, ...]:
        """What the usual workflow cannot do without."""
        return tuple(one for one in self.statuses if is_needed(one))

    @property
    def optional(self) -> tuple[ModelStatus, ...]:
        """What only some workflows use."""
        return tuple(one for one in self.statuses if not is_needed(one))

    @property
    def to_fetch(self) -> tuple[ModelStatus, ...]:
        """Needed files that have to come, and all that are unfinished or wrong."""
        return tuple(one for one in self.statuses if is_fetchable(one) and (is_needed(one) or is_begun(one)))

    @property
    def to_move(self) -> tuple[ModelStatus, ...]:
        """Files that are here, but not where they are looked for."""
        return tuple(one for one in self.statuses if one.is_movable and not one.pack_missing)

    @property
    def to_hash(self) -> tuple[ModelStatus, ...]:
        """Files whose content is not known."""
        return tuple(one for one in self.statuses if can_hash(one))

    def status(self, file: str) -> ModelStatus | None:
        """The status of one file."""
        return next((one for one in self.statuses if one.file.file == file), None)

    def with_statuses(self, changed: Sequence[ModelStatus]) -> "ModelView":
        """The view with some statuses replaced."""
        by_name = {one.file.file: one for one in changed}
        return replace(self, statuses=tuple(by_name.get(one.file.file, one) for one in self.statuses))


def read_models(settings: Settings, cancel: CancelToken) -> ModelView:
    """Look for every file of the list; nothing is read. Raises AppError as `model_store`."""
    store = model_store(settings)
    cancel.raise_if_set()
    statuses = tuple(store.check())
    cancel.raise_if_set()
    hash_bytes = sum(store.bytes_to_hash(one) for one in statuses if can_hash(one))
    return ModelView(store, statuses, free_bytes(store.places.models), hash_bytes)


def plan_of(statuses: Sequence[ModelStatus], settings: Settings) -> FetchPlan:
    """What a fetch of these would do; asks the disks. Raises AppError `bad_argument` for an unusable mirror."""
    return fetch_plan(statuses, model_mirror(settings))


def is_needed(status: ModelStatus) -> bool:
    """Whether the usual workflow needs it; node packs fetch their own files when they are first used."""
    return status.file.baseline and status.file.kind != "custom_nodes"


def is_begun(status: ModelStatus) -> bool:
    """Whether something of it is here that is not good yet."""
    return status.state is ModelState.partial or status.state in WRONG


def is_fetchable(status: ModelStatus) -> bool:
    """Whether a fetch would bring it."""
    return not (status.is_usable or status.is_movable or status.pack_missing) and status.file.url is not None


def can_hash(status: ModelStatus) -> bool:
    """Whether comparing contents would tell something new."""
    if status.path is None:
        return bool(status.candidates)
    return status.sha256 is None and status.file.sha256 is not None and status.state is not ModelState.wrong_size


def fetch_bytes(statuses: Sequence[ModelStatus]) -> int:
    """Bytes still to come, as far as sizes are known."""
    return sum(max((one.file.bytes or 0) - (one.partial_bytes or 0), 0) for one in statuses)


def state_mark(status: ModelStatus) -> tuple[Tone, str] | None:
    """Tone and word of the chip; None for an optional file that is simply not here."""
    word = STATE_WORDS[status.state]
    if status.is_usable:
        return Tone.good, "verified" if status.is_verified else word
    if status.state in WRONG:
        return Tone.bad, word
    if status.state is ModelState.missing:
        return (Tone.bad, word) if is_needed(status) else None
    return Tone.slow, word


def state_sentence(status: ModelStatus) -> str:
    """What there is to say beside the word; empty when the word says it all."""
    is_quiet = status.state is ModelState.present and not status.copies
    is_plainly_missing = status.state is ModelState.missing and not (status.pack_missing or status.candidates)
    return "" if is_quiet or (is_plainly_missing and not status.notes) else status_text(status)


def place_of(status: ModelStatus) -> Path:
    """The folder in which the file is, or would be."""
    return (status.path or status.target).parent
