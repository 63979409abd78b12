"""Rules about the source that the linters do not know."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wan22.schema.error_codes import ERROR_CODES

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "app" / "wan22"
SOURCES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "helpers", "manager", "base", "common", "misc"}
MAY_CATCH_EVERYTHING = {"system/threads.py", "system/bus.py", "system/log_setup.py"}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_the_source_was_found():
    assert len(SOURCES) > 30


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_module_is_one_idea(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert path.stem not in FORBIDDEN_NAMES


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_functions_are_short(path: Path):
    long = {node.name: size for node in functions(path) if (size := (node.end_lineno or 0) - node.lineno + 1) > 60}
    assert long == {}


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_catches_everything(path: Path):
    if relative(path) in MAY_CATCH_EVERYTHING:
        return
    caught = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    assert caught == []


def used_codes() -> set[str]:
    """Codes in the source: the first argument of `problem(...)` or `app_error(...)`, and every quoted code."""
    found: set[str] = set()
    for path in SOURCES:
        if path.name.endswith("error_codes.py"):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ERROR_CODES:
                found.add(node.value)
    return found


def test_every_code_in_the_source_is_registered():
    unknown = []
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id in ("problem", "app_error") and node.args and isinstance(node.args[0], ast.Constant):
                code = node.args[0].value
                if code not in ERROR_CODES:
                    unknown.append(f"{relative(path)}:{node.lineno} {code}")
    assert unknown == []


def test_every_registered_code_is_used():
    assert sorted(set(ERROR_CODES) - used_codes()) == []


def test_every_code_says_what_it_means_and_what_to_do():
    for code, entry in ERROR_CODES.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]+", code)
        assert entry.meaning.endswith(".")
        assert entry.hint.endswith(".")


def test_the_command_line_runs_without_qt():
    script = "import sys\nfor name in ('PySide6', 'pyqtgraph'):\n    sys.modules[name] = None\nimport wan22.cli.main\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_importing_everything_does_nothing(tmp_path: Path):
    modules = [
        "wan22." + relative(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        for path in SOURCES
        if path.stem != "__main__"
    ]
    script = "import importlib, threading\n" + "".join(f"importlib.import_module({name!r})\n" for name in modules)
    script += "assert threading.active_count() == 1, threading.enumerate()\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
