#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The operator's desk in a browser without a window, against `opal up` with new data: a purchase
is put back, a holder buys and loads; the operator sees it counted, finds it with one field and
reads each story, with every signature checked; limits are changed by two persons; an issuer, an
acquirer, a merchant and an auditor see their own partition alone. Ends with 1 at the first thing
that is not as it should be.

    desk.py --opal .build/debug/opal --screenshots build/screenshots
"""
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, expect

import walk
from interrupted import Apart
from opal_process import Opal, read_secret
from person import Person
from walk import wait_until

OPERATOR = "operator"
USER = "demo"
BANK = "Harbour Bank"
ARTICLE, PRICE = "An Atlas of Small Islands", "9.50"
PUT_BACK, ITS_PRICE = "comma", "0.35"
MERCHANT = "FARTHINGPRESS01"
# Roles with what their navigation has and has not.
ROLES = {
    "issuer": (
        "999001", {"Cards", "Loads", "Clearing"}, {"Sales", "Terminals", "Outbox", "Programmes"}),
    "acquirer": (
        None, {"Sales", "Terminals", "Clearing"}, {"Cards", "Loads", "Outbox", "Programmes"}),
    "merchant": (MERCHANT, {"Open", "Clearing"}, {"Cards", "Sales", "Terminals", "Loads", "Outbox"}),
    "auditor": (None, {"Cards", "Sales", "Loads", "Programmes", "Clearing"}, {"Outbox"}),
}


class Desk:
    def __init__(self, browser: Browser, program: Path, opal: Opal, pictures: Path):
        self.program = program
        self.opal = opal
        self.browser = browser
        self.pictures = pictures
        self.holder = Person(browser)
        self.operator = Person(browser, pictures)
        self.second = Person(browser, pictures)
        self.watched = {
            "holder": self.holder, "operator": self.operator, "second": self.second}
        self.story = ""
        self.put_back = ""

    @property
    def steps(self):
        return [
            self.sees_an_empty_day, self.a_purchase_is_put_back, self.a_holder_buys,
            self.a_holder_loads, self.cannot_buy_without_value, self.sees_what_was_counted,
            self.finds_the_card, self.reads_the_story_of_a_purchase,
            self.reads_the_story_of_a_load, self.reads_the_story_of_what_was_put_back,
            self.finds_it_by_each_number, self.finds_nothing_that_is_not_there,
            self.proposes_limits, self.a_second_person_agrees, self.roles_see_their_own,
            self.another_issuer_learns_nothing, self.all_sides_agree, self.nothing_complained,
        ]

    # What happens

    def sees_an_empty_day(self):
        self.sign_in(self.operator, OPERATOR, self.opal.secret("console-password"))
        words = self.operator.words()
        assert "Today, " in words and "Nothing so far." in words, words
        self.operator.shoots("desk-empty")

    def a_purchase_is_put_back(self):
        """With the parties apart, so that the line between two of them can be cut."""
        assert self.opal.stop() == 0
        self.put_back = Apart(self.program, self.opal.data).put_back(
            USER, self.opal.secret("demo-password"), PUT_BACK)
        self.opal.start()
        self.opal.wait_until_ready()
        self.operator.goes_to(self.opal.sites["console"])
        if self.operator.has_entry("Operator"):
            self.sign_in(self.operator, OPERATOR, self.opal.secret("console-password"))

    def a_holder_buys(self):
        holder = self.holder
        holder.goes_to(self.opal.sites["card"])
        holder.fills("User identifier", USER)
        holder.fills("Password", self.opal.secret("demo-password"))
        holder.presses("Sign in")
        for _ in range(2):
            self.orders()
            holder.presses(f"Pay €{PRICE}")
            holder.sees("Paid")
            holder.presses(re.compile("^Back to "))
            holder.sees("Paid, and it is yours")

    def a_holder_loads(self):
        holder = self.holder
        holder.goes_to(self.opal.sites["bank"])
        holder.fills("Name", USER)
        holder.fills("Password", self.opal.secret("bank-password"))
        holder.presses("Sign in")
        holder.presses("Load my card")
        holder.presses("Tell the bank")
        holder.fills("Another amount", "5.00")
        holder.presses("Load this amount")
        holder.sees(f"Load €5.00 from {BANK}")
        holder.presses("Load €5.00")
        holder.sees("Loaded")
        holder.presses(f"Back to {BANK}")
        holder.sees("Loaded")

    def cannot_buy_without_value(self):
        """A consent in a tab that was open before the value was spent."""
        holder = self.holder
        self.orders()
        late = holder.opens_tab()
        late.goes_to(self.opal.sites["shop"])
        late.follows(re.compile(ARTICLE))
        late.presses("Order")
        late.presses(f"Pay €{PRICE} with virtual card")
        holder.presses(f"Pay €{PRICE}")
        holder.sees("Paid")
        late.presses(f"Pay €{PRICE}")
        assert "does not hold enough" in late.text(), late.text()
        late.page.close()

    # Today

    def sees_what_was_counted(self):
        operator = self.operator
        operator.goes_to(self.opal.sites["console"])

        def is_counted() -> bool:
            operator.page.reload()
            return self.tile("Purchases").startswith("3 €28.50") and "1" in self.tile("Refused")
        wait_until(is_counted)
        assert self.tile("Loads").startswith("1 €5.00"), self.tile("Loads")
        assert self.tile("Put back").startswith(f"1 €{ITS_PRICE}"), self.tile("Put back")
        assert self.tile("Half end within"), operator.words()
        chart = operator.page.get_by_role("img", name=re.compile("3 sold, 1 given up"))
        expect(chart).to_be_visible()
        operator.page.get_by_text("Hour by hour").first.click()
        expect(operator.page.get_by_role("row").filter(has_text="€28.50").first).to_be_visible()
        assert "Insufficient value" in operator.words(), operator.words()
        operator.shoots("desk-today")

    def tile(self, label: str) -> str:
        tile = self.operator.page.locator(".tile").filter(
            has=self.operator.page.get_by_text(label, exact=True))
        if tile.count() == 0:
            return ""
        parts = tile.first.locator(".tile-value, .tile-note").all_inner_texts()
        return " ".join(parts).replace("\xa0", " ")

    # Search and stories

    def search(self, person: Person, text: str):
        person.goes_to(self.opal.sites["console"] + "/search")
        person.fills("Card, person, transaction, sale or order", text)
        person.presses("Search")

    def finds_the_card(self):
        operator = self.operator
        operator.follows("Search")
        operator.shoots("desk-search")
        self.search(operator, USER)
        operator.sees(re.compile("^•••• "))
        operator.shoots("desk-card")

    def reads_the_story_of_a_purchase(self):
        operator = self.operator
        operator.follows(re.compile("^Paid"))
        operator.sees("Purchase")
        self.story = operator.page.url.rsplit("/", 1)[1]
        words = operator.words()
        money = r"^€9\.50 was taken from card •••• .* is owed to merchant"
        assert re.search(money, words, re.M), words
        for step in ("Ordered", "Draw request", "Debit command", "Debited", "Sold", "Told: sold",
                     "S2, S3 and S6", "Right"):
            assert step in words, (step, words)
        self.expect_checked(words)
        operator.shoots("desk-story-purchase")

    def reads_the_story_of_a_load(self):
        operator = self.operator
        self.search(operator, USER)
        operator.follows(re.compile("^Loaded"))
        operator.sees("Load")
        words = operator.words()
        for step in ("Held", "Load request", "Credit command", "Loaded", "Paid", "S1 and S2",
                     "S1, S2 and S3", "checked by the load server’s module".replace("’", "'")):
            assert step in words, (step, words)
        self.expect_checked(words)
        operator.shoots("desk-story-load")

    def reads_the_story_of_what_was_put_back(self):
        operator = self.operator
        self.search(operator, self.put_back)
        operator.sees("Purchase, put back")
        words = operator.words()
        for step in ("Ordered", "Draw request", "Debit command", "Debited", "Void", "Put back",
                     "S2, S3 and S6", "SV", "Told: void"):
            assert step in words, (step, words)
        self.expect_checked(words)
        operator.shoots("desk-story-put-back")

    def expect_checked(self, words: str):
        assert "Wrong" not in words and "cannot be checked" not in words, words

    def finds_it_by_each_number(self):
        operator = self.operator
        operator.goes_to(f"{self.opal.sites['console']}/transactions/{self.story}")
        facts = {
            row.locator("dt").inner_text(): row.locator("dd").inner_text()
            for row in operator.page.locator("dl.facts > div").all()}
        order = next(value for name, value in facts.items() if name.startswith("Order at"))
        sale = f"{facts['Security card']} {facts['Its number of the sale']}"
        for text in (self.story, order, order.replace(" ", ""), sale):
            self.search(operator, text)
            found = operator.page.url
            assert found.endswith(f"/transactions/{self.story}"), (text, found)

    def finds_nothing_that_is_not_there(self):
        operator = self.operator
        for text in "4111111111111111", "nobody", "<b>x</b>":
            self.search(operator, text)
            assert "Nothing fits." in operator.text() and "4111" not in operator.text()
        operator.shoots("desk-search-nothing")

    # Limits

    def proposes_limits(self):
        operator = self.operator
        self.search(operator, USER)
        operator.follows("Limits")
        operator.sees("Limits")
        operator.fills("For one purchase", "five")
        operator.presses("Propose the limits")
        operator.is_told(re.compile("Enter an amount such as"))
        operator.fills("For one purchase", "12.00")
        operator.presses("Propose the limits")
        operator.sees("Waits for a second person")
        assert operator.page.get_by_role("button", name="Agree", exact=True).count() == 0
        operator.shoots("desk-limits-proposed")

    def a_second_person_agrees(self):
        self.add("second", "everything", None)
        second = self.second
        self.sign_in(second, "second", self.password("second"))
        assert "Limits that wait for a second person" in second.words(), second.words()
        second.shoots("desk-proposals")
        waiting = second.page.locator("section", has_text="Limits that wait")
        waiting.get_by_role("link").first.click()
        second.sees("Waits for a second person")
        second.shoots("desk-limits-agree")
        second.presses("Agree")
        assert "up to €12.00" in second.words() and "Waits for" not in second.words()

    # Roles

    def add(self, name: str, role: str, of: str | None):
        self.opal.runs(
            "operator", "add", name, "--role", role, *(["--of", of] if of else []),
            "--password-file", str(self.opal.data / f"{name}-password"))

    def password(self, name: str) -> str:
        return read_secret(self.opal.data / f"{name}-password")

    def roles_see_their_own(self):
        issuer = self.opal.tells("issuer", "list")[0]["bin"]
        for role, (of, has, has_not) in ROLES.items():
            self.add(role, role, issuer if role == "issuer" else of)
            person = Person(self.browser, self.pictures)
            self.watched[role] = person
            self.sign_in(person, role, self.password(role))
            person.shoots(f"desk-{role}")
            links = set(person.page.get_by_role("navigation", name="Main").get_by_role(
                "link").all_inner_texts())
            assert has <= links and not has_not & links, (role, links)
            person.goes_to(f"{self.opal.sites['console']}/transactions/{self.story}")
            person.sees("Purchase")
            person.shoots(f"desk-{role}-story")
        auditor = self.watched["auditor"]
        auditor.goes_to(self.opal.sites["console"] + "/cards")
        auditor.page.locator("tbody a").first.click()
        auditor.sees(re.compile("^•••• "))
        buttons = auditor.page.get_by_role("main").get_by_role("button").all_inner_texts()
        assert buttons == [], buttons
        auditor.shoots("desk-auditor-card")
        # What the page does not offer is refused as well.
        answer = auditor.page.request.post(auditor.page.url + "/block", form={
            "csrf": auditor.page.locator("input[name=csrf]").first.input_value(),
            "reason": "a look"})
        assert answer.status == 403 and "Your role does not allow this" in answer.text()
        listed = {line["name"]: line["role"] for line in self.opal.tells("operator", "list")}
        assert listed == {
            OPERATOR: "everything", "second": "everything", **{role: role for role in ROLES}}

    def another_issuer_learns_nothing(self):
        self.add("stranger", "issuer", "111111")
        stranger = Person(self.browser, self.pictures)
        self.watched["stranger"] = stranger
        self.sign_in(stranger, "stranger", self.password("stranger"))
        assert "€" not in stranger.words(), stranger.words()
        stranger.goes_to(f"{self.opal.sites['console']}/transactions/{self.story}")
        stranger.sees(re.compile("404|not here|no such|not found", re.IGNORECASE))
        self.search(stranger, self.story)
        assert "Nothing fits." in stranger.text()
        stranger.follows("Cards")
        assert "No card fits." in stranger.text()
        self.opal.runs("operator", "remove", "stranger")
        stranger.goes_to(self.opal.sites["console"])
        assert "Your role does not allow this" in stranger.text(), stranger.text()

    # The end

    def all_sides_agree(self):
        audit = self.opal.tells("audit")
        assert audit["findings"] == [], audit

    def nothing_complained(self):
        for who, person in self.watched.items():
            assert not person.complaints, (who, person.complaints)
        assert self.opal.is_running(), "opal ended"
        said = "\n".join(self.opal.lines).lower()
        for word in "alarm", "error", "warning":
            assert word not in said, said

    # Tools

    def orders(self):
        holder = self.holder
        holder.goes_to(self.opal.sites["shop"])
        holder.follows(re.compile(ARTICLE))
        holder.presses("Order")
        holder.presses(f"Pay €{PRICE} with virtual card")

    def sign_in(self, person: Person, name: str, password: str):
        person.goes_to(self.opal.sites["console"])
        person.fills("Operator", name)
        person.fills("Password", password)
        person.presses("Sign in")
        person.sees("Overview")


if __name__ == "__main__":
    sys.exit(walk.main(__doc__, Desk))
