#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A forged sale (right S3, wrong S6), a card that was set back and a card that was doubled, each among
honest ones in a whole running scheme. Their sales come back for payment: the clearing house sets them
aside, the console names card, amount and reason, and `opal audit` names each and nothing else. Ends with
1 at the first thing that is not as it should be.

    impostors.py --opal .build/debug/opal --screenshots build/screenshots
"""
import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Browser

import walk
from opal_process import Opal
from person import Person
from walk import wait_until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Clearing"))
from forger import OPALServerFiles  # noqa: E402

OPERATOR = "operator"
HONEST, SET_BACK, DOUBLED, FORGED = "user1", "user2", "user3", "user4"
VALUE = 2500
PRICES = {"salt": 5, "crossword": 20, "comma": 35}
PAY_SECONDS_MAX = 60
AUDIT_FOUND = 1


class Crimes:
    """What happens before the console is opened: purchases, with the OPAL server's files changed
    while it is stopped."""

    def __init__(self, program: Path, data: Path):
        self.program, self.data = program, data
        self.files = OPALServerFiles(data)
        # By user.
        self.cards: dict[str, bytes] = {}
        # Transactions, by user and article.
        self.sales: dict[tuple[str, str], str] = {}

    def commit(self):
        users = (HONEST, SET_BACK, DOUBLED, FORGED)
        subprocess.run(
            [self.program, "found", "--users", str(len(users)), "--value", str(VALUE),
             "--data", self.data],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Then all is copied. Who forges has no S6 of a card that has paid before: there, the watch
        # would find it wrong.
        self.day(*((user, "salt") for user in users if user != FORGED))
        (self.cards[FORGED],) = set(self.files.cards()) - set(self.cards.values())
        for name in "before", "double", "forgery":
            self.files.keep(name)
        # Two purchases of which the card is to know nothing; then it pays once more.
        self.day((SET_BACK, "crossword"), (SET_BACK, "comma"), (HONEST, "crossword"))
        self.files.put_back(self.cards[SET_BACK], "before")
        self.files.forget_draws(
            [self.sales[SET_BACK, article] for article in ("crossword", "comma")])
        self.day((SET_BACK, "salt again"))
        # The same card, once here and once there.
        self.files.exchange("double")
        self.day((DOUBLED, "crossword"))
        self.files.exchange("double")
        self.day((DOUBLED, "comma"))
        self.files.lose_the_proof_key("forgery")
        self.files.exchange("forgery")
        self.day((FORGED, "comma"))
        self.files.exchange("forgery")

    def day(self, *purchases: tuple[str, str]):
        opal = Opal(self.program, self.data)
        try:
            opal.wait_until_ready()
            for user, what in purchases:
                before = self.files.cards()
                self.sales[user, what] = self._pay(opal, user, what.split()[0])
                if user not in self.cards:
                    (self.cards[user],) = [
                        key for key, rows in self.files.cards().items() if rows != before[key]]
        finally:
            status = opal.stop()
        assert status == 0, (status, opal.lines)

    def _pay(self, opal: Opal, user: str, article: str) -> str:
        done = subprocess.run(
            [self.program, "pay", f"{opal.sites['shop']}/articles/{article}", "--user", user,
             "--password-file", self.data / "demo-password", "--output", self.data.parent, "--json"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PAY_SECONDS_MAX)
        assert done.returncode == 0, (user, article, done.stdout, done.stderr)
        return json.loads(done.stdout)["transaction"]


class Impostors:
    crimes: Crimes

    def __init__(self, browser: Browser, program: Path, opal: Opal, pictures: Path):
        self.program = program
        self.opal = opal
        self.operator = Person(browser, pictures)
        self.watched = {"operator": self.operator}

    @property
    def steps(self):
        return [self.all_come_back_for_payment, self.look]

    @classmethod
    def prepare(cls, program: Path, data: Path):
        cls.crimes = Crimes(program, data)
        cls.crimes.commit()

    def all_come_back_for_payment(self):
        self.opal.runs("batch", "close")
        count = len(self.crimes.sales)

        def are_decided() -> bool:
            batches = self.opal.tells("clearing", "batches")
            return sum(batch["cleared"] + batch["suspended"] for batch in batches) == count
        wait_until(are_decided)

    def look(self):
        print(self.crimes.sales, {u: c.hex() for u, c in self.crimes.cards.items()})
        print(json.dumps(self.opal.tells("clearing", "suspense"), indent=1))
        print(json.dumps(self.opal.tells("clearing", "books"), indent=1))
        done = subprocess.run([self.program, "audit", "--json", "--data", self.opal.data], capture_output=True, text=True)
        print(done.stdout)
        print(*self.opal.lines, sep="\n")
        o = self.operator
        o.goes_to(self.opal.sites["console"])
        o.fills("Operator", OPERATOR)
        o.fills("Password", self.opal.secret("console-password"))
        o.presses("Sign in")
        print(o.words())
        o.goes_to(self.opal.sites["console"] + "/clearing/suspense")
        print(o.words())
        o.shoots("impostors-suspense")
        for k, t in self.crimes.sales.items():
            o.goes_to(self.opal.sites["console"] + "/transactions/" + t)
            print("-----", k)
            print(o.words())
        for u in (SET_BACK, DOUBLED, FORGED):
            o.goes_to(self.opal.sites["console"] + "/search")
            o.fills("Card, person, transaction, sale or order", u)
            o.presses("Search")
            print("-----", u)
            print(o.words())


if __name__ == "__main__":
    arguments = walk.options(__doc__).parse_args()
    sys.exit(walk.run(arguments, Impostors, prepare=Impostors.prepare))
