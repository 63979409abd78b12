"""Children and grandchildren as real processes: what they say, how they end, and that none outlives us."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from wan22.schema.problem import AppError
from wan22.system.process import Process, ProcessSpec, child_environment, start_process

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

FAMILY = textwrap.dedent(
    """
    import os, signal, subprocess, sys, time
    role, flags = sys.argv[1], sys.argv[2:]
    def say(text):
        sys.stdout.write(f"{role} {text}\\n")  # in one piece: two processes share the pipe
        sys.stdout.flush()
    if "deaf" in flags:
        signal.signal(signal.SIGINT, lambda *_: say("heard SIGINT"))
    if "stubborn" in flags:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        say(os.getpid())
        if role == "grandchild":
            open("grandchild is up", "w").close()
        if role == "child":
            command = [sys.executable, __file__, "grandchild", *flags]
            subprocess.Popen(command, start_new_session="detached" in flags)
        if "leave" in flags and role == "child":
            while not os.path.exists("grandchild is up"):
                time.sleep(0.01)
            sys.exit(3)
        while True:
            time.sleep(0.1)
    except KeyboardInterrupt:
        say("clean end")
    """
)

PARENT = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from wan22.system.process import ProcessSpec, child_environment, start_process
    folder = Path(sys.argv[1])
    command = (sys.executable, str(folder / "family tree.py"), "child", *sys.argv[2:])
    try:
        start_process(ProcessSpec(command, folder, child_environment()), lambda line: print(line, flush=True))
        time.sleep(60)
    except KeyboardInterrupt:
        print("parent heard Ctrl-C", flush=True)
        time.sleep(60)
    """
)


class Heard:
    """What a started process has said, and its exit code."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.exits: list[int] = []
        self._new = threading.Condition()

    def on_line(self, line: str) -> None:
        with self._new:
            self.lines.append(line)
            self._new.notify_all()

    def wait_for(self, *starts: str) -> None:
        with self._new:
            done = self._new.wait_for(
                lambda: all(any(line.startswith(start) for line in self.lines) for start in starts), 20.0
            )
        assert done, self.lines

    def family(self) -> dict[str, int]:
        self.wait_for("child ", "grandchild ")
        return pids_in(self.lines)


def pids_in(lines: list[str]) -> dict[str, int]:
    words = [line.split() for line in lines]
    return {word[0]: int(word[1]) for word in words if len(word) == 2 and word[1].isdigit()}


def lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def gone_after_s(pids: list[int], limit_s: float = 10.0) -> float:
    start = time.monotonic()
    while any(lives(pid) for pid in pids):
        assert time.monotonic() - start < limit_s, [pid for pid in pids if lives(pid)]
        time.sleep(0.01)
    return time.monotonic() - start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Größe & 日本 dir"
    folder.mkdir()
    (folder / "family tree.py").write_text(FAMILY, encoding="utf-8")
    (folder / "parent.py").write_text(PARENT, encoding="utf-8")
    return folder


Start = Callable[..., tuple[Process, Heard]]


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start Python code (or the family with its flags); whatever still lives at the end of the test is killed."""
    started: list[Process] = []

    def begin(*arguments: str, **extra: str) -> tuple[Process, Heard]:
        heard = Heard()
        spec = ProcessSpec((sys.executable, *arguments), folder, child_environment(extra), name="test-child")
        process = start_process(spec, heard.on_line, heard.exits.append)
        started.append(process)
        return process, heard

    yield begin
    for process in started:
        process.kill()
        process.wait(10.0)


