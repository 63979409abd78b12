"""The look-alike of a ComfyUI as a whole: its folders, its queue and worker, and what its routes have to say."""

import argparse
import os
import re
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image, UnidentifiedImageError

from wan22.demo.cost_model import CostModel, number, size_for
from wan22.demo.definitions import Definitions
from wan22.demo.execution import Execution, Memory, Surroundings
from wan22.demo.failure import FailedNodeError
from wan22.demo.flags import given_flags
from wan22.demo.gpu_model import Load
from wan22.demo.log_book import TORCH, VERSION, LogBook, device_name
from wan22.demo.prompt_check import ancestors, check_prompt, error_document
from wan22.demo.prompt_queue import Job, PromptQueue
from wan22.demo.render import MARK, preview_jpeg, scene, write_video
from wan22.demo.scenario import FaultKind, Scenario
from wan22.demo.simulated_gpu import SimulatedGpu
from wan22.demo.sockets import Sockets
from wan22.system.cancel import CancelToken
from wan22.system.clock import Clock

RAM_BYTES = 64 * 2**30
WORKER_DEATH = "Exception in thread Thread-5 (prompt_worker):\nTraceback (most recent call last):\n"

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WAIT_S = 0.2
_COUNTED = re.compile(r"_(\d+)_\.\w+$")


class WorkerDeathError(Exception):
    """The worker of prompts ends for good; everything else goes on."""


class WorkerHaltError(Exception):
    """The server ends while its worker stands still."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where its files are."""

    base: Path
    input: Path
    output: Path
    temp: Path

    def of(self, kind: str) -> Path | None:
        """The folder of a file type of `/view`."""
        return {"input": self.input, "output": self.output, "temp": self.temp}.get(kind)


