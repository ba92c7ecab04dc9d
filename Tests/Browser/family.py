#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loads a card from the account on file in a browser without a window, with what the funding network
can say to it; opens a card for a child, funds and limits it, and lets the child buy; and expects
cards, histories, mails and `opal audit` to agree. Ends with 1 at the first thing that is not as it
should be.

    family.py --opal .build/debug/opal --screenshots build/screenshots
"""
import json
import re
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Browser, expect

import walk
from opal_process import Opal
from person import Person

USER = "demo"
CHILD, CHILD_MAIL, CHILD_PASSWORD = "emma.opal", "emma@example.org", "tea and toast at four"
COMMAND_SECONDS_MAX = 60
# The network looks at its file every five seconds.
SCRIPT_SECONDS = 6
# The gateway waits fifteen seconds for the network before a load is pending.
PENDING_MS_MAX = 40_000
# Advices wait for the gateway's next round.
ADVICE_SECONDS_MAX = 60
AMOUNT = re.compile(r"€\s?([\d,]+\.\d\d)")
ON_CARD = Decimal("25.00")
CHEAP, DEAR = ("The Lighthouse Keeper", Decimal("0.80")), ("Footpaths of the Lower Fens",
                                                          Decimal("2.40"))

# The demo's shop, and its kind (ISO 18245).
SHOP, SHOP_KIND = "FARTHINGPRESS01", "5994"
# What the guardian gives the child.
GIVEN = Decimal(10)
LIMITS = ("For one purchase", "A day", "A week", "A month", "Purchases a day", "Purchases a week",
          "Purchases a month", "List of shops", "List of kinds", "Hours")


class Family:
    def __init__(self, browser: Browser, program: Path, opal: Opal, pictures: Path):
        self.browser = browser
        self.program = program
        self.opal = opal
        self.guardian = Person(browser, pictures)
        self.child = Person(browser, pictures)
        self.operator = Person(browser)
        self.people = [self.guardian, self.child, self.operator]
        self.card = ON_CARD
        self.allowance = Decimal(0)
        self.child_card = Decimal(0)
        self.order = ""
        self.watched = {"guardian": self.guardian, "child": self.child}

    @property
    def steps(self):
        return [
            self.signs_in, self.loads, self.finds_it_and_a_receipt,
            self.cannot_load_what_is_too_much_or_too_little, self.gives_a_security_code,
            self.is_declined,
            self.has_another_address, self.waits_for_the_bank, self.opens_a_card_for_a_child,
            self.child_comes, self.gives_value, self.sets_limits, self.child_sees_the_limits,
            self.child_buys_within_them, self.child_is_refused, self.guardian_allows_once,
            self.child_buys_it, self.child_changes_nothing, self.sets_an_allowance,
            self.sets_a_top_up, self.freezes, self.sees_the_history,
            self.each_limit_refuses_at_its_bound, self.loads_without_script,
            self.all_sides_agree, self.nothing_complained,
        ]

    # The own card

    def signs_in(self):
        person = self.guardian
        self.sign_in(person, USER, self.opal.secret("demo-password"))
        self.expect_card(person, self.card)
        person.shoots("card-funded")
        person.follows("Load from a bank")
        person.sees("Load value")
        self.operator.goes_to(self.opal.sites["console"])
        self.operator.fills("Operator", "operator")
        self.operator.fills("Password", self.opal.secret("console-password"))
        self.operator.presses("Sign in")

    def loads(self):
        person = self.guardian
        self.comes_to_amount(person)
        person.shoots("add-value")
        person.fills("Another amount", "25.00")
        person.presses("Go on")
        person.sees("Load €25.00 from your account")
        assert fact(person, "Balance now") == self.card
        assert fact(person, "Balance afterwards") == self.card + 25
        assert "ends in 0010" in person.text() and "•••• " in person.text()
        person.shoots("add-value-confirm")
        person.presses("Load €25.00")
        person.sees("Loaded")
        self.card += 25
        assert fact(person, "Balance then") == self.card
        person.shoots("add-value-done")

    def finds_it_and_a_receipt(self):
        person = self.guardian
        person.follows("See it in the history")
        row = person.page.get_by_role("row").filter(has_text="Loaded from the account").first
        expect(row).to_contain_text("+€25.00")
        expect(row).to_contain_text(f"€{self.card}")
        person.shoots("history-loaded")
        mail = self.mail("Receipt: €25.00 loaded")
        assert "ends in 0010" in mail and USER not in mail.split("\n\n", 1)[1], mail

    def cannot_load_what_is_too_much_or_too_little(self):
        person = self.guardian
        self.comes_to_amount(person)
        for typed, problem in {
            "0.99": "At least €1.00 can be loaded.",
            "9999": re.compile(r"^The card can take at most €[\d.]+ more\."),
            "a lot": "Enter an amount such as €25.00.",
        }.items():
            person.fills("Another amount", typed)
            person.presses("Go on")
            expect(person.page.locator("#amount-error")).to_have_text(problem)
            assert person.page.get_by_label("Another amount").input_value() == typed
        person.shoots("add-value-wrong")
        self.expect_card(person, self.card)

    def gives_a_security_code(self):
        person = self.guardian
        self.comes_to_confirmation(person, "20.00")
        person.fills("Security code", "12")
        person.presses("Load €20.00")
        expect(person.page.locator("#verificationValue-error")).to_be_visible()
        assert person.page.get_by_label("Security code", exact=True).input_value() == ""
        person.shoots("add-value-code-wrong")
        # The network's own: with any other all is well.
        person.fills("Security code", "000")
        person.presses("Load €20.00")
        person.sees("Not loaded")
        person.is_told("The security code was not right")
        person.shoots("add-value-code-refused")
        self.comes_to_confirmation(person, "20.00")
        person.fills("Security code", "739")
        person.presses("Load €20.00")
        person.sees("Loaded")
        self.card += 20
        self.expect_card(person, self.card)

    def is_declined(self):
        # From here on the next three requests of the network meet this; then all is as before.
        self.network("""
            message 0100 first 1 decline 51
            message 0100 first 1 address-mismatch
            message 0100 first 1 late
        """)
        person = self.guardian
        self.confirms(person, "20.00")
        person.sees("Not loaded")
        person.is_told("There is not enough on your account")
        person.is_told("your account is not charged")
        person.shoots("add-value-declined")
        self.expect_card(person, self.card)

    def has_another_address(self):
        person = self.guardian
        self.confirms(person, "20.00")
        person.is_told("Your address is not the one that your bank knows")
        person.shoots("add-value-address")
        self.expect_card(person, self.card)

    def waits_for_the_bank(self):
        person = self.guardian
        person.context.set_default_timeout(PENDING_MS_MAX)
        person.context.set_default_navigation_timeout(PENDING_MS_MAX)
        self.confirms(person, "20.00")
        person.sees("Being settled")
        person.shoots("add-value-pending")
        # What the network approves too late is given back; the page asks by itself.
        ended = person.page.get_by_role("heading", name="Not loaded", exact=True)
        expect(ended).to_be_attached(timeout=PENDING_MS_MAX)
        person.is_told("Your bank did not answer in time")
        self.expect_card(person, self.card)
        assert "€20.00" in self.mail("€20.00 was not loaded")

    # The child

    def opens_a_card_for_a_child(self):
        person = self.guardian
        person.goes_to(self.opal.sites["card"] + "/card")
        person.follows("Children")
        person.sees("Children")
        person.fills("User identifier of the child", "e")
        person.presses("Open the card")
        expect(person.page.locator("#problems")).to_be_visible()
        person.shoots("children-wrong")
        person.fills("Name", "Emma")
        person.fills("User identifier of the child", CHILD)
        person.fills("E-mail address of the child", CHILD_MAIL)
        person.presses("Open the card")
        expect(person.page.get_by_role("status")).to_contain_text("on its way")
        assert "Has not signed in yet" in person.text()
        person.shoots("children-waiting")

    def child_comes(self):
        child = self.child
        mail = self.mail("Set up the virtual card for a child")
        assert CHILD not in mail, "the mail names the user identifier"
        found = re.search(r"^\s+([A-Z]{4}(?:-[A-Z]{4}){3})$", mail, re.MULTILINE)
        assert found, "the mail holds no one-time password"
        self.sign_in(child, CHILD, found[1])
        child.fills("New password", CHILD_PASSWORD)
        child.fills("New password, once more", CHILD_PASSWORD)
        child.presses("Save and go to my card")
        self.expect_card(child, self.child_card)
        child.shoots("child-card-empty")
        assert "Load" not in child.text(), child.text()

    def gives_value(self):
        person = self.guardian
        self.comes_to_child(person)
        person.shoots("child-new")
        person.follows("Give value")
        person.sees("Give value to Emma")
        person.presses("€10.00")
        person.sees("Load €10.00 from your account")
        person.shoots("give-confirm")
        person.presses("Load €10.00")
        person.sees("Loaded")
        person.shoots("give-done")
        self.child_card += 10
        self.expect_card(self.child, self.child_card)
        assert "From your guardian" in self.child.text()
        assert "0010" not in self.child.text(), "a child sees an account"
        assert "€10.00" in self.mail("€10.00 for you")

    def sets_limits(self):
        person = self.guardian
        self.comes_to_child(person)
        person.follows("Set limits")
        person.sees("Limits of Emma")
        person.shoots("limits")
        person.fills("For one purchase", "one")
        person.fills("Purchases a day", "2.5")
        person.fills("Hours", "mondays")
        person.fills("A week", "15")
        person.presses("Set the limits")
        for name in ("purchase", "dayCount", "hours"):
            expect(person.page.locator(f"#{name}-error")).to_be_visible()
        assert person.page.get_by_label("A week", exact=True).input_value() == "15"
        person.shoots("limits-wrong")
        person.fills("For one purchase", "1.00")
        person.fills("Purchases a day", "20")
        person.fills("Hours", "mon-sun 0-24")
        person.page.get_by_label("Shops", exact=True).select_option("except")
        person.fills("List of shops", "CASINO-1, CASINO-2")
        person.presses("Set the limits")
        person.sees("Emma")
        expect(person.page.get_by_role("status")).to_contain_text("The limits are set.")
        assert "up to €1.00" in person.text() and "€0.00 of €15.00 spent" in person.text()

    def child_sees_the_limits(self):
        child = self.child
        self.expect_card(child, self.child_card)
        text = child.text()
        assert "up to €1.00" in text and "all but CASINO-1, CASINO-2" in text, text
        assert "Your guardian loads this card" in text
        child.shoots("child-card-limits")

    def child_buys_within_them(self):
        name, price = CHEAP
        self.goes_to_pay(self.child, name, price)
        self.child.presses(f"Pay €{price}")
        self.child.sees("Paid")
        self.child_card -= price
        self.expect_card(self.child, self.child_card)

    def child_is_refused(self):
        child, (name, price) = self.child, DEAR
        self.goes_to_pay(child, name, price)
        self.order = child.page.url
        child.is_told("one purchase may cost €1.00 at the most")
        child.is_told("Your guardian is told, and can allow it once.")
        child.shoots("child-refused")
        mail = self.mail("A purchase of your child was refused")
        assert "Emma" in mail and f"€{price}" in mail, mail
        self.expect_card(child, self.child_card)

    def guardian_allows_once(self):
        person = self.guardian
        person.goes_to(self.opal.sites["card"] + "/children")
        assert "1 refused purchase to look at." in person.text(), person.text()
        person.shoots("children-asked")
        self.comes_to_child(person)
        assert "One purchase may cost €1.00." in person.text()
        person.shoots("child-asked")
        person.presses(re.compile("^Allow €2.40 to .* once$"))
        expect(person.page.get_by_role("status")).to_contain_text("It is allowed once.")
        assert "Allowed until" in person.text()
        person.shoots("child-allowed")
        self.expect_card(self.child, self.child_card)
        assert "Allowed once:" in self.child.text()
        self.child.shoots("child-card-allowed")

    def child_buys_it(self):
        child, (name, price) = self.child, DEAR
        child.goes_to(self.order)
        child.shoots("child-may-pay")
        child.presses(f"Pay €{price}")
        child.sees("Paid")
        self.child_card -= price
        self.expect_card(child, self.child_card)
        # Once.
        self.goes_to_pay(child, name, price)
        child.is_told("one purchase may cost €1.00 at the most")
        self.expect_card(child, self.child_card)

    def child_changes_nothing(self):
        child = self.child
        for path in ("/limits", "/add-value", "/top-up", "/children"):
            child.goes_to(self.opal.sites["card"] + path)
            child.is_told("Your guardian looks after this")
        child.shoots("child-told")

    def sets_an_allowance(self):
        person = self.guardian
        self.comes_to_child(person)
        person.follows("Set one")
        person.sees("Weekly allowance of Emma")
        person.shoots("allowance")
        person.fills("Amount a week", "5")
        person.page.get_by_label("Day", exact=True).select_option("Friday")
        person.page.get_by_label("Hour", exact=True).select_option("16:00")
        person.page.get_by_label("By which clock", exact=True).select_option("UTC+02:00")
        person.presses("Go on")
        person.sees("Weekly allowance of Emma")
        text = person.text()
        for said in ("€5.00", "ends in 0010", "Friday at 16:00 (UTC+02:00)", "For the first time",
                     "Nothing is loaded now"):
            assert said in text, f"{said} is not shown before: {text}"
        person.shoots("allowance-confirm")
        person.presses("Set the allowance")
        person.sees("Emma")
        assert "€5.00 every Friday at 16:00 (UTC+02:00)" in person.text(), person.text()
        person.shoots("child-allowance")
        person.follows("Change")
        person.shoots("allowance-set")
        person.fills("Amount a week", "6")
        person.presses("Go on")
        assert "In place of" in person.text(), person.text()
        # Who changes what the page sends sets nothing.
        person.page.locator('input[name="amount"]').evaluate("entry => { entry.value = '60' }")
        person.presses("Set the allowance")
        person.is_told("This is not what you were shown")
        person.shoots("allowance-confirm-changed")
        person.follows("Change it first")
        assert "€5.00 every Friday" in person.text(), person.text()
        person.presses("Stop the allowance")
        assert "Stopped" in person.text()
        assert "€5.00 a week" in self.mail("A weekly allowance was set")

    def sets_a_top_up(self):
        person = self.guardian
        self.expect_card(person, self.card)
        person.follows("Set one")
        person.sees("Standing top-up")
        person.shoots("top-up")
        person.fills("When less than this is left", "10")
        person.fills("Load this amount", "25")
        person.fills("At most this much in a month", "20")
        person.presses("Go on")
        expect(person.page.locator("#monthMax-error")).to_be_visible()
        person.shoots("top-up-wrong")
        person.fills("At most this much in a month", "100")
        person.presses("Go on")
        person.sees("Standing top-up")
        assert fact(person, "Balance now") == self.card
        assert fact(person, "At most in a month") == 100
        assert "ends in 0010" in person.text() and "When less is left" in person.text()
        person.shoots("top-up-confirm")
        person.presses("Set the top-up")
        self.expect_card(person, self.card)
        assert "Below €10.00 load €25.00, at most €100.00 a month" in person.text()
        person.shoots("card-top-up")
        person.follows("Change")
        person.shoots("top-up-set")

    def freezes(self):
        person, child = self.guardian, self.child
        self.comes_to_child(person)
        person.presses("Freeze the card")
        expect(person.page.get_by_role("status")).to_contain_text("The card is frozen")
        person.shoots("child-frozen")
        self.expect_card(child, self.child_card)
        child.shoots("child-card-frozen")
        name, price = CHEAP
        self.goes_to_pay(child, name, price)
        child.is_told("Your card is frozen")
        child.shoots("child-refused-frozen")
        person.presses("Unfreeze the card")
        child.page.reload()
        child.presses(f"Pay €{price}")
        child.sees("Paid")
        self.child_card -= price

    def each_limit_refuses_at_its_bound(self):
        """What is exactly allowed may be paid; a cent, or a purchase, less refuses it."""
        name, price = CHEAP
        cent = Decimal("0.01")
        spent, count = GIVEN - self.child_card, 3
        # Two hours from now by the clock of the limits, which is UTC.
        later = (time.gmtime().tm_hour + 2) % 24
        bounds = [("For one purchase", price, price - cent)]
        for period in ("A day", "A week", "A month"):
            bounds.append((period, spent + price, spent + price - cent))
        for period in ("Purchases a day", "Purchases a week", "Purchases a month"):
            bounds.append((period, count + 1, count))
        bounds.append(("Hours", "mon-sun 0-24", f"mon-sun {later}-{later + 1}"))
        for field, enough, less in bounds:
            self.limits({field: str(enough)})
            self.child_may_pay(name, price)
            self.limits({field: str(less)})
            self.child_may_not_pay(name, price)
        for choice, entries, allowed, other in (
            ("Shops", "List of shops", SHOP, "CASINO-1"),
            ("Kinds of shop", "List of kinds", SHOP_KIND, "7995"),
        ):
            for rule, may, may_not in (("only", allowed, other), ("except", other, allowed)):
                self.limits({entries: may}, {choice: rule})
                self.child_may_pay(name, price)
                self.limits({entries: may_not}, {choice: rule})
                self.child_may_not_pay(name, price)
        self.limits({})
        self.expect_card(self.child, self.child_card)

    def sees_the_history(self):
        person = self.guardian
        self.comes_to_child(person)
        person.follows("All of them")
        person.sees("History of Emma")
        for text in ("From you", "Card frozen", "Card unfrozen", "Allowed once: ", "by guardian"):
            expect(person.page.get_by_role("row").filter(has_text=text).first).to_be_visible()
        expect(person.page.get_by_role("row").nth(1)).to_contain_text(f"€{self.child_card}")
        person.shoots("child-history")
        person.follows("Monthly statement")
        person.sees(re.compile("^Statement, "))
        assert "From you" in person.text() and "Emma" in person.text(), person.text()
        person.shoots("child-statement")

    def loads_without_script(self):
        plain = Person(self.browser, self.guardian.pictures, script=False)
        self.people.append(plain)
        self.sign_in(plain, USER, self.opal.secret("demo-password"))
        self.comes_to_amount(plain)
        plain.presses("€5.00")
        plain.presses("Load €5.00")
        plain.sees("Loaded")
        self.card += 5
        # The browser sends the form of the confirmation again: it is the same load.
        plain.page.reload()
        plain.sees("Loaded")
        self.expect_card(plain, self.card)

    # The end

    def all_sides_agree(self):
        self.expect_card(self.guardian, self.card)
        self.expect_card(self.child, self.child_card)
        report = self.audit_of_all_that_ended()
        assert report["findings"] == [], report["findings"]
        on_cards = sum(report["onCardsMinorUnits"].values())
        assert on_cards == int((self.card + self.child_card) * 100), report
        self.expect_accounts(report)

    def audit_of_all_that_ended(self) -> dict:
        """The gateway sends an advice or a reversal a little after the person has the answer."""
        for _ in range(ADVICE_SECONDS_MAX):
            report = self.opal_says("audit", "--json")
            if report["authorizationsOpen"] == 0:
                break
            time.sleep(1)
        return report

    def expect_accounts(self, report: dict):
        """What accounts were charged is what came onto the cards, to the cent, and nothing is held
        for what was declined or given up."""
        accounts = self.opal_says("network", "account", "list", "--json")
        charged = sum(account["captured"] for account in accounts)
        came = sum(report["loadedMinorUnits"].values()) - int(ON_CARD * 100)
        assert charged == came > 0, (accounts, report)
        assert sum(account["held"] for account in accounts) == 0, accounts
        for account in accounts:
            assert account["available"] + account["captured"] == account["opening"], account

    def nothing_complained(self):
        complaints = [line for person in self.people for line in person.complaints]
        assert not complaints, "the browser complained: " + "; ".join(complaints)
        assert self.opal.is_running(), "opal ended"
        said = "\n".join(self.opal.lines[self.opal.lines.index("ready"):])
        for secret in (self.opal.secret("demo-password"), CHILD_PASSWORD, CHILD):
            assert secret not in said, "opal printed a secret"

    # Help

    def sign_in(self, person: Person, user: str, password: str):
        person.goes_to(self.opal.sites["card"] + "/sign-in")
        person.fills("User identifier", user)
        person.fills("Password", password)
        person.presses("Sign in")

    def comes_to_amount(self, person: Person):
        person.goes_to(self.opal.sites["card"] + "/card")
        person.follows("Load from your account")
        person.sees("Load from your account")

    def confirms(self, person: Person, amount: str):
        """All three screens; the last one is shown."""
        self.comes_to_confirmation(person, amount)
        person.presses(f"Load €{amount}")

    def comes_to_confirmation(self, person: Person, amount: str):
        self.comes_to_amount(person)
        person.fills("Another amount", amount)
        person.presses("Go on")

    def comes_to_child(self, person: Person):
        person.goes_to(self.opal.sites["card"] + "/children")
        person.follows("Emma")
        person.sees("Emma")

    def goes_to_pay(self, person: Person, article: str, price: Decimal):
        person.goes_to(self.opal.sites["shop"])
        person.follows(re.compile(article))
        person.presses("Order")
        person.presses(f"Pay €{price} with virtual card")

    def limits(self, entries: dict[str, str], choices: dict[str, str] | None = None):
        """Sets these limits of the child's card and no others."""
        person = self.guardian
        self.comes_to_child(person)
        person.follows(re.compile("^(Set limits|Change the limits)$"))
        person.sees("Limits of Emma")
        for choice in ("Shops", "Kinds of shop"):
            picked = (choices or {}).get(choice, "all")
            person.page.get_by_label(choice, exact=True).select_option(picked)
        for field in LIMITS:
            person.fills(field, entries.get(field, ""))
        person.presses("Set the limits")
        expect(person.page.get_by_role("status")).to_contain_text("The limits")

    def child_may_pay(self, name: str, price: Decimal):
        self.goes_to_pay(self.child, name, price)
        expect(self.child.page.get_by_role("button", name=f"Pay €{price}")).to_be_visible()

    def child_may_not_pay(self, name: str, price: Decimal):
        self.goes_to_pay(self.child, name, price)
        self.child.sees("Not paid")
        assert "Nothing was taken from your card." in self.child.text(), self.child.text()

    def network(self, rules: str):
        """Says how the simulated funding network behaves from now on."""
        file = self.opal.data / "network" / "behaviours"
        file.write_text("\n".join(line.strip() for line in rules.splitlines()) + "\n")
        time.sleep(SCRIPT_SECONDS)

    def mail(self, subject: str) -> str:
        """The newest mail with this subject, as the operator's outbox shows it."""
        operator = self.operator
        operator.goes_to(self.opal.sites["console"] + "/outbox")
        operator.follows(subject)
        return operator.page.locator("pre.mail").inner_text()

    def expect_card(self, person: Person, balance: Decimal):
        person.goes_to(self.opal.sites["card"] + "/card")
        heading = person.heading(re.compile("^Your card, balance "))
        shown = money(heading.inner_text())
        assert shown == balance, f"the card shows €{shown} and not €{balance}"

    def opal_says(self, *arguments: str):
        done = subprocess.run(
            [self.program, *arguments, "--data", self.opal.data],
            capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


def money(text: str) -> Decimal:
    found = AMOUNT.search(text)
    assert found, f"no amount in: {text}"
    return Decimal(found[1].replace(",", ""))


def fact(person: Person, label: str) -> Decimal:
    row = person.page.locator("dl > div").filter(has=person.page.get_by_text(label, exact=True))
    return money(row.locator("dd").inner_text())


if __name__ == "__main__":
    sys.exit(walk.main(__doc__, Family))
