"""The start image stays with its run, so that the job can be done again, here or elsewhere."""

import logging
import shutil
from pathlib import Path

from wan22.runs.layout import RunFolder
from wan22.system.files import safe_file_name

_log = logging.getLogger(__name__)


def keep_image(image: Path, folder: RunFolder) -> Path | None:
    """Copy it into the run; None when that fails: the job itself does not need the copy."""
    target = folder.input / safe_file_name(image.name)
    try:
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(image, target)
    except OSError as error:
        _log.warning("the start image %s was not kept in %s: %s", image, folder.path, error)
        return None
    return target
