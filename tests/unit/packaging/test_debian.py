from pathlib import Path
from types import ModuleType

import pytest

OFFLINE = "W: Failed to fetch http://mirror.invalid/InRelease  Temporary failure resolving 'mirror.invalid'"


class Apt:
    """Stands in for the step runner: remembers commands, fails where told, and lets `download` bring a file."""

    def __init__(self, debian: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failed_type = debian.StepFailed
        self.commands: list[list[str]] = []
        self.failures: dict[str, list[str]] = {}
        self.once: set[str] = set()
        self.prints: dict[str, list[str]] = {}
        monkeypatch.setattr(debian, "run", self.run)
        monkeypatch.setattr(debian, "has_apt", lambda: True)

    def run(self, command: list[str], what: str, variables: dict[str, str], folder: str) -> list[str]:
        self.commands.append(command)
        word = self.word(command)
        if word in self.failures:
            output = self.failures.pop(word) if word in self.once else self.failures[word]
            raise self.failed_type(what, 100, output)
        if word == "download":
            (Path(folder) / "python3-pip-whl_23.0.1+dfsg-1_all.deb").touch()
        if word == "-x":
            wheels = Path(command[-1]) / "usr" / "share" / "python-wheels"
            wheels.mkdir(parents=True)
            (wheels / "pip-23.0.1-py3-none-any.whl").touch()
        return self.prints.get(word, [])

    @staticmethod
    def word(command: list[str]) -> str:
        return next(word for word in command if word in ("update", "install", "download", "--configure", "-x"))

    @property
    def words(self) -> list[str]:
        return [self.word(command) for command in self.commands]


@pytest.fixture
def apt(debian: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Apt:
    monkeypatch.setattr(debian, "WHEELS", tmp_path / "none")
    return Apt(debian, monkeypatch)


def test_root_is_told_no_sudo(debian: ModuleType, apt: Apt, monkeypatch):
    monkeypatch.setattr(debian, "is_root", lambda: True)
    assert debian.line_to_copy(["a", "b"]) == "apt-get update && apt-get install -y --no-install-recommends a b"
    monkeypatch.setattr(debian, "is_root", lambda: False)
    assert debian.line_to_copy(["a"]) == "sudo apt-get update && sudo apt-get install -y --no-install-recommends a"
    assert debian.line_to_copy([]) == ""
    monkeypatch.setattr(debian, "has_apt", lambda: False)
    assert debian.line_to_copy(["a"]) == ""


def test_the_packages_of_libraries_that_do_not_load_are_missing(debian: ModuleType, monkeypatch):
    def load(library: str) -> None:
        if library in ("libEGL.so.1", "libxcb-cursor.so.0"):
            raise OSError(library)

    monkeypatch.setattr(debian.sys, "platform", "linux")
    monkeypatch.setattr(debian.ctypes, "CDLL", load)
    assert debian.missing_qt_packages() == ["libegl1", "libxcb-cursor0"]
    monkeypatch.setattr(debian.sys, "platform", "win32")
    assert debian.missing_qt_packages() == []


def test_root_certificates_are_looked_for_where_debians_pip_does(debian: ModuleType, apt: Apt, monkeypatch, tmp_path):
    monkeypatch.setattr(debian, "CERTIFICATES", tmp_path / "certificates")
    assert debian.lacks_certificates()
    (tmp_path / "certificates").touch()
    assert not debian.lacks_certificates()


def test_apt_reads_the_lists_then_installs(debian: ModuleType, apt: Apt):
    debian.install(["a", "b"], {})
    assert apt.words == ["update", "install"]
    assert apt.commands[1][-3:] == ["--no-install-recommends", "a", "b"]


def test_lists_that_cannot_be_read_do_not_matter_if_the_packages_arrive(debian: ModuleType, apt: Apt):
    apt.failures["update"] = ["E: a third party's repository is not signed"]
    debian.install(["a"], {})
    assert apt.words == ["update", "install"]


@pytest.mark.parametrize("update_fails", [True, False])
def test_a_lost_connection_is_told_although_apt_only_warned(debian: ModuleType, apt: Apt, update_fails: bool):
    (apt.failures if update_fails else apt.prints)["update"] = [OFFLINE]
    apt.failures["install"] = ["E: Unable to locate package a"]
    with pytest.raises(debian.StepFailed, match="no connection"):
        debian.install(["a"], {})


def test_an_interrupted_dpkg_is_finished_first(debian: ModuleType, apt: Apt):
    apt.failures["install"] = ["E: dpkg was interrupted, you must manually run 'dpkg --configure -a'"]
    apt.once.add("install")
    debian.install(["a"], {})
    assert apt.words == ["update", "install", "--configure", "install"]


def test_the_systems_own_wheel_is_taken_first(debian: ModuleType, apt: Apt, tmp_path: Path):
    debian.WHEELS.mkdir()
    (debian.WHEELS / "pip-23.0.1-py3-none-any.whl").touch()
    (debian.WHEELS / "setuptools-66-py3-none-any.whl").touch()
    assert debian.find_pip_wheel(tmp_path / "cache", {}) == debian.WHEELS / "pip-23.0.1-py3-none-any.whl"
    assert apt.commands == []


def test_without_root_apt_fetches_the_wheel_and_it_is_kept(debian: ModuleType, apt: Apt, tmp_path: Path):
    cache = tmp_path / "wan22 pänel" / "cache"
    wheel = debian.find_pip_wheel(cache, {})
    assert wheel.name == "pip-23.0.1-py3-none-any.whl"
    assert apt.words == ["download", "-x"]
    assert debian.find_pip_wheel(cache, {}) == wheel
    assert len(apt.commands) == 2
    assert sorted(path.name for path in cache.iterdir()) == ["usr"]


def test_a_system_without_package_lists_gets_private_ones(debian: ModuleType, apt: Apt, tmp_path: Path):
    apt.failures["download"] = ["E: Unable to locate package python3-pip-whl"]
    apt.once.add("download")
    debian.find_pip_wheel(tmp_path / "cache", {})
    assert apt.words == ["download", "update", "download", "-x"]
    assert all(f"Dir::Cache={tmp_path / 'cache' / 'apt'}" in command for command in apt.commands[1:3])


def test_why_there_is_no_wheel_is_said(debian: ModuleType, apt: Apt, tmp_path: Path, monkeypatch):
    apt.failures["download"] = ["E: Unable to locate package python3-pip-whl"]
    apt.prints["update"] = [OFFLINE]
    with pytest.raises(debian.SetupFailed, match="no connection"):
        debian.find_pip_wheel(tmp_path / "cache", {})
    monkeypatch.setattr(debian, "has_apt", lambda: False)
    with pytest.raises(debian.SetupFailed, match="no wheel of pip"):
        debian.find_pip_wheel(tmp_path / "cache", {})
