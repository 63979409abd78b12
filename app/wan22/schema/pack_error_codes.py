"""The error codes of node packs, a part of `schema.error_codes`."""

from wan22.schema.error_code import ErrorCode, ErrorKind

_K = ErrorKind

PACK_ERROR_CODES: dict[str, ErrorCode] = {
    "pack_unknown": ErrorCode(
        _K.usage,
        "No node pack of that name is in the catalogue.",
        "Name one of the catalogue, or the https address of its repository.",
    ),
    "pack_address_refused": ErrorCode(
        _K.usage,
        "The address or name of a node pack is not one that is used.",
        "Name the https address of a git repository, without a user name.",
    ),
    "pack_not_agreed": ErrorCode(
        _K.usage,
        "Nothing is installed without being agreed to.",
        "Run it in a terminal and answer the question, or say --yes.",
    ),
    "pack_catalogue_invalid": ErrorCode(
        _K.workflow, "The list of node packs is not valid.", "Install the program again, or mend the key that is named."
    ),
    "pack_folder_taken": ErrorCode(
        _K.installation,
        "The place of the node pack is taken by something else.",
        "Move that folder away, or enable or update the pack that is there.",
    ),
    "pack_not_installed": ErrorCode(
        _K.installation, "The node pack is not installed.", "`wan22 nodes install` installs it."
    ),
    "pack_changed_here": ErrorCode(
        _K.installation,
        "The node pack was changed on this machine.",
        "Save the changes elsewhere, or install it into an empty place.",
    ),
    "git_missing": ErrorCode(
        _K.installation,
        "There is no git on this machine.",
        "Install it from https://git-scm.com (Debian, Ubuntu: apt install git) and try again.",
    ),
    "pack_fetch_failed": ErrorCode(
        _K.machine,
        "The repository of a node pack could not be fetched.",
        "Check the address and the connection; nothing was changed.",
    ),
    "pack_requirements_refused": ErrorCode(
        _K.installation,
        "The node pack's list of packages asks for something that is not done.",
        "Read the lines that are named; ask the pack's author for a plain list.",
    ),
    "pack_changes_torch": ErrorCode(
        _K.installation,
        "The node pack would change PyTorch.",
        "PyTorch belongs to the GPU and its driver: install a version of the pack that takes the one that is there.",
    ),
    "pack_packages_failed": ErrorCode(
        _K.installation,
        "The Python packages of a node pack could not be installed.",
        "The details hold pip's words; everything was put back.",
    ),
    "pip_unusable": ErrorCode(
        _K.installation,
        "ComfyUI's Python has no pip that can be used.",
        "Run `python -m ensurepip --upgrade` with that Python, or update its pip to 23.0 or newer.",
    ),
    "pack_script_failed": ErrorCode(
        _K.installation,
        "The installation script of a node pack failed.",
        "The details hold its words; everything that could be was put back.",
    ),
    "pack_import_failed": ErrorCode(
        _K.server,
        "A node pack does not load.",
        "The message names the cause; mend it, or disable the pack.",
    ),
    "pack_class_missing": ErrorCode(
        _K.server,
        "The node pack is installed, but the server does not have its nodes.",
        "Restart ComfyUI; if it stays so, another version of the pack is needed.",
    ),
    "pack_manager_refused": ErrorCode(
        _K.server,
        "The Manager of the server refuses to install.",
        "Its security level decides; installing by git from here does not need it.",
    ),
    "pack_manager_missing": ErrorCode(
        _K.server, "The server has no Manager that answers.", "Install by git from here instead."
    ),
    "pack_busy": ErrorCode(
        _K.installation,
        "Another program is installing into the same ComfyUI.",
        "Wait until it is done, or end it; its lock goes with it.",
    ),
}
