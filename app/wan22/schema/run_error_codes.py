"""Codes for runs on disk: what is done with them as a whole."""

from collections.abc import Mapping

from wan22.schema.error_code import ErrorCode, ErrorKind

_K = ErrorKind

RUN_ERROR_CODES: Mapping[str, ErrorCode] = {
    "run_in_use": ErrorCode(
        _K.run, "The run is still being written.", "Wait until the job is done, or stop it; then try again."
    ),
    "run_outside": ErrorCode(
        _K.run,
        "The folder does not lie directly in the folder for runs.",
        "Only runs in that folder are deleted from here; delete others in the file manager.",
    ),
    "trash_unavailable": ErrorCode(
        _K.machine,
        "The system's trash does not take the run.",
        "Delete it for good instead: `wan22 runs delete RUN --yes --for-good`.",
    ),
    "archive_invalid": ErrorCode(
        _K.run,
        "The file is not a run that was exported, or it is damaged.",
        "Export the run again, or copy the file again and compare its size.",
    ),
    "archive_unsafe": ErrorCode(
        _K.run,
        "The file holds something that no exported run holds, and that could do harm.",
        "Nothing of it was kept. Ask whoever gave it to you for another export.",
    ),
    "run_not_repeatable": ErrorCode(
        _K.run,
        "The run does not hold everything that is needed to do the job again.",
        "Enter the job on the Run page, or with `wan22 run`.",
    ),
}
