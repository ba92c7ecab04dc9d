#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disputes in a browser without a window, against `opal up` with new data: a holder says what is
wrong with purchases, takes one back, the merchant answers, the operator sees the evidence and
decides, and the outcome posts by itself: on the card, by mail, in the merchant's account. Ends with
1 at the first thing that is not as it should be.

    disputes.py --opal .build/debug/opal --screenshots build/screenshots
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
ISSUER, OTHER_ISSUER = "990001", "999001"
GIVEN = "5.00"
# Bought before it.
OTHERS = [
    ("A Short History of the Comma", "0.35"), ("The Lighthouse Keeper", "0.80"), ("Salt", "0.05"),
    ("Nine Knights", "0.60")]
# What the shop gives back of the second one by itself, in minor units, and how it is shown.
PARTS = [("20", "€0.20"), ("60", "€0.80")]
WORDS = "The last sheets are missing."
# What the shop gives back of the first one, at the second try.
AGREED = "0.35"
# What comes off the payout: what the shop has given back, and what was decided.
TAKEN = "6.15"


class Disputes:
    def __init__(self, browser: Browser, _program: Path, opal: Opal, pictures: Path):
        self.opal = opal
        self.holder = Person(browser, pictures)
        self.operator = Person(browser, pictures)
        self.merchant = Person(browser, pictures)
        self.auditor = Person(browser, pictures)
        self.other = Person(browser, pictures)
        self.issuer = Person(browser, pictures)
        self.watched = {
            "holder": self.holder, "operator": self.operator, "merchant": self.merchant,
            "auditor": self.auditor, "other": self.other,
            "issuer": self.issuer}
        # The pages of the holder's purchases, newest first.
        self.purchases: list[str] = []

    @property
    def steps(self):
        return [
            self.a_holder_buys, self.opens_a_purchase, self.must_say_what_is_wrong,
            self.disputes_it, self.takes_another_one_back, self.the_shop_is_asked,
            self.the_merchant_answers, self.the_operator_sees_the_evidence,
            self.gives_no_more_than_was_paid, self.decides_for_the_holder,
            self.it_comes_onto_the_card_by_itself, self.the_merchant_gives_it,
            self.the_host_rejects_the_third, self.the_shop_gives_the_fourth_back,
            self.a_blocked_card_takes_nothing, self.the_merchant_agrees_again,
            self.roles_see_their_own, self.the_issuer_sees_both_sides, self.a_day_is_settled,
            self.all_sides_agree, self.nothing_complained,
        ]

    @property
    def console(self) -> str:
        return self.opal.sites["console"]

    @property
    def transaction(self) -> str:
        return self.purchases[0].rsplit("/", 1)[1]

    # The holder

    def a_holder_buys(self):
        holder = self.holder
        holder.goes_to(self.opal.sites["card"])
        holder.fills("User identifier", USER)
        holder.fills("Password", self.opal.secret("demo-password"))
        holder.presses("Sign in")
        for article, price in OTHERS + [(ARTICLE, PRICE)]:
            holder.goes_to(self.opal.sites["shop"])
            holder.follows(re.compile(article))
            holder.presses("Order")
            holder.presses(f"Pay €{price} with virtual card")
            holder.presses(f"Pay €{price}")
            holder.sees("Paid")
            holder.presses(re.compile("^Back to "))
            holder.sees("Paid, and it is yours")
        with holder.page.expect_download():
            holder.page.locator("a[download]").first.click()
        self.opal.runs("batch", "close")

    def opens_a_purchase(self):
        holder = self.holder
        holder.goes_to(self.opal.sites["card"] + "/history")
        rows = holder.page.locator("td.what a")
        links = [row.get_attribute("href") for row in rows.all()]
        self.purchases = [self.opal.sites["card"] + link for link in links]
        assert len(links) == len(OTHERS) + 1, links
        holder.follows(MERCHANT)
        holder.sees(MERCHANT)
        words = holder.words()
        assert f"€{PRICE}" in words and "Something is wrong with this purchase" in words, words
        holder.shoots("purchase")

    def must_say_what_is_wrong(self):
        holder = self.holder
        holder.follows("Something is wrong with this purchase")
        holder.sees("What is wrong with this purchase?")
        holder.presses("Tell us")
        holder.is_told("3 entries need a look")
        holder.shoots("dispute-form")

    def disputes_it(self):
        self.tells("It is not what the shop described", f"Look at page 3.\nWrong. {WORDS}")
        holder = self.holder
        words = holder.words()
        assert "What you told us" in words and "We look into it" in words, words
        assert f"Look at page 3. Wrong. {WORDS}" in words, words
        holder.shoots("purchase-disputed")
        # Once: neither the button nor a form from before makes another one.
        assert "Something is wrong" not in words, words
        holder.goes_to(self.purchases[0] + "/dispute")
        assert "There is a dispute of this purchase already." in holder.page.inner_text("body")

    def takes_another_one_back(self):
        holder = self.holder
        holder.goes_to(self.purchases[1] + "/dispute")
        self.tells("I was charged twice", "No, I was not.")
        holder.presses("Take it back")
        words = holder.words()
        assert "Withdrawn" in words and "Take it back" not in words, words

    def tells(self, reason: str, what: str):
        holder = self.holder
        holder.page.get_by_label("What is wrong", exact=True).select_option(label=reason)
        holder.page.get_by_label("What happened", exact=True).fill(what)
        holder.page.get_by_label("The shop may read what I say here").check()
        holder.presses("Tell us")
        holder.sees("What you told us")

    def the_shop_is_asked(self):
        wait_until(lambda: self.told(self.purchases[0], "The shop is asked"))

    def told(self, purchase: str, text: str) -> bool:
        self.holder.goes_to(purchase)
        return text in self.holder.words()

    # Merchant and operator

    def the_merchant_answers(self):
        merchant = self.merchant
        self.add(merchant, "merchant", MERCHANT)

        def is_listed() -> bool:
            merchant.follows("Disputes")
            return merchant.page.get_by_role("link", name=MERCHANT).count() > 0
        # The clearing house fetches it within seconds.
        wait_until(is_listed)
        merchant.shoots("disputes-merchant")
        merchant.page.get_by_role("link", name=MERCHANT).first.click()
        merchant.sees("What is said")
        words = merchant.words()
        assert WORDS in words and ARTICLE in words and "Handed out" in words, words
        assert "••••" not in words, words
        merchant.page.get_by_label("Your answer").select_option(label="I do not agree")
        merchant.presses("Answer")
        merchant.is_told("One entry needs a look")
        merchant.page.get_by_label("For the issuer").fill("All sheets were in the file.")
        merchant.shoots("dispute-answer")
        merchant.presses("Answer")
        words = merchant.words()
        assert "You have answered" in words and "Your answer" not in words, words
        wait_until(lambda: self.told(self.purchases[0], "The shop has answered"))

    def the_operator_sees_the_evidence(self):
        operator = self.operator
        self.sign_in(operator, OPERATOR, self.opal.secret("console-password"))
        operator.follows("Disputes")
        operator.sees("Open")
        assert "1 open" in operator.words(), operator.words()
        operator.shoots("disputes")
        operator.page.get_by_role("link", name=MERCHANT).first.click()
        operator.sees("What is said")

        def is_cleared() -> bool:
            operator.page.reload()
            return "Cleared" in operator.words()
        wait_until(is_cleared)
        words = operator.words()
        for text in (
                WORDS, "All sheets were in the file.", "Does not agree", ARTICLE,
                f"Farthing Press handed out {ARTICLE} at", "Ordered", "Delivered", "Cleared", "checked by the issuer's module",
                "checked by the security card", "Given back so far", "To be decided by"):
            assert text in words, (text, words)
        assert "Wrong\nS" not in words and not re.search(r"\d{16}", words), words
        wrong = operator.page.locator(".story-checks .badge-bad").count()
        right = operator.page.locator(".story-checks .badge-good").count()
        assert wrong == 0 and right >= 4, (wrong, right)
        operator.shoots("dispute")

    def gives_no_more_than_was_paid(self):
        operator = self.operator
        operator.page.get_by_label("Amount to give back").fill("9.51")
        operator.presses("Give it back")
        assert "That is more than was paid" in operator.page.inner_text("body")
        operator.page.get_by_label("Amount to give back").fill("much")
        operator.presses("Give it back")
        operator.is_told("One entry needs a look")
        operator.page.get_by_label("For the holder").fill("")
        operator.presses("Reject")
        operator.is_told(re.compile("need"))

    def decides_for_the_holder(self):
        operator = self.operator
        operator.page.get_by_label("Amount to give back").fill(GIVEN)
        operator.page.get_by_label("For the holder").fill("Half of it was there.")
        operator.presses("Give it back")
        words = operator.words()
        assert "Decided for the holder" in words and "Give it back" not in words, words
        assert f"Decided for the holder: €{GIVEN}" in words, words

    # By itself

    def it_comes_onto_the_card_by_itself(self):
        wait_until(lambda: self.told(self.purchases[0], f"€{GIVEN} is on your card again."))
        holder = self.holder
        assert "Half of it was there." in holder.words(), holder.words()
        holder.shoots("purchase-given-back")
        holder.goes_to(self.opal.sites["card"] + "/history")
        assert f"Given back after your dispute, {MERCHANT}" in holder.words(), holder.words()
        assert f"+€{GIVEN}" in holder.words(), holder.words()
        operator = self.operator
        operator.follows("Outbox")
        mails = operator.words()
        for subject in (
                f"We look into your purchase at {MERCHANT}", f"The shop {MERCHANT} is asked",
                f"The shop {MERCHANT} has answered", f"Decided for you: €{GIVEN} from {MERCHANT}",
                f"€{GIVEN} is on your card again", "Your dispute is withdrawn"):
            assert subject in mails, (subject, mails)
        operator.goes_to(f"{self.console}/transactions/{self.transaction}")
        words = operator.words()
        assert "Charge-back" in words and f"€{GIVEN} came back to the card" in words, words

    def the_merchant_gives_it(self):
        merchant = self.merchant
        merchant.goes_to(f"{self.console}/clearing/disputes/{self.transaction}")
        words = merchant.words()
        assert f"€{GIVEN} comes off your next payout" in words, words
        rows = self.opal.runs("clearing", "account", MERCHANT)
        line = next(row for row in rows.splitlines() if "CHARGEBACK" in row)
        assert f"-{GIVEN}" in line or f"-{float(GIVEN):g}" in line, line
        assert self.transaction.replace("-", "") in line.replace("-", ""), line

    def the_host_rejects_the_third(self):
        holder = self.holder
        holder.goes_to(self.purchases[2] + "/dispute")
        self.tells("Something else", "I do not like it.")
        open_ones = self.opal.tells("dispute", "list")
        assert [one["reason"] for one in open_ones] == ["other"], open_ones
        sale = open_ones[0]["transaction"]
        self.opal.runs(
            "dispute", "decide", sale, "--reject", "--words", "It is as the shop described it.")
        assert self.told(self.purchases[2], "It is as the shop described it.")
        assert "Nothing is given back" in holder.words(), holder.words()
        shown = self.opal.tells("dispute", "show", sale)
        assert shown["state"] == "rejected" and shown["decidedBy"] == "host", shown
        states = sorted(one["state"] for one in self.opal.tells("dispute", "list", "--all"))
        assert states == ["refunded", "rejected", "withdrawn"], states

    def the_shop_gives_the_fourth_back(self):
        holder, operator = self.holder, self.operator
        sale = self.purchases[3].rsplit("/", 1)[1]
        holder.goes_to(self.purchases[3] + "/dispute")
        self.tells("I did not get what I paid for", "It never came.")
        (part, part_shown), (rest, all_shown) = PARTS
        self.opal.runs("merchant", "refund", sale, "--amount", part)
        said = f"The shop has given back {part_shown} by itself."
        wait_until(lambda: self.told(self.purchases[3], said))
        assert "Take it back" in holder.words(), holder.words()
        holder.shoots("purchase-partly-given-back")
        address = f"{self.console}/disputes/{sale}"
        operator.goes_to(address)
        words = operator.words()
        assert "Of that by the merchant" in words and "€0.60 are left" in words, words
        operator.shoots("dispute-partly-given-back")
        # The shop begins one refund at a time.
        wait_until(lambda: all(
            one["outcome"] == "on the card" for one in self.opal.tells("merchant", "refunds", sale)))
        self.opal.runs("merchant", "refund", sale, "--amount", rest)
        said = f"The shop has given back all that you paid: {all_shown} is on your card again."
        wait_until(lambda: self.told(self.purchases[3], said))
        assert "Take it back" not in holder.words(), holder.words()
        holder.shoots("purchase-given-back-by-shop")
        operator.goes_to(address)
        words = operator.words()
        assert "The merchant has given back all of it" in words and "Reject" not in words, words
        operator.shoots("dispute-given-back-by-merchant")
        operator.follows("Outbox")
        assert f"The shop {MERCHANT} has given back {all_shown}" in operator.words()
        # The clearing house hears of it too.
        merchant = self.merchant

        def is_over() -> bool:
            merchant.goes_to(f"{self.console}/clearing/disputes/{sale}")
            return "You have given back all of it" in merchant.words()
        wait_until(is_over)
        assert self.opal.tells("dispute", "show", sale)["state"] == "given-back"

    def a_blocked_card_takes_nothing(self):
        operator, merchant = self.operator, self.merchant
        sale = self.purchases[4].rsplit("/", 1)[1]
        self.holder.goes_to(self.purchases[4] + "/dispute")
        self.tells("The amount is wrong", "It was to cost less.")
        operator.goes_to(f"{self.console}/disputes/{sale}")
        operator.follows("The card")
        operator.page.get_by_label("Reason").fill("It is reported as lost.")
        operator.presses("Block")
        address = f"{self.console}/clearing/disputes/{sale}"

        def is_asked() -> bool:
            merchant.goes_to(address)
            return "What is said" in merchant.words()
        wait_until(is_asked)
        self.agrees()
        assert "You have answered" in merchant.words(), merchant.words()

        def came_to_nothing() -> bool:
            merchant.goes_to(address)
            return "did not come onto the card" in merchant.words()
        wait_until(came_to_nothing)
        words = merchant.words()
        assert "nothing was taken from you" in words and "your first answer" in words, words
        choices = merchant.page.get_by_label("Your answer").locator("option").all_inner_texts()
        assert choices == ["Choose", "I give back all that is left of it"], choices
        merchant.presses("Answer")
        merchant.is_told("One entry needs a look")
        merchant.shoots("dispute-answer-again")
        operator.goes_to(f"{self.console}/disputes/{sale}")
        assert "Refund came to nothing" in operator.words(), operator.words()
        operator.shoots("dispute-came-to-nothing")

    def the_merchant_agrees_again(self):
        operator, merchant = self.operator, self.merchant
        operator.follows("The card")
        operator.presses("Unblock")
        self.agrees()
        words = merchant.words()
        assert "Your answer" not in words, words
        said = f"€{AGREED} is on your card again."
        wait_until(lambda: self.told(self.purchases[4], said))
        operator.goes_to(f"{self.console}/transactions/{self.purchases[4].rsplit('/', 1)[1]}")
        words = operator.words()
        assert f"€{AGREED} came back to the card" in words, words

    def agrees(self):
        agreement = "I give back all that is left of it"
        self.merchant.page.get_by_label("Your answer").select_option(label=agreement)
        self.merchant.presses("Answer")

    # Roles

    def add(self, person: Person, role: str, of: str | None = None, name: str | None = None):
        password = self.opal.data / f"{name or role}-password"
        self.opal.runs(
            "operator", "add", name or role, "--role", role, *(["--of", of] if of else []),
            "--password-file", str(password))
        self.sign_in(person, name or role, read_secret(password))

    def roles_see_their_own(self):
        address = f"{self.console}/disputes/{self.transaction}"
        self.add(self.other, "issuer", OTHER_ISSUER, "other-issuer")
        self.other.goes_to(self.console + "/disputes")
        assert MERCHANT not in self.other.words(), self.other.words()
        for person in self.other, self.merchant:
            person.goes_to(address)
            person.sees(re.compile("404|not here|no such|not found", re.IGNORECASE))
        self.add(self.auditor, "auditor")
        self.auditor.goes_to(address)
        assert WORDS in self.auditor.words(), self.auditor.words()
        buttons = self.auditor.page.get_by_role("main").get_by_role("button").all_inner_texts()
        assert buttons == [], buttons
        answer = self.auditor.page.request.post(address + "/reject", form={
            "csrf": self.auditor.page.locator("input[name=csrf]").first.input_value(),
            "words": "No."})
        assert answer.status == 403, answer.status

    def the_issuer_sees_both_sides(self):
        issuer = self.issuer
        self.add(issuer, "issuer", ISSUER, "own-issuer")
        issuer.goes_to(f"{self.console}/disputes/{self.transaction}")
        words = issuer.words()
        for text in (
                f"Farthing Press handed out {ARTICLE} at", "Ordered", "Delivered", "Cleared",
                "checked by the issuer's module", "checked by the security card",
                "From the records of card, shop, payment server and clearing house."):
            assert text in words, (text, words)
        assert "in another process" not in words and not re.search(r"\d{16}", words), words
        issuer.shoots("dispute-issuer")
        # What is not of this sale stays the merchant's.
        for page in "sales", f"sales/{self.transaction}", "clearing/disputes":
            issuer.goes_to(f"{self.console}/{page}")
            issuer.sees(re.compile("404|not here|no such|not found", re.IGNORECASE))

    # The end

    def a_day_is_settled(self):
        operator = self.operator
        operator.goes_to(self.console + "/clearing")
        operator.presses("Close the day now")
        operator.sees(re.compile("^Settlement of "))
        row = operator.page.get_by_role("row").filter(has_text=MERCHANT)
        row.get_by_role("link").first.click()
        operator.sees(re.compile("^Payout to "))
        assert f"−€{TAKEN}" in operator.words(), operator.words()

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
    sys.exit(walk.main(__doc__, Disputes))
