#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A day of clearing: `opal up` sells, its batches are closed, sent over the concentration point and
credited, the day is closed, a merchant's payout leads to each sale, the files for the bank are read
by an independent parser, a statement that was made elsewhere reconciles, the books balance, and a
fee is set from a coming day on.

    clearing.py --opal .build/debug/opal [--sales 12]
"""
import argparse
import csv
import json
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).parent.parent / "Browser"))
from opal_process import Opal  # noqa: E402
from statement import bank_statement  # noqa: E402

WAIT_SECONDS_MAX = 120
COMMAND_SECONDS_MAX = 120
ARTICLE = "comma"
USER = "demo"
PAIN = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"


class Day:
    def __init__(self, opal: Opal, folder: Path):
        self.opal = opal
        self.folder = folder

    def command(self, *arguments, fails: bool = False) -> str:
        done = subprocess.run(
            [self.opal.program, *arguments, "--data", self.opal.data],
            capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX)
        assert (done.returncode != 0) == fails, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def sell(self, count: int) -> list[dict]:
        def pay(number: int) -> dict:
            address = f"{self.opal.sites['shop']}/articles/{ARTICLE}"
            for _ in range(20):
                done = subprocess.run(
                    [self.opal.program, "pay", address, "--user", USER, "--password-file",
                     self.opal.data / "demo-password", "--output", self.folder, "--json"],
                    capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX)
                if done.returncode == 0:
                    return json.loads(done.stdout)
                time.sleep(1)
            raise AssertionError(done.stdout + done.stderr)

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(pay, range(count)))

    def books(self) -> dict[str, Decimal]:
        lines = json.loads(self.command("clearing", "books", "--json"))
        return {line["account"]: Decimal(line["balance"]) for line in lines}

    def old_card(self, issuer: str, days: int, value: int) -> str:
        """A card that was made so many days ago, and never used."""
        done = subprocess.run(
            ["faketime", "-f", f"-{days}d", self.opal.program, "card", "create", issuer, "--value",
             str(value), "--data", self.opal.data, "--json"],
            capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)["card"]

    def balances(self, *cards: str) -> list[int]:
        return [json.loads(self.command("card", "show", card, "--json"))["balance"]
                for card in cards]

    def wait_for_expired_value(self, value: Decimal):
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while True:
            books = self.books()
            check_books(books)
            found = [v for name, v in books.items() if name.startswith("expired value")]
            if found == [value]:
                return
            assert time.monotonic() < deadline, books
            time.sleep(1)

    def wait_until_cleared(self, sales: int):
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while True:
            batches = json.loads(self.command("clearing", "batches", "--json"))
            cleared = sum(batch["cleared"] for batch in batches)
            if cleared == sales and all(batch["state"] == "cleared" for batch in batches):
                assert sum(batch["suspended"] for batch in batches) == 0, batches
                return
            assert time.monotonic() < deadline, batches
            time.sleep(1)


def check_books(books: dict[str, Decimal]):
    assert sum(books.values()) == 0, books


def walk(opal: Opal, folder: Path, count: int):
    day = Day(opal, folder)
    sold = day.sell(count)
    print(f"ok      {count} purchases", flush=True)

    day.command("batch", "close")
    day.wait_until_cleared(count)
    books = day.books()
    check_books(books)
    pool = next(value for name, value in books.items() if name.startswith("pool"))
    print(f"ok      all are cleared: the issuer's pool is {pool}", flush=True)

    check_sweep(day, pool)
    said = day.command("clearing", "settle", "--early")
    check_books(day.books())
    files = [Path(line) for line in said.splitlines() if line.endswith(".xml")]
    assert "Nothing has changed" in day.command("clearing", "settle", "--early")
    date = re.search(r"^(\d{4}-\d{2}-\d{2}):", said, re.M).group(1)
    payouts = json.loads(day.command("clearing", "runs", date, "--json"))
    shop = next(one for one in payouts if "FARTHING" in one["account"])
    assert shop["sales"] == count, payouts
    print(f"ok      the day is closed: {said.splitlines()[0]}", flush=True)

    check_report(day, shop, sold, pool)
    check_files(files, payouts)
    check_schemas(files[0].parent, payouts)
    check_statement(day, payouts, pool)
    check_refund(day)
    check_fees(day)
    day.command("audit")
    print("ok      the audit finds nothing", flush=True)


def check_sweep(day: Day, pool: Decimal):
    """Value that nobody uses leaves its cards by the issuer's rule, stands as expired value, and is
    given back once."""
    bin_ = json.loads(day.command("issuer", "list", "--json"))[0]["bin"]
    day.command("float", "rule", bin_, "--dormant", "move", "--expired", "move")
    assert "Nothing is due" in day.command("float", "sweep")
    dormant, expired = (day.old_card(bin_, *old) for old in ((900, 300), (3_000, 700)))
    assert "Nothing was moved" in day.command("float", "sweep")
    assert day.balances(dormant, expired) == [300, 700]
    due = json.loads(day.command("float", "sweep", "--move", "--json"))
    assert [(one["why"], one["cards"], one["value"]) for one in due["due"]] == [
        ("dormant", 1, "3"), ("expired", 1, "7")], due
    assert day.balances(dormant, expired) == [0, 0]
    day.wait_for_expired_value(Decimal(10))
    assert next(v for n, v in day.books().items() if n.startswith("pool")) == pool - 10

    numbers = {card: json.loads(day.command("float", "swept", bin_, "--card", card, "--json"))[0]
               ["number"] for card in (dormant, expired)}
    day.command("float", "give-back", bin_, str(numbers[dormant]))
    assert day.balances(dormant) == [300]
    said = day.command("float", "give-back", bin_, str(numbers[dormant]), fails=True)
    assert "given back before" in said, said
    said = day.command("float", "give-back", bin_, str(numbers[expired]), fails=True)
    assert "Renew it first" in said, said
    day.command("card", "renew", expired)
    said = day.command("float", "give-back", bin_, str(numbers[expired]))
    assert said.startswith("7 EUR are on card"), said
    day.wait_for_expired_value(Decimal(0))
    day.command("audit")
    print("ok      value that nobody uses is swept, and given back once", flush=True)


def check_report(day: Day, shop: dict, sold: list[dict], pool: Decimal):
    """The payout leads to each sale, and each sale to the payout."""
    path = day.folder / "report.csv"
    pdf = day.folder / "report.pdf"
    day.command("clearing", "payout", shop["payout"], "--csv", path, "--pdf", pdf)
    assert pdf.read_bytes().startswith(b"%PDF-")
    rows = list(csv.DictReader(path.open(newline="")))
    payout = next(row for row in rows if row["kind"] == "payout")
    sales = [row for row in rows if row["kind"] == "sale"]
    assert len(sales) == len(sold) and len({row["sale"] for row in sales}) == len(sold)
    assert {row["payout"] for row in sales} == {shop["payout"]}
    total = sum(Decimal(row["amount"]) for row in sales)
    assert total == Decimal(payout["amount"]) == -pool, (total, payout, pool)
    net = total - Decimal(payout["fees"]) + Decimal(payout["adjustments"])
    assert net == Decimal(payout["net"]) == Decimal(shop["amount"]), payout
    print(f"ok      payout {shop['payout']} of {shop['amount']} leads to {len(sales)} sales",
          flush=True)


def check_files(files: list[Path], payouts: list[dict]):
    """What goes to the bank says what the books say, to a parser of its own."""
    names = sorted(path.name for path in files)
    assert any(name.startswith("payouts-") for name in names), names
    assert any(name.startswith("statements-") for name in names), names
    pain = next(path for path in files if path.name.startswith("payouts-"))
    assert pain.stat().st_mode & 0o777 == 0o600
    root = ElementTree.parse(pain).getroot()
    found = {
        one.find(f"{PAIN}PmtId/{PAIN}EndToEndId").text:
            Decimal(one.find(f"{PAIN}Amt/{PAIN}InstdAmt").text)
        for one in root.iter(f"{PAIN}CdtTrfTxInf")}
    merchants = {one["payout"]: Decimal(one["amount"]) for one in payouts
                 if one["account"].startswith("merchant")}
    assert found == merchants, (found, merchants)
    print(f"ok      files for the bank: {', '.join(names)}", flush=True)


def check_schemas(folder: Path, payouts: list[dict]):
    """The files are valid against the official schemas."""
    schemas = Path(__file__).parent.parent / "Settlement" / "schemas.py"
    done = subprocess.run([sys.executable, schemas, "check", folder], capture_output=True,
                          text=True, timeout=COMMAND_SECONDS_MAX)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    told = [(reference, Decimal(amount)) for name, file in read.items()
            if name.startswith("notifications-") for reference, amount in file["items"]]
    # To who is paid, and on the account of payouts at the bank.
    assert sorted(told) == sorted(2 * [(one["payout"], Decimal(one["amount"]))
                                       for one in payouts]), told
    items = {reference: Decimal(amount) for name, file in read.items()
             if name.startswith(("payouts-", "institution-"))
             for reference, amount in file["items"]}
    assert items == {one["payout"]: Decimal(one["amount"]) for one in payouts}, (read, payouts)
    print("ok      they are valid against the official schemas", flush=True)


def check_statement(day: Day, payouts: list[dict], pool: Decimal):
    """A statement that was made elsewhere: the bank paid, and the issuer paid in."""
    path = day.folder / "statement.xml"
    lines = [(-Decimal(one["amount"]), one["payout"]) for one in payouts]
    lines.append((-pool, "POOL-990001"))
    path.write_bytes(bank_statement("DE89370400440532013000", "EUR", Decimal(1000), lines))
    wrong = day.folder / "wrong.xml"
    text = path.read_text()
    closing = f">{Decimal(1000) + sum(amount for amount, _ in lines):.2f}<"
    assert closing in text
    wrong.write_text(text.replace(closing, ">7.77<"))
    said = day.command("clearing", "statement", wrong, fails=True)
    assert "nothing of it counts" in said, said
    for _ in range(2):
        said = day.command("clearing", "statement", path)
        assert f"{len(lines)} lines are done, 0 wait" in said, said
    books = day.books()
    check_books(books)
    assert next(value for name, value in books.items() if name.startswith("pool")) == 0, books
    assert all(value == 0 for name, value in books.items() if "transit" in name), books
    states = {one["state"] for one in json.loads(
        day.command("clearing", "runs", payouts[0]["payout"].split("-")[1], "--json"))}
    assert states == {"paid"}, states
    print("ok      the bank's statement reconciles, and a wrong one changes nothing", flush=True)


def check_refund(day: Day):
    """A merchant gives a sale back: its account is below zero until it sells again, and the value
    is on the card."""
    rows = csv.DictReader((day.folder / "report.csv").open(newline=""))
    sale = next(row for row in rows if row["kind"] == "sale")
    day.command("merchant", "refund", sale["sale"], "--amount", "2")
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        refund = json.loads(day.command("merchant", "refunds", sale["sale"], "--json"))[0]
        if refund["outcome"] != "waits":
            break
        assert time.monotonic() < deadline, refund
        time.sleep(1)
    assert refund["outcome"] == "on the card", refund
    books = day.books()
    check_books(books)
    assert next(value for name, value in books.items() if "FARTHING" in name) < 0, books
    said = day.command("merchant", "refund", sale["sale"], "--amount", "1000", fails=True)
    assert "more than was paid" in said, said
    print("ok      a refund is on the card, and comes off the next settlement", flush=True)


def check_fees(day: Day):
    """A fee begins on a coming day and not today, and can be withdrawn until then."""
    today = datetime.now(timezone.utc).date()
    coming = str(today + timedelta(days=2))
    fee = ("clearing", "fee", "set", "--rate", "15000", "--from")
    said = day.command(*fee, str(today), fails=True)
    assert "charged already" in said, said
    day.command(*fee, coming)
    day.command(*fee, coming, "--merchant", "FARTHINGPRESS01")
    fees = json.loads(day.command("clearing", "fee", "--json"))
    told = {(one["payer"], one["state"]): (one["rate"], one.get("from")) for one in fees}
    assert told == {("all", "in force"): (12000, None), ("all", "coming"): (15000, coming),
                    ("merchant FARTHINGPRESS01", "coming"): (15000, coming)}, fees
    day.command("clearing", "fee", "withdraw", "--from", coming)
    said = day.command("clearing", "fee", "withdraw", "--from", coming, fails=True)
    assert "no such fee" in said, said
    day.command("clearing", "terms", "set", "--value-days", "2")
    assert json.loads(day.command("clearing", "terms", "--json"))["valueDays"] == 2
    print("ok      a fee begins on a coming day, and not today", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opal", type=Path, required=True)
    parser.add_argument("--sales", type=int, default=12)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="opal-clearing-") as name:
        folder = Path(name)
        opal = Opal(arguments.opal.resolve(), folder / "data")
        try:
            opal.wait_until_ready()
            walk(opal, folder, arguments.sales)
        except Exception as error:
            print(f"FAILED  {type(error).__name__}: {error}", file=sys.stderr)
            print("\n".join(opal.lines), file=sys.stderr)
            return 1
        finally:
            opal.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
