"""The state of a model file as a word and as a sentence, the same in the window and in the terminal."""

from wan22.schema.model_file import ModelState, ModelStatus

STATE_WORDS = {
    ModelState.present: "present",
    ModelState.extra_folder: "present",
    ModelState.other_name: "other name",
    ModelState.wrong_folder: "wrong folder",
    ModelState.wrong_size: "wrong size",
    ModelState.wrong_hash: "wrong content",
    ModelState.partial: "unfinished",
    ModelState.missing: "missing",
}


def status_text(status: ModelStatus) -> str:
    """What is known of the file and what that means, in one or two sentences."""
    file = status.file
    match status.state:
        case ModelState.present | ModelState.extra_folder:
            return _present(status)
        case ModelState.wrong_size:
            text = f"It has {status.byte_count} bytes at {status.path}, {file.bytes} are right: fetch it again."
        case ModelState.wrong_hash:
            text = f"Its size is right, but its content at {status.path} is not the published one: fetch it again."
        case ModelState.wrong_folder:
            text = f"It lies at {status.path}, but belongs into {status.target.parent}."
        case ModelState.other_name:
            text = f"It is here as {status.path}, but workflows name it {file.file}."
        case ModelState.partial:
            of = f" of {file.bytes / 1e9:.2f} GB" if file.bytes else ""
            text = f"{(status.partial_bytes or 0) / 1e9:.2f} GB{of} have arrived: a fetch goes on from there."
        case ModelState.missing:
            text = _missing(status)
    return " ".join((text, *status.notes))


def _present(status: ModelStatus) -> str:
    where = "in a folder of your own configuration, " if status.state is ModelState.extra_folder else ""
    if status.is_verified:
        proof = "its content is verified."
    elif status.file.sha256 is None:
        proof = "no digest is published for it." if status.sha256 is None else f"its SHA-256 is {status.sha256}."
    else:
        known = "its size is right, " if status.file.bytes is not None else ""
        proof = f"{known}its content was not hashed yet."
    copies = f" A further copy that is never read lies at {status.copies[0]}." if status.copies else ""
    return f"At {status.path}; {where}{proof}{copies}"


def _missing(status: ModelStatus) -> str:
    if status.pack_missing:
        pack = status.file.sub_folder[0] if status.file.sub_folder else status.file.folder
        return f"Its node pack {pack} is not installed; the pack fetches it itself when it is first used."
    text = f"It belongs into {status.target.parent}."
    if status.candidates:
        text += f" {status.candidates[0]} has its size: hashing tells whether it is the same file."
    return text
