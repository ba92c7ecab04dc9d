# SPDX-License-Identifier: Apache-2.0
"""The parties as processes of their own over mutual TLS, and who kills them."""
import json
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30
# In the order in which the others wait for them; a folder of the data has the same name.
ROLES = ("payment-server", "opal-server", "shop")
LOAD_ROLES = ("network", "gateway", "load-server", "payment-server", "opal-server", "bank", "shop")
# How often each is killed, compared with the others: the more states a party leaves behind.
WEIGHTS = {"opal-server": 3, "payment-server": 2, "load-server": 2, "gateway": 2, "bank": 2}
# The tables that hold what can be open, by role.
TABLES = {
    "payment-server": ("sale",), "opal-server": ("draw", "load", "account_load"),
    "shop": ("order",), "load-server": ("authorization",), "bank": ("hold",),
    "gateway": ("authorization",), "network": ("network_hold",),
}
TRANSACTION_BYTES = 16
# Ports after the first one.
CARD_PORT, SHOP_PORT, BANK_PORT = 0, 1, 3
LINK_PORT, LOAD_PORT, GATEWAY_PORT, NETWORK_PORT, OPAL_SERVER_PORT = 10, 13, 14, 15, 16
KILL_PAUSE_SECONDS = (0.05, 1.0)
RESTART_SECONDS_MAX = 2.0
# The last kills of a long run: not of the shop, and each role is back at once. They end before the
# OPAL server asks about debits by itself (20 s).
CLOSING_KILLS = 30
CLOSING_ROLES = ("payment-server", "opal-server")
# How often one kill takes two roles at once, and how often a role is back at once.
TWO_AT_ONCE, AT_ONCE = 0.2, 0.5


class Role:
    """One process of `opal serve`, started as often as it is killed."""

    def __init__(self, program: Path, name: str, configuration: Path, *others: str):
        """`others`: roles that run in the same process."""
        self.name = name
        self.kills = 0
        self.log = configuration.with_name(f"{name}.log")
        self.log.touch()
        self._command = [program, "serve", name, *others, "--config", configuration]
        self._process: subprocess.Popen | None = None
        self._begin = 0

    def start(self):
        self._begin = self.log.stat().st_size
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.has_ended():
                break
            if b": ready" in self.log.read_bytes()[self._begin:]:
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} did not become ready")

    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def check(self):
        if self.has_ended():
            raise RuntimeError(f"{self.name} ended by itself ({self._process.returncode})")

    def kill(self):
        self.check()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.kills += 1

    def stop(self) -> int:
        """- Returns: the exit status; below zero when it had to be killed."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class Scheme:
    def __init__(self, program: Path, folder: Path, first_port: int, has_loads: bool):
        self.program = program
        self.data = folder / "data"
        self.card = f"https://localhost:{first_port + CARD_PORT}"
        self.shop = f"https://localhost:{first_port + SHOP_PORT}"
        self.bank = f"https://localhost:{first_port + BANK_PORT}"
        settings = {
            "data": str(self.data),
            # So that the many orders of one machine are not throttled.
            "behindProxy": True,
            "cardholder": {"port": first_port + CARD_PORT, "origin": self.card},
            "shop": {"port": first_port + SHOP_PORT, "origin": self.shop},
            "paymentServer": {"port": first_port + LINK_PORT},
            "opalServer": {"port": first_port + OPAL_SERVER_PORT},
        }
        if has_loads:
            settings |= {
                "bank": {"port": first_port + BANK_PORT, "origin": self.bank},
                "loadServer": {"port": first_port + LOAD_PORT},
                "gateway": {"host": "127.0.0.1", "port": first_port + GATEWAY_PORT},
                "network": {"port": first_port + NETWORK_PORT},
            }
        configuration = folder / "opal.json"
        configuration.write_text(json.dumps(settings))
        self.roles = [
            Role(program, name, configuration) for name in (LOAD_ROLES if has_loads else ROLES)]

    def found(self, users: int, value: int, funds: int, comparison: str):
        subprocess.run(
            [self.program, "found", "--users", str(users), "--value", str(value),
             "--funds", str(funds), "--comparison", comparison, "--data", self.data],
            check=True, stdout=subprocess.DEVNULL)

    def start(self):
        for role in self.roles:
            if role.has_ended():
                role.start()
        for role in self.roles:
            role.wait_until_ready()

    def role(self, name: str) -> Role:
        return next(role for role in self.roles if role.name == name)

    def stop(self) -> dict[str, int]:
        # Shop and bank first: they ask the others.
        return {role.name: role.stop() for role in reversed(self.roles)}

    def audit(self) -> tuple[int, dict]:
        ended = subprocess.run(
            [self.program, "audit", "--json", "--data", self.data], capture_output=True, text=True)
        try:
            return ended.returncode, json.loads(ended.stdout)
        except json.JSONDecodeError:
            return ended.returncode, {"findings": [ended.stderr.strip()]}

    def says(self, *arguments: str) -> list[dict]:
        """What a command prints for programs."""
        ended = subprocess.run(
            [self.program, *arguments, "--json", "--data", self.data],
            check=True, capture_output=True, text=True)
        return json.loads(ended.stdout)

    def keys(self, party: str, table: str = "") -> dict[str, bool]:
        """The transactions that a party knows, and whether each is open: names are not sealed.
        `table`: the party's first one without it."""
        rows = self._rows(party, f'SELECT key, open FROM "{table or TABLES[party][0]}"')
        return {transaction_text(key[:TRANSACTION_BYTES]): open == 1 for key, open in rows}

    def open_counts(self) -> dict[str, int]:
        """How much is open at each party, by kind."""
        return {
            f"{table} at the {role.name}": self._rows(
                role.name, f'SELECT count(*) FROM "{table}" WHERE open = 1')[0][0]
            for role in self.roles for table in TABLES[role.name]}

    def _rows(self, party: str, query: str) -> list[tuple]:
        file = self.data / party / f"{party}.sqlite"
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def log_lines(self, *words: str) -> Counter:
        """How often each kind of line that holds one of these words stands in the logs."""
        found = Counter()
        for role in self.roles:
            for line in role.log.read_text(errors="replace").splitlines():
                if any(word in line for word in words):
                    found[f"{role.name}: {line}"] += 1
        return found


