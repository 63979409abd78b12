"""All model files in one sentence, and the reasons for it."""

from collections.abc import Sequence

from wan22.schema.model_file import ModelState, ModelStatus
from wan22.ui.state.byte_text import byte_text
from wan22.ui.state.model_view import WRONG, ModelView, fetch_bytes


def model_sentence(view: ModelView) -> tuple[str, str]:
    """`All 6 files are here, 37.2 GB.` or what is missing, wrong, or lies elsewhere; and where was looked."""
    needed = view.needed
    wrong = [one for one in view.statuses if one.state in WRONG]
    movable = [one for one in needed if one.is_movable]
    absent = [one for one in needed if one.state in (ModelState.missing, ModelState.partial)]
    room = f", {byte_text(view.free_bytes)} free" if view.free_bytes is not None else ""
    grounds = f"{_contents(view.statuses)} Looked for in {view.places.models}{_elsewhere(view)}."
    if wrong:
        files = "1 file is" if len(wrong) == 1 else f"{len(wrong)} files are"
        more = f" {_missing(absent, len(needed))}." if absent else ""
        return f"{files} not what {'its name says' if len(wrong) == 1 else 'their names say'}.{more}", grounds
    if absent:
        title = f"{_missing(absent, len(needed))}: {byte_text(fetch_bytes(absent))} to fetch{room}."
        return title, f"{_lying(movable)}{grounds}"
    if movable:
        return f"{_lying(movable).strip()}", grounds
    total = sum(one.byte_count or 0 for one in needed)
    return f"All {len(needed)} files are here, {byte_text(total)}.", grounds


def _missing(absent: Sequence[ModelStatus], count: int) -> str:
    if len(absent) == count:
        return f"None of the {count} files is here"
    return f"{len(absent)} of {count} files {'is' if len(absent) == 1 else 'are'} missing"


def _lying(movable: Sequence[ModelStatus]) -> str:
    if not movable:
        return ""
    one = len(movable) == 1
    where = "is here, but not where ComfyUI looks" if one else "are here, but not where ComfyUI looks"
    return f"{len(movable)} file{'' if one else 's'} {where}: moving {'it' if one else 'them'} is enough. "


def _contents(statuses: Sequence[ModelStatus]) -> str:
    """How sure the answer is."""
    here = [one for one in statuses if one.is_usable and one.file.sha256 is not None]
    verified = sum(one.is_verified is True for one in here)
    if not here:
        return ""
    if verified == len(here):
        return "Every content was compared with the published one."
    if not verified:
        return "Sizes are right; contents were not compared yet."
    return f"{verified} of {len(here)} contents were compared with the published ones."


def _elsewhere(view: ModelView) -> str:
    folders = {folder.path for folder in view.places.extra}
    count = len(folders)
    return f" and {count} folder{'s' if count != 1 else ''} of your own" if count else ""
