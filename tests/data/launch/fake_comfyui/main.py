"""A stand-in for ComfyUI's main.py: flags by argparse, log lines on stderr, /system_stats with its own argv.

FAKE_COMFYUI says how it behaves: "" is well, "no-torch", "no-sage", "port-lost", "segfault", "deaf" (runs, never
listens), "slow" (listens after half a second), "other-argv" (tells arguments that it was not given). Asked for /die it
dies, asked for /talk it says more than a pipe takes before it answers.
"""

import argparse
import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

parser = argparse.ArgumentParser()
parser.add_argument("--listen", nargs="?", const="0.0.0.0", default="127.0.0.1", metavar="IP", help="where to listen")
parser.add_argument("--port", type=int, default=8188, help="which port")
parser.add_argument("--disable-auto-launch", action="store_true", help="no browser")
parser.add_argument("--output-directory", help="where results go")
attention = parser.add_mutually_exclusive_group()
attention.add_argument("--use-pytorch-cross-attention", action="store_true", help="one way")
attention.add_argument("--use-sage-attention", action="store_true", help="another way")
parser.add_argument("--fast", nargs="*", help="any of several things")
parser.add_argument("--cpu", action="store_true", help="no GPU")
args = parser.parse_args()
MOOD = os.environ.get("FAKE_COMFYUI", "")


def say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def log(text: str) -> None:
    say(f"\033[32m[INFO]\033[0m {text}\n")


def show_bar() -> None:
    for percent in range(0, 101, 2):
        say(f"\r{percent:3d}%|##########| {percent}/100 [00:01<00:00, 99.9it/s]")
    say("\n")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/die":
            log("got prompt")
            say("CUDA error: an illegal memory access was encountered\n")
            os._exit(3)
        if self.path == "/talk":
            for number in range(3000):
                log(f"word {number} " + "x" * 40)
        argv = ["somewhere/main.py", "--cpu"] if MOOD == "other-argv" else sys.argv
        body = json.dumps(
            {
                "system": {"os": sys.platform, "comfyui_version": "0.25.1", "argv": argv},
                "devices": [{"name": "cpu", "type": "cpu", "vram_total": 1024}],
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_values: object) -> None:
        pass


def begin() -> None:
    log("Total VRAM 24106 MB, total RAM 24106 MB")
    log("pytorch version: 2.13.0+cpu")
    log("Set vram state to: DISABLED")
    log("Device: cpu")
    if MOOD == "no-torch":
        raise ModuleNotFoundError("No module named 'torch'")
    if MOOD == "no-sage":
        log("\n\nTo use the `--use-sage-attention` feature, the `sageattention` package must be installed first.")
        sys.exit(-1)
    if MOOD == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    log("Using pytorch attention")
    log("ComfyUI version: 0.25.1")
    log("\nImport times for custom nodes:")
    log("   0.0 seconds: custom_nodes/websocket_image_save.py")
    log("   1.5 seconds (IMPORT FAILED): custom_nodes/Ünfug pack")
    log("")
    log("Context impl SQLiteImpl.")


begin()
if MOOD == "deaf":
    time.sleep(60)
if MOOD == "slow":
    time.sleep(0.5)
if MOOD == "port-lost":
    log(f"Port {args.port} is already in use on address {args.listen}. Please close the other application.")
    sys.exit(1)
log("Starting server\n")
try:
    with HTTPServer((args.listen, args.port), Handler) as server:
        log(f"To see the GUI go to: http://{args.listen}:{args.port}")
        show_bar()
        server.serve_forever()
except KeyboardInterrupt:
    log("\nStopped server")
