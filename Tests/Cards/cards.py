#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Has cards made from a file, kills the command again and again, and expects each line to have one
card with its value and limits; has them blocked from a list. Ends with 1 if anything was not as it
should be.

    cards.py --opal .build/debug/opal
"""
import argparse
import csv
import json
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ISSUER = "990001"
LINES = 24
VALUE, PURCHASE, DAY = 1500, 300, 900
KILLS = 4
# After so many more cards, and then at any moment of the next one.
CARDS_BEFORE_KILL = (1, 4)
MOMENT_SECONDS_MAX = 0.5
ONE_TIME_PASSWORD = re.compile(r"\b([A-Z]{4}-){3}[A-Z]{4}\b")


class Walk:
    def __init__(self, program: Path, folder: Path):
        self.program = program
        self.folder = folder
        self.data = folder / "data"
        self.problems: list[str] = []
        self.said = ""

    def check(self, name: str, is_right: bool, why: object = ""):
        print(f"{'ok     ' if is_right else 'FAILED '} {name}", flush=True)
        if not is_right:
            self.problems.append(f"{name}: {why}")

    def opal(self, *arguments: object) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [self.program, *map(str, arguments), "--data", self.data],
            capture_output=True, text=True)
        self.said += done.stdout + done.stderr
        return done

    def run(self):
        subprocess.run(
            [self.program, "found", "--users", "0", "--data", self.data], check=True,
            stdout=subprocess.DEVNULL)
        self._make()
        self._make_again()
        self._refuse()
        self._block()
        audit = self.opal("audit", "--json")
        self.check("the audit finds nothing", audit.returncode == 0, audit.stdout[:2000])
        self.check("no password is in what the commands say or write",
                   not ONE_TIME_PASSWORD.search(self.said + self.report.read_text()))

    def _file(self, name: str, *lines: str) -> Path:
        path = self.folder / name
        path.write_text("\r\n".join(lines) + "\r\n")
        return path

    def _make(self):
        self.report = self.folder / "report.csv"
        self.cards = self._file(
            "cards.csv", "reference,user,mail,value,purchase,day",
            *(f"order-{n},holder{n},holder{n}@example.org,{VALUE},{PURCHASE},{DAY}"
              for n in range(1, LINES + 1)))
        self.issue = [
            "card", "issue", ISSUER, "--file", self.cards, "--report", self.report]
        for _ in range(KILLS):
            process = subprocess.Popen(
                [self.program, *map(str, self.issue), "--data", self.data],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wanted = self._count() + random.randint(*CARDS_BEFORE_KILL)
            while self._count() < wanted and process.poll() is None:
                time.sleep(0.01)
            time.sleep(random.uniform(0, MOMENT_SECONDS_MAX))
            process.send_signal(signal.SIGKILL)
            process.wait()
        made = len(self._list())
        self.check(f"the command was killed between the first and the last card: {made}",
                   0 < made < LINES, made)
        self.check("a report that is not whole has no name", not self.report.exists())
        done = self.opal(*self.issue, "--json")
        summary = json.loads(done.stdout)
        self.check("given again, it makes what is missing",
                   summary == {"lines": LINES, "known": made, "made": LINES - made, "refused": 0},
                   summary)

    def _count(self) -> int:
        file = self.data / "opal-server" / "opal-server.sqlite"
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute("SELECT count(*) FROM card").fetchone()[0]
        finally:
            connection.close()

    def _list(self) -> dict[str, dict]:
        return {card["card"]: card
                for card in json.loads(self.opal("card", "list", "--whole", "--json").stdout)}

    def _rows(self) -> list[dict]:
        with self.report.open(newline="") as file:
            return list(csv.DictReader(file))

    def _make_again(self):
        cards, rows = self._list(), self._rows()
        self.check("each line has one card", len(cards) == LINES
                   and {row["card"] for row in rows} == set(cards)
                   and [row["reference"] for row in rows]
                   == [f"order-{n}" for n in range(1, LINES + 1)], rows[:3])
        self.check("nobody else may read the report", self.report.stat().st_mode & 0o777 == 0o600)
        self.check("each card has its value",
                   all(card["balance"] == VALUE for card in cards.values()), cards)
        limits = [json.loads(self.opal("card", "limits", card, "--json").stdout) for card in cards]
        texts = [json.dumps(limit) for limit in limits]
        self.check("and its limits", all(
            str(PURCHASE) in text and str(DAY) in text for text in texts), texts[:1])
        done = self.opal(*self.issue, "--json")
        self.check("the same file once more makes nothing",
                   json.loads(done.stdout)["known"] == LINES and self._list() == cards, done.stdout)

    def _refuse(self):
        before = self._list()
        wrong = self._file(
            "wrong.csv", "reference,user,mail,value", "order-1,holder1,holder1@example.org,1",
            "order-x,holder1,other@example.org,", "order-y,new,no address,", "order-z,new",
            "order-v,new,new@example.org,-1", "order-w,new,new@example.org,99999999")
        done = self.opal("card", "issue", ISSUER, "--file", wrong)
        self.check("lines that are wrong are refused, each with its reason",
                   done.returncode == 1 and "6 refused" in done.stdout
                   and done.stdout.count("line ") == 6, done.stdout)
        header = self._file("header.csv", "reference,surname", "order-1,x")
        for path in (header, self.folder / "none.csv"):
            done = self.opal("card", "issue", ISSUER, "--file", path)
            self.check(f"{path.name}: no card was made", done.returncode == 1
                       and "No card was made" in done.stderr, done.stderr)
        self.check("and nothing was changed", self._list() == before)

    def _block(self):
        cards = list(self._list())
        half = cards[: LINES // 2]
        spaced = [f"{card[:4]} {card[4:8]} {card[8:12]} {card[12:]}" for card in half]
        blocked = self._file("blocked", "# reported as lost", "", *spaced, half[0])
        done = self.opal("card", "block", "--file", blocked, "--json")
        states = {card: entry["state"] for card, entry in self._list().items()}
        self.check("the cards of a list are blocked, and no others",
                   len(json.loads(done.stdout)) == len(half) and all(
                       states[card] == ("blocked" if card in half else "active")
                       for card in cards), done.stderr)
        unknown = self._file("unknown", f"{ISSUER}0000000000", half[1])
        done = self.opal("card", "unblock", "--file", unknown)
        states = {card: entry["state"] for card, entry in self._list().items()}
        self.check("a card that does not exist keeps no other from being unblocked",
                   done.returncode == 1 and "no such card" in done.stderr
                   and states[half[1]] == "active", done.stderr)
        wrong = self._file("wrong", half[2], "not a card")
        done = self.opal("card", "unblock", "--file", wrong)
        states = {card: entry["state"] for card, entry in self._list().items()}
        self.check("a list with a line that is no card changes nothing", done.returncode == 1
                   and "Line 2" in done.stderr and states[half[2]] == "blocked", done.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opal", type=Path, required=True)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="opal-cards-"))
    walk = Walk(arguments.opal.resolve(), folder)
    try:
        walk.run()
    except Exception as error:
        walk.problems.append(f"the test itself: {type(error).__name__}: {error}")
    for problem in walk.problems:
        print(f"FAILED  {problem}")
    if walk.problems:
        print(f"data: {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if walk.problems else 0


if __name__ == "__main__":
    sys.exit(main())