@pytest.fixture
def parent(folder: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start another program of ours that starts the family and prints what it says."""
    started: list[subprocess.Popen[str]] = []

    def begin(*flags: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-u", str(folder / "parent.py"), str(folder), *flags],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def family_of(parent: "subprocess.Popen[str]") -> list[int]:
    assert parent.stdout is not None
    lines = [parent.stdout.readline(), parent.stdout.readline()]
    family = pids_in(lines)
    assert set(family) == {"child", "grandchild"}, lines
    return list(family.values())


# --- what it says -----------------------------------------------------------------------------------------------


def test_both_outputs_arrive_as_clean_lines_and_then_the_exit_code(start: Start):
    code = r"""
import sys
sys.stdout.write("Größe 日本\r\n\x1b[1m\x1b[32m[INFO]\x1b[0m ready  \n")
sys.stdout.flush()
sys.stderr.write(" 25%|##\r 50%|####\r\n\n")
sys.stderr.flush()
sys.stdout.buffer.write(b"not \xff UTF-8\nno line end")
sys.exit(7)
"""
    process, heard = start("-c", code)
    assert process.wait(20.0) == 7
    assert process.exit_code == 7
    assert heard.exits == [7]
    assert heard.lines == ["Größe 日本", "[INFO] ready", " 25%|##", " 50%|####", "not \ufffd UTF-8", "no line end"]


def test_nothing_of_ten_thousand_lines_is_lost(start: Start):
    process, heard = start("-c", "for n in range(10_000): print(n, 'x' * (n % 200))")
    assert process.wait(30.0) == 0
    assert heard.lines == [f"{n} {'x' * (n % 200)}".rstrip() for n in range(10_000)]


def test_a_listener_that_fails_does_not_block_the_child(folder: Path, caplog: pytest.LogCaptureFixture):
    exits: list[int] = []

    def fail(_line: str) -> None:
        raise RuntimeError("listener failed")

    spec = ProcessSpec(
        (sys.executable, "-c", "print('x' * 500_000)\nprint('y' * 500_000)"), folder, child_environment()
    )
    process = start_process(spec, fail, exits.append)
    assert process.wait(20.0) == 0
    assert exits == [0]
    deadline = time.monotonic() + 5.0
    while "listener failed" not in caplog.text:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_child_gets_exactly_its_environment_and_folder(folder: Path):
    heard = Heard()
    environment = {"GRÖSSE": "日本 &|<>", "EMPTY": ""} | (
        {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if sys.platform == "win32" else {"LC_ALL": "C.UTF-8"}
    )
    code = "import os; print(os.getcwd()); [print(f'{k}={v}') for k, v in sorted(os.environ.items())]"
    spec = ProcessSpec((sys.executable, "-X", "utf8", "-c", code), folder, environment)
    assert start_process(spec, heard.on_line).wait(20.0) == 0
    assert heard.lines[0] == str(folder)
    wanted = {f"{name}={value}" for name, value in environment.items()}
    said = set(heard.lines[1:])
    if sys.platform == "win32":  # the system adds some of its own
        assert wanted <= said
        assert not any(line.startswith(("WAN22_HOME=", "PATH=")) for line in said)
    else:
        assert said == wanted


def test_arguments_arrive_as_they_are(start: Start):
    odd = ("with space", "", '"quoted"', "Größe 日本", "a&b|c>d", "trailing\\", "100%", "$HOME", "*")
    process, heard = start("-c", "import sys; [print(repr(a)) for a in sys.argv[1:]]", *odd)
    assert process.wait(20.0) == 0
    assert heard.lines == [repr(argument) for argument in odd]
    assert process.argv[-1] == "*"


def test_stdin_is_empty_or_stays_open_as_asked(folder: Path, start: Start):
    process, _ = start("-c", "import sys; sys.exit(len(sys.stdin.read()))")
    assert process.wait(20.0) == 0
    heard = Heard()
    code = "import sys; print('waits', flush=True); sys.stdin.read(); print('stdin ended'); sys.exit(5)"
    if sys.platform != "win32":
        code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); " + code
    spec = ProcessSpec((sys.executable, "-c", code), folder, child_environment(), close_stdin=False)
    process = start_process(spec, heard.on_line)
    heard.wait_for("waits")
    assert process.wait(0.2) is None
    assert process.stop(10.0) == 5
    assert heard.lines == ["waits", "stdin ended"]


# --- how it ends ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 1, 42])
def test_exit_codes(start: Start, code: int):
    process, _ = start("-c", f"raise SystemExit({code})")
    assert process.wait(20.0) == code


@posix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT])
def test_a_signal_is_a_negative_exit_code(start: Start, number: int):
    process, heard = start("-c", f"import os; print('up', flush=True); os.kill(os.getpid(), {int(number)})")
    assert process.wait(20.0) == -number
    assert heard.lines == ["up"]


def test_pid_is_that_of_the_child(start: Start):
    process, heard = start("-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    heard.wait_for("")
    assert process.pid is not None
    tree = {process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))}
    assert int(heard.lines[0]) in tree
    assert sys.platform == "win32" or int(heard.lines[0]) == process.pid


def test_wait_gives_up_in_time(start: Start):
    process, _ = start("-c", "import time; time.sleep(60)")
    assert process.wait(0.05) is None
    assert process.exit_code is None


def test_a_polite_stop_lets_the_whole_family_end_by_itself(start: Start):
    process, heard = start("family tree.py", "child")
    family = heard.family()
    assert process.stop(15.0) == 0
    assert not any(lives(pid) for pid in family.values())
    assert {"child clean end", "grandchild clean end"} <= set(heard.lines)
    assert heard.exits == [0]


def test_the_child_is_asked_though_what_it_has_started_has_a_console_of_its_own(folder: Path, start: Start):
    process, heard = start("parent.py", str(folder))
    family = heard.family()
    process.stop(2.0)
    assert "parent heard Ctrl-C" in heard.lines
    assert not any(lives(pid) for pid in family.values())


def test_stop_is_harmless_when_repeated_or_late(start: Start):
    process, heard = start("family tree.py", "child")
    heard.family()
    answers: list[int | None] = []
    others = [threading.Thread(target=lambda: answers.append(process.stop(15.0))) for _ in range(2)]
    for other in others:
        other.start()
    answers.append(process.stop(15.0))
    for other in others:
        other.join(20.0)
    before = time.monotonic()
    answers.append(process.stop(15.0))
    process.kill()
    assert time.monotonic() - before < 1.0
    assert answers == [0, 0, 0, 0]
    assert heard.exits == [0]


@posix_only
def test_who_does_not_listen_to_sigint_is_terminated(start: Start):
    process, heard = start("family tree.py", "child", "deaf")
    family = heard.family()
    before = time.monotonic()
    assert process.stop(0.3) == -signal.SIGTERM
    assert 0.3 <= time.monotonic() - before < 3.0
    assert not any(lives(pid) for pid in family.values())
    assert {"child heard SIGINT", "grandchild heard SIGINT"} <= set(heard.lines)


@posix_only
def test_who_ignores_everything_is_killed(start: Start):
    process, heard = start("family tree.py", "child", "stubborn")
    family = heard.family()
    assert process.stop(0.1) == -signal.SIGKILL
    assert not any(lives(pid) for pid in family.values())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a subreaper")
def test_a_grandchild_in_a_session_of_its_own_ends_too(start: Start):
    process, heard = start("family tree.py", "child", "stubborn", "detached")
    family = heard.family()
    assert os.getsid(family["grandchild"]) == family["grandchild"]
    assert process.stop(0.1) == -signal.SIGKILL
    assert not any(lives(pid) for pid in family.values())


def test_what_a_child_leaves_behind_ends_with_it(start: Start):
    process, heard = start("family tree.py", "child", "leave", "stubborn")
    family = heard.family()
    assert process.wait(20.0) == 3
    assert not any(lives(pid) for pid in family.values())
    assert heard.exits == [3]


def test_a_child_that_restarts_itself_lives_on(folder: Path, start: Start):
    """As ComfyUI does when its manager is told to restart: by exec, which on Windows makes a new process."""
    (folder / "again.py").write_text("import time; print('second life', flush=True); time.sleep(60)", encoding="utf-8")
    code = "import os, sys; print('first life', flush=True); os.execv(sys.executable, [sys.executable, 'again.py'])"
    process, heard = start("-c", code)
    heard.wait_for("second life")
    assert process.wait(0.5) is None
    assert process.stop(15.0) is not None
    assert heard.lines[0] == "first life"
    assert len(heard.exits) == 1


def test_kill_ends_the_family_at_once(start: Start):
    process, heard = start("family tree.py", "child", *(["stubborn"] if sys.platform != "win32" else []))
    family = heard.family()
    process.kill()
    code = process.wait(10.0)
    assert code == (1 if sys.platform == "win32" else -signal.SIGKILL)
    assert gone_after_s(list(family.values())) < 1.0


def test_a_listener_may_ask_to_stop(folder: Path):
    """As one that sees a fatal line does, in the reader thread."""
    asked: list[int | None] = []
    holder: list[Process] = []
    ready = threading.Event()

    def on_line(line: str) -> None:
        ready.wait(10.0)
        if "fatal" in line:
            asked.append(holder[0].stop(5.0))

    code = "import time; print('fatal', flush=True); time.sleep(60)"
    process = start_process(ProcessSpec((sys.executable, "-c", code), folder, child_environment()), on_line)
    holder.append(process)
    ready.set()
    assert process.wait(20.0) is not None
    assert asked == [None]


@pytest.mark.parametrize("missing", ["program", "folder"])
def test_what_cannot_be_started_is_said(folder: Path, missing: str):
    program = str(folder / "no such program") if missing == "program" else sys.executable
    cwd = folder / "no such folder" if missing == "folder" else folder
    with pytest.raises(AppError) as caught:
        start_process(ProcessSpec((program,), cwd, child_environment()), lambda _line: None)
    found = caught.value.problem
    assert found.code == "process_start_failed"
    assert "no such " + missing in found.message
    assert found.where == {"program": program, "folder": str(cwd)}


@posix_only
def test_no_descriptor_is_left_open_or_inherited(start: Start):
    def open_now() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir()) if Path("/proc/self/fd").exists() else 0

    start("-c", "pass")[0].wait(20.0)
    before = open_now()
    code = "import os; print(sorted(os.listdir('/proc/self/fd'), key=int)[:4])"
    other, _ = start("-c", "import time; time.sleep(60)")
    process, heard = start("-c", code)
    assert process.wait(20.0) == 0
    if before:
        assert heard.lines == ["['0', '1', '2', '3']"]  # 3 is the listing itself
    other.kill()
    other.wait(10.0)
    assert open_now() == before


# --- that none outlives us --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flags",
    [
        (),
        pytest.param(("deaf",), marks=posix_only),
        pytest.param(("stubborn",), marks=posix_only),
        pytest.param(
            ("stubborn", "detached"),
            marks=pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a subreaper"),
        ),
    ],
    ids=lambda flags: "+".join(flags) or "polite",
)
def test_nobody_outlives_a_parent_that_is_killed(
    parent: Callable[..., "subprocess.Popen[str]"], flags: tuple[str, ...]
):
    process = parent(*flags)
    family = family_of(process)
    process.kill()
    process.wait()
    assert gone_after_s(family) < (1.0 if not flags else 3.5)


@posix_only
def test_nobody_outlives_a_supervisor_that_is_killed(start: Start):
    process, heard = start("family tree.py", "child", "stubborn")
    family = heard.family()
    supervisor = psutil.Process(family["child"]).parent()
    assert supervisor is not None
    assert supervisor.ppid() == os.getpid()
    supervisor.kill()
    assert process.wait(10.0) == -signal.SIGKILL
    assert gone_after_s(list(family.values())) < 1.0
    assert heard.exits == [-signal.SIGKILL]


@posix_only
def test_ctrl_c_in_our_terminal_does_not_reach_the_child(parent: Callable[..., "subprocess.Popen[str]"]):
    process = parent("deaf")
    family = family_of(process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to our whole group
    assert process.stdout is not None
    assert process.stdout.readline() == "parent heard Ctrl-C\n"
    assert all(lives(pid) for pid in family)
    assert os.getsid(family[0]) != os.getsid(process.pid)
