"""Runs one step of the set-up as a child process: shows that it moves, and puts a failure into plain words."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_S = 0.25
LINE_EVERY_S = 10.0
STOP_WAIT_S = 5.0
TAIL_LINES, TAIL_WIDTH = 8, 160

# What pip, apt and venv print, and what it means to the person in front of the screen. The first match counts.
MEANINGS = (
    (("No space left on device", "not enough free space", "Errno 28]"), "The disk is full."),
    (("TLS CA certificate bundle", "load_verify_locations"), "This system has no root certificates (ca-certificates)."),
    (("CERTIFICATE_VERIFY_FAILED", "certificate verify failed"),
     "The server's certificate is not trusted here. Behind a company proxy, let PIP_CERT name its certificate file."),
    (("SSL module is not available",), "This Python was built without SSL and cannot download anything."),
    (("name resolution", "Temporary failure resolving", "Could not resolve", "getaddrinfo failed",
      "Name or service not known", "NewConnectionError", "Connection refused", "Network is unreachable",
      "ProxyError", "timed out", "Could not connect to"), "There is no connection to the package server."),
    (("DO NOT MATCH THE HASHES",), "A downloaded file is not the one that the lock names; it may have been cut off."),
    (("No matching distribution found",), "One package has no ready-made build for this system and this Python."),
    (("Could not get lock", "dpkg frontend lock"), "Another program is installing system packages at this moment."),
    (("Unable to locate package", "has no installation candidate"), "This system's package lists lack a package."),
    (("Read-only file system", "Permission denied", "Errno 13]", "WinError 5]", "Operation not permitted"),
     "A file may not be written here."),
)  # fmt: skip


class SetupFailed(Exception):  # noqa: N818 - named for what the person reads
    """A sentence for the person, and one exact line to copy if there is one."""

    def __init__(self, message: str, line: str = "") -> None:
        super().__init__(message)
        self.line = line


class StepFailed(SetupFailed):
    """A step ended with an error: `sentence` says it in one line, `output` is all that it printed."""

    def __init__(self, what: str, code: int, output: list[str]) -> None:
        self.sentence = f"{what} failed (exit code {code}). {meaning(output)}".rstrip()
        lines = [line[:TAIL_WIDTH] for line in output if line]
        crash = next((place for place, line in enumerate(lines) if line.strip().startswith("Traceback (most")), None)
        shown = (lines if crash is None else [*lines[:crash], lines[-1]])[-TAIL_LINES:]
        super().__init__("\n  ".join([self.sentence, *shown]))
        self.code = code
        self.output = output


def meaning(output: list[str]) -> str:
    """The sentence that explains this output, or nothing."""
    text = "\n".join(output)
    for needles, sentence in MEANINGS:
        if any(needle in text for needle in needles):
            return sentence
    return ""


def say(text: str) -> None:
    """One line for the person, on standard error: standard output belongs to the command that is started afterwards."""
    if sys.stderr is None:  # a program without a console
        return
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:  # whoever read it has gone
        return


def nothing_to_count(_lines: list[str]) -> str:
    """For steps whose output says nothing about how far they are."""
    return ""


def count_packages(total: int) -> Callable[[list[str]], str]:
    """A describer of pip's output: how many of `total` packages it has got."""

    def describe(lines: list[str]) -> str:
        got = sum(line.startswith(("Collecting ", "Requirement already satisfied: ")) for line in lines)
        if any(line.startswith("Installing collected packages") for line in lines):
            return "unpacking"
        return f"{min(got, total)} of {total}" if got else "starting"

    return describe


class Meter:
    """Shows seconds and progress: one line that is rewritten on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, started_s: float) -> None:
        self.rewrites = sys.stderr is not None and sys.stderr.isatty()
        self.started_s = started_s
        self.shown_s = started_s
        self.width = 0

    def tick(self, now_s: float, detail: str) -> None:
        """Show progress if it is time to."""
        if now_s - self.shown_s < (1.0 if self.rewrites else LINE_EVERY_S):
            return
        self.shown_s = now_s
        text = f"    {now_s - self.started_s:.0f} s" + (f", {detail}" if detail else "")
        if self.rewrites:
            sys.stderr.write("\r" + text.ljust(self.width))
            sys.stderr.flush()
            self.width = len(text)
        else:
            say(text)

    def clear(self) -> None:
        """Wipe the rewritten line."""
        if self.width:
            sys.stderr.write("\r" + " " * self.width + "\r")
            sys.stderr.flush()


def run(
    command: list[str],
    what: str,
    variables: dict[str, str],
    folder: str,
    describe: Callable[[list[str]], str] = nothing_to_count,
) -> list[str]:
    """Run a step in `folder` and return the lines it printed; they are shown only when it fails (StepFailed)."""
    started_s = time.monotonic()
    lines: list[str] = []
    # An inheritable handle (the set-up's lock) shall live as long as this child: see bootstrap.only_one_setup.
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        close_fds=os.name == "nt",
    )
    reader = threading.Thread(target=read_lines, args=(process, lines), name="setup-output", daemon=True)
    reader.start()
    meter = Meter(started_s)
    try:
        while True:
            try:
                code = process.wait(timeout=TICK_S)
                break
            except subprocess.TimeoutExpired:
                meter.tick(time.monotonic(), describe(lines))
    finally:
        stop(process)
        meter.clear()
    reader.join(2.0)  # a grandchild may keep the pipe open
    if code:
        raise StepFailed(what, code, lines)
    return lines


def read_lines(process: subprocess.Popen[bytes], lines: list[str]) -> None:
    """Collect what the child prints until it closes its output."""
    assert process.stdout is not None
    with process.stdout:
        for raw in process.stdout:
            lines.append(raw.decode("utf-8", "replace").rstrip())  # noqa: PERF401 - others read it meanwhile


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a child that is still there. After Ctrl-C it got the same signal: give it time to leave its files whole."""
    for press in (process.terminate, process.kill):
        try:
            process.wait(timeout=STOP_WAIT_S)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            press()
        else:
            return
    process.wait()
