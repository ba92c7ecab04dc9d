#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loads a card from the demo bank in a browser without a window, spends the value in the shop, and
expects the bank's statement, the issuer's pool, the card and `opal audit` to agree to the cent; then
what must not work. Ends with 1 at the first thing that is not as it should be.

    loading.py --opal .build/debug/opal --screenshots build/screenshots
"""
import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Browser, expect

import walk
from opal_process import Opal
from person import Person

USER = "demo"
BANK = "Harbour Bank"
ACCOUNT = "DEMO-0001"
COMMAND_SECONDS_MAX = 60
CENT = Decimal("0.01")
AMOUNT = re.compile(r"€\s?([\d,]+\.\d\d)")
ON_CARD, ON_ACCOUNT = Decimal("25.00"), Decimal("500.00")


class Loading:
    def __init__(self, browser: Browser, program: Path, opal: Opal, pictures: Path):
        self.browser = browser
        self.program = program
        self.opal = opal
        self.person = Person(browser, pictures)
        self.card = ON_CARD
        self.account = ON_ACCOUNT
        self.pool = Decimal(0)
        self.people = [self.person]
        self.watched = {"person": self.person}

    @property
    def steps(self):
        return [
            self.signs_in_at_both, self.finds_the_way_from_the_card, self.loads,
            self.finds_it_at_both, self.spends_it, self.cannot_load_what_is_too_much_or_too_little,
            self.cancels, self.opens_the_load_page_twice, self.closes_the_tab,
            self.loads_without_script, self.operator_looks_around, self.all_sides_agree,
            self.nothing_complained,
        ]

    # A load

    def signs_in_at_both(self):
        person = self.person
        person.goes_to(self.opal.sites["bank"])
        person.sees("Sign in to your bank")
        person.shoots("bank-sign-in")
        self.sign_in_at_bank(person, "not the password")
        expect(person.page.locator("#problems")).to_be_visible()
        person.shoots("bank-sign-in-wrong")
        self.sign_in_at_bank(person, self.opal.secret("bank-password"))
        person.sees("Your accounts")
        assert f"€{ON_ACCOUNT}" in person.text()
        person.shoots("bank-accounts")
        person.goes_to(self.opal.sites["card"])
        person.fills("User identifier", USER)
        person.fills("Password", self.opal.secret("demo-password"))
        person.presses("Sign in")
        self.expect_card(person)

    def finds_the_way_from_the_card(self):
        person = self.person
        person.goes_to(self.opal.sites["card"] + "/card")
        person.shoots("card-before-load")
        person.follows("Load from a bank")
        person.sees("Load value")
        person.shoots("load-ways")
        person.follows(f"Go to {BANK}")
        person.sees("Your accounts")

    def asks_card(self, person: Person, picture: str = ""):
        """From the accounts to the amounts: the first of three screens, and the second is shown."""
        person.goes_to(self.opal.sites["bank"])
        person.presses("Load my card")
        if not person.script:
            person.sees("First we ask your card")
            person.shoots("bank-ask-card")
            person.presses(re.compile("^Go on to "))
        person.sees(f"{BANK} asks about your card")
        if picture:
            person.shoots(picture)
        person.presses("Tell the bank")
        person.sees("Load your card")

    def holds(self, person: Person, amount: str):
        """From the amounts to the last of three screens."""
        person.fills("Another amount", amount)
        person.presses("Load this amount")
        self.comes_to_consent(person, amount)

    def comes_to_consent(self, person: Person, amount: str):
        if not person.script:
            person.sees(re.compile("is held for your card$"))
            person.shoots("bank-load-page")
            person.presses(re.compile("^Go on to "))
        person.sees(f"Load €{amount} from {BANK}")

    def loads(self):
        person = self.person
        self.asks_card(person, "load-inquiry")
        assert fact(person, "On the card now") == self.card
        assert "From €5.00 to €475.00." in person.text(), person.text()
        person.shoots("bank-amount")
        person.presses("€25.00")
        amount = Decimal("25.00")
        self.comes_to_consent(person, "25.00")
        assert fact(person, "Balance now") == self.card
        assert fact(person, "Balance afterwards") == self.card + amount
        person.shoots("load")
        # Held, and not taken.
        other = person.opens_tab()
        other.goes_to(self.opal.sites["bank"])
        assert fact(other, "Held for loads") == amount
        other.shoots("bank-accounts-held")
        other.follows("Statement")
        row = other.page.get_by_role("row").filter(has_text="Held").first
        expect(row).to_contain_text("€25.00")
        other.shoots("bank-statement-held")
        other.page.close()
        person.presses("Load €25.00")
        person.sees("Loaded")
        self.card += amount
        person.shoots("load-done")
        person.presses(f"Back to {BANK}")
        person.sees("Loaded")
        self.account -= amount
        self.pool += amount
        assert fact(person, "Account balance now") == self.account
        person.shoots("bank-loaded")

    def finds_it_at_both(self):
        person = self.person
        person.follows("See the statement")
        row = person.page.get_by_role("row").filter(has_text="Loaded onto card").first
        expect(row).to_contain_text("−€25.00")
        expect(row).to_contain_text(f"€{self.account}")
        assert "Held" not in person.text()
        person.shoots("bank-statement")
        self.expect_card(person)
        person.shoots("card-loaded")
        person.follows("History")
        row = person.page.get_by_role("row").filter(has_text=BANK).first
        expect(row).to_contain_text("+€25.00")
        expect(row).to_contain_text(f"€{self.card}")

    def spends_it(self):
        person = self.person
        for _ in range(4):
            person.goes_to(self.opal.sites["shop"])
            person.follows(re.compile("An Atlas of Small Islands"))
            person.presses("Order")
            person.presses("Pay €9.50 with virtual card")
            person.presses("Pay €9.50")
            person.sees("Paid")
            self.card -= Decimal("9.50")
        # Spent more than the card held before it was loaded.
        self.expect_card(person)

    # What must not work

    def cannot_load_what_is_too_much_or_too_little(self):
        person = self.person
        self.asks_card(person)
        for typed, problem in {
            "4.99": "At least €5.00 can be loaded.",
            "488.01": "Your card can take at most €488.00.",
            "480": f"Your account has €{self.account} to load.",
            "a lot": "Enter an amount such as €25.00.",
        }.items():
            person.fills("Another amount", typed)
            person.presses("Load this amount")
            person.is_told(problem)
        person.shoots("bank-amount-wrong")
        self.expect_sides()

    def cancels(self):
        person = self.person
        self.asks_card(person)
        self.holds(person, "20.00")
        person.presses(f"Cancel and go back to {BANK}")
        person.sees("Not loaded")
        person.is_told("You went back")
        person.shoots("load-cancelled")
        person.presses(f"Back to {BANK}")
        person.sees("Not loaded")
        person.shoots("bank-not-loaded")
        self.expect_sides()
        # The question about the card can be refused as well.
        person.goes_to(self.opal.sites["bank"])
        person.presses("Load my card")
        person.sees(f"{BANK} asks about your card")
        person.presses("Cancel and tell nothing")
        person.is_told("You went back")
        person.shoots("load-inquiry-cancelled")

    def opens_the_load_page_twice(self):
        person = self.person
        self.asks_card(person)
        self.holds(person, "10.00")
        second = person.opens_tab()
        second.goes_to(person.page.url)
        second.sees(f"Load €10.00 from {BANK}")
        person.presses("Load €10.00")
        person.sees("Loaded")
        second.presses("Load €10.00")
        second.sees("Loaded")
        results = [one.page.locator("[name=result]").get_attribute("value")
                   for one in (person, second)]
        assert results[0] == results[1], "the outcomes differ"
        for one in (person, second):
            one.presses(f"Back to {BANK}")
            one.sees("Loaded")
        second.page.close()
        self.note(Decimal("10.00"))
        self.expect_sides()

    def closes_the_tab(self):
        person = self.person
        tab = person.opens_tab()
        self.asks_card(tab)
        self.holds(tab, "15.00")
        # The bank is looked at before the end.
        person.goes_to(self.opal.sites["bank"])
        person.follows("Statement")
        person.follows(re.compile("^Load of card"))
        person.sees("Your load is being settled")
        person.shoots("bank-load-pending")
        tab.presses("Load €15.00")
        tab.sees("Loaded")
        tab.page.close()
        # The page asks by itself.
        person.sees("Loaded")
        self.note(Decimal("15.00"))
        self.expect_sides()

    def loads_without_script(self):
        plain = Person(self.browser, self.person.pictures, script=False)
        plain.goes_to(self.opal.sites["bank"])
        self.sign_in_at_bank(plain, self.opal.secret("bank-password"))
        plain.presses("Load my card")
        plain.presses(re.compile("^Go on to "))
        plain.shoots("load-inquiry-signed-out")
        plain.fills("User identifier", USER)
        plain.fills("Password", self.opal.secret("demo-password"))
        plain.presses("Tell the bank")
        plain.sees("Load your card")
        self.holds(plain, "5.00")
        plain.shoots("load-signed-out")
        plain.fills("User identifier", USER)
        plain.fills("Password", self.opal.secret("demo-password"))
        plain.presses("Load €5.00")
        plain.sees("Loaded")
        plain.presses(f"Back to {BANK}")
        plain.sees("Loaded")
        self.note(Decimal("5.00"))
        plain.goes_to(self.opal.sites["bank"])
        plain.presses("Load my card")
        plain.sees("First we ask your card")
        plain.shoots("bank-ask-card")
        self.people.append(plain)
        self.expect_sides()

    def operator_looks_around(self):
        operator = Person(self.browser, self.person.pictures)
        operator.goes_to(self.opal.sites["console"])
        operator.fills("Operator", "operator")
        operator.fills("Password", self.opal.secret("console-password"))
        operator.presses("Sign in")
        operator.follows("Loads")
        operator.sees("Loads")
        operator.sees(f"Held at {BANK}")
        operator.shoots("console-loads")
        self.people.append(operator)

    def all_sides_agree(self):
        lines = self.opal_says("bank", "account", "list", "--json")
        pool = sum(line["balance"] for line in lines if line["kind"] == "pool")
        (own,) = [line for line in lines if line["number"] == ACCOUNT]
        assert pool == cents(self.pool), f"the pool has {pool}"
        assert (own["balance"], own["held"]) == (cents(self.account), 0), own
        rows = self.opal_says("bank", "account", "statement", ACCOUNT, "--json")
        paid = sum(row["amount"] for row in rows if row["event"] == "paid")
        assert paid == pool, f"the statement says {paid}"
        report = self.opal_says("audit", "--json")
        assert report["findings"] == [], report["findings"]
        assert report["loadsPending"] == 0, report
        for name in ("inPoolsMinorUnits", "loadedFromBanksMinorUnits"):
            assert report[name] == {"0978/2": pool}, (name, report[name])
        assert report["onCardsMinorUnits"] == {"0978/2": cents(self.card)}, report

    def nothing_complained(self):
        complaints = [line for person in self.people for line in person.complaints]
        assert not complaints, "the browser complained: " + "; ".join(complaints)
        assert self.opal.is_running(), "opal ended"
        said = "\n".join(self.opal.lines[self.opal.lines.index("ready"):])
        for name in ("demo-password", "bank-password"):
            assert self.opal.secret(name) not in said, "opal printed a secret"

    # Help

    def sign_in_at_bank(self, person: Person, password: str):
        person.fills("Name", USER)
        person.fills("Password", password)
        person.presses("Sign in")

    def note(self, amount: Decimal):
        self.card += amount
        self.account -= amount
        self.pool += amount

    def expect_card(self, person: Person):
        person.goes_to(self.opal.sites["card"] + "/card")
        heading = person.heading(re.compile("^Your card, balance "))
        shown = money(heading.inner_text())
        assert shown == self.card, f"the card shows €{shown} and not €{self.card}"

    def expect_sides(self):
        self.expect_card(self.person)
        self.person.goes_to(self.opal.sites["bank"])
        text = self.person.text()
        assert f"€{self.account}" in text and "Held" not in text, text

    def opal_says(self, *arguments: str):
        done = subprocess.run(
            [self.program, *arguments, "--data", self.opal.data],
            capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


def cents(amount: Decimal) -> int:
    return int(amount / CENT)


def money(text: str) -> Decimal:
    found = AMOUNT.search(text)
    assert found, f"no amount in: {text}"
    return Decimal(found[1].replace(",", ""))


def fact(person: Person, label: str) -> Decimal:
    row = person.page.locator("dl > div").filter(has=person.page.get_by_text(label, exact=True))
    return money(row.locator("dd").inner_text())


if __name__ == "__main__":
    sys.exit(walk.main(__doc__, Loading))
