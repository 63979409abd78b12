"""The process of the look-alike: starts like ComfyUI, answers like it, ends like it on Ctrl-C."""

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from wan22.demo.flags import parse_flags
from wan22.demo.http_server import LookAlikeServer
from wan22.demo.log_book import LogBook, start_lines
from wan22.demo.look_alike import RAM_BYTES, WORKER_DEATH, Folders, LookAlike
from wan22.demo.scenario import DEFAULT_SCENARIO, Scenario, load_scenario
from wan22.schema.problem import AppError
from wan22.system.clock import Clock, SystemClock
from wan22.system.paths import data_folder
from wan22.system.threads import Worker

_FOREVER_S = 10_000_000.0


def main(arguments: Sequence[str]) -> int:
    """Run until Ctrl-C. `arguments`: the path of `main.py` in the look-alike's folder, then ComfyUI's flags."""
    main_file, *words = arguments
    flags = parse_flags(words)
    log = LogBook(sys.stdout if flags.log_stdout else sys.stderr)
    try:
        scenario, _ = load_scenario(flags.demo_scenario or DEFAULT_SCENARIO, data_folder() / "resources" / "scenarios")
    except AppError as error:
        log.say(str(error))
        return 1
    # A parent without a terminal may have left Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _serve(tuple(arguments), Path(main_file).absolute().parent, flags, scenario, log)
    except KeyboardInterrupt:
        log.say("\nStopped server")
        return 0


def _serve(argv: tuple[str, ...], folder: Path, flags: Namespace, scenario: Scenario, log: LogBook) -> int:
    clock = SystemClock()
    speed = float(flags.demo_speed or scenario.speed)
    for share, line in start_lines(flags, scenario, folder, RAM_BYTES // 2**20):
        clock.sleep(scenario.timing.start_s * share / speed)
        log.say(line)
    if scenario.fault.at == "start":
        _fail_at_start(scenario, clock)
    definitions_file = data_folder() / "resources" / "demo" / "object_info.json"
    comfy = LookAlike(scenario, flags, _folders(folder, flags), argv, definitions_file, clock, log)
    host = flags.listen.partition(",")[0].strip()
    try:
        server = LookAlikeServer(host, flags.port, comfy)
    except OSError:
        log.say(f"Port {flags.port} is already in use on address {host}. Please close the other application.")
        return 1
    worker = Worker("prompt-worker", comfy.work, lambda found: log.raw(f"{WORKER_DEATH}{found.message}\n")).start()
    try:
        with server:
            if not flags.dont_print_server:
                log.say(f"To see the GUI go to: http://{host}:{flags.port}")
            server.serve_forever(0.1)
    finally:
        comfy.queue.interrupt(None)
        worker.stop(1.0)
    return 0


def _fail_at_start(scenario: Scenario, clock: Clock) -> None:
    if scenario.fault.kind == "crash":
        sys.stderr.flush()
        os._exit(-1073741819 if os.name == "nt" else 139)
    if scenario.fault.kind == "hang":
        clock.sleep(_FOREVER_S)


def _folders(folder: Path, flags: Namespace) -> Folders:
    base = Path(flags.base_directory).absolute() if flags.base_directory else folder

    def chosen(given: str | None, name: str) -> Path:
        return Path(given).absolute() if given else base / name

    return Folders(
        base=base,
        input=chosen(flags.input_directory, "input"),
        output=chosen(flags.output_directory, "output"),
        temp=chosen(flags.temp_directory, "temp"),
    )
