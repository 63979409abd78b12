import errno
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILES = ("requirements.lock", "requirements-dev.lock", "pyproject.toml", "app/wan22/__init__.py")


@pytest.fixture
def root(bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the panel's folder, with a space and a letter outside ASCII in its name."""
    folder = tmp_path / "wan22 pänel"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}==1\n", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "ROOT", folder)
    monkeypatch.delenv("WAN22_VENV", raising=False)
    return folder


@pytest.fixture
def venv(bootstrap: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What looks like a finished environment; its Python is 3.12 and has all modules."""
    folder = root / ".venv"
    bootstrap.environment_python(folder).parent.mkdir(parents=True)
    bootstrap.environment_python(folder).touch()
    (folder / "pyvenv.cfg").touch()
    bootstrap.owner_mark(folder).write_text(bootstrap.digest(os.fsencode(folder)), encoding="ascii")
    monkeypatch.setattr(bootstrap, "version_of", lambda python: "3.12")
    monkeypatch.setattr(bootstrap, "has_modules", lambda python, *names: True)
    return folder


def put_stamp(bootstrap: ModuleType, folder: Path, lock: str, version: str = "3.12") -> None:
    bootstrap.stamp_of(folder, lock).write_text(bootstrap.fingerprint(lock, folder, version), encoding="ascii")


class TestReady:
    def test_a_finished_set_up_is_skipped(self, bootstrap: ModuleType, venv: Path):
        put_stamp(bootstrap, venv, bootstrap.LOCK)
        assert bootstrap.is_ready(venv, bootstrap.LOCK)

    def test_nothing_is_started_where_no_stamp_is(self, bootstrap: ModuleType, venv: Path, monkeypatch):
        monkeypatch.setattr(bootstrap, "version_of", lambda python: pytest.fail("a process was started"))
        assert not bootstrap.is_ready(venv, bootstrap.LOCK)

    def test_the_development_environment_serves_the_panel_too_but_not_the_other_way_round(self, bootstrap, venv):
        put_stamp(bootstrap, venv, bootstrap.DEV_LOCK)
        assert bootstrap.is_ready(venv, bootstrap.LOCK)
        bootstrap.stamp_of(venv, bootstrap.DEV_LOCK).unlink()
        put_stamp(bootstrap, venv, bootstrap.LOCK)
        assert not bootstrap.is_ready(venv, bootstrap.DEV_LOCK)

    @pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", "app/wan22/__init__.py"])
    def test_a_changed_file_brings_an_update(self, bootstrap: ModuleType, root: Path, venv: Path, name: str):
        put_stamp(bootstrap, venv, bootstrap.LOCK)
        (root / name).write_text("other==2\n", encoding="utf-8")
        assert not bootstrap.is_ready(venv, bootstrap.LOCK)

    @pytest.mark.parametrize("version", ["3.13", "3.11", ""])
    def test_another_or_a_broken_interpreter_is_noticed(self, bootstrap: ModuleType, venv: Path, monkeypatch, version):
        put_stamp(bootstrap, venv, bootstrap.LOCK)
        monkeypatch.setattr(bootstrap, "version_of", lambda python: version)
        assert not bootstrap.is_ready(venv, bootstrap.LOCK)

    def test_a_moved_panel_is_noticed(self, bootstrap: ModuleType, root: Path, venv: Path, monkeypatch):
        put_stamp(bootstrap, venv, bootstrap.LOCK)
        moved = root.rename(root.with_name("elsewhere"))
        monkeypatch.setattr(bootstrap, "ROOT", moved)
        assert not bootstrap.is_ready(moved / ".venv", bootstrap.LOCK)
        assert bootstrap.why_unusable(moved / ".venv") == "the folder was moved"


class TestPython:
    @pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
    def test_this_one_is_taken_if_it_suits(self, bootstrap: ModuleType, monkeypatch, version: str):
        monkeypatch.setattr(bootstrap, "version_of", lambda python: version)
        monkeypatch.setattr(sys, "prefix", sys.base_prefix)
        assert bootstrap.suitable_python() == sys.executable

    def test_from_inside_an_environment_its_origin_is_taken(self, bootstrap: ModuleType, monkeypatch, tmp_path: Path):
        monkeypatch.setattr(bootstrap, "version_of", lambda python: "3.12")
        monkeypatch.setattr(sys, "prefix", str(tmp_path))
        monkeypatch.setattr(sys, "_base_executable", "/the/origin/python3")
        assert bootstrap.suitable_python() == "/the/origin/python3"

    @pytest.mark.parametrize("own", ["3.8", "3.10", "3.14", "32 bit", ""])
    def test_another_one_on_path_is_taken_if_not(self, bootstrap: ModuleType, monkeypatch, capsys, own: str):
        found = {"/usr/bin/python3.12": "3.12", "/shims/python3.13": ""}  # a shim that runs nothing
        where = {"python3.12": "/usr/bin/python3.12", "python3.13": "/shims/python3.13"}
        monkeypatch.setattr(bootstrap, "version_of", lambda python: found.get(python, own))
        monkeypatch.setattr(bootstrap.shutil, "which", where.get)
        assert bootstrap.suitable_python() == "/usr/bin/python3.12"
        assert "/usr/bin/python3.12" in capsys.readouterr().err

    def test_the_refusal_names_the_version_and_what_is_needed(self, bootstrap: ModuleType, monkeypatch):
        monkeypatch.setattr(bootstrap, "version_of", lambda python: "3.9")
        monkeypatch.setattr(bootstrap.platform, "python_version", lambda: "3.9.2")
        monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
        with pytest.raises(bootstrap.SetupFailed, match=r"This is Python 3\.9\.2; .* 3\.11, 3\.12 or 3\.13") as caught:
            bootstrap.suitable_python()
        assert caught.value.line == ""

    def test_a_python_that_does_not_start_has_no_version(self, bootstrap: ModuleType, tmp_path: Path):
        assert bootstrap.version_of(tmp_path / "gone") == ""
        assert bootstrap.version_of(sys.executable) == "{}.{}".format(*sys.version_info)


class TestEnvironment:
    def test_a_sound_one_is_built_upon(self, bootstrap: ModuleType, venv: Path):
        assert bootstrap.why_unusable(venv) == ""

    def test_none_and_an_empty_one_are_a_first_start(self, bootstrap: ModuleType, tmp_path: Path):
        assert bootstrap.why_unusable(tmp_path / "none") == "first start"
        assert bootstrap.why_unusable(tmp_path) == "first start"

    def test_what_is_wrong_with_it_is_said(self, bootstrap: ModuleType, venv: Path, monkeypatch):
        bootstrap.unfinished_mark(venv).touch()
        assert "interrupted" in bootstrap.why_unusable(venv)
        monkeypatch.setattr(bootstrap, "version_of", lambda python: "3.10")
        assert "3.10" in bootstrap.why_unusable(venv)
        monkeypatch.setattr(bootstrap, "version_of", lambda python: "")
        assert "no longer runs" in bootstrap.why_unusable(venv)

    def test_one_without_pip_is_made_anew(self, bootstrap: ModuleType, venv: Path, monkeypatch):
        monkeypatch.setattr(bootstrap, "has_modules", lambda python, *names: False)
        assert "pip" in bootstrap.why_unusable(venv)

    def test_a_folder_of_somebody_else_is_never_touched(self, bootstrap: ModuleType, root: Path, tmp_path: Path):
        other = tmp_path / "ComfyUI venv"
        other.mkdir()
        bootstrap.refuse_foreign(other)
        (other / "pyvenv.cfg").touch()
        with pytest.raises(bootstrap.SetupFailed, match="something else"):
            bootstrap.refuse_foreign(other)
        bootstrap.owner_mark(other).touch()
        bootstrap.refuse_foreign(other)

    def test_an_environment_made_by_hand_at_the_usual_place_is_accepted(self, bootstrap: ModuleType, venv: Path):
        bootstrap.owner_mark(venv).unlink()
        bootstrap.refuse_foreign(venv)
        assert bootstrap.why_unusable(venv) == ""

    def test_wan22_venv_moves_it_and_what_belongs_to_it(self, bootstrap: ModuleType, root: Path, tmp_path, monkeypatch):
        assert bootstrap.environment_folder() == root / ".venv"
        assert bootstrap.cache_folder() == root / ".cache" / "setup"
        monkeypatch.setenv("WAN22_VENV", str(tmp_path / "v"))
        assert bootstrap.environment_folder() == tmp_path / "v"
        assert bootstrap.cache_folder() == tmp_path / "v-setup"

    def test_too_little_space_is_said_before_anything_is_downloaded(self, bootstrap: ModuleType, root, monkeypatch):
        monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda path: Free(5 * 10**6))
        with pytest.raises(bootstrap.SetupFailed, match="5 MB free"):
            bootstrap.make_environment(root / ".venv", sys.executable)

    def test_a_real_one_is_made_and_noticed_when_moved(self, bootstrap: ModuleType, root: Path):
        folder = root / ".venv"
        bootstrap.make_environment(folder, bootstrap.suitable_python())
        assert bootstrap.version_of(bootstrap.environment_python(folder)) in bootstrap.VERSIONS
        assert bootstrap.why_unusable(folder) == ""
        moved = folder.rename(root / "moved")
        assert bootstrap.why_unusable(moved) == "the folder was moved"


class Free:
    def __init__(self, free: int) -> None:
        self.free = free


class Machine:
    """What the set-up finds, and what it then did."""

    def __init__(self, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, *, root: bool, apt: bool = True) -> None:
        self.has_ensurepip = self.has_certificates = False
        self.missing = ["libegl1", "libgl1"]
        self.installed: list[list[str]] = []
        self.refusal: Exception | None = None
        monkeypatch.setattr(bootstrap, "version_of", lambda python: "3.11")
        monkeypatch.setattr(bootstrap, "has_modules", lambda python, *names: self.has_ensurepip)
        monkeypatch.setattr(bootstrap.debian, "missing_qt_packages", lambda: list(self.missing))
        monkeypatch.setattr(bootstrap.debian, "lacks_certificates", lambda: not self.has_certificates)
        monkeypatch.setattr(bootstrap.debian, "has_apt", lambda: apt)
        monkeypatch.setattr(bootstrap.debian, "is_root", lambda: root)
        monkeypatch.setattr(bootstrap.debian, "install", self.install)

    def install(self, packages: list[str], variables: dict[str, str]) -> None:
        self.installed.append(packages)
        if self.refusal:
            raise self.refusal


PYTHON = "/usr/bin/python3"
APT_LINE = "apt-get update && sudo apt-get install -y --no-install-recommends "


class TestSystemPackages:
    def test_root_installs_all_that_is_missing_at_once(self, bootstrap: ModuleType, monkeypatch):
        machine = Machine(bootstrap, monkeypatch, root=True)
        assert bootstrap.get_system_packages(PYTHON) == ""
        assert machine.installed == [["python3.11-venv", "ca-certificates", "libegl1", "libgl1"]]

    def test_root_installs_nothing_that_is_there(self, bootstrap: ModuleType, monkeypatch):
        machine = Machine(bootstrap, monkeypatch, root=True)
        machine.has_ensurepip, machine.has_certificates, machine.missing = True, True, []
        assert bootstrap.get_system_packages(PYTHON) == ""
        assert machine.installed == []

    def test_an_environment_that_is_there_needs_no_venv_module(self, bootstrap: ModuleType, monkeypatch):
        machine = Machine(bootstrap, monkeypatch, root=True)
        bootstrap.get_system_packages("")
        assert machine.installed == [["ca-certificates", "libegl1", "libgl1"]]

    def test_others_get_one_line_for_all_of_it_in_case_it_goes_wrong(self, bootstrap: ModuleType, monkeypatch):
        machine = Machine(bootstrap, monkeypatch, root=False)
        line = bootstrap.get_system_packages(PYTHON)
        assert line == f"sudo {APT_LINE}python3.11-venv ca-certificates libegl1 libgl1"
        assert machine.installed == []

    def test_qt_alone_never_explains_why_a_set_up_stopped(self, bootstrap: ModuleType, monkeypatch):
        machine = Machine(bootstrap, monkeypatch, root=False)
        machine.has_ensurepip = machine.has_certificates = True
        assert bootstrap.get_system_packages(PYTHON) == ""

    def test_apt_that_fails_does_not_stop_what_needs_no_apt(self, bootstrap: ModuleType, monkeypatch, capsys):
        machine = Machine(bootstrap, monkeypatch, root=True)
        machine.refusal = bootstrap.SetupFailed("There is no connection.")
        assert bootstrap.get_system_packages(PYTHON).endswith("python3.11-venv ca-certificates libegl1 libgl1")
        assert "There is no connection." in capsys.readouterr().err

    def test_a_set_up_that_stops_tells_the_line(self, bootstrap: ModuleType, venv: Path, monkeypatch):
        def stop(*_: Any) -> None:
            raise bootstrap.SetupFailed("No wheel.")

        monkeypatch.setattr(bootstrap, "get_system_packages", lambda python: "the line")
        monkeypatch.setattr(bootstrap, "install_packages", stop)
        with pytest.raises(bootstrap.SetupFailed, match="No wheel") as caught:
            bootstrap.set_up(venv, bootstrap.LOCK, window_required=False)
        assert caught.value.line == "the line"

    def test_without_ensurepip_pip_comes_out_of_its_wheel(self, bootstrap: ModuleType, root: Path, monkeypatch):
        wheel = root / "pip-9-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("pip/__init__.py", "")
        monkeypatch.setattr(bootstrap, "has_modules", lambda python, *names: False)
        monkeypatch.setattr(bootstrap.debian, "find_pip_wheel", lambda cache, variables: wheel)
        bootstrap.make_environment(root / ".venv", bootstrap.suitable_python())
        assert len(list((root / ".venv").glob("lib/python3*/site-packages/pip/__init__.py"))) == 1

    def test_without_a_window_the_missing_libraries_are_a_note(self, bootstrap, root: Path, monkeypatch, capsys):
        Machine(bootstrap, monkeypatch, root=False)
        bootstrap.check_qt(root / ".venv", window_required=False)
        said = capsys.readouterr().err
        assert "command line works without" in said
        assert said.rstrip().endswith("sudo apt-get install -y --no-install-recommends libegl1 libgl1")

    def test_with_a_window_they_stop_the_set_up(self, bootstrap: ModuleType, root: Path, monkeypatch):
        Machine(bootstrap, monkeypatch, root=False)
        with pytest.raises(bootstrap.SetupFailed, match="needs root") as caught:
            bootstrap.check_qt(root / ".venv", window_required=True)
        assert caught.value.line.endswith("libegl1 libgl1")

    def test_without_apt_the_names_are_told(self, bootstrap: ModuleType, root: Path, monkeypatch):
        Machine(bootstrap, monkeypatch, root=False, apt=False)
        with pytest.raises(bootstrap.SetupFailed, match="libegl1 libgl1") as caught:
            bootstrap.check_qt(root / ".venv", window_required=True)
        assert caught.value.line == ""


class TestPackages:
    @pytest.fixture
    def commands(self, bootstrap: ModuleType, venv: Path, monkeypatch) -> list[list[str]]:
        ran: list[list[str]] = []

        def run(command: list[str], what: str, variables: dict[str, str], folder: str, describe: Any = None) -> None:
            assert bootstrap.unfinished_mark(venv).exists()
            ran.append(command)

        monkeypatch.setattr(bootstrap.step, "run", run)
        return ran

    def test_only_what_the_lock_names_is_installed_then_the_panel(self, bootstrap, root, venv, commands):
        bootstrap.install_packages(venv, bootstrap.LOCK)
        locked, panel = commands
        assert locked[-3:] == ["--require-hashes", "-r", str(root / "requirements.lock")]
        assert panel[-4:] == ["--no-deps", "--no-build-isolation", "-e", "."]
        assert not bootstrap.unfinished_mark(venv).exists()
        assert not any("://" in word for command in commands for word in command)

    @pytest.mark.parametrize(
        ("output", "kept"),
        [(["Collecting numpy"], False), (["Collecting numpy", "Installing collected packages: n"], True)],
    )
    def test_an_end_while_unpacking_spoils_the_environment(self, bootstrap, venv, monkeypatch, output, kept):
        def fail(*_: Any) -> None:
            raise bootstrap.StepFailed("Installing", 1, output)

        monkeypatch.setattr(bootstrap.step, "run", fail)
        with pytest.raises(bootstrap.StepFailed):
            bootstrap.install_packages(venv, bootstrap.LOCK)
        assert bootstrap.unfinished_mark(venv).exists() is kept

    def test_ctrl_c_while_installing_spoils_it_too(self, bootstrap: ModuleType, venv: Path, monkeypatch):
        def stop(*_: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(bootstrap.step, "run", stop)
        with pytest.raises(KeyboardInterrupt):
            bootstrap.install_packages(venv, bootstrap.LOCK)
        assert "interrupted" in bootstrap.why_unusable(venv)

    def test_variables_that_would_send_packages_elsewhere_are_dropped(self, bootstrap: ModuleType, monkeypatch):
        monkeypatch.setenv("PIP_TARGET", "/elsewhere")
        monkeypatch.setenv("PYTHONPATH", "/foreign")
        monkeypatch.setenv("PIP_USER", "1")
        monkeypatch.setenv("PIP_PROXY", "http://proxy.invalid")
        variables = bootstrap.setup_variables()
        assert "PIP_TARGET" not in variables
        assert "PYTHONPATH" not in variables
        assert variables["PIP_USER"] == "0"
        assert variables["PIP_PROXY"] == "http://proxy.invalid"


class TestPrepare:
    @pytest.fixture
    def order(self, bootstrap: ModuleType, venv: Path, monkeypatch) -> list[str]:
        done: list[str] = []
        for name in ("get_system_packages", "install_packages", "check_qt"):
            monkeypatch.setattr(bootstrap, name, lambda *_, name=name, **__: done.append(name))
        return done

    def test_the_stamp_comes_last_and_is_believed(self, bootstrap: ModuleType, venv: Path, order: list[str]):
        assert bootstrap.prepare(bootstrap.LOCK, False) == bootstrap.environment_python(venv)
        assert order == ["get_system_packages", "install_packages", "check_qt"]
        bootstrap.prepare(bootstrap.LOCK, False)
        assert len(order) == 3

    @pytest.mark.parametrize("at", ["get_system_packages", "install_packages", "check_qt"])
    def test_a_set_up_that_stopped_anywhere_is_repeated(self, bootstrap, venv, order, monkeypatch, at: str):
        def stop(*_: Any, **__: Any) -> None:
            raise bootstrap.SetupFailed("stopped")

        with monkeypatch.context() as patch:
            patch.setattr(bootstrap, at, stop)
            with pytest.raises(bootstrap.SetupFailed):
                bootstrap.prepare(bootstrap.LOCK, True)
        assert not bootstrap.is_ready(venv, bootstrap.LOCK)
        order.clear()
        bootstrap.prepare(bootstrap.LOCK, True)
        assert len(order) == 3

    def test_a_second_start_waits_for_the_first(self, bootstrap: ModuleType, root: Path):
        with bootstrap.only_one_setup(), (bootstrap.cache_folder() / "lock").open("ab") as second:
            assert not bootstrap.try_lock(second.fileno())
        with (bootstrap.cache_folder() / "lock").open("ab") as third:
            assert bootstrap.try_lock(third.fileno())

    def test_a_file_system_without_locks_does_not_stop_anybody(self, bootstrap: ModuleType, monkeypatch):
        def refuse(*_: Any) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        if sys.platform == "win32":
            monkeypatch.setattr(bootstrap.msvcrt, "locking", refuse)
        else:
            monkeypatch.setattr(bootstrap.fcntl, "flock", refuse)
        assert bootstrap.try_lock(0)


class TestMain:
    @pytest.fixture(autouse=True)
    def _signals(self):
        before = signal.getsignal(signal.SIGTERM)
        yield
        signal.signal(signal.SIGTERM, before)

    def stopped_by(self, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
        def stop(*_: Any) -> None:
            raise error

        monkeypatch.setattr(bootstrap, "prepare", stop)
        return bootstrap.main(bootstrap.LOCK, ["-m", "wan22"], window_required=False)

    def test_a_failure_is_a_sentence_and_a_line_to_copy(self, bootstrap: ModuleType, monkeypatch, capsys):
        error = bootstrap.SetupFailed("Something is missing.", "sudo apt-get install it")
        assert self.stopped_by(bootstrap, monkeypatch, error) == 3
        out, err = capsys.readouterr()
        assert out == ""
        assert "Set-up stopped: Something is missing." in err
        assert err.endswith("\n  sudo apt-get install it\n")

    @pytest.mark.parametrize(
        ("number", "words"),
        [
            (errno.EACCES, "may not be written (/here)"),
            (errno.EROFS, "WAN22_VENV=FOLDER"),
            (errno.ENOSPC, "disk is full"),
            (errno.EIO, "Input/output error"),
        ],
    )
    def test_what_the_system_refuses_is_a_sentence(self, bootstrap, monkeypatch, capsys, number: int, words: str):
        assert self.stopped_by(bootstrap, monkeypatch, OSError(number, os.strerror(number), "/here")) == 3
        assert words in capsys.readouterr().err

    def test_ctrl_c_is_no_failure(self, bootstrap: ModuleType, monkeypatch, capsys):
        assert self.stopped_by(bootstrap, monkeypatch, KeyboardInterrupt()) == 130
        assert "start again to go on" in capsys.readouterr().err

    def test_the_command_gets_a_clean_environment_and_its_arguments(self, bootstrap, monkeypatch):
        handed: list[Any] = []
        monkeypatch.setenv("PYTHONPATH", "/foreign")
        monkeypatch.setenv("WAN22_VENV", "/v")
        monkeypatch.setattr(bootstrap, "prepare", lambda *_: Path("/v/bin/python"))
        monkeypatch.setattr(bootstrap.os, "name", "posix")
        monkeypatch.setattr(bootstrap.os, "execve", lambda *items: handed.extend(items) or 0)
        monkeypatch.setattr(bootstrap.subprocess, "Popen", lambda *_, **__: Waited(0, 0))
        bootstrap.start(["run", "--prompt", "a b"])
        assert handed[1] == [str(Path("/v/bin/python")), "-P", "-m", "wan22", "run", "--prompt", "a b"]
        assert "PYTHONPATH" not in handed[2]
        assert "WAN22_VENV" not in handed[2]
        assert handed[2]["WAN22_HOME"] == os.environ["WAN22_HOME"]

    def test_without_arguments_the_panel_runs_its_main_job(self, bootstrap: ModuleType, monkeypatch):
        monkeypatch.setattr(bootstrap, "main", lambda lock, command, window_required: command)
        assert bootstrap.start([])[-1] == "start"
        assert Path(bootstrap.test(["-k", "x"])[0]).name == "checks.py"

    def test_on_windows_the_command_ends_in_its_own_time_after_ctrl_c(self, bootstrap: ModuleType, monkeypatch):
        monkeypatch.setattr(bootstrap.os, "name", "nt")
        monkeypatch.setattr(bootstrap.subprocess, "Popen", lambda *_, **__: Waited(2, 7))
        assert bootstrap.hand_over(["python", "-m", "wan22"]) == 7


class Waited:
    """A child that is interrupted some times while it is waited for."""

    def __init__(self, interrupts: int, code: int) -> None:
        self.interrupts = interrupts
        self.code = code

    def wait(self) -> int:
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt
        return self.code


def test_an_unsuitable_python_is_refused_without_a_traceback(tmp_path: Path):
    script = "import sys; sys.version_info = (3, 7, 9); import runpy; runpy.run_path(sys.argv[1], run_name='__main__')"
    start = Path(__file__).resolve().parents[3] / "start.py"
    done = subprocess.run([sys.executable, "-c", script, str(start)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr == "This is Python 3.7; the panel needs Python 3.11, 3.12 or 3.13.\n"
