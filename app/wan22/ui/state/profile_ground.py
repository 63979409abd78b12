"""What an edited profile is judged against: the installed ComfyUI's own flags, its board, and what is known."""

import sys
from pathlib import Path

from wan22.launch.flag_explanation import flag_explanations
from wan22.schema.problem import AppError
from wan22.schema.profile import Profile
from wan22.ui.state.profile_draft import Ground
from wan22.wiring import flag_schema


def read_ground(profile: Profile, folder: Path | None, python: Path | None, gpu_name: str | None) -> Ground:
    """Ask the ComfyUI in `folder` for its flags (cached) and explain each. AppError `cancelled`."""
    installation = schema = problem = None
    if folder is not None:
        try:
            installation, schema = flag_schema(folder, python)
        except AppError as error:
            if error.problem.code == "cancelled":
                raise
            problem = error.problem
    ground = Ground(installation, schema, gpu_name)
    explanations = flag_explanations(
        profile,
        ground.specs,
        known_flags=schema,
        comfyui_version=schema.version if schema is not None else None,
        torch_version=None,
        gpu_name=gpu_name,
        platform=sys.platform,
    )
    return Ground(installation, schema, gpu_name, None, explanations, problem)
