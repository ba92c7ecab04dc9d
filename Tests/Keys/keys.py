#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rolls keys over while `opal up` sells. An issuer's: a new version is made by two persons, used for
new cards, the old one pays on, is retired, and is refused then. And the key that batches are signed
with, beside batches that were signed before. Ends with 1 if anything was not as it should be.

    keys.py --opal .build/debug/opal
"""
import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "Browser"))
from opal_process import Opal  # noqa: E402

ISSUER = "990001"
ARTICLE = "comma"
USER = "demo"
COMMAND_SECONDS_MAX = 120
# Servers look for new keys every five seconds.
FOLLOW_SECONDS = 8
# A batch is closed, sent over the concentration point, and a refund credited.
ROUNDS_SECONDS = 60


class Walk:
    def __init__(self, opal: Opal, folder: Path):
        self.opal = opal
        self.folder = folder
        self.problems: list[str] = []
        wrong = folder / "wrong-password"
        wrong.write_text("not this one\n")
        self.wrong = wrong
        self.persons = self._persons("second", folder / "second-password")

    def check(self, name: str, is_right: bool, why: object = ""):
        print(f"{'ok     ' if is_right else 'FAILED '} {name}", flush=True)
        if not is_right:
            self.problems.append(f"{name}: {why}")
            print(f"        {why}", flush=True)

    def command(self, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.opal.program, *map(str, arguments), "--data", self.opal.data],
            capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX)

    def _persons(self, second: str, password: Path) -> list:
        return ["--operator", "operator", "--operator-password-file",
                self.opal.data / "console-password",
                "--second", second, "--second-password-file", password]

    def key(self, what: str, *arguments: object) -> subprocess.CompletedProcess:
        return self.command("issuer", "key", what, ISSUER, *arguments, *self.persons)

    def versions(self) -> dict[int, dict]:
        done = self.command("issuer", "key", "list", ISSUER, "--json")
        return {line["version"]: line for line in json.loads(done.stdout)}

    def pay(self) -> subprocess.CompletedProcess:
        address = f"{self.opal.sites['shop']}/articles/{ARTICLE}"
        return subprocess.run(
            [self.opal.program, "pay", address, "--user", USER, "--password-file",
             self.opal.data / "demo-password", "--output", self.folder],
            capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX)

    def cards(self) -> list[dict]:
        return json.loads(self.command("card", "list", "--whole", "--json").stdout)

    def run(self):
        done = self.command("operator", "add", "second", "--role", "everything",
                            "--password-file", self.folder / "second-password")
        assert done.returncode == 0, done.stderr
        done = self.command("operator", "add", "onlooker", "--role", "auditor",
                            "--password-file", self.folder / "onlooker-password")
        assert done.returncode == 0, done.stderr
        self._two_persons()
        self._overlap()
        self._renew()
        self._not_everywhere()
        self._stolen()
        self._batch_key()
        audit = self.command("audit")
        self.check("the audit finds nothing", audit.returncode == 0, audit.stdout[-2000:])

    def _two_persons(self):
        right = self.persons
        for name, persons in {
            "one person alone": self._persons(
                "operator", self.opal.data / "console-password"),
            "a wrong password": self._persons("second", self.wrong),
            "an auditor": self._persons("onlooker", self.folder / "onlooker-password"),
        }.items():
            self.persons = persons
            done = self.key("add")
            self.check(f"{name} makes no keys",
                       done.returncode != 0 and list(self.versions()) == [1], done)
        self.persons = right

    def _overlap(self):
        done = self.key("use", 2)
        self.check("a version that is not there is not used", done.returncode != 0, done)
        stop, failed = threading.Event(), []

        def sell():
            while not stop.is_set():
                done = self.pay()
                if done.returncode:
                    failed.append(done.stdout + done.stderr)

        seller = threading.Thread(target=sell)
        seller.start()
        done = self.key("add")
        self.check("two persons make the next version", done.returncode == 0, done)
        time.sleep(FOLLOW_SECONDS)
        done = self.key("use", 2)
        self.check("and have new cards made with it", done.returncode == 0, done)
        stop.set()
        seller.join()
        self.check("sales went on meanwhile", not failed, failed[:1])
        self.check("a card of the old version pays on", self.pay().returncode == 0)
        done = self.key("retire", 2)
        self.check("the version in use is not retired", done.returncode != 0, done)
        done = self.key("retire", 1)
        self.check("nor one that live cards have",
                   done.returncode != 0 and "live cards" in done.stderr, done)

    def _renew(self):
        for card in self.cards():
            done = self.command("card", "renew", card["card"])
            assert done.returncode == 0, done.stderr
        found = self.versions()
        self.check("renewed cards have the new version, and none hangs on the old one",
                   found[1]["live"] == 0 and found[2]["live"] == found[1]["cards"], found)
        done = self.pay()
        self.check("a card of the new version pays", done.returncode == 0, done)
        done = self.key("retire", 1, "--at-once")
        self.check("then the old one is retired",
                   done.returncode == 0 and self.versions()[1]["state"] == "ended", done)

    def _not_everywhere(self):
        assert self.key("add").returncode == 0
        database = self.opal.data / "payment-server" / "payment-server.sqlite"
        connection = sqlite3.connect(database, timeout=30)
        with connection:
            count = connection.execute(
                "DELETE FROM issuer_key WHERE substr(key, -1) = x'03'").rowcount
        connection.close()
        assert count == 1, count
        done = self.key("use", 3)
        self.check("a version that the payment server lacks is not used",
                   done.returncode != 0 and "payment server" in done.stderr, done)
        assert self.command("issuer", "share", ISSUER).returncode == 0
        done = self.key("use", 3)
        self.check("once it is shared, it is", done.returncode == 0, done)

    def _stolen(self):
        done = self.key("retire", 2, "--at-once", "--despite-cards")
        self.check("stolen keys are retired though live cards have them",
                   done.returncode == 0, done)
        time.sleep(FOLLOW_SECONDS)
        before = {card["card"]: card["balance"] for card in self.cards()}
        done = self.pay()
        self.check("their cards are refused, and told why",
                   done.returncode == 2 and "has to be renewed" in done.stdout + done.stderr, done)
        self.check("and nothing is debited",
                   {card["card"]: card["balance"] for card in self.cards()} == before, before)
        for card in self.cards():
            self.command("card", "renew", card["card"])
        time.sleep(FOLLOW_SECONDS)
        done = self.pay()
        self.check("a renewed card pays", done.returncode == 0, done)


    def _batch_keys(self) -> dict[int, dict]:
        done = self.command("batch", "key", "list", "--json")
        return {line["version"]: line for line in json.loads(done.stdout)}

    def _batch_key(self):
        def change(what: str, *arguments: object) -> subprocess.CompletedProcess:
            return self.command("batch", "key", what, *arguments, *self.persons)

        sale = self._sale()
        self._collect("a batch is taken")
        before = self._batch_keys()
        self.check("it is signed with the first key",
                   list(before) == [0] and before[0]["state"] == "in-use"
                   and before[0]["waiting"] == 0, before)
        done = change("retire", 0)
        self.check("which is not retired while it is the only one", done.returncode != 0, done)
        done = change("add")
        self.check("two persons make the next batch key", done.returncode == 0, done)
        done = change("retire", 0)
        self.check("and the first one is not retired before a batch is signed with it",
                   done.returncode != 0 and "No batch is signed" in done.stderr, done)
        time.sleep(FOLLOW_SECONDS)
        assert self.pay().returncode == 0
        self._collect("a batch that is signed with it is taken")
        keys = self._batch_keys()
        self.check("the security cards sign with it, and nothing new with the first",
                   keys[1]["batches"] > 0 and keys[0]["batches"] == before[0]["batches"]
                   and keys[0]["state"] == "accepted", keys)
        done = change("retire", 0)
        self.check("then the first one is retired",
                   done.returncode == 0 and self._batch_keys()[0]["state"] == "retired", done)
        time.sleep(FOLLOW_SECONDS)
        assert self.pay().returncode == 0
        self._collect("batches are taken as before")
        done = self.command("merchant", "refund", sale)
        self.check("a refund of a sale from before is asked for", done.returncode == 0, done)
        self._wait("and is on the card", lambda: [
            line["outcome"] for line in json.loads(
                self.command("merchant", "refunds", sale, "--json").stdout)] == ["on the card"])
        done = change("accept", 0)
        self.check("the retired one is taken again for a late batch",
                   done.returncode == 0 and self._batch_keys()[0]["state"] == "accepted", done)
        assert change("add").returncode == 0
        done = change("retire", 1, "--despite-batches")
        self.check("a stolen one is retired at once",
                   done.returncode == 0 and self._batch_keys()[1]["state"] == "retired", done)

    def _sale(self) -> str:
        """- Returns: the transaction of a purchase."""
        address = f"{self.opal.sites['shop']}/articles/{ARTICLE}"
        done = subprocess.run(
            [self.opal.program, "pay", address, "--user", USER, "--password-file",
             self.opal.data / "demo-password", "--output", self.folder, "--json"],
            capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX)
        assert done.returncode == 0, done
        return json.loads(done.stdout)["transaction"]

    def _collect(self, name: str):
        done = self.command("batch", "close")
        assert done.returncode == 0, done
        self._wait(name, lambda: json.loads(
            self.command("batch", "list", "--pending", "--json").stdout) == [])

    def _wait(self, name: str, is_so):
        deadline = time.monotonic() + ROUNDS_SECONDS
        while not (ended := is_so()) and time.monotonic() < deadline:
            time.sleep(1)
        self.check(name, ended, "not in time")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opal", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="opal-keys-") as name:
        folder = Path(name)
        opal = Opal(arguments.opal.resolve(), folder / "data")
        try:
            opal.wait_until_ready()
            walk = Walk(opal, folder)
            walk.run()
        except Exception as error:
            print(f"FAILED  {type(error).__name__}: {error}", file=sys.stderr)
            print("\n".join(opal.lines), file=sys.stderr)
            return 1
        finally:
            opal.stop()
    return 1 if walk.problems else 0


if __name__ == "__main__":
    sys.exit(main())
