"""A run on disk, and what can be computed from it."""