def transaction_text(key: bytes) -> str:
    text = key.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class Killer(threading.Thread):
    """Kills roles at random moments, also while they start, and brings each of them back."""

    def __init__(self, roles: list[Role], kills: int, seed: str, closing: threading.Event | None):
        """`closing`: set for the last kills, or None for a run without them."""
        super().__init__(daemon=True)
        self.problem = ""
        self._roles = roles
        self._left = kills
        self._closing = closing
        self._random = random.Random(seed)
        # When each role that is away comes back.
        self._back: dict[Role, float] = {}

    def run(self):
        try:
            while self._left > 0:
                self._rest(time.monotonic() + self._random.uniform(*KILL_PAUSE_SECONDS))
                self._kill()
            self._rest(time.monotonic() + RESTART_SECONDS_MAX)
            for role in self._roles:
                role.check()
        except Exception as error:
            self.problem = f"{type(error).__name__}: {error}"

    def _kill(self):
        if self._closing and self._left <= CLOSING_KILLS and not self._closing.is_set():
            self._roles = [role for role in self._roles if role.name in CLOSING_ROLES]
            self._closing.set()
        is_closing = self._closing is not None and self._closing.is_set()
        count = 2 if self._random.random() < TWO_AT_ONCE else 1
        # Drawn by weight: https://doi.org/10.1016/j.ipl.2005.11.003
        chosen = sorted(
            self._roles, reverse=True,
            key=lambda role: self._random.random() ** (1 / WEIGHTS.get(role.name, 1)))
        for role in [role for role in chosen if role not in self._back][:min(count, self._left)]:
            role.kill()
            self._left -= 1
            at_once = self._random.random() < AT_ONCE or is_closing
            pause = 0 if at_once else self._random.uniform(0, RESTART_SECONDS_MAX)
            self._back[role] = time.monotonic() + pause

    def _rest(self, end: float):
        while (now := time.monotonic()) < end:
            for role in [role for role, due in self._back.items() if due <= now]:
                del self._back[role]
                role.start()
            time.sleep(min(0.01, end - now))
