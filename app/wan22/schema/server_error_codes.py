"""The error codes of finding, starting and reaching ComfyUI, a part of `schema.error_codes`."""

from wan22.schema.error_code import ErrorCode, ErrorKind

_K = ErrorKind

SERVER_ERROR_CODES: dict[str, ErrorCode] = {
    "comfyui_not_found": ErrorCode(
        _K.installation,
        "No ComfyUI installation there.",
        "Give the folder that holds ComfyUI's main.py with --comfyui.",
    ),
    "comfyui_python_not_found": ErrorCode(
        _K.installation,
        "No Python was found for that ComfyUI.",
        "Give the python executable that runs it with --python.",
    ),
    "comfyui_python_unusable": ErrorCode(
        _K.installation,
        "The Python found for ComfyUI does not run.",
        "Repair the environment or give another one with --python.",
    ),
    "comfyui_help_failed": ErrorCode(
        _K.installation,
        "ComfyUI's own list of flags could not be read.",
        "Run `main.py --help` with its Python and mend what it complains about.",
    ),
    "torch_missing": ErrorCode(
        _K.installation, "ComfyUI's Python has no torch.", "Install ComfyUI's requirements into that Python."
    ),
    "torch_without_cuda": ErrorCode(
        _K.installation,
        "ComfyUI's torch cannot use the GPU.",
        "Install a CUDA build of torch that supports this card, or use the cpu profile.",
    ),
    "package_missing": ErrorCode(
        _K.installation,
        "ComfyUI's Python lacks a package.",
        "Install ComfyUI's requirements.txt into that Python.",
    ),
    "attention_package_missing": ErrorCode(
        _K.installation,
        "The attention package that a flag asks for is not installed.",
        "Install it into ComfyUI's Python or take the flag out of the profile.",
    ),
    "flag_rejected": ErrorCode(
        _K.server,
        "ComfyUI refused one of its flags.",
        "Take the flag out of the profile; `wan22 profiles lint` shows which ones this ComfyUI knows.",
    ),
    "port_in_use": ErrorCode(
        _K.server,
        "The port is taken by another program.",
        "Stop that program, choose another --port, or attach to it with --url.",
    ),
    "database_in_use": ErrorCode(
        _K.server,
        "Another ComfyUI holds the same database.",
        "Stop the other one or give this one its own --database-url.",
    ),
    "server_start_failed": ErrorCode(
        _K.server, "ComfyUI ended before it was ready.", "The last lines of its log are in the details."
    ),
    "server_start_timeout": ErrorCode(
        _K.server,
        "ComfyUI was not ready in time.",
        "Look at the last log line; raise the start limit if the disk is slow.",
    ),
    "server_crashed": ErrorCode(
        _K.server,
        "ComfyUI ended while it was needed.",
        "The run is kept. The last lines of its log are in the details.",
    ),
    "server_killed": ErrorCode(
        _K.server,
        "ComfyUI was ended from outside.",
        "If the system ran out of memory it ends the biggest process: watch RAM, or free some.",
    ),
    "server_not_ours": ErrorCode(
        _K.server,
        "Another server answers on that port.",
        "Stop it, choose another --port, or attach to it with --url.",
    ),
    "server_not_stopped": ErrorCode(
        _K.server,
        "ComfyUI does not end, not even by force.",
        "It hangs inside the GPU driver: restart the machine if it does not go away.",
    ),
    "server_not_left": ErrorCode(
        _K.server,
        "ComfyUI cannot be left running without the panel.",
        "Stop it with the panel, or keep the panel open until its job is done.",
    ),
    "server_unreachable": ErrorCode(
        _K.server, "No ComfyUI answers at that address.", "Check that it runs and that the address is right."
    ),
    "server_reply_invalid": ErrorCode(
        _K.server,
        "The server's answer is not what ComfyUI sends.",
        "Check the address; another program may be listening there.",
    ),
    "server_request_failed": ErrorCode(
        _K.server, "ComfyUI answered with an error.", "The server's own words are in the details."
    ),
    "server_url_invalid": ErrorCode(
        _K.server, "That is not the address of a server.", "Write it like http://127.0.0.1:8188."
    ),
    "server_stuck": ErrorCode(
        _K.server,
        "ComfyUI answers but does not work on the queue any more.",
        "Restart ComfyUI; its worker has died.",
    ),
    "server_hung": ErrorCode(
        _K.server,
        "ComfyUI stands still: it neither works nor ends.",
        "The run is kept. ComfyUI is ended and can be started again; if it happens again, look at the last node.",
    ),
    "server_unstable": ErrorCode(
        _K.server,
        "ComfyUI ended or hung too often.",
        "Look at the last runs' problems first; a job that is asked for starts it again.",
    ),
    "socket_lost": ErrorCode(
        _K.server,
        "The live connection to ComfyUI broke.",
        "It is opened again by itself; the result is read from the server's history.",
    ),
}
