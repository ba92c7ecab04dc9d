#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loyalty programmes in the operator's console, in a browser without a window, against `opal up`
with new data: the operator creates a programme, issues points from files, looks at members and at
what is owed, and keeps the catalogue of benefits, while a member looks on at the airline; then the
same without script, what must not work, and what the audit says. Ends with 1 at the first thing
that is not as it should be.

    programmes.py --opal .build/debug/opal --screenshots build/screenshots
"""
import csv
import datetime
import io
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, expect

import walk
from member import (
    CLUB, CODES, MILES, confirms, joins, orders, proves_the_order, signs_in_with_the_card)
from opal_process import Opal
from person import Person
from walk import wait_until

OPERATOR = "operator"
# An earn file that takes some seconds, so that its page shows how far it has come.
FILE_LINES = 60_000
FILE_WAIT_MS = 180_000
HEADER = "reference,member,points,date,note\n"
TEA = "A pot of tea"


class Programmes:
    def __init__(self, browser: Browser, _program: Path, opal: Opal, pictures: Path):
        self.opal = opal
        self.operator = Person(browser, pictures)
        self.member = Person(browser)
        self.plain = Person(browser, script=False)
        self.watched = {"operator": self.operator, "member": self.member, "plain": self.plain}
        self.yesterday = datetime.date.today() - datetime.timedelta(days=1)
        self.numbers: dict[str, str] = {}
        self.file_pages: dict[str, str] = {}

    @property
    def steps(self):
        return [
            self.a_member_joins, self.signs_in, self.sees_the_programmes_of_the_demo,
            self.cannot_create_a_wrong_programme, self.creates_a_programme,
            self.cannot_issue_from_what_is_no_earn_file, self.issues_points,
            self.gets_the_refused_lines_as_a_file, self.the_same_file_is_recognised,
            self.watches_a_long_file, self.sees_what_is_owed, self.sees_the_members,
            self.sees_one_member, self.cannot_enter_a_wrong_benefit, self.enters_a_benefit,
            self.changes_the_stock, self.withdraws_it, self.sees_what_was_redeemed,
            self.all_acts_are_in_the_journal, self.goes_without_script, self.all_sides_agree,
            self.nothing_complained,
        ]

    # A member, and who looks after the programme

    def a_member_joins(self):
        signs_in_with_the_card(self.member, self.opal)
        joins(self.member, MILES, CLUB)
        for code in CODES.values():
            wait_until(lambda: self.told_members(code)[0]["card"] == "entered")
            self.numbers[code] = self.told_members(code)[0]["number"]

    def signs_in(self):
        self.sign_in(self.operator)
        self.operator.follows("Programmes")
        self.operator.sees("Programmes")

    def sees_the_programmes_of_the_demo(self):
        operator = self.operator
        operator.shoots("console-programmes")
        words = operator.words()
        for name in MILES, CLUB:
            assert name in words, words
        assert "for each €0.10" in words, words
        operator.follows(MILES)
        operator.sees(re.compile(MILES))
        assert "Nothing is outstanding" in operator.text(), operator.text()
        operator.shoots("console-programme-new")

    # A new programme

    def cannot_create_a_wrong_programme(self):
        """Each wrong entry is told beside it, and the others stay."""
        for label, typed, told in (
                ("Code", "8000", "from 9001 to 9999"),
                ("Points", "900000000000000", "more points than can be counted"),
                ("Points", "1.505", "at most 2 decimals"),
                ("A card holds at most", "0.005", "at most 2 decimals"),
                ("Currency", "9001", "the first of them 0"),
                ("Bonus days", "someday=2.0", "someday=2.0")):
            self.types_a_programme()
            self.operator.fills(label, typed)
            self.operator.presses("Create the programme")
            self.is_told_at(label, told)
            for kept in label, "Name of its points":
                entry = self.operator.page.get_by_label(kept, exact=True)
                expect(entry).to_have_value(typed if kept == label else "Harbour Stars")
        self.operator.shoots("console-programme-refused")
        assert len(self.opal.tells("programme", "list")) == 2

    def creates_a_programme(self):
        operator = self.operator
        self.types_a_programme()
        operator.presses("Create the programme")
        operator.sees(re.compile("^Harbour Stars"))
        words = operator.words()
        assert "1.50 Harbour Stars for each €1.00, rounded down" in words, words
        assert "on Sundays" in words and "expire after 24 months" in words, words
        assert "9003" in [one["code"] for one in self.opal.tells("programme", "list")]
        operator.follows("Members")
        operator.sees("Members")
        operator.shoots("console-members-none")

    def types_a_programme(self):
        operator = self.operator
        operator.goes_to(self.opal.sites["console"] + "/programmes")
        for label, text in (
                ("Code", "9003"), ("Name of its points", "Harbour Stars"),
                ("Decimals of its points", "2"), ("A card holds at most", "5000"),
                ("Merchants whose purchases earn", "FARTHINGPRESS01"), ("Points", "1.5"),
                ("For", "1.00"), ("Bonus days", "sunday=2.0"), ("Expire after", "24")):
            operator.fills(label, text)
        operator.page.get_by_label("Points are kept", exact=True).select_option("In the database")

    # Earn files

    def cannot_issue_from_what_is_no_earn_file(self):
        operator = self.operator
        self.chooses_a_file(CLUB, "notes.csv", "Dear all,\nplease find below\n")
        operator.presses("Issue the points")
        self.is_told_at("Earn file", "The first line must be")
        operator.shoots("console-issue-refused")
        assert self.acts(CODES[CLUB]) == [], "what was not done is told as an act"

    def issues_points(self):
        operator = self.operator
        number = self.numbers["9002"]
        ahead = datetime.date.today() + datetime.timedelta(days=40)
        self.text = HEADER + "".join(
            f"{line}\n" for line in (
                f"F-1,{number},500,{self.yesterday},SK 12 to the islands",
                f"F-2,ZZ-9999-1111,500,{self.yesterday},",
                f"F-3,{number},1.5,{self.yesterday},",
                f"F-4,{number},20,{ahead},",
                f"F-5;{number};20;{self.yesterday}",
                f'F-6,{number},40,{self.yesterday},"Tea, and a biscuit"',
                f"F-1,{number},700,{self.yesterday},the same reference for more"))
        self.chooses_a_file(CLUB, "flights.csv", self.text)
        operator.shoots("console-issue")
        operator.presses("Issue the points")
        self.comes_to_its_end(operator)
        operator.sees("flights.csv")
        words = operator.words()
        for told in ("540 " + CLUB, "no such member", "more decimals", "lies ahead",
                     "not reference,member,points,date", "used before, for something else"):
            assert told in words, (told, words)
        assert number not in words and "ZZ-9999" not in words, "a whole number is shown"
        assert number[-4:] in words and "1111" in words, words
        operator.shoots("console-earn-file")
        self.file_pages["flights.csv"] = operator.page.url

    def gets_the_refused_lines_as_a_file(self):
        with self.operator.page.expect_download() as download:
            self.operator.page.get_by_role("link", name="Download them as CSV").click()
        text = Path(download.value.path()).read_text()
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["line"] for row in rows] == ["3", "4", "5", "6", "8"], rows
        assert rows[0]["reason"] == "no such member", rows
        assert all(number not in text for number in self.numbers.values()), text

    def the_same_file_is_recognised(self):
        operator = self.operator
        self.chooses_a_file(CLUB, "flights-again.csv", self.text)
        operator.presses("Issue the points")
        operator.sees("flights.csv")
        assert "This file was applied before" in operator.text(), operator.text()
        operator.shoots("console-earn-file-again")
        assert self.told_members("9002")[0]["here"] == 540

    def watches_a_long_file(self):
        """The bar moves, and the page goes over into the report by itself."""
        operator = self.operator
        self.chooses_a_file(CLUB, "march.csv", self.long_file("LONG"))
        operator.presses("Issue the points")
        bar = operator.page.get_by_role("progressbar")
        expect(bar).to_be_visible()
        before = bar.get_attribute("value")
        expect(bar).not_to_have_attribute("value", before)
        operator.shoots("console-earn-file-under-way")
        self.comes_to_its_end(operator)
        assert f"{FILE_LINES:,} {CLUB}" in operator.words(), operator.words()
        assert self.told_members("9002")[0]["here"] == 540 + FILE_LINES

    # Looking

    def sees_what_is_owed(self):
        operator = self.operator
        # Points on the card as well.
        number = self.numbers["9001"]
        self.chooses_a_file(MILES, "miles.csv", HEADER + "".join(
            f"M-{months},{number},{200 + 10 * months},{self.months_ago(months)},\n"
            for months in range(1, 23)))
        operator.presses("Issue the points")
        self.comes_to_its_end(operator)
        wait_until(lambda: self.told_members("9001")[0]["here"] == 0
                   and self.told_members("9001")[0]["inPostings"] == 0)
        for name, outstanding in ((MILES, 22 * 200 + 10 * 253), (CLUB, 540 + FILE_LINES)):
            operator.goes_to(self.opal.sites["console"] + "/programmes")
            assert f"{outstanding:,} {name}" in operator.words(), operator.words()
            operator.follows(name)
            operator.sees(re.compile(name))
            assert f"{outstanding:,} {name}" in operator.words(), operator.words()
            chart = operator.page.get_by_role("img", name=f"{outstanding:,}")
            expect(chart.first).to_be_visible()
            assert chart.locator("rect").count() > 0, "the chart has no bar"
            if name == CLUB:
                operator.page.get_by_text("Month by month").click()
            operator.shoots("console-programme-" + CODES[name])

    def sees_the_members(self):
        operator = self.operator
        number = self.numbers["9002"]
        operator.follows("Members")
        operator.sees("Members")
        words = operator.words()
        assert number not in words and number[-4:] in words, words
        assert "On the card" in words, words
        operator.shoots("console-members")
        operator.fills("Whole member number", "ZZ-9999-1111")
        operator.presses("Search")
        assert "No member" in operator.text(), operator.text()
        operator.shoots("console-members-not-found")

    def sees_one_member(self):
        operator = self.operator
        number = self.numbers["9002"]
        operator.goes_to(self.opal.sites["console"] + "/programmes/9002/members")
        operator.follows(re.compile(number[-4:] + "$"))
        words = operator.words()
        assert number not in words and "On the card" in words, words
        assert f"{540 + FILE_LINES:,} {CLUB}" in words, words
        operator.shoots("console-member")
        operator.follows("Older")
        assert "LONG-" in operator.text(), operator.text()
        operator.goes_to(self.opal.sites["console"] + "/programmes/9002/members")
        operator.fills("Whole member number", number.lower())
        operator.presses("Search")
        operator.sees(number)
        assert number not in operator.page.url

    # Benefits

    def cannot_enter_a_wrong_benefit(self):
        for label, typed, told in (
                ("Code", "Tea Time", "a to z"), ("Price in points", "1.5", "no amount"),
                ("Price in EUR", "1.005", "no amount"), ("Pieces", "many", "number of pieces")):
            self.types_a_benefit()
            self.operator.fills(label, typed)
            self.operator.presses("Put it into the catalogue")
            self.is_told_at(label, told)
            expect(self.operator.page.get_by_label("Title", exact=True)).to_have_value("Porridge")
        self.operator.shoots("console-benefit-refused")

    def enters_a_benefit(self):
        operator, member = self.operator, self.member
        self.types_a_benefit()
        operator.shoots("console-benefits")
        operator.presses("Put it into the catalogue")
        operator.sees(re.compile("^Porridge"))
        operator.shoots("console-benefit")
        self.airline_shows("Porridge")
        member.follows(re.compile("Porridge"))
        assert "2" in member.words() and "With honey" in member.words(), member.words()

    def changes_the_stock(self):
        operator, member = self.operator, self.member
        orders(member, self.opal, TEA)
        confirms(member)
        proves_the_order(member, self.opal)
        operator.follows("Benefits")
        operator.follows(re.compile(TEA))
        operator.fills("Pieces ever put in", "0")
        operator.presses("Set the stock")
        self.is_told_at("Pieces ever put in", "reserved or given")
        operator.fills("Pieces ever put in", "1")
        operator.presses("Set the stock")
        operator.sees(re.compile("^" + TEA))
        assert "Sold out" in operator.text(), operator.text()
        operator.shoots("console-benefit-sold-out")
        self.airline_shows(TEA)
        member.follows(re.compile(TEA))
        assert "Nothing is left of it" in member.text(), member.text()

    def types_a_benefit(self):
        operator = self.operator
        operator.goes_to(self.opal.sites["console"] + "/benefits")
        for label, text in (
                ("Code", "porridge"), ("Title", "Porridge"), ("Pieces", "2"),
                ("Description", "With honey"), ("Price in points", "3")):
            operator.fills(label, text)
        operator.page.get_by_label("Programme", exact=True).select_option(CLUB)

    def withdraws_it(self):
        operator = self.operator
        operator.follows("Benefits")
        operator.follows("Porridge")
        operator.presses("Withdraw")
        operator.sees(re.compile("^Porridge"))
        assert "Withdrawn" in operator.text(), operator.text()
        operator.shoots("console-benefit-withdrawn")
        self.airline_shows("Porridge", is_there=False)
        operator.presses("Offer again")
        self.airline_shows("Porridge")

    def airline_shows(self, title: str, is_there: bool = True):
        self.member.goes_to(self.opal.sites["airline"])
        self.member.sees("Skylark Air")
        assert (title in self.member.text()) == is_there, (title, self.member.text())

    def sees_what_was_redeemed(self):
        operator = self.operator
        operator.goes_to(self.opal.sites["console"] + "/programmes")
        operator.follows("Redemptions")
        operator.sees("Redemptions")
        words = operator.words()
        assert TEA in words and "Given" in words and f"5 {CLUB}" in words, words
        assert self.numbers["9002"] not in words, words
        operator.shoots("console-redemptions")

    # The journal

    def all_acts_are_in_the_journal(self):
        operator = self.operator
        expected = {
            "9003": ["Created the programme"],
            "9001": ["Issued points"],
            # Newest first.
            "9002": ["Offered a benefit again", "Withdrew a benefit", "Set the stock of a benefit",
                     "Put in or changed a benefit", "Looked up a member", "Issued points",
                     "Issued points"],
        }
        for code, acts in expected.items():
            assert self.acts(code) == acts, (code, self.acts(code))
        words = operator.words()
        for about in "porridge", "tea", "flights.csv", "march.csv", self.numbers["9002"][-4:]:
            assert about in words, (about, words)
        assert self.numbers["9002"] not in words, words
        operator.shoots("console-journal")

    def acts(self, code: str) -> list[str]:
        operator = self.operator
        operator.goes_to(f"{self.opal.sites['console']}/programmes/{code}")
        operator.follows("Journal")
        operator.sees("Journal")
        return operator.page.locator("tbody .name").all_inner_texts()

    # Without script

    def goes_without_script(self):
        """The browser asks again by the head of the page, until the file is whole."""
        plain = self.plain
        self.sign_in(plain)
        plain.follows("Programmes")
        plain.follows(CLUB)
        plain.follows("Issue points")
        self.chooses(plain, "april.csv", self.long_file("APRIL"))
        plain.presses("Issue the points")
        expect(plain.page.get_by_role("progressbar")).to_be_visible()
        self.comes_to_its_end(plain)
        assert f"{FILE_LINES:,} {CLUB}" in plain.words(), plain.words()
        plain.follows(CLUB)
        plain.follows("Members")
        plain.fills("Whole member number", self.numbers["9002"])
        plain.presses("Search")
        plain.sees(self.numbers["9002"])
        plain.goes_to(self.opal.sites["console"] + "/benefits/porridge")
        plain.presses("Withdraw")
        self.airline_shows("Porridge", is_there=False)

    # The end

    def all_sides_agree(self):
        member = self.member
        here = 540 + 2 * FILE_LINES - 5
        assert self.told_members("9002")[0]["here"] == here
        member.goes_to(self.opal.sites["airline"] + "/member")
        assert f"{here:,} points" in member.words(), member.words()
        audit = self.opal.tells("audit")
        assert audit["findings"] == [], audit

    def nothing_complained(self):
        for who, person in self.watched.items():
            assert not person.complaints, (who, person.complaints)
        assert self.opal.is_running(), "opal ended"
        said = "\n".join(self.opal.lines)
        for word in ("alarm", "error", "warning", *self.numbers.values()):
            assert word not in said.lower() and word not in said, (word, said)

    # Tools

    def sign_in(self, person: Person):
        person.goes_to(self.opal.sites["console"])
        person.fills("Operator", OPERATOR)
        person.fills("Password", self.opal.secret("console-password"))
        person.presses("Sign in")
        person.sees("Overview")

    def told_members(self, code: str):
        return self.opal.tells("programme", "members", code)

    def chooses_a_file(self, programme: str, name: str, text: str):
        self.operator.goes_to(
            f"{self.opal.sites['console']}/programmes/{CODES[programme]}/issue")
        self.chooses(self.operator, name, text)

    def chooses(self, person: Person, name: str, text: str):
        person.page.get_by_label("Earn file", exact=True).set_input_files(
            {"name": name, "mimeType": "text/csv", "buffer": text.encode()})

    def long_file(self, name: str) -> str:
        return HEADER + "".join(
            f"{name}-{line},{self.numbers['9002']},1,{self.yesterday},\n"
            for line in range(FILE_LINES))

    def comes_to_its_end(self, person: Person):
        """Nobody presses anything."""
        expect(person.page.get_by_role("heading", name="How far it has come")).to_have_count(
            0, timeout=FILE_WAIT_MS)
        expect(person.page.get_by_text("Done", exact=True)).to_be_visible()

    def is_told_at(self, label: str, text: str):
        """In the list of problems, which is read aloud, and at the entry."""
        operator = self.operator
        operator.is_told(text)
        entry = operator.page.get_by_label(label, exact=True)
        expect(entry).to_have_attribute("aria-invalid", "true")
        expect(operator.page.locator(f"#{entry.get_attribute('id')}-error")).to_contain_text(text)

    def months_ago(self, months: int) -> datetime.date:
        month = self.yesterday.year * 12 + self.yesterday.month - 1 - months
        return datetime.date(month // 12, month % 12 + 1, 1)


if __name__ == "__main__":
    sys.exit(walk.main(__doc__, Programmes))
