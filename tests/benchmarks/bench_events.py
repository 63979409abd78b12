"""From a websocket event to the pixels: 500 events a second while the window shows live curves.

`QT_QPA_PLATFORM=offscreen python -m tests.benchmarks.bench_events [seconds=12]`. A server in a process of its own
sends ComfyUI's messages for one job, each with the time of its sending. The window is the real one with the Monitor
open and readings of two boards at 5 Hz. What counts is the time from the sending to the end of the paint in which the
state line shows the event or a later one. Beside it: the same stream into a loop that only receives. Goal: p99 below
100 ms.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

RATE_HZ = 500.0
READINGS_HZ = 5.0
STEPS = 19
"""Events a node: one `executing` and this many steps."""
GOAL_MS = 100.0
PROMPT = "11111111-2222-4333-8444-555555555555"
CLIENT = "bench"
ROOT = Path(__file__).resolve().parents[2]

Mark = tuple[int, int]
"""Node and step: events in their order."""


def serve(seconds: float) -> int:
    """The server's process: print the port, wait for a word, then keep the pace."""
    from tests.unit.demo.look_alikes import look_alike

    with tempfile.TemporaryDirectory(prefix="wan22-") as folder, look_alike(Path(folder)) as running:
        print(running.port, flush=True)
        sys.stdin.readline()
        started_s = time.monotonic()
        count = int(seconds * RATE_HZ)
        for number in range(count):
            time.sleep(max(0.0, started_s + number / RATE_HZ - time.monotonic()))
            node, step = divmod(number, STEPS + 1)
            told = {"value": step, "max": STEPS} if step else {"display_node": str(node)}
            told |= {"prompt_id": PROMPT, "node": str(node), "sent_s": time.time()}
            running.comfy.sockets.tell("progress" if step else "executing", told, CLIENT)
        print(f"{count} events in {time.monotonic() - started_s:.2f} s", flush=True)
        sys.stdin.readline()
    return 0


