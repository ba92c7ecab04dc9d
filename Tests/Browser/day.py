#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A day of many purchases, from the first article to the last cent: cardholders buy, many at once,
each by the pages that a browser would ask for; their sales are collected and credited, the
operator closes the day in a browser without a window, and the shop's payout leads to each of them,
page by page and in its report. The books come to nothing in each currency, and the audit finds
nothing. Ends with 1 at the first thing that is not as it should be.

    day.py --opal .build/release/opal --screenshots build/screenshots --sales 10000
"""
import csv
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, expect

import walk
from opal_process import Opal
from person import Person
from walk import wait_until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Clearing"))
from customers import Customers, errands, prices  # noqa: E402

OPERATOR = "operator"
MERCHANT = "FARTHINGPRESS01"
SALES = 60
SALES_OF_A_CARD = 500
USERS_MIN = 3
# One for each terminal of the payment server.
AT_ONCE = 16
PAGE_ROWS = 25
# What a command or a round may take, in seconds: for so much in all, and more for each sale.
SECONDS, SECONDS_OF_A_SALE = 60, 0.1
TRANSACTION_LINK = re.compile(r'href="/transactions/([0-9a-f-]{36})"')
NEXT_LINK = re.compile(r'rel="next" href="([^"]*)"')
# −€1,234.5678; the sign and the name of the currency stand in front.
AMOUNT = re.compile(r"^(−?)([^\d−]*)([\d,]+(?:\.\d+)?)$")


def users_for(sales: int) -> int:
    return max(USERS_MIN, -(-sales // SALES_OF_A_CARD))


def found(sales: int, program: Path, data: Path):
    """A scheme whose cards hold enough."""
    users = users_for(sales)
    value = -(-sales // users) * max(prices().values())
    subprocess.run(
        [program, "found", "--users", str(users), "--value", str(value), "--data", data],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Day:
    def __init__(self, sales: int, browser: Browser, _program: Path, opal: Opal, pictures: Path):
        self.sales = sales
        self.opal = opal
        self.within = SECONDS + SECONDS_OF_A_SALE * sales
        self.operator = Person(browser, pictures)
        self.operator.context.set_default_timeout(self.within * 1000)
        self.watched = {"operator": self.operator}
        self.customers = Customers(
            opal.sites["card"], opal.sites["shop"], opal.secret("demo-password"))
        self.payout = ""
        self.pages: list[str] = []
        self.figures: dict[str, str] = {}

    @property
    def steps(self):
        return [
            self.many_buy, self.the_desk_counts_them, self.their_batches_are_credited,
            self.closes_the_day, self.opens_the_payout, self.each_sale_is_on_a_page,
            self.reads_the_last_page, self.reads_the_story_of_the_last_sale,
            self.the_report_has_each_sale, self.the_books_come_to_nothing, self.all_sides_agree,
            self.nothing_complained, self.tells_its_figures,
        ]

    @property
    def console(self) -> str:
        return self.opal.sites["console"]

    @property
    def turnover(self) -> int:
        """Minor units."""
        return sum(one.price for one in self.customers.bought)

    @contextmanager
    def timed(self, what: str):
        began = time.monotonic()
        yield
        self.figures[what] = f"{time.monotonic() - began:.1f} s"

    # The day

    def many_buy(self):
        began = time.monotonic()
        self.customers.buy(errands(self.sales, users_for(self.sales)), AT_ONCE)
        seconds = time.monotonic() - began
        assert not self.customers.failures, self.customers.failures[:5]
        bought = self.customers.bought
        assert len({one.transaction for one in bought}) == self.sales, len(bought)
        self.figures["purchases"] = (
            f"{self.sales} of {users_for(self.sales)} cardholders in {seconds:.1f} s, "
            f"{self.sales / seconds:.1f} a second")
        for name, values in {
                "consent to result": [one.paid_seconds for one in bought],
                "article to download": [one.seconds for one in bought]}.items():
            cuts = statistics.quantiles(values, n=100)
            self.figures[name] = f"p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms"

    def the_desk_counts_them(self):
        operator = self.operator
        operator.goes_to(self.console)
        operator.fills("Operator", OPERATOR)
        operator.fills("Password", self.opal.secret("console-password"))
        operator.presses("Sign in")
        wanted = f"{self.sales:,}"
        total = f"€{Decimal(self.turnover).scaleb(-2):,}"

        def is_counted() -> bool:
            operator.goes_to(self.console)
            tile = operator.page.locator(".tile").filter(
                has=operator.page.get_by_text("Purchases", exact=True))
            words = tile.first.inner_text().split() if tile.count() else []
            return wanted in words and total in words
        with self.timed("until the desk has counted them"):
            wait_until(is_counted, self.within)
        operator.shoots("day-today")

    def their_batches_are_credited(self):
        with self.timed("closing the batches"):
            self.opal.runs("batch", "close", within=self.within)

        def are_credited() -> bool:
            batches = self.opal.tells("clearing", "batches", within=self.within)
            assert sum(batch["suspended"] for batch in batches) == 0, batches
            return sum(batch["cleared"] for batch in batches) == self.sales
        with self.timed("until all are credited"):
            wait_until(are_credited, self.within)
        self.operator.goes_to(self.console + "/clearing")
        owed = f"−€{Decimal(self.turnover).scaleb(-2):,}"
        assert owed in self.operator.words(), (owed, self.operator.words())

    # The clearing house

    def closes_the_day(self):
        with self.timed("closing the day"):
            self.operator.presses("Close the day now")
        self.operator.sees(re.compile("^Settlement of "))
        self.operator.shoots("day-settlement")

    def opens_the_payout(self):
        operator = self.operator
        row = operator.page.get_by_role("row").filter(has_text=MERCHANT)
        assert f"{self.sales:,}" in row.inner_text(), row.inner_text()
        with self.timed("opening the payout"):
            row.get_by_role("link").first.click()
            operator.sees(re.compile("^Payout to "))
        self.payout = operator.page.url
        words = operator.words()
        assert f"{self.sales:,} sales" in words, words
        operator.shoots("day-payout")

    def each_sale_is_on_a_page(self):
        """From page to page by the link at its foot."""
        address, seen, slowest = self.payout, [], 0.0
        while address:
            began = time.monotonic()
            answer = self.operator.page.request.get(address)
            slowest = max(slowest, time.monotonic() - began)
            assert answer.status == 200, (address, answer.status)
            found = TRANSACTION_LINK.findall(answer.text())
            assert 0 < len(found) <= PAGE_ROWS, (address, len(found))
            seen += found
            self.pages.append(address)
            further = NEXT_LINK.search(answer.text())
            address = self.console + further[1] if further else ""
        assert len(seen) == self.sales, len(seen)
        assert set(seen) == {one.transaction for one in self.customers.bought}
        assert len(self.pages) == -(-self.sales // PAGE_ROWS), len(self.pages)
        self.figures["pages of the payout"] = (
            f"{len(self.pages)}, the slowest {slowest * 1000:.0f} ms")

    def reads_the_last_page(self):
        operator = self.operator
        assert len(self.pages) > 1, self.pages
        operator.follows("Older")
        assert operator.page.url == self.pages[1], (operator.page.url, self.pages[1])
        operator.goes_to(self.pages[-1])
        sales = operator.page.get_by_role("table", name="Sales")
        expect(operator.page.get_by_role("link", name="Older", exact=True)).to_have_count(0)
        count = sales.get_by_role("row").get_by_role("link").count()
        assert count == (self.sales - 1) % PAGE_ROWS + 1, operator.words()
        operator.shoots("day-payout-last")

    def reads_the_story_of_the_last_sale(self):
        operator = self.operator
        sales = operator.page.get_by_role("table", name="Sales")
        sales.get_by_role("link").last.click()
        operator.sees("Purchase")
        words = operator.words()
        for step in "Ordered", "Debited", "Sold", "Cleared":
            assert step in words, (step, words)
        assert "Wrong" not in words and "cannot be checked" not in words, words

    def the_report_has_each_sale(self):
        report, pdf = self.opal.data / "report.csv", self.opal.data / "report.pdf"
        self.operator.goes_to(self.payout)
        for kind, path in ("CSV", report), ("PDF", pdf):
            with self.timed(f"the report as {kind}"):
                self.operator.saves(kind, path, within=self.within)
        assert pdf.read_bytes().startswith(b"%PDF-")
        with report.open(newline="") as file:
            rows = list(csv.DictReader(file))
        sales = {row["sale"]: Decimal(row["amount"]) for row in rows if row["kind"] == "sale"}
        assert sum(row["kind"] == "sale" for row in rows) == len(sales) == self.sales, len(sales)
        assert sales == {
            one.transaction: Decimal(one.price).scaleb(-2) for one in self.customers.bought}
        payout = next(row for row in rows if row["kind"] == "payout")
        assert Decimal(payout["amount"]) == Decimal(self.turnover).scaleb(-2), payout
        net = (Decimal(payout["amount"]) - Decimal(payout["fees"]) + Decimal(payout["adjustments"]))
        assert net == Decimal(payout["net"]), payout
        self.figures["the payout"] = (
            f"{payout['net']} of {payout['amount']} EUR, fees {payout['fees']}")
        self.figures["the reports"] = (
            f"CSV {report.stat().st_size:,} bytes, PDF {pdf.stat().st_size:,} bytes")

    def the_books_come_to_nothing(self):
        """On the page, and by the command."""
        operator = self.operator
        operator.goes_to(self.console + "/clearing")
        sums: dict[str, Decimal] = defaultdict(Decimal)
        table = operator.page.get_by_role("table", name="Accounts")
        for cell in table.locator("td[data-label=Balance]").all_inner_texts():
            sign, currency, digits = AMOUNT.match(cell.replace("\xa0", "")).groups()
            sums[currency] += Decimal(digits.replace(",", "")) * (-1 if sign else 1)
        assert sums and not any(sums.values()), dict(sums)
        operator.shoots("day-books")
        lines: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.opal.tells("clearing", "books"):
            lines[line["currency"]] += Decimal(line["balance"])
        assert len(lines) == len(sums) and not any(lines.values()), dict(lines)

    # The end

    def all_sides_agree(self):
        with self.timed("the audit"):
            audit = self.opal.tells("audit", within=self.within)
        assert audit["findings"] == [], audit["findings"][:10]
        assert audit["sold"] == audit["delivered"] == self.sales, audit
        assert audit["pending"] == 0, audit

    def nothing_complained(self):
        assert not self.operator.complaints, self.operator.complaints
        assert self.opal.is_running(), "opal ended"
        said = "\n".join(self.opal.lines).lower()
        for word in "alarm", "error", "warning":
            assert word not in said, said

    def tells_its_figures(self):
        sizes = sorted(
            (file.stat().st_size, file.stem) for file in self.opal.data.glob("*/*.sqlite"))
        self.figures["databases"] = ", ".join(
            f"{name} {size / 2**20:.1f} MiB" for size, name in reversed(sizes[-5:]))
        for name, value in self.figures.items():
            print(f"        {name}: {value}", flush=True)


def main() -> int:
    options = walk.options(__doc__)
    options.add_argument("--sales", type=int, default=SALES)
    arguments = options.parse_args()
    return walk.run(
        arguments, partial(Day, arguments.sales), prepare=partial(found, arguments.sales))


if __name__ == "__main__":
    sys.exit(main())
