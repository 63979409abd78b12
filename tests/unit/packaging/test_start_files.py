"""Text rules of what a person starts: they hold on machines that no test of ours runs on."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
BATCH = [ROOT / "start.bat", ROOT / "test.bat", ROOT / "packaging" / "windows" / "find_python.bat"]
SCRIPTS = [ROOT / "start.py", ROOT / "test.py"]
SETUP = [ROOT / "packaging" / name for name in ("bootstrap.py", "debian.py", "step.py")]
LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-dev.lock"]


def name_of(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", BATCH, ids=name_of)
class TestBatchFiles:
    def test_bytes(self, path: Path):
        data = path.read_bytes()
        assert data.isascii()
        assert data.count(b"\r\n") == data.count(b"\n") > 5
        assert data.endswith(b"\r\n")

    def test_nothing_that_cmd_or_wine_takes_differently(self, path: Path):
        for line in path.read_text(encoding="ascii").splitlines():
            assert "||" not in line
            assert line.split()[:1] != ["where"]
            assert not re.match(r'if\s.*\s"[^"=]*"\s*$', line), "no command that starts with a quote behind an if"
            assert not re.match(r'\s*set (?!")', line) or line.startswith('set PANEL_PYTHON="')

    def test_no_name_that_the_panel_takes_for_a_setting(self, path: Path):
        assert not re.search(r'set "?WAN22_', path.read_text(encoding="ascii"))

    def test_every_label_is_there(self, path: Path):
        text = path.read_text(encoding="ascii")
        labels = set(re.findall(r"^:(\w+)", text, re.MULTILINE))
        assert set(re.findall(r"(?:goto |call :)(\w+)", text)) == labels


@pytest.mark.parametrize("path", BATCH[:2], ids=name_of)
def test_a_double_click_leaves_the_folder_alone_and_the_window_open(path: Path):
    text = path.read_text(encoding="ascii")
    assert "cd " not in text
    assert f'"%~dp0{path.stem}.py" %*' in text
    assert 'if "%CI%"=="" pause' in text
    assert "exit /b %PANEL_CODE%" in text


@pytest.mark.parametrize(
    ("version", "bits", "code"),
    [((3, 10), 63, 1), ((3, 11), 63, 0), ((3, 12), 63, 0), ((3, 13), 63, 0), ((3, 14), 63, 1), ((3, 12), 31, 1)],
)
def test_the_batch_files_accept_the_same_pythons(version: tuple[int, int], bits: int, code: int):
    text = BATCH[2].read_text(encoding="ascii")
    check = re.search(r'set "PANEL_CHECK=(.*)"', text)
    assert check is not None
    script = check.group(1).replace("import sys; ", "")
    assert not set('<>|&%!^"') & set(script)
    fake = f"import sys; sys.version_info = {(*version, 0)}; sys.maxsize = 2**{bits} - 1; "
    assert subprocess.run([sys.executable, "-c", fake + script]).returncode == code


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_any_python_3_can_read_the_scripts(path: Path):
    text = path.read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 4))
    assert text.isascii(), "Python 2 must get as far as the refusal"
    assert not any(isinstance(node, ast.JoinedStr | ast.Starred) for node in ast.walk(ast.parse(text)))


@pytest.mark.parametrize("path", SETUP, ids=name_of)
def test_python_3_8_can_read_the_set_up(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    assert any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400


@pytest.mark.parametrize("path", SETUP, ids=name_of)
def test_the_set_up_needs_the_standard_library_only(path: Path):
    allowed = sys.stdlib_module_names | {"step", "debian", "bootstrap"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] in allowed


@pytest.mark.parametrize("path", [*SETUP, *SCRIPTS, *LOCKS, *BATCH, ROOT / "packaging" / "lock.py"], ids=name_of)
def test_no_address_of_any_index(path: Path):
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text.replace("--no-emit-index-url", "")


def pins(path: Path) -> dict[str, set[str]]:
    """Package -> its pinned versions (one per marker)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", path.read_text(encoding="ascii"), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_the_development_lock_holds_all_of_the_other_one():
    runtime, development = map(pins, LOCKS)
    assert len(runtime) > 20
    assert {name: development.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("path", LOCKS, ids=name_of)
def test_every_pin_has_its_hashes(path: Path):
    entries = re.split(r"^(?=[\w.-]+==)", path.read_text(encoding="ascii"), flags=re.MULTILINE)[1:]
    assert len(entries) >= len(pins(path))
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_locks_hold_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    wanted += project["project"]["optional-dependencies"]["gui"]
    extra = project["project"]["optional-dependencies"]["dev"]
    for path, requirements in zip(LOCKS, (wanted, [*wanted, *extra]), strict=True):
        names = {re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-") for requirement in requirements}
        assert names - set(pins(path)) == set()


class TestChecks:
    def test_pytest_says_its_count(self, checks: ModuleType):
        assert checks.pytest_arguments([]) == ["-q", "-n", "2"]
        assert checks.pytest_arguments(["-q", "tests/unit"]) == ["-n", "2", "-q", "tests/unit"]
        assert checks.pytest_arguments(["--pdb"]) == ["-q", "--pdb"]
        assert checks.pytest_arguments(["-n4"]) == ["-q", "-n4"]

    def test_one_failure_fails_all_and_is_named(self, checks: ModuleType, monkeypatch, capsys):
        bad = [sys.executable, "-c", "import sys; print('grün'); sys.exit(1)"]
        monkeypatch.setattr(
            checks, "STEPS", (("format", [sys.executable, "-c", ""]), ("lint", bad), ("gone", ["/no/x"]))
        )
        monkeypatch.setattr(checks, "pytest_arguments", lambda given: ["--version"])
        assert checks.main([]) == 1
        said = capsys.readouterr().out
        assert "format: ok" in said
        assert "lint: FAILED" in said
        assert "grün" in said
        assert said.splitlines()[-1] == "failed: lint, gone"

    def test_all_well_is_zero_and_says_no_more(self, checks: ModuleType, monkeypatch, capsys):
        monkeypatch.setattr(checks, "STEPS", ())
        monkeypatch.setattr(checks, "pytest_arguments", lambda given: ["--version"])
        assert checks.main([]) == 0
        assert "failed" not in capsys.readouterr().out
