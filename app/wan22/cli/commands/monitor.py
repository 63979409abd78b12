"""`wan22 monitor`: what the GPUs do, as text for a person or as JSON lines for a program."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Annotated

import typer

from wan22 import wiring
from wan22.cli.commands.launch import DEMO, DEMO_SPEED, demo_choice
from wan22.cli.console import Console, console_from_flag
from wan22.cli.gpu_line import gpu_description, inventory_line
from wan22.cli.interrupt import stop_on_signal
from wan22.cli.monitor_face import JsonFace, TextFace
from wan22.cli.piped_input import listening
from wan22.gpu.sampler import Sampler
from wan22.schema.problem import AppError
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock
from wan22.system.threads import Worker

_GENTLE_HZ = 1.0


def monitor(
    hz: Annotated[float, typer.Option("--hz", min=0.1, max=10.0, help="Readings a second.")] = 5.0,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0.0, help="Stop after this time.")] = None,
    gpu: Annotated[str, typer.Option("--gpu", metavar="SPEC", help="nvml, replay:RUN or simulated:URL.")] = "nvml",
    gentle: Annotated[
        bool, typer.Option("--gentle", help="At most one reading a second and no slow calls: nothing may stutter.")
    ] = False,
    demo: Annotated[str | None, DEMO] = None,
    demo_speed: Annotated[float | None, DEMO_SPEED] = None,
    list_gpus: Annotated[bool, typer.Option("--list", help="Name the GPUs and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines; ends when a piped standard input does.")] = False,
) -> None:
    """Show what the GPUs do until Ctrl-C."""
    console = console_from_flag(as_json)
    parts = wiring.parts()
    clock = parts.clock
    stand_in = demo_choice(demo, demo_speed)
    cancel = CancelToken()
    interval_s = 1.0 / (min(hz, _GENTLE_HZ) if gentle else hz)
    with stop_on_signal(cancel), ExitStack() as stack:
        if stand_in is not None:
            gpu = stack.enter_context(_demo_gpu(stand_in, parts, cancel))
        if list_gpus:
            _list(console, gpu, clock)
            return
        make_source = partial(wiring.gpu_source, gpu, clock, gentle=gentle, cancel=cancel)
        if seconds is not None:
            timer = Worker("monitor-timer", partial(_stop_after, seconds, clock, cancel)).start()
            stack.callback(timer.stop)
        if as_json:
            json_face = JsonFace(console, clock, cancel, interval_s)
            stack.enter_context(listening(json_face.answer, cancel))
            face: JsonFace | TextFace = json_face
        else:
            face = TextFace(console, cancel, stack.enter_context(console.live()))
        sampler = Sampler(make_source, face.sampled, clock, interval_s, cancel, face.status)
        face.sampler = sampler
        try:
            sampler.run()
        except AppError as error:
            face.failed(error)
            raise


@contextmanager
def _demo_gpu(stand_in: wiring.Demo, parts: wiring.Parts, cancel: CancelToken) -> Iterator[str]:
    """A look-alike of ComfyUI that does nothing, and the source that reads its simulated board."""
    server = wiring.demo_server(stand_in, wiring.settings({}), parts)
    try:
        yield f"simulated:{server.provider.acquire(cancel).url}"
    finally:
        server.provider.stop()


def _list(console: Console, gpu: str, clock: Clock) -> None:
    source = wiring.gpu_source(gpu, clock, gentle=True)
    try:
        inventory = source.inventory()
    finally:
        source.close()
    if console.as_json:
        console.json({"kind": "gpu_inventory", "inventory": inventory.model_dump(mode="json")})
        return
    console.text(inventory_line(inventory), style="bold")
    for info in inventory.gpus:
        for line in gpu_description(info):
            console.text(line)


def _stop_after(seconds: float, clock: Clock, cancel: CancelToken, stop: CancelToken) -> None:
    clock.sleep(seconds, stop)
    cancel.set()
