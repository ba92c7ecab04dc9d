# SPDX-License-Identifier: Apache-2.0
"""The PC/SC system of this machine, for one test at a time."""
import contextlib
import fcntl
import os
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAMS = ("/usr/sbin/pcscd", "/usr/bin/opensc-tool", "/usr/bin/scriptor")
DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
# Where libpcsclite meets pcscd.
SOCKET = "/run/pcscd/pcscd.comm"
# vpcd's slots: port and the end of the reader's name.
SLOTS = ((35963, "00"), (35964, "01"))
START_SECONDS_MAX = 20
STOP_SECONDS_MAX = 10


def missing() -> list[str]:
    """What is not installed."""
    wanted = [Path(program) for program in PROGRAMS] + [DRIVER]
    found = [str(path) for path in wanted if not path.exists()]
    if subprocess.run(["/usr/bin/python3", "-c", "import smartcard"],
                      stderr=subprocess.DEVNULL).returncode != 0:
        found.append("pyscard for /usr/bin/python3")
    return found


@contextlib.contextmanager
def lock():
    """There is one pcscd on a machine: tests wait for each other."""
    path = Path(tempfile.gettempdir()) / "opal-reader-test.lock"
    # Another user's file can be locked, too, and not be opened for writing.
    if not path.exists():
        path.touch(mode=0o644)
    with open(path, encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def wait(what: str, condition, seconds: float = START_SECONDS_MAX):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} after {seconds} s")
        time.sleep(0.1)


def is_running() -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(SOCKET)
            return True
        except OSError:
            return False


@contextlib.contextmanager
def daemon(log: Path):
    """pcscd: the one that runs, or one that is started and stopped again."""
    if is_running():
        yield
        return
    command = [PROGRAMS[0], "--foreground"]
    if os.geteuid() != 0:
        command = ["sudo", "-n", *command]
    with open(log, "wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
    try:
        def is_up() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"pcscd ended with {process.returncode}: {log.read_text()}")
            return is_running() and bool(readers())
        wait("pcscd has no reader", is_up)
        yield
    finally:
        stop(process)


def stop(process: subprocess.Popen):
    if process.poll() is not None:
        return
    if os.geteuid() == 0:
        process.terminate()
    else:
        subprocess.run(["sudo", "-n", "kill", str(process.pid)], check=False)
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def readers() -> dict[str, tuple[int, bool]]:
    """- Returns: by the reader's name its number and whether there is a card in it."""
    listed = subprocess.run(
        ["opensc-tool", "--list-readers"], capture_output=True, text=True).stdout
    found = re.findall(r"^(\d+)\s+(Yes|No)\s.*?(\S.*)$", listed, re.MULTILINE)
    return {name.strip(): (int(number), card == "Yes") for number, card, name in found}


def free_slot() -> tuple[int, str, int]:
    """- Returns: port, reader's name and number of a slot of vpcd without a card."""
    for port, ending in SLOTS:
        for name, (number, has_card) in readers().items():
            if name.startswith("Virtual PCD") and name.endswith(ending) and not has_card:
                return port, name, number
    raise RuntimeError("pcscd runs without a free slot of vpcd; restart it")
