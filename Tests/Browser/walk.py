# SPDX-License-Identifier: Apache-2.0
"""A walk of people at a browser without a window through a fresh `opal up`, step by step: it ends at
the first step that is not as it should be."""
import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Browser, sync_playwright

from opal_process import Opal
from person import Person

CHROMIUM = "/usr/bin/chromium"
# Rounds of the servers take some seconds each.
WAIT_SECONDS_MAX = 60


class Walk(Protocol):
    # What is done, in order.
    steps: list[Callable[[], None]]
    # Where they are is told when a step fails, with a picture of it.
    watched: dict[str, Person]


def wait_until(is_so: Callable[[], bool], within: float = WAIT_SECONDS_MAX):
    """`within`: seconds."""
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(1)


def go(walk: Walk, pictures: Path) -> bool:
    for step in walk.steps:
        name = step.__name__.replace("_", " ")
        try:
            step()
        except Exception as error:  # whatever it is, it ends the walk
            print(f"FAILED  {name}: {type(error).__name__}: {error}", file=sys.stderr)
            for who, person in walk.watched.items():
                print(f"        the {who} was at {person.page.url}", file=sys.stderr)
                person.page.screenshot(path=pictures / f"failure-{who}.png", full_page=True)
            return False
        print(f"ok      {name}", flush=True)
    return True


def options(description: str) -> argparse.ArgumentParser:
    """Those that each walk has."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--opal", type=Path, required=True)
    parser.add_argument("--screenshots", type=Path, default=Path("build/screenshots"))
    return parser


def main(description: str, start: Callable[[Browser, Path, Opal, Path], Walk],
         clears: bool = False) -> int:
    """`clears` removes the pictures of before and counts those of now."""
    return run(options(description).parse_args(), start, clears)


def run(arguments: argparse.Namespace, start: Callable[[Browser, Path, Opal, Path], Walk],
        clears: bool = False, prepare: Callable[[Path, Path], None] | None = None) -> int:
    """`start` begins a walk with a browser, the program, what it runs, and the folder of pictures;
    `prepare` makes a scheme before, with the program and the data folder."""
    pictures, program = arguments.screenshots, arguments.opal.resolve()
    pictures.mkdir(parents=True, exist_ok=True)
    for old in pictures.glob("*.png") if clears else ():
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="opal-walk-") as folder:
        data = Path(folder) / "data"
        if prepare:
            prepare(program, data)
        opal = Opal(program, data)
        good = False
        try:
            opal.wait_until_ready()
            with sync_playwright() as playwright:
                # Chromium refuses its sandbox to root, as tests in containers run.
                options = ["--no-sandbox"] if os.geteuid() == 0 else []
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
                good = go(start(browser, program, opal, pictures), pictures)
                browser.close()
        except Exception as error:
            print(f"FAILED  {type(error).__name__}: {error}", file=sys.stderr)
        finally:
            status = opal.stop()
        if good and status != 0:
            print(f"FAILED  opal ended with {status} when asked to stop", file=sys.stderr)
            good = False
        if not good:
            print("What opal said:", *opal.lines[-60:], sep="\n    ", file=sys.stderr)
    if clears:
        print(f"{len(list(pictures.glob('*.png')))} pictures in {pictures}")
    return 0 if good else 1
