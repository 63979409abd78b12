"""A stand-in for ComfyUI's main.py that knows its flags, says them with --help, and starts nothing."""

import argparse
import json
from pathlib import Path

KINDS = {"int": int, "float": float, "str": str}


def reader() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="main.py")
    groups: dict[int, argparse._MutuallyExclusiveGroup] = {}
    for row in json.loads(Path(__file__).with_name("flags.json").read_text(encoding="utf-8")):
        number = row["group"]
        if number is not None and number not in groups:
            groups[number] = made.add_mutually_exclusive_group()
        place = made if number is None else groups[number]
        if row["kind"] == "flag":
            place.add_argument(*row["names"], action="store_true", help=row["help"])
            continue
        place.add_argument(
            *row["names"],
            action="append" if row["kind"] == "append" else "store",
            nargs=row["nargs"],
            type=KINDS[row["type"]],
            choices=row["choices"],
            metavar=row["metavar"],
            help=row["help"],
        )
    return made


if __name__ == "__main__":
    reader().parse_args()
