"""A bare Debian in a folder: what debootstrap makes of `python3` alone, plus this machine's way to the network."""

import configparser
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PANEL = Path(__file__).resolve().parents[2]
PLACE = "/opt/wan22 pänel"
USER = "panel"
CERTIFICATES = "/opt/certificates.pem"
PASSED_ON = re.compile(r"(?i)(https?|ftp|all|no)_proxy|PIP_(INDEX_URL|TRUSTED_HOST|DEFAULT_TIMEOUT|RETRIES|PROXY)")
PIP_KEYS = ("index-url", "trusted-host", "proxy", "timeout")
# Its own processes and mounts: whatever ends the first process ends all, and nothing stays mounted.
ISOLATED = ["unshare", "--mount", "--pid", "--fork", "--propagation", "private"]
ENTER = 'mount -t proc proc "$0/proc"; cd /; exec chroot --userspec="$1:$1" "$0" /usr/bin/env -i "${@:2}"'


@dataclass(frozen=True)
class Said:
    """What a command in the root printed, its exit code and how long it took."""

    code: int
    out: str
    err: str
    elapsed_s: float

    def __str__(self) -> str:
        return f"exit code {self.code} after {self.elapsed_s:.1f} s\n{self.out}\n{self.err}"


def codename() -> str:
    """The name of the release that runs here."""
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    found = re.search(r"^VERSION_CODENAME=(\w+)", text, re.MULTILINE)
    assert found, "/etc/os-release names no release"
    return found.group(1)


def mirror() -> str:
    """Where this machine gets its own release from."""
    query = ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"]
    for line in subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines():
        name, _, address = line.partition(" ")
        if name == codename():
            return address
    raise AssertionError(f"apt's sources here hold no {codename()}")


def make(folder: Path, suite: str) -> None:
    """Fill `folder` with a minimal system (half a minute). Installs debootstrap if it is not here."""
    if not shutil.which("debootstrap"):
        subprocess.run(["apt-get", "update", "-q"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["apt-get", "install", "-y", "-q", "debootstrap"], check=True, stdout=subprocess.DEVNULL)
    command = ["debootstrap", "--variant=minbase", "--include=python3", suite, str(folder), mirror()]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    shutil.copy(Path("/etc/resolv.conf").resolve(), folder / "etc" / "resolv.conf")
    certificates = (
        os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    )
    if certificates:
        shutil.copy(certificates, folder / CERTIFICATES.lstrip("/"))
    settings = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    kept = [line for line in settings.splitlines() if re.match(r"Acquire::(\w+::Proxy|Check-)", line)]
    (folder / "etc" / "apt" / "apt.conf.d" / "99network").write_text("\n".join([*kept, ""]), encoding="utf-8")
    subprocess.run(["chroot", str(folder), "useradd", "-m", USER], check=True)


def network_variables() -> dict[str, str]:
    """What pip and apt need to reach the network the way this machine does."""
    variables = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.read_string("[pip]\n" + listed.stdout)
    for name, value in parser["pip"].items():
        key = name.rpartition(".")[2]
        if key in PIP_KEYS:
            variables.setdefault("PIP_" + key.upper().replace("-", "_"), value.strip("'"))
    return variables


def sources() -> list[str]:
    """The panel's files, as a fresh clone has them (changes not yet committed included)."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PANEL,
        capture_output=True,
        check=True,
    )
    return [name for name in listed.stdout.decode().split("\0") if name and (PANEL / name).is_file()]


class BareRoot:
    """One bare system that a test may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.panel = folder / PLACE.lstrip("/")
        for name in sources():
            (self.panel / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PANEL / name, self.panel / name)

    def give_to(self, user: str) -> None:
        """Make a user the owner of the panel's folder."""
        subprocess.run(["chroot", str(self.folder), "chown", "-R", user, PLACE], check=True)

    def command(self, user: str, words: list[str], offline: bool = False) -> list[str]:
        """The command line, on this machine, that runs a command in there."""
        variables = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root" if user == "root" else f"/home/{user}",
            **network_variables(),
        }
        if (self.folder / CERTIFICATES.lstrip("/")).exists():
            variables["PIP_CERT"] = CERTIFICATES
        assignments = [f"{name}={value}" for name, value in variables.items()]
        isolated = [*ISOLATED, "--net"] if offline else ISOLATED
        return [*isolated, "bash", "-c", ENTER, str(self.folder), user, *assignments, *words]

    def run(self, user: str, *words: str, offline: bool = False) -> Said:
        """Run a command to its end; nothing that a person starts may print a traceback."""
        started_s = time.monotonic()
        done = subprocess.run(
            self.command(user, list(words), offline), stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        said = Said(done.returncode, done.stdout, done.stderr, time.monotonic() - started_s)
        assert "Traceback" not in said.out + said.err, said
        return said

    def killed(self, user: str, *words: str, when: Callable[[], bool]) -> str:
        """Run a command and kill all of its processes as soon as `when` says so; returns what it had said."""
        with subprocess.Popen(
            self.command(user, list(words)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            give_up_s = time.monotonic() + 600
            while not when():
                assert process.poll() is None, "it ended before it could be killed"
                assert time.monotonic() < give_up_s
                time.sleep(0.05)
            for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
            assert process.stdout is not None
            return process.stdout.read().decode()


@contextmanager
def copy_of(base: Path, folder: Path) -> Iterator[BareRoot]:
    """A copy of a bare system, removed afterwards."""
    subprocess.run(["cp", "-a", str(base), str(folder)], check=True)
    try:
        yield BareRoot(folder)
    finally:
        shutil.rmtree(folder)
