# SPDX-License-Identifier: Apache-2.0
"""Starts `opal up` on free ports, reads what it says, gives commands beside it, and stops it as an
operator would."""
import fcntl
import json
import random
import re
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

# A debug build makes its keys and certificates slowly.
READY_SECONDS_MAX = 120
STOP_SECONDS_MAX = 30
COMMAND_SECONDS_MAX = 60
# The sites of `opal up --port P`, as ports after P; the payment server listens on more.
SITES = {"card": 0, "shop": 1, "payments": 2, "bank": 3, "airline": 4, "telemetry": 8,
         "console": 9}
PORTS_IN_A_ROW = 24


# Held until this test ends, so that no other one takes these ports before they are listened on.
_taken = []


def free_port() -> int:
    """The first of a row of ports that nobody listens on now, and that no other test has chosen."""
    for first in random.sample(range(18080, 32000, 64), 200):
        mark = Path(tempfile.gettempdir(), f"opal-test-ports-{first}").open("a")
        sockets = []
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for port in range(first, first + PORTS_IN_A_ROW):
                one = socket.socket()
                sockets.append(one)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind(("127.0.0.1", port))
            _taken.append(mark)
            return first
        except OSError:
            mark.close()
            continue
        finally:
            for one in sockets:
                one.close()
    raise RuntimeError("no free ports")


def read_secret(file: Path) -> str:
    """A password that `opal` wrote down, in a file that only its user may read."""
    mode = file.stat().st_mode & 0o777
    if mode != 0o600:
        raise AssertionError(f"{file.name} has the mode {mode:o} and not 600")
    return file.read_text().strip()


class Opal:
    """All parties in one process. `sites` holds the address of each site by its name."""

    def __init__(self, program: Path, data: Path, *options: str):
        self.program = program
        self.data = data
        self.lines: list[str] = []
        port = free_port()
        self.sites = {name: f"http://localhost:{port + after}" for name, after in SITES.items()}
        self._command = [program, "up", "--data", data, "--port", str(port), *options]
        self.start()

    def start(self):
        """Also after it was stopped: with the same data and the same addresses."""
        self._ready = threading.Event()
        self._is_ready = False
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip())
            if re.search(r"\bready\b", line, re.IGNORECASE):
                self._is_ready = True
                self._ready.set()
        self._ready.set()

    def wait_until_ready(self):
        self._ready.wait(READY_SECONDS_MAX)
        if not self._is_ready or self._process.poll() is not None:
            raise RuntimeError("opal up did not become ready")

    def secret(self, name: str) -> str:
        return read_secret(self.data / name)

    def runs(self, *arguments: str, within: float = COMMAND_SECONDS_MAX) -> str:
        """A command beside the running servers, and what it said. `within`: seconds."""
        done = subprocess.run(
            [self.program, *arguments, "--data", self.data], capture_output=True, text=True,
            timeout=within)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def tells(self, *arguments: str, within: float = COMMAND_SECONDS_MAX):
        """The answer of a command, for programs."""
        return json.loads(self.runs(*arguments, "--json", within=within))

    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> int:
        """- Returns: the exit status; below zero when it had to be killed."""
        if self.is_running():
            self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._reader.join(5)
        return status
