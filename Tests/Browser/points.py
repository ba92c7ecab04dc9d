#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Points and proof of identity in a browser without a window: a cardholder joins the airline's
programmes with the card, earns points by purchases in the shop, redeems benefits from points on the
card, from points in the airline's own database, and with points and money together; then what must
not work, and what the programme's commands say. Ends with 1 at the first thing that is not as it
should be.

    points.py --opal .build/debug/opal --screenshots build/screenshots
"""
import csv
import datetime
import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Browser

import walk
from member import (
    CLUB, CODES, MILES, USER, confirms, joins, orders, proves_the_order, signs_in_with_the_card)
from opal_process import Opal
from person import Person
from walk import wait_until

# An earn file that takes some seconds, and how long its command lives before it is killed: longer
# each time, so that it comes to an end.
FILE_LINES = 20_000
FIRST_PAUSE_SECONDS, PAUSE_GROWTH = 0.25, 1.3
# Posts a result as a browser does that comes back from the card's site.
SEND_RESULT = """([action, transaction, result]) => {
    const form = document.createElement('form')
    form.method = 'post'; form.action = action
    for (const [name, value] of Object.entries({transaction, result})) {
        const input = document.createElement('input')
        input.name = name; input.value = value; form.append(input)
    }
    document.body.append(form); form.submit()
}"""


class Points:
    def __init__(self, browser: Browser, program: Path, opal: Opal, pictures: Path):
        self.browser = browser
        self.program = program
        self.opal = opal
        self.person = Person(browser, pictures)
        self.card = Decimal("25.00")
        self.miles = self.club = 0
        self.watched = {"person": self.person}

    @property
    def steps(self):
        return [
            self.looks_at_benefits, self.signs_in_with_the_card, self.joins_both_programmes,
            self.earns_in_the_shop, self.sees_points_on_the_card, self.sees_points_at_the_airline,
            self.redeems_from_the_card, self.redeems_from_the_database, self.pays_mixed,
            self.cannot_have_what_is_sold_out, self.cannot_spend_what_is_not_there,
            self.cannot_use_a_proof_twice, self.gets_points_from_a_file,
            self.file_survives_kills, self.operator_looks, self.all_sides_agree, self.nothing_complained,
        ]

    # Identity

    def looks_at_benefits(self):
        person = self.person
        person.goes_to(self.opal.sites["airline"])
        person.sees("Skylark Air")
        person.shoots("airline-home")

    def signs_in_with_the_card(self):
        self.proof = signs_in_with_the_card(self.person, self.opal)
        self.person.shoots("airline-member-new")

    def joins_both_programmes(self):
        person = self.person
        joins(person, MILES, CLUB)
        person.shoots("airline-member")
        wait_until(lambda: all(
            member["card"] == "entered"
            for code in CODES.values() for member in self.opal.tells("programme", "members", code)))

    # Earning

    def earns_in_the_shop(self):
        person = self.person
        person.goes_to(self.opal.sites["card"])
        person.fills("User identifier", USER)
        person.fills("Password", self.opal.secret("demo-password"))
        person.presses("Sign in")
        for title, price in ("An Atlas of Small Islands", "9.50"), ("How Glass Remembers", "1.20"):
            person.goes_to(self.opal.sites["shop"])
            person.follows(re.compile(title))
            person.presses("Order")
            # Nobody knows whether it will be Sunday by then, so both days are looked at.
            before = datetime.datetime.now(datetime.timezone.utc).isoweekday() == 7
            person.presses(re.compile(f"^Pay €{price} with virtual card"))
            person.presses(f"Pay €{price}")
            person.sees("Paid")
            after = datetime.datetime.now(datetime.timezone.utc).isoweekday() == 7
            assert before == after, "midnight came in between: start again"
            self.card -= Decimal(price)
            earned = int(Decimal(price) * 10) * (2 if before else 1)
            self.miles += earned
            self.club += earned

    def sees_points_on_the_card(self):
        person = self.person

        def is_there() -> bool:
            person.goes_to(self.opal.sites["card"] + "/card")
            return f"{self.miles:,} {MILES}" in person.words()
        wait_until(is_there)
        text = person.text()
        assert MILES in text and CLUB in text and "until" in text, text
        person.shoots("card-with-points")
        person.follows("History")
        person.shoots("history-with-points")

    def sees_points_at_the_airline(self):
        person = self.person
        person.goes_to(self.opal.sites["airline"] + "/member")
        assert f"{self.club:,} points" in person.words(), (self.club, person.text())
        person.shoots("airline-member-with-points")

    # Redeeming

    def begins(self, title: str):
        orders(self.person, self.opal, title)

    def goes_on(self, picture: str):
        self.person.shoots("airline-order-" + picture)
        confirms(self.person)

    def redeems_from_the_card(self):
        person = self.person
        self.begins("Lounge, one hour")
        self.goes_on("card")
        person.sees(re.compile(rf"^Pay 9\s{MILES}"))
        person.shoots("checkout-points")
        person.presses(re.compile("^Pay 9"))
        person.sees("Paid")
        self.miles -= 9
        person.shoots("paid-points")
        person.presses(re.compile("^Back to "))
        person.sees("It is yours")
        person.shoots("airline-voucher")
        self.voucher = person.page.locator(".voucher-code code").inner_text()
        person.page.reload()
        assert person.page.locator(".voucher-code code").inner_text() == self.voucher

    def redeems_from_the_database(self):
        person = self.person
        self.begins("A seat at dusk")
        self.goes_on("database")
        proves_the_order(person, self.opal)
        self.club -= 8
        person.shoots("airline-voucher-database")
        self.sees_points_at_the_airline()

    def pays_mixed(self):
        person = self.person
        self.begins("Seat upgrade")
        self.goes_on("mixed")
        person.sees(re.compile("^Pay €0.50 and 3"))
        assert "Points now" in person.text(), person.text()
        person.shoots("checkout-mixed")
        person.presses(re.compile("^Pay €0.50 and 3"))
        person.sees("Paid")
        self.card -= Decimal("0.50")
        self.miles -= 3
        person.shoots("paid-mixed")
        person.presses(re.compile("^Back to "))
        person.sees("It is yours")
        self.expect_card()

    # What must not work

    def cannot_have_what_is_sold_out(self):
        person = self.person
        person.goes_to(self.opal.sites["airline"])
        person.follows(re.compile("A seat at dusk"))
        assert "Nothing is left of it" in person.text(), person.text()
        person.shoots("airline-sold-out")
        self.sees_points_at_the_airline()

    def cannot_spend_what_is_not_there(self):
        person = self.person
        self.opal.runs("programme", "benefit", "put", "moon", "--programme", "9001", "--title",
                       "A trip to the moon", "--description", "There and back", "--points", "999999")
        self.begins("A trip to the moon")
        self.goes_on("moon")
        person.sees(re.compile("^Pay 999,999"))
        person.shoots("checkout-points-short")
        assert "does not hold enough" in person.text(), person.text()
        self.expect_card()

    def cannot_use_a_proof_twice(self):
        """The result that opened the session, posted once more by somebody who copied it."""
        other = Person(self.browser, self.person.pictures)
        self.watched["other"] = other
        other.goes_to(self.opal.sites["airline"])
        with other.page.expect_navigation():
            other.page.evaluate(SEND_RESULT, [
                self.opal.sites["airline"] + "/status", *self.proof])
        other.shoots("airline-proof-again")
        assert "Your points" not in other.page.title(), other.text()
        other.goes_to(self.opal.sites["airline"] + "/member")
        assert "Your points" not in other.page.title(), other.text()

    # The programme

    def gets_points_from_a_file(self):
        number = self.opal.tells("programme", "members", "9001")[0]["number"]
        file = self.opal.data / "flights.csv"
        today = datetime.date.today() - datetime.timedelta(days=1)
        with file.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["reference", "member", "points", "date", "note"])
            writer.writerow(["FLIGHT-1", number, 500, today, "SK 12 to the islands"])
            writer.writerow(["FLIGHT-2", "NOBODY", 500, today, ""])
            writer.writerow(["FLIGHT-3", number, "1.5", today, ""])
        first = self.opal.tells("programme", "issue", "9001", str(file))
        assert (first["applied"], first["refused"], first["wasKnown"]) == (1, 2, False), first
        again = self.opal.tells("programme", "issue", "9001", str(file))
        assert again["applied"] == 1 and again["wasKnown"], again
        self.miles += 500
        wait_until(lambda: self.opal.tells("programme", "members", "9001")[0]["inPostings"] == 0
                   and self.opal.tells("programme", "members", "9001")[0]["here"] == 0)
        self.expect_card()
        liability = self.opal.tells("programme", "liability", "9001")
        outstanding = sum(m["here"] + m["inPostings"] + m["onCards"] for m in liability["months"])
        assert outstanding == self.miles, (liability, self.miles)

    def file_survives_kills(self):
        """The command is killed again and again; each line earns once all the same."""
        before = self.opal.tells("programme", "members", "9002")[0]
        file = self.opal.data / "long.csv"
        today = datetime.date.today() - datetime.timedelta(days=1)
        with file.open("w") as stream:
            stream.write("reference,member,points,date\n")
            stream.writelines(
                f"LONG-{line},{before['number']},1,{today}\n" for line in range(FILE_LINES))
        command = [self.program, "programme", "issue", "9002", str(file), "--json", "--data",
                   self.opal.data]
        kills, pause = 0, FIRST_PAUSE_SECONDS
        while True:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            try:
                output, _ = process.communicate(timeout=pause)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills, pause = kills + 1, pause * PAUSE_GROWTH
        assert process.returncode == 0 and kills > 0, (process.returncode, kills)
        report = json.loads(output)
        assert report["applied"] == FILE_LINES and report["refused"] == report["known"] == 0, report
        after = self.opal.tells("programme", "members", "9002")[0]
        assert after["here"] - before["here"] == FILE_LINES, (before, after, kills)
        print(f"        killed {kills} times in {FILE_LINES} lines")

    def operator_looks(self):
        redemptions = self.opal.tells("programme", "redemptions")
        states = [one["state"] for one in redemptions]
        assert states.count("fulfilled") == 3, redemptions
        assert self.voucher not in json.dumps(redemptions)

    def all_sides_agree(self):
        self.expect_card()
        # The trip to the moon is still reserved; nothing else waits.
        assert [one["state"] for one in self.opal.tells("programme", "redemptions")].count(
            "reserved") == 1
        audit = self.opal.tells("audit")
        assert audit["findings"] == [], audit

    def nothing_complained(self):
        for who, person in self.watched.items():
            assert not person.complaints, (who, person.complaints)

    # Tools

    def expect_card(self):
        person = self.person
        person.goes_to(self.opal.sites["card"] + "/card")
        assert f"{self.miles:,} {MILES}" in person.words(), (self.miles, person.text())
        assert f"€{self.card}" in person.words(), (self.card, person.text())


if __name__ == "__main__":
    sys.exit(walk.main(__doc__, Points))
