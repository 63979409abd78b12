"""Where GPU readings come from."""
