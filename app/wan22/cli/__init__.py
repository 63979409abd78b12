"""Face one: arguments in, text or JSON lines out, exit code."""
