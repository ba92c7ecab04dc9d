#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A day is settled in a browser without a window, against `opal up` with new data: a holder buys,
the batches are closed, the operator sees the books, closes the day, follows the shop's payout to
each sale and its story, and gives one back; the merchant sees its own account alone, an auditor no
buttons. Ends with 1 at the first thing that is not as it should be.

    settlement.py --opal .build/debug/opal --screenshots build/screenshots
"""
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser

import walk
from opal_process import Opal, read_secret
from person import Person
from walk import wait_until

OPERATOR = "operator"
USER = "demo"
ARTICLE, PRICE = "An Atlas of Small Islands", "9.50"
MERCHANT = "FARTHINGPRESS01"
SALES = 2
# 1.2 % of each sale, and a cent for each batch: the security cards share the sales.
FEES, PAID = r"−€0\.2[34]8", r"€18\.7[56]"


class Settlement:
    def __init__(self, browser: Browser, _program: Path, opal: Opal, pictures: Path):
        self.opal = opal
        self.browser = browser
        self.holder = Person(browser, pictures)
        self.operator = Person(browser, pictures)
        self.merchant = Person(browser, pictures)
        self.acquirer = Person(browser, pictures)
        self.issuer = Person(browser, pictures)
        self.auditor = Person(browser, pictures)
        self.watched = {
            "holder": self.holder, "operator": self.operator, "merchant": self.merchant,
            "acquirer": self.acquirer, "issuer": self.issuer, "auditor": self.auditor}
        self.payout = ""
        self.sale = ""

    @property
    def steps(self):
        return [
            self.sees_empty_books, self.a_holder_buys, self.sees_the_books, self.closes_the_day,
            self.follows_the_payout_to_its_sales, self.reads_the_story_of_a_sale,
            self.closes_it_once, self.looks_at_what_was_set_aside, self.gives_a_sale_back,
            self.a_merchant_sees_its_own_alone, self.an_acquirer_sees_its_merchants,
            self.an_issuer_sees_its_pool, self.an_auditor_changes_nothing,
            self.all_sides_agree, self.nothing_complained,
        ]

    @property
    def console(self) -> str:
        return self.opal.sites["console"]

    def sees_empty_books(self):
        self.sign_in(self.operator, OPERATOR, self.opal.secret("console-password"))
        self.operator.follows("Clearing")
        words = self.operator.words()
        assert "Nothing was ever booked." in words, words
        self.operator.shoots("clearing-empty")

    def a_holder_buys(self):
        holder = self.holder
        holder.goes_to(self.opal.sites["card"])
        holder.fills("User identifier", USER)
        holder.fills("Password", self.opal.secret("demo-password"))
        holder.presses("Sign in")
        for _ in range(SALES):
            holder.goes_to(self.opal.sites["shop"])
            holder.follows(re.compile(ARTICLE))
            holder.presses("Order")
            holder.presses(f"Pay €{PRICE} with virtual card")
            holder.presses(f"Pay €{PRICE}")
            holder.sees("Paid")
            holder.presses(re.compile("^Back to "))
            holder.sees("Paid, and it is yours")
        self.opal.runs("batch", "close")

    def sees_the_books(self):
        def is_credited() -> bool:
            self.operator.goes_to(self.console + "/clearing")
            return "−€19.00" in self.operator.words()
        wait_until(is_credited)
        words = self.operator.words()
        assert "Pool of issuer" in words and f"Merchant {MERCHANT}" in words, words
        self.operator.shoots("clearing-books")

    def closes_the_day(self):
        self.operator.presses("Close the day now")
        self.operator.sees(re.compile("^Settlement of "))
        words = self.operator.words()
        assert "owes" in words and "POOL-" in words and re.search(PAID, words), words
        self.operator.shoots("clearing-day")

    def follows_the_payout_to_its_sales(self):
        operator = self.operator
        row = operator.page.get_by_role("row").filter(has_text=MERCHANT)
        row.get_by_role("link").first.click()
        operator.sees(re.compile("^Payout to "))
        self.payout = operator.page.url
        words = operator.words()
        assert re.search(PAID, words) and re.search(FEES, words), words
        assert "€19.00" in words, words
        sales = operator.page.get_by_role("table", name="Sales")
        assert sales.get_by_role("link").count() == SALES, words
        operator.shoots("clearing-payout")
        # A place that is none is the first page.
        for place in "0.0", "1.0", "99999999999999999999.0", "x":
            operator.goes_to(f"{self.payout}?from={place}")
            assert sales.get_by_role("link").count() == SALES, operator.words()
        operator.goes_to(self.payout)

    def reads_the_story_of_a_sale(self):
        operator = self.operator
        sales = operator.page.get_by_role("table", name="Sales")
        sales.get_by_role("link").first.click()
        operator.sees("Purchase")
        self.sale = operator.page.url.rsplit("/", 1)[1]
        assert "Sold" in operator.words()

    def closes_it_once(self):
        operator = self.operator
        operator.goes_to(self.console + "/clearing")
        operator.presses("Close the day now")
        assert "was closed before" in operator.words(), operator.words()
        operator.shoots("clearing-settled")

    def looks_at_what_was_set_aside(self):
        self.operator.follows("Set aside: 0")
        assert "Nothing waits." in self.operator.words()
        self.operator.shoots("clearing-suspense")

    def gives_a_sale_back(self):
        self.opal.runs("merchant", "refund", self.sale)

        def is_back() -> bool:
            return self.opal.tells("merchant", "refunds", self.sale)[0]["outcome"] == "on the card"
        wait_until(is_back)
        self.operator.goes_to(self.console + "/clearing")
        words = self.operator.words()
        assert "−€9.50" in words or "−€9.498" in words, words
        self.holder.goes_to(self.opal.sites["card"])
        assert "Refund" in self.holder.words(), self.holder.words()
        self.holder.shoots("refund-card")
        self.operator.goes_to(f"{self.console}/transactions/{self.sale}")
        words = self.operator.words()
        for text in ("Cleared", "Refund 1", "Refunded", "has given €9.50 back to the card"):
            assert text in words, (text, words)
        self.operator.shoots("refund-story")

    # Roles

    def add(self, person: Person, role: str, of: str | None = None):
        password = self.opal.data / f"{role}-password"
        self.opal.runs(
            "operator", "add", role, "--role", role, *(["--of", of] if of else []),
            "--password-file", str(password))
        self.sign_in(person, role, read_secret(password))

    def a_merchant_sees_its_own_alone(self):
        merchant = self.merchant
        self.add(merchant, "merchant", MERCHANT)
        merchant.follows("Clearing")
        words = merchant.words()
        assert f"Merchant {MERCHANT}" in words and "Pool" not in words, words
        merchant.shoots("clearing-merchant")
        merchant.page.get_by_role("link", name=re.compile("^OPAL-")).first.click()
        merchant.sees(re.compile("^Payout to "))
        for kind, begin in ("CSV", b"kind,payout,"), ("PDF", b"%PDF-"):
            path = self.opal.data / f"report.{kind.lower()}"
            merchant.saves(kind, path)
            report = path.read_bytes()
            assert report.startswith(begin), report[:40]
            assert kind == "PDF" or report.count(self.sale.encode()) == 1, report
        other = self.payout[:-1] + "1"
        assert other != self.payout
        for address in other, self.console + "/clearing/suspense":
            merchant.goes_to(address)
            merchant.sees(re.compile("404|not here|no such|not found", re.IGNORECASE))

    def an_acquirer_sees_its_merchants(self):
        acquirer = self.acquirer
        self.add(acquirer, "acquirer")
        acquirer.follows("Clearing")
        words = acquirer.words()
        assert f"Merchant {MERCHANT}" in words and "Acquirer 1" in words, words
        assert "Pool" not in words and "Close the day" not in words, words
        acquirer.shoots("clearing-acquirer")
        self.opens_the_day(acquirer)
        words = acquirer.words()
        assert re.search(PAID, words) and "owes" not in words, words
        acquirer.shoots("clearing-acquirer-day")
        acquirer.goes_to(self.payout)
        words = acquirer.words()
        assert re.search(PAID, words) and "Give it back" not in words, words
        acquirer.goes_to(self.console + "/clearing/suspense")
        assert "Nothing waits." in acquirer.words(), acquirer.words()
        acquirer.shoots("clearing-acquirer-suspense")

    def an_issuer_sees_its_pool(self):
        issuer = self.issuer
        digits = self.opal.tells("issuer", "list")[0]["bin"]
        self.add(issuer, "issuer", digits)
        issuer.follows("Clearing")
        words = issuer.words()
        assert f"Pool of issuer {digits}" in words and MERCHANT not in words, words
        issuer.shoots("clearing-issuer")
        self.opens_the_day(issuer)
        words = issuer.words()
        assert f"Issuer {digits} owes" in words and "POOL-" in words, words
        assert MERCHANT not in words and "Payouts" not in words, words
        issuer.shoots("clearing-issuer-day")
        issuer.goes_to(self.payout)
        issuer.sees(re.compile("404|not here|no such|not found", re.IGNORECASE))

    def opens_the_day(self, person: Person):
        days = person.page.locator("section", has_text="Days that were settled")
        days.get_by_role("link").first.click()
        person.sees(re.compile("^Settlement of "))

    def an_auditor_changes_nothing(self):
        auditor = self.auditor
        self.add(auditor, "auditor")
        auditor.follows("Clearing")
        buttons = auditor.page.get_by_role("main").get_by_role("button").all_inner_texts()
        assert buttons == [], buttons
        answer = auditor.page.request.post(self.console + "/clearing/close", form={
            "csrf": auditor.page.locator("input[name=csrf]").first.input_value()})
        assert answer.status == 403, answer.status

    # The end

    def all_sides_agree(self):
        audit = self.opal.tells("audit")
        assert audit["findings"] == [], audit

    def nothing_complained(self):
        for who, person in self.watched.items():
            assert not person.complaints, (who, person.complaints)
        assert self.opal.is_running(), "opal ended"

    def sign_in(self, person: Person, name: str, password: str):
        person.goes_to(self.console)
        person.fills("Operator", name)
        person.fills("Password", password)
        person.presses("Sign in")


if __name__ == "__main__":
    sys.exit(walk.main(__doc__, Settlement))
