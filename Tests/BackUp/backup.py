#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Backs a scheme up while people buy and load cards, kills its servers, restores each back-up into
an empty folder and expects that `opal audit` finds nothing; has the servers finish what was open
in the last one; then restores an old back-up over newer data and expects that what would be set
back is named, card and amount, and that nothing is touched until it is accepted. Ends with 1 if
anything was not as it should be.

    backup.py --opal .build/debug/opal
"""
import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "Browser"))
sys.path.insert(0, str(TESTS / "Crash"))
from crash import LOADERS, read_articles  # noqa: E402
from hands import Crowd  # noqa: E402
from opal_process import free_port  # noqa: E402
from people import Shopper  # noqa: E402
from roles import Scheme  # noqa: E402

USERS = 8
VALUE, FUNDS = 3000, 5000
SHOPPERS = 8
BACK_UPS = 4
# Between two of them people buy so often, on a busy machine for longer.
SALES = 5
SALES_SECONDS_MAX = 60
# What is open is finished within the pauses of the servers: 20 s and 60 s.
SETTLE_SECONDS_MAX = 120
MORE = re.compile(r"would go back[^:]*: (\d+) of 0978/2 that was spent or moved would be on cards again")
LESS = re.compile(r"and (\d+) of 0978/2 that was loaded would not be")
NOTES = "OPAL_HIGH_WATER"
# Longer than between two notes of a server.
NOTED_SECONDS = 8
KNOWN_ELSEWHERE = re.compile(r"Other parties have (\d+) sales of (\d+) cards .*: (\d+) of 0978/2")


class Walk:
    def __init__(self, scheme: Scheme, folder: Path):
        self.scheme = scheme
        self.folder = folder
        self.problems: list[str] = []
        self.copies: list[Path] = []

    def check(self, name: str, is_right: bool, why: object = ""):
        print(f"{'ok     ' if is_right else 'FAILED '} {name}", flush=True)
        if not is_right:
            self.problems.append(f"{name}: {why}")

    def opal(self, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.scheme.program, *map(str, arguments)], capture_output=True, text=True)

    def run(self):
        self.scheme.found(USERS, VALUE, FUNDS, "security-card")
        # Where servers note how far they have come: the first ones alone.
        os.environ[NOTES] = str(self.folder / "notes")
        self.scheme.start()
        self._back_up_while_people_buy()
        self._refuse_beside_servers()
        # What is sold within the seconds between two notes is not in them.
        time.sleep(NOTED_SECONDS)
        for role in self.scheme.roles:
            role.kill()
        notes = os.environ.pop(NOTES)
        code, report = self.scheme.audit()
        self.check("the audit of what was killed finds nothing", code == 0, report["findings"])
        self._restore_each()
        self._finish_the_last()
        self._refuse_what_is_not_whole()
        self._set_back_all()
        self._set_back_the_cards()
        self._start_what_was_set_back(notes)

    # Backing up

    def _back_up_while_people_buy(self):
        crowd = Crowd(self.scheme, read_articles(), USERS, random.randrange(1 << 32))
        kinds = [Shopper] * SHOPPERS + [kind for kind in LOADERS for _ in range(2)]
        hands = [kind(crowd, number) for number, kind in enumerate(kinds, 1)]
        for one in hands:
            one.start()
        for number in range(BACK_UPS):
            self._wait_for_sales(crowd)
            began = time.monotonic()
            done = self.opal(
                "backup", self.folder / "back-ups", "--json", "--data", self.scheme.data)
            self.check(f"back-up {number + 1} while people buy, {time.monotonic() - began:.1f} s",
                       done.returncode == 0, done.stderr)
            self.copies.append(Path(json.loads(done.stdout)["path"]))
        self._wait_for_sales(crowd)
        crowd.is_over.set()
        for one in hands:
            one.join()
            if one.failure:
                self.problems.append(f"a {type(one).__name__} gave up: {one.failure}")
        self.problems += crowd.problems
        paid = self._paid(crowd)
        self.check(f"people buy meanwhile: {paid} paid", paid >= SALES * (BACK_UPS + 1))
        locked = [line for line in self.scheme.log_lines("locked", "alarm")]
        self.check("no server was kept waiting for too long", not locked, locked[:3])

    def _paid(self, crowd: Crowd) -> int:
        return sum(order.state == "paid" for order in list(crowd.orders))

    def _wait_for_sales(self, crowd: Crowd):
        wanted, deadline = self._paid(crowd) + SALES, time.monotonic() + SALES_SECONDS_MAX
        while self._paid(crowd) < wanted and time.monotonic() < deadline:
            time.sleep(0.1)

    def _refuse_beside_servers(self):
        done = self.opal("restore", self.copies[0], "--replace", "--accept-rollback",
                         "--data", self.scheme.data)
        self.check("nothing is restored beside running servers",
                   done.returncode == 1 and "Another opal server uses" in done.stderr, done.stderr)

    # Restoring

    def _restore_each(self):
        for number, copy in enumerate(self.copies, 1):
            data = self.folder / f"restored-{number}" / "data"
            is_last = number == BACK_UPS
            done = self.opal("restore", copy, "--data", data)
            if not is_last:
                self.check(
                    f"back-up {number} is not restored, because there is a newer one",
                    done.returncode == 1 and str(self.copies[-1]) in done.stdout
                    and MORE.search(done.stdout) is not None, done.stdout + done.stderr)
                done = self.opal("restore", copy, "--accept-rollback", "--data", data)
            self.check(f"back-up {number} is restored into an empty folder",
                       done.returncode == 0, done.stdout + done.stderr)
            audit = self.opal("audit", "--json", "--data", data)
            findings = json.loads(audit.stdout)["findings"] if audit.stdout else audit.stderr
            self.check(f"the audit of back-up {number} finds nothing",
                       audit.returncode == 0 and not findings, findings)

    def _finish_the_last(self):
        """The servers start on what was restored, as after a crash, and finish what was open."""
        folder = self.folder / f"restored-{BACK_UPS}"
        restored = Scheme(self.scheme.program, folder, free_port(), True)
        restored.start()
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        open_counts: dict[str, int] = {}
        while time.monotonic() < deadline:
            open_counts = {
                kind: count for kind, count in restored.open_counts().items()
                # Nobody comes back to these: a hold waits until its time is over.
                if count and not kind.startswith(("order ", "hold ", "network_hold "))}
            if not open_counts:
                break
            time.sleep(1)
        self.check("the servers finish what was open in a back-up", not open_counts, open_counts)
        statuses = restored.stop()
        self.check("and stop", not any(statuses.values()), statuses)
        code, report = restored.audit()
        self.check("after which the audit finds nothing", code == 0, report["findings"])

    def _refuse_what_is_not_whole(self):
        wrong = self.folder / "wrong" / self.copies[0].name
        shutil.copytree(self.copies[0], wrong)
        file = wrong / "payment-server" / "payment-server.sqlite"
        content = bytearray(file.read_bytes())
        content[len(content) // 3] ^= 1
        file.write_bytes(content)
        data = self.folder / "none"
        done = self.opal("restore", wrong, "--data", data)
        self.check("a changed byte is recognised", done.returncode == 1 and
                   "payment-server/payment-server.sqlite is not what was written" in done.stderr,
                   done.stderr)
        self.check("and nothing was restored", not data.exists())
        place = self.folder / "killed"
        process = subprocess.Popen(
            [self.scheme.program, "backup", place, "--data", self.scheme.data],
            stdout=subprocess.DEVNULL)
        while not any(place.glob(".partial-*/*/*.sqlite")) and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        halves = list(place.glob(".partial-*"))
        self.check("a back-up that was killed has no name yet",
                   len(halves) == 1 and not any(place.glob("opal-*")), list(place.iterdir()))
        for half in halves:
            done = self.opal("restore", half, "--data", data)
            self.check("and is recognised as half of one",
                       done.returncode == 1 and "was broken off" in done.stderr, done.stderr)

    # Setting back

    def _balances(self, data: Path) -> dict[str, dict]:
        done = self.opal("card", "list", "--whole", "--json", "--data", data)
        return {card["card"]: card for card in json.loads(done.stdout)}

    def _differences(self, older: dict[str, dict]) -> tuple[int, int]:
        """What would be on cards again, and what would not be, by the lists of the cards."""
        now = self._balances(self.scheme.data)
        more = [older[card]["balance"] - now[card]["balance"] for card in now]
        return (sum(one for one in more if one > 0), -sum(one for one in more if one < 0))

    def _named(self, text: str) -> tuple[int, int]:
        more, less = MORE.search(text), LESS.search(text)
        return (int(more[1]) if more else 0, int(less[1]) if less else 0)

    def _set_back_all(self):
        data, oldest = self.scheme.data, self.copies[0]
        before = self._balances(data)
        done = self.opal("restore", oldest, "--data", data)
        self.check("a folder that holds data is not overwritten",
                   done.returncode == 1 and "Nothing was touched" in done.stderr, done.stderr)
        done = self.opal("restore", oldest, "--replace", "--data", data)
        expected = self._differences(self._balances(self.folder / "restored-1" / "data"))
        self.check(f"an old back-up is recognised, and by how much value: {expected}",
                   done.returncode == 1 and self._named(done.stdout) == expected
                   and "--accept-rollback" in done.stderr, (done.stdout, done.stderr, expected))
        self.check("cards are named masked", not any(card in done.stdout for card in before))
        code, report = self.scheme.audit()
        self.check("and what is there was not touched",
                   code == 0 and self._balances(data) == before, report["findings"])
        self.check("nor anything left behind", not list(data.glob(".rest*")), list(data.glob(".*")))

    def _set_back_the_cards(self):
        """One party alone: the others know what it forgets."""
        data, oldest = self.scheme.data, self.copies[0]
        lost = self.folder / "lost"
        (data / "opal-server" / "opal-server.sqlite").rename(lost)
        alone = [self.scheme.program, "restore", oldest, "--party", "opal-server", "--replace"]
        done = self.opal(*alone[1:], "--data", data)
        known = KNOWN_ELSEWHERE.search(done.stdout)
        self.check("of a party whose data are lost, the others say what it would forget",
                   done.returncode == 1 and known is not None, done.stdout + done.stderr)
        lost.rename(data / "opal-server" / "opal-server.sqlite")
        done = self.opal(*alone[1:], "--accept-rollback", "--data", data)
        self.check("what is accepted is restored", done.returncode == 0, done.stdout + done.stderr)
        cards = self._balances(data)
        behind = self._reported()
        blocked = {card["card"] for card in cards.values() if card["state"] == "blocked"}
        self.check("the audit names the cards that went back", bool(behind), behind)
        self.check("and they are blocked",
                   behind <= {card[-4:] for card in blocked}, (behind, len(blocked)))
        kept = list(data.glob("set-aside-*/opal-server/opal-server.sqlite"))
        self.check("what was there is set aside", len(kept) == 1, list(data.iterdir()))

    def _start_what_was_set_back(self, notes: str):
        """The restore was not told of the notes; the server is."""
        ended = subprocess.run(
            [self.scheme.program, "serve", "opal-server", "--config", self.folder / "opal.json"],
            capture_output=True, text=True, env=os.environ | {NOTES: notes}, timeout=60)
        self.check("a server does not start on data that were set back", ended.returncode != 0
                   and "The data were set back" in ended.stderr, ended.stderr)

    def _reported(self) -> set[str]:
        """Last digits of the cards of which others know more."""
        _, report = self.scheme.audit()
        return {line["card"][-4:] for line in report["cardsBehind"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opal", type=Path, required=True)
    parser.add_argument("--keep", action="store_true", help="keep logs and data")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="opal-back-up-"))
    scheme = Scheme(arguments.opal.resolve(), folder, free_port(), True)
    walk = Walk(scheme, folder)
    try:
        walk.run()
    except Exception as error:
        walk.problems.append(f"the test itself: {type(error).__name__}: {error}")
    finally:
        scheme.stop()
    for problem in walk.problems:
        print(f"FAILED  {problem}")
    if walk.problems or arguments.keep:
        print(f"logs and data: {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if walk.problems else 0


if __name__ == "__main__":
    sys.exit(main())
