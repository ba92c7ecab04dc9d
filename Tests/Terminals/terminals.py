#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Terminals on other hosts, as processes: payment server without terminals of its own, a
concentrator, two hosts of terminals, a concentration point. People buy while these are killed and
started again; at the end nothing is open, each sale is in a batch at the concentration point, and
`opal audit` is clean, the hosts' data included."""
import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / name) for name in ("Crash", "Browser")]
from opal_process import free_port  # noqa: E402
from roles import OPAL_SERVER_PORT, Role  # noqa: E402

HOSTS = ("terminal-a", "terminal-b")
# Ports after the first one.
CARD_PORT, SHOP_PORT, LINK_PORT, CONCENTRATOR_PORT, HOST_PORT = 0, 1, 10, 20, 21
CONCENTRATION_PORT = 18
ARTICLE = "comma"
PAID, REFUSED, PENDING, PAID_BEFORE = 0, 2, 3, 5
SETTLE_SECONDS_MAX = 120


class Scheme:
    def __init__(self, program: Path, folder: Path, first_port: int, comparison: str):
        self.program = program
        self.data = folder / "data"
        self.hosts = {name: folder / name for name in HOSTS}
        self.shop = f"https://localhost:{first_port + SHOP_PORT}"
        self._port = first_port
        self._folder = folder
        self._run("found", "--users", "4", "--comparison", comparison, "--data", self.data)
        for name, data in self.hosts.items():
            self._run("terminal", "create", name, "--to", data, "--cards", "2",
                      "--data", self.data)
        self._run("ca", "issue", "concentrator", "--data", self.data)
        addresses = ", ".join(
            f"{name}=127.0.0.1:{self._host_port(name)}" for name in HOSTS)
        card = f"https://localhost:{first_port + CARD_PORT}"
        main = self._configuration("main", {
            "data": str(self.data), "terminals": 0,
            "cardholder": {"port": first_port + CARD_PORT, "origin": card},
            "shop": {"port": first_port + SHOP_PORT, "origin": self.shop},
            "paymentServer": {"port": first_port + LINK_PORT},
            "opalServer": {"port": first_port + OPAL_SERVER_PORT},
            "concentrator": {"host": "127.0.0.1", "port": first_port + CONCENTRATOR_PORT},
            # Each round closes what was counted, so that there are many batches.
            "batches": {"count": 1},
            "concentration": {
                "host": "127.0.0.1", "port": first_port + CONCENTRATION_PORT}})
        routing = self._configuration("routing", {
            "data": str(self.data), "remoteTerminals": addresses,
            "concentrator": {"host": "127.0.0.1", "port": first_port + CONCENTRATOR_PORT}})
        self.terminals = [
            Role(program, "terminal", self._configuration(name, {
                "data": str(data), "terminal": {"port": self._host_port(name)}}))
            for name, data in self.hosts.items()]
        self.roles = self.terminals + [
            Role(program, "concentrator", routing), Role(program, "payment-server", main),
            Role(program, "concentration", main), Role(program, "opal-server", main),
            Role(program, "shop", main)]
        # The hosts, the concentrator, the payment server and the concentration point, which all
        # must find together again.
        self.victims = self.roles[:len(HOSTS) + 3]

    def _host_port(self, name: str) -> int:
        return self._port + HOST_PORT + HOSTS.index(name)

    def _configuration(self, name: str, settings: dict) -> Path:
        folder = self._folder / f"{name}-settings"
        folder.mkdir(exist_ok=True)
        file = folder / "opal.json"
        file.write_text(json.dumps(settings))
        return file

    def _run(self, *arguments):
        subprocess.run([self.program, *arguments], check=True, stdout=subprocess.DEVNULL)

    def start(self, roles=None):
        for role in roles or self.roles:
            role.start()
        for role in roles or self.roles:
            role.wait_until_ready()

    def pay(self, user: str, address: str | None = None) -> tuple[int, dict]:
        password = self.data / "demo-password"
        done = subprocess.run(
            [self.program, "pay", address or f"{self.shop}/articles/{ARTICLE}", "--user", user,
             "--password-file", password, "--ca", self.data / "ca" / "ca.pem", "--json",
             "--output", self._folder / "goods"],
            capture_output=True, text=True, timeout=90)
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            return done.returncode, {"error": done.stderr.strip()}

    def batches(self, *arguments: str) -> list | dict:
        done = subprocess.run(
            [self.program, "batch", *arguments, "--json", "--data", self.data],
            capture_output=True, text=True)
        return json.loads(done.stdout)

    def gathered(self) -> int:
        """- Returns: how many batches are at the concentration point, whole."""
        file = self.data / "concentration" / "concentration.sqlite"
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            # While its sales come in, a batch has fewer parts; few sales are one part.
            return connection.execute("SELECT count(*) FROM part").fetchone()[0]
        finally:
            connection.close()

    def audit(self) -> tuple[int, dict]:
        hosts = [part for data in self.hosts.values() for part in ("--terminal", data)]
        done = subprocess.run(
            [self.program, "audit", "--json", "--data", self.data, *hosts],
            capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout)

    def stop(self):
        for role in reversed(self.roles):
            role.stop()