class LookAlike:
    """Everything but HTTP. `argv` is what the server says it was started with."""

    def __init__(
        self,
        scenario: Scenario,
        flags: argparse.Namespace,
        folders: Folders,
        argv: tuple[str, ...],
        definitions_file: Path,
        clock: Clock,
        log: LogBook,
    ) -> None:
        self.scenario = scenario
        self.flags = flags
        self.folders = folders
        self.log = log
        self.speed = float(flags.demo_speed or scenario.speed)
        self.sockets = Sockets()
        self.queue = PromptQueue(self._tell_status)
        self.definitions = Definitions(definitions_file, folders.input)
        self.gpu = SimulatedGpu(scenario, clock, self.speed)
        self._argv = argv
        self._memory = Memory()
        self._stopping = CancelToken()
        self._free_asked = {"unload_models": False, "free_memory": False}
        self._around = Surroundings(
            scenario=scenario,
            costs=CostModel(scenario, given_flags(flags)),
            gpu=self.gpu,
            sockets=self.sockets,
            definitions=self.definitions,
            input_folder=folders.input,
            speed=self.speed,
            say=log.say,
            show_bar=log.show_bar,
            produce=self._produce,
            preview=self._preview,
            die=self._die,
            has_previews=flags.preview_method != "none",
        )
        for folder in (folders.input, folders.output, folders.temp):
            folder.mkdir(parents=True, exist_ok=True)
        if not flags.cpu:
            self.gpu.set_load(_resting())

    def status(self) -> dict[str, Any]:
        """The data of a `status` message."""
        return {"status": {"exec_info": {"queue_remaining": self.queue.remaining}}}

    def submit(self, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """`POST /prompt`: HTTP status and answer."""
        self.log.say("got prompt")
        prompt_id = body.get("prompt_id") or str(uuid.uuid4())
        if not _UUID.fullmatch(str(prompt_id)):
            details = "prompt_id must be a UUID in canonical form: small letters, with hyphens"
            error = error_document("invalid_prompt_id", "prompt_id must be a valid UUID", details)
            return 400, {"error": error, "node_errors": {}}
        graph = body.get("prompt")
        if not isinstance(graph, dict):
            error = error_document("no_prompt", "No prompt provided", "No prompt provided")
            return 400, {"error": error, "node_errors": {}}
        check = check_prompt(graph, self.definitions, self.has_image)
        if check.error is not None:
            self.log.say(f"invalid prompt: {check.error}")
            return 400, {"error": check.error, "node_errors": check.node_errors}
        number_ = body.get("number")
        place = self.queue.next_number(front=bool(body.get("front"))) if number_ is None else float(number_)
        client_id = body.get("client_id")
        job = Job(
            number=place,
            prompt_id=prompt_id,
            graph=graph,
            extra=dict(body.get("extra_data") or {}),
            outputs=check.outputs,
            client_id=None if client_id is None else str(client_id),
            created_ms=round(time.time() * 1000),
        )
        self.queue.put(job)
        return 200, {"prompt_id": prompt_id, "number": place, "node_errors": check.node_errors}

    def work(self, cancel: CancelToken) -> None:
        """The worker: one prompt after the other until `cancel` is set or the scenario lets it die or stand still."""
        self._stopping = cancel
        while not cancel.is_set:
            job = self.queue.take(_WAIT_S)
            if job is None:
                self._free_now()
                continue
            began_s = time.monotonic()
            try:
                entry = Execution(job, self._around, self._memory).run()
            except WorkerDeathError:
                self.log.raw(f"{WORKER_DEATH}RuntimeError: SIMULATED: the worker of prompts died\n")
                return
            except WorkerHaltError:
                return
            self.queue.done(job, entry)
            end = {"node": None, "prompt_id": job.prompt_id}
            self.sockets.tell("executing", end, job.client_id)
            self.log.say(f"Prompt executed in {time.monotonic() - began_s:.2f} seconds")
            if self.flags.cache_none:
                self._memory.outputs.clear()

    def free(self, *, unload_models: bool, free_memory: bool) -> None:
        """`POST /free`: done when nothing runs."""
        self._free_asked["unload_models"] |= unload_models or free_memory
        self._free_asked["free_memory"] |= free_memory

    def has_image(self, name: str) -> bool:
        """Whether LoadImage would find it."""
        path = self._image_path(name)
        return path is not None and path.is_file()

    def system_stats(self) -> dict[str, Any]:
        """`GET /system_stats` as ComfyUI 0.25 answers."""
        free_bytes = self.gpu.memory_free_bytes()
        total_bytes = self.scenario.board.memory_mib * 2**20
        on_cpu = bool(self.flags.cpu)
        held_bytes = round(self.gpu.load.memory_bytes)
        device = {
            "name": device_name(self.flags, self.scenario),
            "type": "cpu" if on_cpu else "cuda",
            "index": None if on_cpu else 0,
            "vram_total": RAM_BYTES if on_cpu else total_bytes,
            "vram_free": RAM_BYTES // 2 if on_cpu else free_bytes,
            "torch_vram_total": RAM_BYTES if on_cpu else held_bytes,
            "torch_vram_free": RAM_BYTES // 2 if on_cpu else 0,
        }
        system = {
            "os": sys.platform,
            "ram_total": RAM_BYTES,
            "ram_free": RAM_BYTES // 2,
            "comfyui_version": VERSION,
            "required_frontend_version": None,
            "installed_templates_version": None,
            "required_templates_version": None,
            "comfy_package_versions": [],
            "python_version": sys.version,
            "pytorch_version": TORCH,
            "embedded_python": False,
            "deploy_environment": "simulated",
            "argv": list(self._argv),
        }
        return {"system": system, "devices": [device]}

    def features(self) -> dict[str, Any]:
        """`GET /features`, and the answer to a client's own."""
        most = round(self.flags.max_upload_size * 2**20)
        told = {"supports_preview_metadata": True, "max_upload_size": most, "node_replacements": True, "assets": False}
        return told | {"extension": {"manager": {"supports_v4": True}}}

    def _tell_status(self) -> None:
        self.sockets.tell("status", self.status())

    def _free_now(self) -> None:
        if self._free_asked["unload_models"]:
            self.gpu.set_load(Load() if self.flags.cpu else _resting())
        if self._free_asked["free_memory"]:
            self._memory.outputs.clear()
        self._free_asked = {"unload_models": False, "free_memory": False}

    def _image_path(self, name: str) -> Path | None:
        """File of a LoadImage value: `subfolder/name`, with ` [output]` and the like allowed; None leads outside."""
        match = re.fullmatch(r"(.*?)(?: \[(input|output|temp)\])?", name, re.DOTALL)
        folder = self.folders.of((match and match[2]) or "input")
        relative = PurePosixPath((match[1] if match else name).replace("\\", "/"))
        if folder is None or relative.is_absolute() or ".." in relative.parts or not relative.parts:
            return None
        return folder.joinpath(*relative.parts)

    def _start_picture(self, execution: Execution, node: str) -> Image.Image | None:
        graph = execution.job.graph
        for one in ancestors(graph, node):
            if graph[one]["class_type"] == "LoadImage":
                path = self._image_path(str(graph[one]["inputs"].get("image")))
                if path is not None and path.is_file():
                    return _picture(path)
        return None

    def _preview(self, execution: Execution, node: str, share: float) -> bytes:
        size = size_for(execution.job.graph, node)
        picture = self._start_picture(execution, node)
        return preview_jpeg(picture, size.width, size.height, share, self._seed(execution, node))

    def _produce(self, execution: Execution, node: str) -> Mapping[str, Any] | None:
        """Read what a LoadImage names, or make what an output node saves."""
        graph = execution.job.graph
        if graph[node]["class_type"] == "LoadImage":
            self._start_picture(execution, node)
            return None
        if graph[node]["class_type"] != "SaveVideo":
            return {"images": [], "animated": [False]}
        size = size_for(graph, node)
        prefix = str(graph[node]["inputs"].get("filename_prefix", "video/ComfyUI"))
        path = self._next_file(prefix, ".mp4")
        video = next((one for one in ancestors(graph, node) if graph[one]["class_type"] == "CreateVideo"), node)
        fps = number(graph, graph[video]["inputs"].get("fps"), 16.0)
        picture = self._start_picture(execution, node)
        frames = scene(picture, size.width, size.height, size.length, self._seed(execution, node))
        comment = f"{MARK} by the Wan 2.2 control panel's demo, scenario {self.scenario.name}"
        try:
            write_video(path, frames, (size.width, size.height), fps, comment, execution.check_interrupt)
        except OSError as error:
            raise FailedNodeError(type(error).__name__, str(error)) from error
        subfolder = path.parent.relative_to(self.folders.output).as_posix()
        file = {"filename": path.name, "subfolder": "" if subfolder == "." else subfolder, "type": "output"}
        return {"images": [file], "animated": [True]}

    def _next_file(self, prefix: str, ending: str) -> Path:
        """The next free name, counted as ComfyUI counts, with the mark in it."""
        parts = [part for part in PurePosixPath(prefix.replace("\\", "/")).parts if part not in ("..", "/")]
        *folders, stem = parts or ["ComfyUI"]
        folder = self.folders.output.joinpath(*folders)
        folder.mkdir(parents=True, exist_ok=True)
        start = f"{stem}_{MARK}"
        names = [path.name for path in folder.iterdir() if path.name.startswith(start)]
        count = max((int(match[1]) for name in names if (match := _COUNTED.search(name))), default=0)
        while True:
            count += 1
            path = folder / f"{start}_{count:05d}_{ending}"
            try:
                path.touch(exist_ok=False)  # another look-alike may write here at the same time
            except FileExistsError:
                continue
            return path

    def _seed(self, execution: Execution, node: str) -> int:
        graph = execution.job.graph
        seeds = [graph[one]["inputs"].get("noise_seed") for one in ancestors(graph, node)]
        return next((int(seed) for seed in seeds if isinstance(seed, int)), 0)

    def _die(self, kind: FaultKind) -> None:
        if kind == "hang":
            self.gpu.set_load(Load(memory_bytes=self.gpu.load.memory_bytes, has_context=True))
            self._stopping.wait()
            raise WorkerHaltError
        if kind == "worker_death":
            raise WorkerDeathError
        self.log.raw("")
        os._exit(-1073741819 if os.name == "nt" else 139)


def _picture(path: Path) -> Image.Image:
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except UnidentifiedImageError as error:
        raise FailedNodeError("PIL.UnidentifiedImageError", f"cannot identify image file '{path}'") from error
    except OSError as error:
        raise FailedNodeError("OSError", str(error)) from error


def _resting() -> Load:
    """A server that holds the GPU and does nothing with it."""
    return Load(memory_bytes=0.6 * 2**30, has_context=True)
