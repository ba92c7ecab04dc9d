#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A purchase with a virtual card from the sign-up to the receipt, in a browser without a window,
against `opal up` with new data; then what must not work. Ends with 1 at the first thing that is
not as it should be, with what `opal` said and a picture of the page.

    purchase.py --opal .build/debug/opal --screenshots build/screenshots
"""
import re
import secrets
import sys
from decimal import Decimal
from pathlib import Path

import walk
from opal_process import Opal
from person import Person
from playwright.sync_api import Browser, expect

OPERATOR = "operator"
ARTICLE = "The Lighthouse Keeper’s Inventory"
PRICE = Decimal("0.80")
# €1,234.50, −€0.80: the amounts of the pages in English.
AMOUNT = re.compile(r"€\s?([\d,]+\.\d\d)")


class Purchase:
    def __init__(self, browser: Browser, _program: Path, opal: Opal, pictures: Path):
        self.browser = browser
        self.opal = opal
        self.holder = Person(browser, pictures)
        self.operator = Person(browser, pictures)
        # Made anew for each run, so that no test leans on one that is known.
        self.identifier = "reader" + secrets.token_hex(4)
        self.password = "three small words " + secrets.token_hex(4)
        self.balance = Decimal(0)
        self.paid_order = ""
        self.watched = {"holder": self.holder, "operator": self.operator}

    @property
    def steps(self):
        return [
            self.signs_up, self.reads_the_mail, self.chooses_a_password, self.looks_around,
            self.orders_and_pays, self.gets_the_article, self.finds_it_in_the_history,
            self.reads_the_statement, self.cannot_pay_twice, self.cannot_pay_too_much, self.cancels,
            self.wrong_password, self.pays_without_script, self.operator_looks_around, self.nothing_complained,
        ]

    # A card

    def signs_up(self):
        holder = self.holder
        holder.goes_to(self.opal.sites["card"])
        holder.sees("Sign in")
        holder.shoots("sign-in")
        holder.follows("Open one")
        holder.sees("Open a card")
        holder.shoots("sign-up")
        holder.presses("Open the card")
        holder.sees("Open a card")
        expect(holder.page.locator("#problems")).to_be_visible()
        holder.shoots("sign-up-problems")

        for label, value in {
            "User identifier": self.identifier,
            "E-mail address": "reader@example.org",
            "Password": "the first of two passwords",
            "Account number": "4111 1111 1111 1111",
            "Valid until": "09/31",
            "CVV2": "123",
            "Street and number": "Quay Street 7",
            "Postal code": "10115",
            "City": "Berlin",
        }.items():
            holder.fills(label, value)
        country = holder.page.get_by_label("Country", exact=True)
        country.select_option("DE")
        holder.presses("Open the card")
        holder.sees("Check your mail")
        assert "reader@example.org" not in holder.text(), "the address is not masked"
        holder.shoots("check-mail")

    def reads_the_mail(self):
        operator = self.operator
        operator.goes_to(self.opal.sites["console"])
        operator.sees("Operator console")
        operator.shoots("console-sign-in")
        operator.fills("Operator", OPERATOR)
        operator.fills("Password", "not the password of the console")
        operator.presses("Sign in")
        expect(operator.page.locator("#problems")).to_be_visible()
        operator.fills("Operator", OPERATOR)
        operator.fills("Password", self.opal.secret("console-password"))
        operator.presses("Sign in")
        operator.follows("Outbox")
        operator.sees("Outbox")
        operator.shoots("console-outbox")
        operator.follows("Set up your virtual card")
        operator.sees("Set up your virtual card")
        operator.shoots("console-mail")
        mail = operator.page.locator("pre.mail").inner_text()
        found = re.search(r"^\s+([A-Z]{4}(?:-[A-Z]{4}){3})$", mail, re.MULTILINE)
        assert found, "the mail holds no one-time password"
        assert self.identifier not in mail, "the mail names the user identifier"
        self.one_time_password = found[1]

    def chooses_a_password(self):
        holder = self.holder
        holder.follows("Sign in")
        self.sign_in(holder, self.one_time_password)
        holder.sees("Choose a new password")
        holder.shoots("new-password")
        choice = holder.page.url
        # There is no way around it.
        holder.goes_to(self.opal.sites["card"])
        assert holder.heading(re.compile("^Your card")).count() == 0, "it opens the card"
        holder.goes_to(choice)
        holder.sees("Choose a new password")
        holder.fills("New password", self.password)
        holder.fills("New password, once more", self.password + "r")
        holder.presses("Save and go to my card")
        expect(holder.page.locator("#problems")).to_be_visible()
        holder.fills("New password", self.password)
        holder.fills("New password, once more", self.password)
        holder.presses("Save and go to my card")
        self.balance = self.read_balance(holder)
        assert self.balance >= PRICE, f"a new card holds €{self.balance}"
        self.card_home = holder.page.url
        holder.shoots("card")

    def looks_around(self):
        holder = self.holder
        holder.follows("History")
        holder.sees("History")
        holder.shoots("history-new")
        holder.follows("Account")
        holder.sees("Account")
        assert self.identifier not in holder.text(), "the user identifier is not masked"
        holder.shoots("account")
        holder.goes_to(self.opal.sites["card"] + "/there-is-no-such-page")
        holder.shoots("error-404")

    # A purchase

    def orders(self, person: Person, article: str, price: Decimal) -> str:
        """- Returns: the address of the page of the order."""
        person.goes_to(self.opal.sites["shop"])
        person.follows(re.compile(re.escape(article)))
        person.sees(article)
        person.presses("Order")
        person.sees("Your order")
        assert f"€{price}" in person.text(), "the order shows another price"
        return person.page.url

    def orders_and_pays(self):
        holder = self.holder
        holder.goes_to(self.opal.sites["shop"])
        holder.shoots("catalogue")
        holder.follows(re.compile(re.escape(ARTICLE)))
        holder.shoots("article")
        self.paid_order = self.orders(holder, ARTICLE, PRICE)
        holder.shoots("order")
        # A second tab with the same order, for later.
        self.second_tab = holder.opens_tab()
        self.second_tab.goes_to(self.paid_order)
        self.second_tab.sees("Your order")

        holder.presses(f"Pay €{PRICE} with virtual card")
        holder.sees(re.compile(rf"^Pay €{PRICE} to "))
        assert ARTICLE in holder.text()
        assert self.read_fact(holder, "Balance now") == self.balance
        assert self.read_fact(holder, "Balance afterwards") == self.balance - PRICE
        holder.shoots("checkout")
        holder.presses(f"Pay €{PRICE}")
        holder.sees("Paid")
        self.balance -= PRICE
        assert f"€{self.balance}" in holder.text(), "the balance on the bill is another"
        holder.shoots("checkout-paid")

    def gets_the_article(self):
        holder = self.holder
        holder.presses(re.compile("^Back to "))
        holder.sees("Paid, and it is yours")
        holder.shoots("receipt")
        link = holder.page.locator("a[download]")
        with holder.page.expect_download() as downloading:
            link.click()
        file = downloading.value.path()
        assert file and Path(file).stat().st_size > 0, "the download is empty"
        # Somebody without the order does not get it.
        stranger = Person(self.browser)
        address = link.evaluate("link => link.href")
        answer = stranger.context.request.get(re.sub(r"[A-Za-z0-9_-]{4}$", "AAAA", address))
        assert answer.status >= 400, "a made-up address of a download is answered"

    def finds_it_in_the_history(self):
        holder = self.holder
        holder.goes_to(self.card_home)
        self.expect_balance(holder)
        holder.shoots("card-used")
        holder.follows("History")
        row = holder.page.get_by_role("row").filter(has_text=f"−€{PRICE}").first
        expect(row).to_contain_text(f"€{self.balance}")
        holder.shoots("history")
        with holder.page.expect_download() as downloading:
            holder.page.get_by_role("link", name="Save as CSV").click()
        assert "0.80" in Path(downloading.value.path()).read_text(encoding="utf-8")

    def reads_the_statement(self):
        holder = self.holder
        holder.follows("Monthly statement")
        holder.sees(re.compile("^Statement, "))
        summary = holder.page.get_by_role("region", name="Summary")
        expect(summary).to_contain_text(f"€{self.balance}")
        expect(summary).to_contain_text(f"−€{PRICE}")
        holder.shoots("statement")
        holder.page.emulate_media(media="print")
        holder.shoots("statement-print")
        expect(holder.page.get_by_role("link", name="Save as CSV")).to_be_hidden()
        holder.page.emulate_media(media="screen")
        with holder.page.expect_download() as downloading:
            holder.page.get_by_role("link", name="Save as CSV").click()
        assert "0.80" in Path(downloading.value.path()).read_text(encoding="utf-8")
        holder.follows("Month before")
        expect(holder.page.get_by_text("Nothing in this month.")).to_be_visible()

    # What must not work

    def cannot_pay_twice(self):
        second = self.second_tab
        second.presses(f"Pay €{PRICE} with virtual card")
        agree = second.page.get_by_role("button", name=f"Pay €{PRICE}", exact=True)
        if agree.count() > 0:
            second.shoots("checkout-again")
            second.presses(f"Pay €{PRICE}")
        said = second.text()
        assert re.search(r"already paid|was paid|No second payment", said, re.IGNORECASE), said
        second.shoots("paid-again")
        second.goes_to(self.paid_order)
        said = second.text()
        assert re.search(r"already paid|it is yours", said, re.IGNORECASE), said
        second.shoots("order-paid")
        second.page.close()
        self.holder.goes_to(self.card_home)
        self.expect_balance(self.holder)

    def cannot_pay_too_much(self):
        holder = self.holder
        price = Decimal("9.50")
        bought = 0
        while self.balance >= price and bought < 20:
            self.orders(holder, "An Atlas of Small Islands", price)
            holder.presses(f"Pay €{price} with virtual card")
            holder.presses(f"Pay €{price}")
            holder.sees("Paid")
            self.balance -= price
            bought += 1
        self.orders(holder, "An Atlas of Small Islands", price)
        holder.presses(f"Pay €{price} with virtual card")
        assert "does not hold enough" in holder.text()
        assert holder.page.get_by_role("button", name=re.compile("^Pay ")).count() == 0
        holder.shoots("checkout-short")
        holder.goes_to(self.card_home)
        self.expect_balance(holder)

    def cancels(self):
        holder = self.holder
        self.orders(holder, "Salt", Decimal("0.05"))
        holder.presses("Pay €0.05 with virtual card")
        holder.presses(re.compile("^Cancel and go back"))
        assert re.search("nothing was taken", holder.text(), re.IGNORECASE), holder.text()
        holder.shoots("cancelled")
        holder.goes_to(self.card_home)
        self.expect_balance(holder)

    def wrong_password(self):
        holder = self.holder
        holder.presses("Sign out")
        holder.goes_to(self.card_home)
        assert holder.heading(re.compile("^Your card")).count() == 0, "still signed in"
        holder.goes_to(self.opal.sites["card"])
        self.sign_in(holder, self.password + "!")
        wrong_password = holder.page.locator("#problems").inner_text()
        holder.shoots("sign-in-wrong")
        identifier, self.identifier = self.identifier, "nobody" + secrets.token_hex(4)
        self.sign_in(holder, self.password)
        unknown_user = holder.page.locator("#problems").inner_text()
        self.identifier = identifier
        assert wrong_password == unknown_user, "the page says which of the two was wrong"
        # The one-time password worked once.
        self.sign_in(holder, self.one_time_password)
        assert holder.page.locator("#problems").count() == 1

        # At the checkout as well, and then the right one.
        self.orders(holder, "Salt", Decimal("0.05"))
        holder.presses("Pay €0.05 with virtual card")
        holder.shoots("checkout-signed-out")
        self.fill_credentials(holder, self.password + "!")
        holder.presses("Pay €0.05")
        expect(holder.page.locator("#problems")).to_be_visible()
        holder.shoots("checkout-wrong")
        self.fill_credentials(holder, self.password)
        holder.presses("Pay €0.05")
        if holder.heading("Paid").count() == 0:
            holder.presses("Pay €0.05")
        holder.sees("Paid")
        self.balance -= Decimal("0.05")

    def pays_without_script(self):
        plain = Person(self.browser, script=False)
        plain.goes_to(self.opal.sites["card"])
        self.sign_in(plain, self.password)
        assert self.read_balance(plain) == self.balance
        self.orders(plain, "Salt", Decimal("0.05"))
        plain.presses("Pay €0.05 with virtual card")
        plain.presses("Pay €0.05")
        plain.sees("Paid")
        plain.presses(re.compile("^Back to "))
        plain.sees("Paid, and it is yours")
        self.balance -= Decimal("0.05")
        plain.goes_to(self.card_home)
        self.expect_balance(plain)
        plain.context.close()

    def operator_looks_around(self):
        operator = self.operator
        operator.goes_to(self.opal.sites["console"])
        navigation = operator.page.get_by_role("navigation", name="Main")
        for name in navigation.get_by_role("link").all_inner_texts():
            operator.follows(name)
            operator.shoots("console-" + re.sub(r"\W+", "-", name.lower()))
            text = operator.text()
            for secret in (self.identifier, self.password, "4111111111111111"):
                assert secret not in text, f"the page {name} shows a secret"

    def nothing_complained(self):
        complaints = self.holder.complaints + self.operator.complaints
        assert not complaints, "the browser complained: " + "; ".join(complaints)
        assert self.opal.is_running(), "opal ended"
        said = "\n".join(self.opal.lines)
        for secret in (self.identifier, self.password, self.one_time_password, "4111111111111111"):
            assert secret not in said, "opal printed a secret"

    # Help

    def fill_credentials(self, person: Person, password: str):
        person.fills("User identifier", self.identifier)
        person.fills("Password", password)

    def sign_in(self, person: Person, password: str):
        self.fill_credentials(person, password)
        person.presses("Sign in")

    def read_balance(self, person: Person) -> Decimal:
        person.sees(re.compile("^Your card, balance "))
        return amount(person.heading(re.compile("^Your card, balance ")).inner_text())

    def expect_balance(self, person: Person):
        shown = self.read_balance(person)
        assert shown == self.balance, f"the card shows €{shown} and not €{self.balance}"

    def read_fact(self, person: Person, label: str) -> Decimal:
        row = person.page.locator("dl > div").filter(
            has=person.page.get_by_text(label, exact=True))
        return amount(row.locator("dd").inner_text())


def amount(text: str) -> Decimal:
    found = AMOUNT.search(text)
    assert found, f"no amount in: {text}"
    return Decimal(found[1].replace(",", ""))


if __name__ == "__main__":
    sys.exit(walk.main(__doc__, Purchase, clears=True))
