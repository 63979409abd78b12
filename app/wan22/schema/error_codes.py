"""The one registry of error codes: meaning, default hint and family.

A test proves that every code used in the source is registered here and that every code here is used.
Codes are a contract: scripts compare them, so a code is never renamed, only retired.
"""

from wan22.schema.error_code import ErrorCode, ErrorKind
from wan22.schema.model_error_codes import MODEL_ERROR_CODES
from wan22.schema.pack_error_codes import PACK_ERROR_CODES
from wan22.schema.run_error_codes import RUN_ERROR_CODES
from wan22.schema.server_error_codes import SERVER_ERROR_CODES

__all__ = ["ERROR_CODES", "ErrorCode", "ErrorKind"]

_K = ErrorKind

ERROR_CODES: dict[str, ErrorCode] = {
    # what the person asked for
    "bad_argument": ErrorCode(
        _K.usage, "A value on the command line is not usable.", "See --help for what is allowed."
    ),
    "drop_refused": ErrorCode(
        _K.usage,
        "Nothing in the window takes what was dropped.",
        "Drop it on the field that it is for, or save it first.",
    ),
    "cancelled": ErrorCode(_K.usage, "The person stopped it.", "Nothing is left running; start again when you like."),
    # settings and profiles
    "settings_invalid": ErrorCode(
        _K.settings,
        "The settings file does not hold valid settings.",
        "Mend the named key or delete the file to return to the defaults.",
    ),
    "checklist_invalid": ErrorCode(
        _K.settings,
        "The notes of the checklist cannot be read.",
        "Delete the named file: only notes and the folders of scripts are lost, everything else is read anew.",
    ),
    "profile_invalid": ErrorCode(
        _K.profile,
        "A profile file does not hold a valid profile.",
        "Mend the named key; `wan22 profiles show` prints a valid profile.",
    ),
    "profile_not_found": ErrorCode(_K.profile, "No profile has that name.", "`wan22 profiles list` names them all."),
    "profile_exists": ErrorCode(_K.profile, "A profile or file of that name is there already.", "Choose another name."),
    "profile_shipped": ErrorCode(
        _K.profile,
        "A shipped profile is never changed.",
        "Clone it under a name of your own, or change it in the Setup page: that makes a file laid over it.",
    ),
    "profile_extended": ErrorCode(
        _K.profile, "Other profiles build on it.", "Change or delete those first; `extends` in their files names it."
    ),
    "script_value_refused": ErrorCode(
        _K.profile,
        "A value cannot stand in a start script.",
        "Change the named setting; line breaks and quotes cannot be written into a .bat file.",
    ),
    "script_exists": ErrorCode(
        _K.usage,
        "A file that this program did not write has the name of a script.",
        "Choose another folder, move the file away, or overwrite it with --force.",
    ),
    "scenario_not_found": ErrorCode(
        _K.settings, "No demo scenario has that name.", "Leave the name out for the healthy one, or name a .toml file."
    ),
    "scenario_invalid": ErrorCode(
        _K.settings,
        "A demo scenario file does not hold a valid scenario.",
        "Mend the named key; the shipped scenarios explain every key.",
    ),
    # the machine
    "disk_full": ErrorCode(
        _K.machine,
        "The disk is full.",
        "Free some space, or choose another folder for runs with --output.",
    ),
    "file_unreadable": ErrorCode(
        _K.machine, "A file could not be read.", "Check that it exists and that you may read it."
    ),
    "file_unwritable": ErrorCode(
        _K.machine,
        "A file could not be written.",
        "Check that the folder exists and that you may write there.",
    ),
    "process_start_failed": ErrorCode(
        _K.machine,
        "A program could not be started.",
        "Check that the program exists, that it may be run, and that its folder exists.",
    ),
    # the graph
    "workflow_not_found": ErrorCode(
        _K.workflow,
        "No workflow has that name.",
        "Give a file in API form, or the name of a shipped workflow; without --workflow the two-pass one is used.",
    ),
    "workflow_invalid": ErrorCode(
        _K.workflow,
        "The file does not hold a workflow in API form.",
        "Export it from ComfyUI with Export (API).",
    ),
    "workflow_ui_format": ErrorCode(
        _K.workflow,
        "The file holds a workflow in the editor's form.",
        "Export it from ComfyUI with Export (API).",
    ),
    "model_file_invalid": ErrorCode(
        _K.workflow, "The file is not a whole model file.", "Download it again; compare its size and SHA-256."
    ),
    "conversion_note": ErrorCode(
        _K.workflow,
        "Something about a converted workflow is worth knowing.",
        "Compare with what ComfyUI's editor shows if you are in doubt.",
    ),
    "rule_not_found": ErrorCode(
        _K.workflow, "The rule finds nothing in this workflow.", "`wan22 workflow analyse` names what was found."
    ),
    "rule_without_fix": ErrorCode(
        _K.workflow, "What was found cannot be mended by itself.", "Change it in ComfyUI's editor and save again."
    ),
    "definitions_invalid": ErrorCode(
        _K.workflow,
        "The file holds no node definitions.",
        "Save http://HOST:8188/object_info of a running ComfyUI into a file and give that.",
    ),
    "workflow_group_node": ErrorCode(
        _K.workflow,
        "The workflow uses group nodes, which only the editor can take apart.",
        "Open it in ComfyUI, turn the group nodes into subgraphs or plain nodes, and save it again.",
    ),
    "workflow_part_missing": ErrorCode(
        _K.workflow,
        "The workflow lacks a part that this program has to fill in.",
        "Use a two-pass image-to-video workflow.",
    ),
    "workflow_has_no_output": ErrorCode(_K.workflow, "The workflow saves nothing.", "Add a node that saves the video."),
    "node_type_missing": ErrorCode(
        _K.workflow,
        "The server does not know a node of the workflow.",
        "Install the node pack that brings it and restart ComfyUI.",
    ),
    "start_image_missing": ErrorCode(_K.workflow, "The start image is not on the server.", "Upload the image first."),
    "input_value_invalid": ErrorCode(
        _K.workflow, "A node does not accept a value.", "Choose one of the values it offers."
    ),
    "input_value_out_of_range": ErrorCode(
        _K.workflow, "A number is outside of what a node accepts.", "Choose a number within its limits."
    ),
    "input_missing": ErrorCode(_K.workflow, "A node lacks an input it needs.", "Connect or fill in the input."),
    "input_type_invalid": ErrorCode(
        _K.workflow, "An input has the wrong type.", "Give a value of the type named in the message."
    ),
    "input_link_invalid": ErrorCode(
        _K.workflow,
        "Two nodes are connected in a way that does not fit.",
        "Mend the link named in the message.",
    ),
    "node_check_failed": ErrorCode(
        _K.workflow, "A node refused its inputs.", "The server's own words are in the details."
    ),
    "prompt_rejected": ErrorCode(
        _K.workflow, "ComfyUI refused the workflow.", "The server's own words are in the details."
    ),
    "prompt_id_invalid": ErrorCode(
        _K.workflow, "ComfyUI refused the id of the job.", "Please report this: ids are made by this program."
    ),
    "length_unusual": ErrorCode(
        _K.workflow,
        "The length is not 4n + 1 frames.",
        "Wan 2.2 makes 4n + 1 frames: take the nearest such length.",
    ),
    "size_unusual": ErrorCode(
        _K.workflow, "Width or height is not a multiple of 16.", "Take the nearest multiple of 16."
    ),
    "aspect_cropped": ErrorCode(
        _K.workflow,
        "The start image has another shape than the video.",
        "ComfyUI cuts off the edges; choose a size of the same shape to keep all of it.",
    ),
    "shifts_unequal": ErrorCode(
        _K.workflow,
        "The two passes use different shifts.",
        "With unequal shifts the second pass gets the wrong amount of noise; use the same shift twice.",
    ),
    "passes_disagree": ErrorCode(
        _K.workflow,
        "The two passes do not fit each other.",
        "Use the same steps, sampler and scheduler in both, and start the second where the first ends.",
    ),
    "steps_suspect": ErrorCode(
        _K.workflow,
        "Steps or CFG do not fit the LoRAs.",
        "With 4-step LoRAs use 4 to 8 steps and CFG 1; without them about 20 steps and CFG 3.5.",
    ),
    "vram_short": ErrorCode(
        _K.workflow,
        "The job probably does not fit into the GPU's memory.",
        "Choose a smaller size or fewer frames, or expect weights to be moved in and out.",
    ),
    # one generation
    "image_unreadable": ErrorCode(
        _K.generation, "The start image cannot be read as a picture.", "Use a PNG, JPEG or WebP file."
    ),
    "upload_failed": ErrorCode(
        _K.generation,
        "The start image could not be sent to ComfyUI.",
        "Check the server's input folder and its free disk space.",
    ),
    "out_of_memory": ErrorCode(
        _K.generation,
        "The GPU ran out of memory.",
        "Choose fewer frames or a smaller size, close other GPU programs, or raise --reserve-vram.",
    ),
    "generation_failed": ErrorCode(
        _K.generation,
        "ComfyUI stopped the job with an error.",
        "The node and the server's own words are in the details.",
    ),
    "generation_interrupted": ErrorCode(
        _K.generation, "The job was interrupted on the server.", "Start it again when you like."
    ),
    "job_left_running": ErrorCode(
        _K.generation,
        "The panel was closed while the server went on with the job.",
        "The video lies in ComfyUI's output folder when the server is done.",
    ),
    "generation_lost": ErrorCode(
        _K.generation,
        "The server no longer knows the job.",
        "It was restarted or its queue was cleared: run the job again.",
    ),
    "output_missing": ErrorCode(
        _K.generation,
        "The job ended without a saved file.",
        "Check that the workflow saves its video and that the server's disk is not full.",
    ),
    # readings
    "driver_missing": ErrorCode(
        _K.gpu,
        "No NVIDIA driver answers on this machine.",
        "Install the driver; the run goes on without telemetry.",
    ),
    "driver_mismatch": ErrorCode(
        _K.gpu,
        "The driver and its library do not fit each other.",
        "Restart the machine after a driver update.",
    ),
    "driver_lost": ErrorCode(
        _K.gpu,
        "The NVIDIA driver stopped answering.",
        "Readings are tried again by themselves; restart the machine if they do not return.",
    ),
    "telemetry_unavailable": ErrorCode(
        _K.gpu,
        "There are no GPU readings for this run.",
        "The reason is in the message; times are measured all the same.",
    ),
    # runs on disk
    "run_not_found": ErrorCode(_K.run, "No run has that name.", "`wan22 runs list` names them all."),
    "run_invalid": ErrorCode(
        _K.run, "The folder does not hold a readable run.", "`wan22 runs verify` says what is wrong with it."
    ),
    "run_too_new": ErrorCode(_K.run, "The run was written by a newer version.", "Upgrade this program."),
    "run_incomplete": ErrorCode(
        _K.run,
        "The run was not closed properly.",
        "What was written until then can be read; the program or the machine stopped in between.",
    ),
    "run_inconsistent": ErrorCode(
        _K.run,
        "Parts of a run do not fit each other.",
        "Do not trust the part named in the message; the rest of the run can be used.",
    ),
    "telemetry_gap": ErrorCode(
        _K.run,
        "Readings of a run are missing for a while.",
        "Times are not touched by it; GPU numbers of that while are unknown.",
    ),
    "recording_invalid": ErrorCode(
        _K.run,
        "The folder does not hold a recording that can be imported.",
        "It needs NAME.messages.jsonl and NAME.history.json.",
    ),
    # the queue
    "queue_unusable": ErrorCode(
        _K.machine,
        "The file that holds the queue cannot be used.",
        "Close other panels, or move the file away to begin with an empty queue.",
    ),
    "too_many_jobs": ErrorCode(
        _K.usage,
        "Too many jobs were asked for at once.",
        "Take fewer pictures, prompts or seeds, or add them in parts.",
    ),
    "job_not_found": ErrorCode(_K.run, "The queue holds no such job.", "It was removed, perhaps by another panel."),
    "job_not_waiting": ErrorCode(
        _K.run, "The job has begun or is over.", "Duplicate it to make it again with other values."
    ),
    # the audit
    "audit_part_late": ErrorCode(
        _K.machine,
        "A part of the audit did not answer in time.",
        "The rest of the snapshot is complete; take another one, and restart the machine if a driver hangs.",
    ),
    "audit_invalid": ErrorCode(
        _K.usage,
        "The file holds no snapshot of a machine.",
        "Name a file that `wan22 audit --output FOLDER` wrote, or a run.",
    ),
    "audit_drift": ErrorCode(
        _K.machine,
        "The machine differs from the snapshot that it was checked against.",
        "Undo what changed, or take a new snapshot with `wan22 audit --output FOLDER` and measure again.",
    ),
    "window_unavailable": ErrorCode(
        _K.machine,
        "The window cannot be opened on this machine.",
        'Start it where there is a screen; parts that are missing come with `pip install "wan22-panel[gui]"`. '
        "Every command also works without the window.",
    ),
    # clips
    "clip_invalid": ErrorCode(
        _K.machine,
        "The file is not a video that can be read.",
        "Choose a video file such as .mp4, .mkv, .webm or .gif.",
    ),
    "clip_incomplete": ErrorCode(
        _K.machine,
        "A clip was cut short or is damaged.",
        "Copy or save it again; if it is still being written, wait until it is done.",
    ),
    "clip_without_picture": ErrorCode(
        _K.machine,
        "The file holds no moving picture.",
        "Choose a file with a video in it; sound alone cannot be shown.",
    ),
    "clip_codec_unknown": ErrorCode(
        _K.machine,
        "The codec of a clip is not known to this program.",
        "Save the clip again as H.264, VP9 or AV1.",
    ),
    "internal_error": ErrorCode(
        _K.internal, "A fault in this program.", "The log has the details; please report it with them."
    ),
    **MODEL_ERROR_CODES,
    **PACK_ERROR_CODES,
    **RUN_ERROR_CODES,
    **SERVER_ERROR_CODES,
}
