"""From a profile to a living ComfyUI process, and to the files that start it without us."""
