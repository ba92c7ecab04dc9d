#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A forged sale (right S3, wrong S6), a card that was set back and a card that was doubled, each
among honest ones in a whole running scheme. Their sales come back for payment: the clearing house
sets them aside, the console names card, amount and reason, and `opal audit` names each and nothing
else. Ends with 1 at the first thing that is not as it should be.

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
USED_TWICE = "the card has paid another sale with this number"
IS_FORGED = "its issuer says that it is forged"


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
             "--password-file", self.data / "demo-password", "--output", self.data.parent,
             "--json"],
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
        self.sales = self.crimes.sales
        # What the clearing house is to set aside, and why.
        self.suspects = {
            (SET_BACK, "crossword"): USED_TWICE, (DOUBLED, "crossword"): USED_TWICE,
            (FORGED, "comma"): IS_FORGED}

    @property
    def steps(self):
        return [
            self.all_come_back_for_payment, self.suspects_are_set_aside,
            self.the_others_are_credited, self.the_console_names_them,
            self.reads_the_story_of_the_forged_one, self.reads_the_stories_of_the_others,
            self.the_audit_names_each_and_nothing_else, self.the_forged_one_cannot_be_cleared,
            self.gives_all_up, self.the_audit_names_each_and_nothing_else,
            self.nothing_complained,
        ]

    @classmethod
    def prepare(cls, program: Path, data: Path):
        cls.crimes = Crimes(program, data)
        cls.crimes.commit()

    @property
    def console(self) -> str:
        return self.opal.sites["console"]

    def masked(self, user: str) -> str:
        return f"•••• •••• •••• {self.crimes.cards[user].hex()[-4:]}"

    # The clearing house

    def all_come_back_for_payment(self):
        self.opal.runs("batch", "close")

        def are_decided() -> bool:
            batches = self.opal.tells("clearing", "batches")
            return sum(one["cleared"] + one["suspended"] for one in batches) == len(self.sales)
        wait_until(are_decided)

    def suspects_are_set_aside(self):
        told = {
            one["transaction"]: (one["card"], Decimal(one["amount"]), one["reason"])
            for one in self.opal.tells("clearing", "suspense")}
        assert told == {
            self.sales[user, what]: (self.masked(user), price(what), reason)
            for (user, what), reason in self.suspects.items()}, told

    def the_others_are_credited(self):
        """Also what a card has paid of which its records know nothing: S6 proves it."""
        owed = sum(price(what) for one, what in self.sales if (one, what) not in self.suspects)
        balances = {
            line["account"].split()[0]: Decimal(line["balance"])
            for line in self.opal.tells("clearing", "books")}
        assert balances["pool"] == -owed and sum(balances.values()) == 0, balances

    # The console

    def the_console_names_them(self):
        operator = self.operator
        operator.goes_to(self.console)
        operator.fills("Operator", OPERATOR)
        operator.fills("Password", self.opal.secret("console-password"))
        operator.presses("Sign in")
        operator.follows("Clearing")
        operator.follows("Set aside: 3")
        for (user, what), reason in self.suspects.items():
            row = operator.page.get_by_role("row").filter(has_text=self.sales[user, what])
            words = row.inner_text()
            for text in self.masked(user), f"€{price(what)}", reason:
                assert text in words, (text, words)
        operator.shoots("impostors-suspense")

    def reads(self, user: str, what: str) -> str:
        self.operator.goes_to(f"{self.console}/transactions/{self.sales[user, what]}")
        return self.operator.words()

    def reads_the_story_of_the_forged_one(self):
        words = self.reads(FORGED, "comma")
        for text in ("The sale of €0.35 is counted, and forged: S6 is wrong.",
                     f"It was not taken from card {self.masked(FORGED)}", "Set aside", IS_FORGED):
            assert text in words, (text, words)
        for check in r"Right\s+S3", r"Wrong\s+S6":
            assert re.search(check, words), (check, words)
        self.operator.shoots("impostors-forged")

    def reads_the_stories_of_the_others(self):
        unknown = "has no debit of it: the card was set back, or there are two of it."
        for user, what, end in (
                (SET_BACK, "crossword", "Set aside"), (SET_BACK, "comma", "Cleared"),
                (DOUBLED, "crossword", "Set aside")):
            words = self.reads(user, what)
            money = f"Card {self.masked(user)} has paid €{price(what)}, as S6 proves"
            for text in money, unknown, end:
                assert text in words, (text, words)
            assert re.search(r"Right\s+S6", words) and "Wrong" not in words, words
        self.operator.shoots("impostors-doubled")
        for user, what in (HONEST, "crossword"), (SET_BACK, "salt again"), (DOUBLED, "comma"):
            words = self.reads(user, what)
            assert "is owed to merchant" in words and unknown not in words, words

    # The audit

    def the_audit_names_each_and_nothing_else(self):
        done = subprocess.run(
            [self.program, "audit", "--json", "--data", self.opal.data], capture_output=True,
            text=True, timeout=PAY_SECONDS_MAX)
        assert done.returncode == AUDIT_FOUND, (done.returncode, done.stderr)
        told = json.loads(done.stdout)
        one_of_two = "there are two of the card, or it was set back"
        wanted = {
            self.of_card(FORGED, "number 2: a sale of 35 of 0978/2 came back with a wrong S6: it "
                         "is forged"),
            self.of_card(DOUBLED, "number 3: sales came back that cannot all be right (20 of "
                         f"0978/2, 35 of 0978/2): {one_of_two}"),
            self.of_card(SET_BACK, "number 3: sales came back that cannot all be right (20 of "
                         f"0978/2, 5 of 0978/2): {one_of_two}"),
            self.of_card(SET_BACK, "number 4: the sale of 35 of 0978/2 came back, but its history "
                         "does not have it: the card was set back"),
            self.of_card(SET_BACK, "has 35 of 0978/2 more than its loads, sales and recoveries "
                         "leave")}
        for user, what in (*self.suspects, (SET_BACK, "comma")):
            wanted.add(f"transaction {self.sales[user, what]}: sold without a debit of card "
                       f"{self.masked(user)}")
        assert set(told["findings"]) == wanted, set(told["findings"]) ^ wanted
        behind = {line["card"]: line["minorUnits"] for line in told["cardsBehind"]}
        assert behind == {
            self.masked(SET_BACK): {"0978/2": 55}, self.masked(DOUBLED): {"0978/2": 20},
            self.masked(FORGED): {"0978/2": 35}}, behind

    def of_card(self, user: str, finding: str) -> str:
        return f"OPAL server, card {self.masked(user)}: {finding}"

    # What is done about it

    def the_forged_one_cannot_be_cleared(self):
        operator = self.operator
        operator.goes_to(self.console + "/clearing/suspense")
        row = operator.page.get_by_role("row").filter(has_text=self.sales[FORGED, "comma"])
        with operator.page.expect_navigation():
            row.get_by_role("button", name="Clear", exact=True).click()
        words = operator.words()
        assert f"It is not cleared: {IS_FORGED}. Nothing was changed." in words, words

    def gives_all_up(self):
        operator = self.operator
        for _ in self.suspects:
            with operator.page.expect_navigation():
                operator.page.get_by_role("button", name="Give up", exact=True).first.click()
        assert "Nothing waits." in operator.words(), operator.words()
        self.the_others_are_credited()

    def nothing_complained(self):
        assert not self.operator.complaints, self.operator.complaints
        assert self.opal.is_running(), "opal ended"


def price(what: str) -> Decimal:
    return Decimal(PRICES[what.split()[0]]).scaleb(-2)


if __name__ == "__main__":
    arguments = walk.options(__doc__).parse_args()
    sys.exit(walk.run(arguments, Impostors, prepare=Impostors.prepare))
