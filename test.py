"""Sets up the development environment and runs all checks and tests: `python3 test.py [arguments of pytest ...]`."""

# ruff: noqa: PLC0415, UP031, UP036
import sys


def main():  # runs on every Python, so that an old one is refused in words
    """Hand over to packaging/bootstrap.py."""
    if sys.version_info < (3, 8):
        sys.stderr.write("This is Python %d.%d; the panel needs Python 3.11, 3.12 or 3.13.\n" % sys.version_info[:2])
        return 3
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).resolve().parent / "packaging"))
    import bootstrap

    return bootstrap.test(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
