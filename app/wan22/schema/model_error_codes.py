"""The error codes of model files, a part of `schema.error_codes`."""

from wan22.schema.error_code import ErrorCode, ErrorKind

_K = ErrorKind

MODEL_ERROR_CODES: dict[str, ErrorCode] = {
    "model_unknown": ErrorCode(
        _K.usage, "No model file has that name in the list.", "`wan22 models check` names them all."
    ),
    "download_not_agreed": ErrorCode(
        _K.usage,
        "Nothing is downloaded without being agreed to.",
        "Run it in a terminal and answer the question, or say --yes.",
    ),
    "model_paths_invalid": ErrorCode(
        _K.installation,
        "A file that adds folders of models cannot be read as ComfyUI reads it.",
        "ComfyUI does not start with it either: mend the place named in the message.",
    ),
    "model_pack_missing": ErrorCode(
        _K.installation,
        "The file belongs to a node pack that is not installed.",
        "Install the node pack first; a folder made before it would stand in its way.",
    ),
    "model_elsewhere": ErrorCode(
        _K.workflow,
        "The file is on this machine, but where ComfyUI does not find it.",
        "`wan22 models move` puts it into its place.",
    ),
    "model_not_moved": ErrorCode(
        _K.machine, "A model file could not be moved.", "The file is still where it was; move it by hand."
    ),
    "download_failed": ErrorCode(
        _K.machine,
        "A download did not come to its end.",
        "What has arrived is kept: the same command goes on from there.",
    ),
    "download_refused": ErrorCode(
        _K.machine,
        "The host does not give the file to everybody.",
        "Accept its licence on its page and put a token into the variable HF_TOKEN.",
    ),
    "download_corrupt": ErrorCode(
        _K.machine,
        "What arrived is not the file that was asked for.",
        "Fetch it again, or use another mirror.",
    ),
    "download_busy": ErrorCode(
        _K.machine,
        "Another program is fetching the same file.",
        "Wait until it is done, or stop it; what has arrived is kept.",
    ),
    "model_missing": ErrorCode(
        _K.workflow,
        "A model file is missing on the server.",
        "Put the file into the folder named in the message.",
    ),
    "model_choice_suspect": ErrorCode(
        _K.workflow,
        "The choice of model files looks wrong.",
        "High noise files belong to the first pass, low noise files to the second; the 14B models need wan_2.1_vae.",
    ),
    "manifest_invalid": ErrorCode(
        _K.workflow,
        "The list of model files is not valid.",
        "Install the program again, or mend the key named in the message.",
    ),
}