class Server:
    """The other process and its stream."""

    def __init__(self, seconds: float) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.bench_events", "--serve", str(seconds)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def go(self) -> None:
        """Let the stream begin."""
        self._tell()

    def close(self) -> str:
        """Wait for the end of the stream; what the server says of it."""
        assert self._process.stdout is not None
        said = self._process.stdout.readline().strip()
        self._tell()
        self._process.communicate(timeout=10)
        return said

    def _tell(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()


def bare(seconds: float) -> list[float]:
    """Milliseconds from sending to receiving in a loop that does nothing else."""
    import websocket

    server = Server(seconds)
    link = websocket.create_connection(f"{server.url.replace('http', 'ws')}/ws?clientId={CLIENT}", timeout=10)
    link.recv()
    server.go()
    found = []
    while len(found) < int(seconds * RATE_HZ):
        data = json.loads(link.recv())["data"]
        if "sent_s" in data:
            found.append(1000 * (time.time() - data["sent_s"]))
    server.close()
    link.close()
    return found


class Stopwatch:
    """When events were sent, and when what shows them was painted."""

    def __init__(self) -> None:
        self.found_ms: list[float] = []
        self.paints = 0
        self._waiting: dict[Mark, float] = {}
        self._lock = threading.Lock()

    def sent(self, mark: Mark, sent_s: float) -> None:
        """An event has arrived in the socket's thread."""
        with self._lock:
            self._waiting[mark] = sent_s

    def painted(self, newest: Mark) -> None:
        """A paint has ended that shows everything up to `newest`."""
        now_s = time.time()
        self.paints += 1
        with self._lock:
            for mark in [mark for mark in self._waiting if mark <= newest]:
                self.found_ms.append(1000 * (now_s - self._waiting.pop(mark)))


def window(seconds: float) -> tuple[Stopwatch, str]:
    """The stream into the living window; what was measured, and what the server says of it."""
    from PySide6.QtCore import QCoreApplication, QEvent, QObject
    from PySide6.QtWidgets import QApplication

    from tests.benchmarks.live_window import LiveWindow, live_until
    from wan22.comfy.messages import FactReader
    from wan22.comfy.socket import ComfySocket
    from wan22.schema.events import PromptQueued, PromptStarted, Role, RunStarted, ServerReady
    from wan22.system.cancel import CancelToken
    from wan22.system.paths import data_folder
    from wan22.system.threads import Worker
    from wan22.ui.theme import Theme

    application = QApplication(["bench"])
    theme = Theme(application, data_folder() / "resources")
    server, watch = Server(seconds), Stopwatch()
    count = int(seconds * RATE_HZ)
    roles = {str(node): Role.pass_2 if node % 2 else Role.pass_1 for node in range(count // (STEPS + 1) + 1)}
    with tempfile.TemporaryDirectory(prefix="wan22-") as work:
        live = LiveWindow(theme, Path(work))
        now_s = live.clock.now()
        for fact in (
            RunStarted(time_s=now_s, run_id="bench", simulated=True),
            ServerReady(time_s=now_s, url=server.url, owned=False, version="0.25.0", simulated=True),
            PromptQueued(time_s=now_s, prompt_id=PROMPT, roles=roles),
            PromptStarted(time_s=now_s, prompt_id=PROMPT),
        ):
            live.bus.publish(fact)

        def follow(cancel: CancelToken) -> None:
            """The way of `job.follow`: messages of the live connection, read into facts, on the bus."""
            reader = FactReader(PROMPT)
            for message in ComfySocket(server.url, live.clock).messages(CLIENT, cancel):
                if "sent_s" in message.data:
                    watch.sent((int(message.data["node"]), message.data.get("value", 0)), message.data["sent_s"])
                for fact in reader.facts(message):
                    live.bus.publish(fact)

        said: list[Mark] = []
        show_server = live.window.state_line.show_server

        def noted(*arguments: object) -> None:
            """What the state line says is taken from this state, which holds all events up to its newest."""
            state = live.context.run.state
            node = state.current_node
            if node is not None:
                reports = state.reports.get(node, ())
                said[:] = [(int(node), reports[-1].value if reports else 0)]
            show_server(*arguments)  # type: ignore[arg-type]

        live.window.state_line.show_server = noted  # type: ignore[method-assign]

        class Paints(QObject):
            """Lets the window paint, then looks at the clock."""

            def eventFilter(self, watched: QObject, event: QEvent) -> bool:
                if event.type() != QEvent.Type.UpdateRequest or not said:
                    return False
                watched.removeEventFilter(self)
                QCoreApplication.sendEvent(watched, event)
                watched.installEventFilter(self)
                watch.painted(said.pop())
                return True

        paints = Paints()
        live.window.installEventFilter(paints)
        workers = [
            Worker("bench-socket", follow).start(),
            Worker("bench-boards", lambda cancel: live.read_boards(READINGS_HZ, cancel)).start(),
        ]
        live_until(lambda: False, 2.0)
        server.go()
        live_until(lambda: len(watch.found_ms) >= count, seconds + 5.0)
        told = server.close()
        for worker in workers:
            worker.stop(2.0)
        live.window.removeEventFilter(paints)
        live.close()
    return watch, told


def described(name: str, found: list[float]) -> str:
    """Percentiles in milliseconds."""
    cuts = statistics.quantiles(found, n=100)
    return (
        f"{name:24} p50 {cuts[49]:7.2f} ms   p95 {cuts[94]:7.2f} ms   p99 {cuts[98]:7.2f} ms   "
        f"max {max(found):7.2f} ms   n {len(found)}"
    )


def main() -> int:
    """Measure and print."""
    if sys.argv[1:2] == ["--serve"]:
        return serve(float(sys.argv[2]))
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 12.0
    only_received = bare(seconds)
    watch, told = window(seconds)
    print(f"the server sent {told}; the state line was painted {watch.paints} times")
    print(described("a loop that receives", only_received))
    print(described("socket to screen", watch.found_ms))
    plain, ours = (statistics.quantiles(found, n=100) for found in (only_received, watch.found_ms))
    print(f"ratio p50 {ours[49] / plain[49]:.0f}, p99 {ours[98] / plain[98]:.1f}; goal: p99 below {GOAL_MS:.0f} ms")
    missing = int(seconds * RATE_HZ) - len(watch.found_ms)
    if missing:
        print(f"{missing} events were never painted")
    return 0 if ours[98] < GOAL_MS and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