def expect(condition: bool, text: str):
    if not condition:
        raise AssertionError(text)


def wait_for_sale(scheme: Scheme, user: str):
    """Buys as soon as a terminal is there again."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        code, answer = scheme.pay(user)
        if code == PAID:
            return
        expect(code == REFUSED, f"refused or paid, and nothing else: {code} {answer}")
        time.sleep(0.5)
    raise AssertionError("no terminal came back")


def kill_under_load(scheme: Scheme, kills: int, seed: int) -> tuple[int, list]:
    """- Returns: how often people were told that they have paid, and who has to come back."""
    choice = random.Random(seed)
    is_over = threading.Event()
    sold, pending, unexpected = [], [], []

    def buy(user: str):
        while not is_over.is_set():
            code, answer = scheme.pay(user)
            if code == PAID:
                sold.append(user)
            elif code == PENDING:
                pending.append((user, answer["order"]))
            elif code != REFUSED:
                unexpected.append((code, answer))

    people = [threading.Thread(target=buy, args=(f"user{number}",)) for number in (1, 2, 3)]
    for person in people:
        person.start()
    for _ in range(kills):
        time.sleep(choice.uniform(0.1, 0.8))
        victim = choice.choice(scheme.victims)
        victim.kill()
        time.sleep(choice.uniform(0.0, 0.5))
        scheme.start([victim])
    is_over.set()
    for person in people:
        person.join()
    expect(not unexpected, f"{unexpected}")
    return len(sold), pending


def settle(scheme: Scheme) -> dict:
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while True:
        code, report = scheme.audit()
        expect(code == 0, f"{report.get('findings')}")
        if report["pending"] == 0 or time.monotonic() > deadline:
            return report
        time.sleep(1)


def gather(scheme: Scheme, sold: int):
    """Each sale is in a batch, once, and all batches come to the concentration point."""
    states = {batch["state"] for batch in scheme.batches("list")}
    expect("waiting" in states, f"batches close by count: {states}")
    closed = scheme.batches("close", "--wait", "60")
    expect(closed["open"] == 0, f"all security cards close their batches: {closed}")
    batches = scheme.batches("list")
    counted = sum(batch["sales"] for batch in batches)
    expect(counted == sold, f"{sold} sales, {counted} in batches")
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while scheme.gathered() < len(batches):
        expect(time.monotonic() < deadline, "batches do not come to the concentration point")
        time.sleep(1)


def run(options, folder: Path):
    scheme = Scheme(options.opal.resolve(), folder, free_port(), options.comparison)
    try:
        scheme.start()
        wait_for_sale(scheme, "user1")
        scheme.terminals[0].kill()
        code, answer = scheme.pay("user2")
        expect(code == PAID, f"the other host serves: {code} {answer}")
        scheme.terminals[1].kill()
        code, answer = scheme.pay("user3")
        expect(code == REFUSED, f"nothing is taken where all are away: {code} {answer}")
        scheme.start(scheme.terminals)
        wait_for_sale(scheme, "user3")
        sold, pending = kill_under_load(scheme, options.kills, options.seed)
        wait_for_sale(scheme, "user4")
        report = settle(scheme)
        expect(report["pending"] == 0, "something stays pending")
        for user, order in pending:
            code, answer = scheme.pay(user, order)
            expect(code in (PAID, REFUSED, PAID_BEFORE), f"it has an outcome: {code} {answer}")
        report = settle(scheme)
        expect(report["sold"] == report["delivered"], "what is sold is delivered")
        expect(report["sold"] >= sold + 4, "who was told paid has paid")
        gather(scheme, report["sold"])
    finally:
        scheme.stop()
    code, report = scheme.audit()
    expect(code == 0, f"{report.get('findings')}")
    print(f"{options.kills} kills, {report['sales']} sales, {report['sold']} sold and delivered, "
          f"{report['batches']} batches, nothing pending, audit clean")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opal", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--comparison", default="security-card")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="opal-terminals-") as folder:
        run(options, Path(folder))


if __name__ == "__main__":
    main()
