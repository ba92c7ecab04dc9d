#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Changes the databases of a scheme by hand, one byte at a time, and expects `opal audit` to name
the row; then expects that a changed card refuses to pay while the others go on. Ends with 1 if
anything was not as it should be.

    audit.py --opal .build/debug/opal
"""
import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Browser"))
from opal_process import Opal  # noqa: E402
from website import Website  # noqa: E402

DATABASES = (
    "opal-server", "payment-server", "shop", "console", "load-server", "bank", "gateway", "network",
    "airline", "loyalty-server", "concentration")
# They have records alone.
WITHOUT_HISTORY = ("network", "concentration")
# Where no card is in a reader there is no row. Tests/Reader/purchase.py changes those.
TABLES_OF_READERS = ("reader_debit",)
# Likewise where points of purchases are due at once. Tests/LoyaltyTests/AuditTests.swift changes
# those.
TABLES_OF_PENDING_POINTS = ("maturity",)
# Likewise where nobody has a card of a child or a standing order. Tests/FundingTests/AuditTests.swift
# changes those.
TABLES_OF_ACCOUNTS = (
    "allowance", "guardianship", "refused_purchases", "succession", "top_up")
# Likewise where no clearing house tells anything. Tests/CollectionTests changes those.
TABLES_OF_UPDATES = ("scheme_update", "update_revision", "update_page")
# Likewise where no batch is on its way.
TABLES_OF_BATCHES = ("part",)
# Likewise where the desk has counted nothing for good, and no operator or limit was changed.
# Tests/SitesTests/ConsoleAuditTests.swift changes those.
TABLES_OF_THE_DESK = (
    "figure_cursor", "figure_hour", "figure_open", "limit_proposal", "operator_change",
    "sale_number", "operator_clearing", "operator_keys")
# Likewise where no merchant has given anything back, and nobody disputes a sale. Tests/RefundTests
# changes those.
TABLES_OF_REFUNDS = ("refunded_sale", "refund", "dispute", "open_disputes", "sweep",
                     "sweep_number")
ABSENT_TABLES = (
    TABLES_OF_READERS + TABLES_OF_PENDING_POINTS + TABLES_OF_ACCOUNTS + TABLES_OF_UPDATES
    + TABLES_OF_BATCHES + TABLES_OF_THE_DESK + TABLES_OF_REFUNDS)
COLUMNS = ("key", "revision", "open", "body", "reply")
HISTORY_COLUMNS = ("stream", "number", "hash", "body")
# Tables whose rows are named by the last four digits of the card number that leads their key.
CARD_TABLES = ("card", "operator_act")
USERS = ("user1", "user2")
ARTICLES = ("salt", "crossword", "comma")
# Points come onto a card within some rounds of the servers.
ROUNDS_SECONDS_MAX = 60
# From the start of a server to the end of its first look at all cards.
WATCH_SECONDS_MAX = 30
PAY_SECONDS_MAX = 60
PAID, REFUSED, NOT_ADMITTED = 0, 2, 4
# What an article costs, in euros, and a cent less.
PRICE, LESS = "0.05", "0.04"


class Database:
    """One file, changed as somebody would who may write to it and knows SQL."""

    def __init__(self, data: Path, party: str):
        self.path = data / party / f"{party}.sqlite"

    def __enter__(self) -> sqlite3.Connection:
        self._connection = sqlite3.connect(self.path)
        for (trigger,) in self._connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            self._connection.execute(f'DROP TRIGGER "{trigger}"')
        return self._connection

    def __exit__(self, *_):
        self._connection.commit()
        self._connection.close()

    def read(self, sql: str, *values) -> list[tuple]:
        """Reads beside a running server, without a change."""
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def tables(self) -> list[str]:
        fixed = ("party", "history")
        names = self.read("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        return [name for (name,) in names if name not in fixed]


class Checks:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def note(self, name: str, problem: str = ""):
        if problem:
            self.failed += 1
            print(f"FAILED  {name}: {problem}", flush=True)
        else:
            self.passed += 1
            print(f"ok      {name}", flush=True)


class Scheme:
    def __init__(self, program: Path, data: Path):
        self.program = program
        self.data = data

    def found(self):
        subprocess.run(
            [self.program, "found", "--users", "3", "--value", "2500", "--data", self.data],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # A terminal on another host, so that its table has a row; it is not started.
        subprocess.run(
            [self.program, "terminal", "create", "terminal-a", "--cards", "1",
             "--to", self.data.with_name("terminal-a"), "--data", self.data],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # A card that was made from a file, likewise.
        orders = self.data.with_name("orders.csv")
        orders.write_text("reference,value\nfor-a-program,100\n")
        subprocess.run(
            [self.program, "card", "issue", "990001", "--file", orders, "--data", self.data],
            check=True, stdout=subprocess.DEVNULL)

    def start(self) -> Opal:
        opal = Opal(self.program, self.data)
        opal.wait_until_ready()
        return opal

    def pay(self, opal: Opal, user: str, article: str, password: Path | None = None) -> int:
        """- Returns: the exit code of `opal pay`."""
        goods = self.data.parent / "goods"
        goods.mkdir(exist_ok=True)
        return subprocess.run(
            [self.program, "pay", f"{opal.sites['shop']}/articles/{article}", "--user", user,
             "--password-file", password or self.data / "demo-password", "--output", goods],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=PAY_SECONDS_MAX).returncode

    def said(self, opal: Opal, user: str, article: str) -> tuple[int, str]:
        """- Returns: the exit code of `opal pay`, and what it told."""
        ended = subprocess.run(
            [self.program, "pay", f"{opal.sites['shop']}/articles/{article}", "--user", user,
             "--password-file", self.data / "demo-password", "--output", self.data.parent, "--json"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PAY_SECONDS_MAX)
        return ended.returncode, " ".join(json.loads(ended.stdout)["said"])

    def programme(self, *arguments: str):
        """- Returns: what `opal programme` says."""
        done = subprocess.run(
            [self.program, "programme", *arguments, "--json", "--data", self.data],
            check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def batches(self, *arguments: str):
        """- Returns: what `opal batch` says."""
        done = subprocess.run(
            [self.program, "batch", *arguments, "--json", "--data", self.data],
            check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def audit(self) -> tuple[int, list[str], dict]:
        """- Returns: exit code, findings, the whole report."""
        ended = subprocess.run(
            [self.program, "audit", "--json", "--data", self.data], capture_output=True, text=True)
        try:
            report = json.loads(ended.stdout)
        except json.JSONDecodeError:
            report = {"findings": [ended.stderr.strip()]}
        return ended.returncode, report["findings"], report

    def copy(self, name: str) -> "Scheme":
        other = self.data.parent / name
        shutil.copytree(self.data, other)
        return Scheme(self.program, other)

    def database(self, party: str) -> Database:
        return Database(self.data, party)

    def cards(self) -> dict[bytes, int]:
        """How many rows each card's history has."""
        rows = self.database("opal-server").read(
            "SELECT stream, count(*) FROM history WHERE length(stream) = 8 GROUP BY stream")
        return dict(rows)


# Changes

def flipped(value: bytes, position: int, bit: int = 1) -> bytes:
    if not value:
        return b"\0"
    position %= len(value)
    return value[:position] + bytes([value[position] ^ bit]) + value[position + 1:]


def changed(column: str, value):
    """Another value that the constraints of the table allow."""
    if column == "open":
        return 1 - value
    if column == "revision":
        return value + 1
    if column == "number":
        return value + 1000
    if column in ("key", "stream"):
        # The low bit of a digit: what was a card number stays one. Numbers in a row are not met.
        return flipped(value, -1, 0x10)
    return flipped(value, len(value) // 2)


def names_of(table: str, key: bytes, party: str = "") -> list[str]:
    """How a finding may name a row: in hexadecimal digits, as a TRX or as a masked card."""
    if party == "loyalty-server":
        return names_at_loyalty_server(table, key)
    if table in CARD_TABLES:
        return [f"card •••• •••• •••• {key[-2:].hex()}:"]
    if table == "account":
        return [f"account •••• {key[-4:].decode(errors='replace')}:"]
    text = key.hex()
    if table == "network_account":
        return [f"account {text[:8]}:"]
    if len(key) != 16:
        return [text]
    return [text, "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))]


def names_at_loyalty_server(table: str, key: bytes) -> list[str]:
    if table == "benefit":
        return [f"benefit {key.decode(errors='replace')}:"]
    # Nobody reads a member number whole in a finding.
    if table == "member":
        return [f"{key[-4:].decode(errors='replace')} of {key[:2].hex()}:", key.hex()]
    return [key[-16:].hex()] if table == "member_benefit" else [key.hex()]


def names_of_row(party: str, stream: bytes, number: int) -> list[str]:
    if party == "opal-server":
        return [f"card •••• •••• •••• {stream[-2:].hex()}: history row {number} "]
    if party == "console":
        return [f"card •••• •••• •••• {stream[-2:].hex()}, journal row {number}:"]
    if stream.startswith(b"member "):
        return [f"{stream[-4:].decode()} of {stream[7:9].hex()}, journal row {number}:"]
    if stream.startswith(b"account "):
        return [f"account •••• {stream[-4:].decode()}, journal row {number}:"]
    if stream.startswith(b"benefit ") and not stream.startswith(b"benefit redemption "):
        return [f"{stream.decode()}, journal row {number}:"]
    return [f"{stream.hex()}, journal row {number}:"]


class Tampering:
    """One change of one copy of the data folder, and what the audit must name."""

    def __init__(self, scheme: Scheme, name: str, change, *wanted: list[str]):
        self.scheme = scheme
        self.name = name
        self.change = change
        # Of each list, one must stand in a finding.
        self.wanted = wanted

    def run(self) -> tuple[str, str]:
        copy = self.scheme.copy("copy-" + "".join(c if c.isalnum() else "-" for c in self.name))
        try:
            self.change(copy)
            code, findings, _ = copy.audit()
        except Exception as error:
            return self.name, f"{type(error).__name__}: {error}"
        finally:
            shutil.rmtree(copy.data)
        if code != 1:
            return self.name, f"the audit ended with {code}"
        for names in self.wanted:
            if not any(name in finding for name in names for finding in findings):
                return self.name, f"{names[0]} is not in: {'; '.join(findings[:4])}"
        return self.name, ""


def set_value(party: str, table: str, where: str, values: tuple, column: str, value):
    def change(copy: Scheme):
        with copy.database(party) as database:
            count = database.execute(
                f'UPDATE "{table}" SET "{column}" = ? WHERE {where}', (value, *values)).rowcount
            assert count == 1, f"{count} rows were changed"
    return change


def run_sql(party: str, *statements: tuple):
    """Each statement with its values must change something."""
    def change(copy: Scheme):
        with copy.database(party) as database:
            for sql, *values in statements:
                assert database.execute(sql, values).rowcount > 0, f"nothing was changed: {sql}"
    return change


def single_values(scheme: Scheme, checks: Checks) -> list[Tampering]:
    """Every column of a row of every table."""
    changes = []
    for party in DATABASES:
        database = scheme.database(party)
        for table in database.tables():
            # The row in the middle, so that rows before and behind it are right.
            rows = database.read(f'SELECT {", ".join(COLUMNS)} FROM "{table}" ORDER BY key')
            if not rows and table in ABSENT_TABLES:
                continue
            if not rows:
                checks.note(f"{party}: {table}", "there is no row to be changed")
                continue
            row = dict(zip(COLUMNS, rows[len(rows) // 2]))
            for column in COLUMNS:
                value = changed(column, row[column])
                key = value if column == "key" else row["key"]
                changes.append(Tampering(
                    scheme, f"{party}: {table}.{column}",
                    set_value(party, table, "key = ?", (row["key"],), column, value),
                    names_of(table, key, party)))
        if not database.read("SELECT 1 FROM history"):
            if party in WITHOUT_HISTORY:
                continue
            checks.note(f"{party}: history", "there is no row to be changed")
            continue
        stream, number, *_ = longest_stream(database)
        for number in sorted({1, (number + 1) // 2, number}):
            where = "stream = ? AND number = ?"
            (values,) = database.read(
                f"SELECT {', '.join(HISTORY_COLUMNS)} FROM history WHERE {where}", stream, number)
            for column, value in zip(HISTORY_COLUMNS, values):
                changes.append(Tampering(
                    scheme, f"{party}: history row {number}, {column}",
                    set_value(
                        party, "history", where, (stream, number), column, changed(column, value)),
                    names_of_row(party, stream, number)))
    return changes


def longest_stream(database: Database) -> tuple[bytes, int]:
    (row,) = database.read(
        "SELECT stream, max(number) AS last FROM history GROUP BY stream"
        " ORDER BY last DESC LIMIT 1")
    return row


class Earlier:
    """Records of a card and of all security cards as they were before the last purchases."""

    def __init__(self, scheme: Scheme, card: bytes):
        self.card = card
        (self.record,) = scheme.database("opal-server").read(
            "SELECT revision, body FROM card WHERE key = ?", card)
        self.memories = scheme.database("payment-server").read(
            "SELECT revision, body, key FROM security_card")


def larger_changes(scheme: Scheme, earlier: Earlier) -> list[Tampering]:
    """What takes more than one byte."""
    opal, acquirer, shop = (scheme.database(party) for party in DATABASES[:3])
    (notice,) = opal.read("SELECT key FROM earn_notice")[0]
    (taken,) = scheme.database("loyalty-server").read("SELECT key FROM redemption")[0]
    card, other = earlier.card, next(key for key in scheme.cards() if key != earlier.card)
    last = scheme.cards()[card]
    bodies = dict(opal.read("SELECT key, body FROM card"))
    (sale,) = acquirer.read("SELECT key FROM sale ORDER BY key LIMIT 1")[0]
    (order,) = shop.read('SELECT key FROM "order" ORDER BY key LIMIT 1')[0]
    (draw,) = opal.read("SELECT key FROM draw ORDER BY key LIMIT 1")[0]
    (merchant,) = opal.read("SELECT key FROM merchant_category")[0]
    (batch,) = acquirer.read("SELECT key FROM batch")[0]
    (collected,) = acquirer.read("SELECT key FROM collected")[0]
    memory = next(
        row for row in earlier.memories
        if acquirer.read("SELECT revision FROM security_card WHERE key = ?", row[2])[0][0] > row[0])

    def edit_file(copy: Scheme):
        # With an editor for bytes and without SQL.
        path = copy.database("opal-server").path
        content = path.read_bytes()
        assert content.count(bodies[card]) == 1
        path.write_bytes(content.replace(bodies[card], flipped(bodies[card], -20)))

    def without_constraints(copy: Scheme):
        with copy.database("opal-server") as database:
            database.execute("PRAGMA ignore_check_constraints = ON")
            database.execute("UPDATE draw SET open = 2 WHERE key = ?", (draw,))
            database.execute("UPDATE card SET revision = 0 WHERE key = ?", (card,))

    history = ("DELETE FROM history WHERE stream = ?",)
    return [Tampering(scheme, name, change, *wanted) for name, change, *wanted in [
        ("the last history row of a card is deleted",
         run_sql("opal-server",
                 ("DELETE FROM history WHERE stream = ? AND number = ?", card, last)),
         names_of_row("opal-server", card, last)),
        ("a history row is added to a card",
         run_sql("opal-server",
                 ("INSERT INTO history SELECT stream, number + 1, hash, body FROM history"
                  " WHERE stream = ? AND number = ?", card, last)),
         names_of_row("opal-server", card, last + 1)),
        ("a card is put back to an older record",
         run_sql("opal-server",
                 ("UPDATE card SET revision = ?, body = ? WHERE key = ?", *earlier.record, card)),
         names_of("card", card)),
        ("two cards swap their bodies",
         run_sql("opal-server",
                 ("UPDATE card SET body = ? WHERE key = ?", bodies[other], card),
                 ("UPDATE card SET body = ? WHERE key = ?", bodies[card], other)),
         names_of("card", card), names_of("card", other)),
        ("a card is deleted",
         run_sql("opal-server", ("DELETE FROM card WHERE key = ?", card)),
         names_of("card", card)),
        ("what a merchant sells is deleted",
         run_sql("opal-server", ("DELETE FROM merchant_category",)),
         [f"category of merchant {merchant.hex()}: has history but no record"]),
        ("a byte of the database file is changed", edit_file, names_of("card", card)),
        ("rows break the constraints of their tables", without_constraints,
         names_of("draw", draw), [f"card •••• •••• •••• {card[-2:].hex()}: breaks"]),
        ("a draw is deleted",
         run_sql("opal-server", ("DELETE FROM draw WHERE key = ?", draw)), names_of("draw", draw)),
        ("a sale is deleted with its journal",
         run_sql("payment-server", ("DELETE FROM sale WHERE key = ?", sale), (*history, sale)),
         names_of("sale", sale)),
        ("a sale is deleted without its journal",
         run_sql("payment-server", ("DELETE FROM sale WHERE key = ?", sale)),
         [f"sale {sale.hex()}: has history but no record"]),
        ("a security card is put back to an older memory",
         run_sql("payment-server",
                 ("UPDATE security_card SET revision = ?, body = ? WHERE key = ?", *memory)),
         [f"security card {memory[2].hex()}: its memory is older"]),
        ("a security card is deleted",
         run_sql("payment-server", ("DELETE FROM security_card WHERE key = ?", memory[2])),
         ["its security card is not on record"]),
        ("a batch is deleted",
         run_sql("payment-server", ("DELETE FROM batch WHERE key = ?", batch)),
         ["its header is not on record"],
         [f"batch {batch.hex()}: the payment server has closed no such batch"]),
        ("a sale is taken out of its batch",
         run_sql("payment-server", ("DELETE FROM collected WHERE key = ?", collected)),
         [f"of security card {collected[:4].hex()}", "has no sales on record"]),
        ("an order is deleted with its journal",
         run_sql("shop", ('DELETE FROM "order" WHERE key = ?', order), (*history, order)),
         names_of("order", order)),
        ("a purchase was never told to the programme",
         run_sql("opal-server", ("DELETE FROM earn_notice WHERE key = ?", notice)),
         [f"{names_of('draw', notice[:16])[1]}: points for a purchase that was not told"]),
        ("a benefit was never given for its points",
         run_sql("loyalty-server", ("DELETE FROM benefit_redemption WHERE key = ?", taken),
                 ("DELETE FROM member_benefit WHERE substr(key, -16) = ?", taken), (*history, b"benefit redemption " + taken)),
         [f"{names_of('draw', taken)[1]}: points were taken for no benefit"]),
        ("the points of a benefit were never taken",
         run_sql("loyalty-server", ("DELETE FROM redemption WHERE key = ?", taken)),
         [f"{names_of('draw', taken)[1]}: a benefit was given without its points"]),
    ]]


# Steps

def make_data(scheme: Scheme, checks: Checks) -> Earlier:
    """A dozen purchases of two cardholders, and a row in every table."""
    scheme.found()
    opal = scheme.start()
    try:
        before = scheme.cards()
        codes = [scheme.pay(opal, "user1", article) for article in ARTICLES]
        (card,) = [key for key, count in scheme.cards().items() if count != before[key]]
        earlier = Earlier(scheme, card)
        for article in ARTICLES:
            codes += [scheme.pay(opal, user, article) for user in (*USERS, "user2")]
        checks.note("twelve purchases are paid", "" if set(codes) == {PAID} else f"{codes}")
        wrong = scheme.data.parent / "wrong-password"
        wrong.write_text("not the password\n")
        wrong.chmod(0o600)
        code = scheme.pay(opal, "user3", "salt", wrong)
        checks.note("a wrong password", "" if code == NOT_ADMITTED else f"ended with {code}")
        use_sites(opal)
        use_points(scheme, opal)
        collect(scheme, checks)
        code, findings, _ = scheme.audit()
        checks.note("a running system is clean", "" if code == 0 else f"{code}: {findings}")
    finally:
        status = opal.stop()
    checks.note("the system stops", "" if status == 0 else f"it ended with {status}")
    code, findings, report = scheme.audit()
    checks.note("a stopped system is clean", "" if code == 0 else f"{code}: {findings}")
    counts = [report.get(name) for name in ("cards", "sold", "delivered", "pending")]
    checks.note("all is counted", "" if counts == [4, 15, 15, 0] else f"{counts}")
    # The network may hear of it at the next start.
    charged = report.get("captured")
    checks.note("what is on a card is charged", "" if charged == 2 else f"{charged}")
    return earlier


def use_sites(opal: Opal):
    """A sign-up with its mail, a session, loads from the bank, an operator's acts and questions."""
    site = Website(opal.sites["card"])
    site.opens("/sign-up")
    site.sends(
        "/sign-up", userIdentifier="newcomer", email="newcomer@example.org",
        password="three small words", accountNumber="4111 1111 1111 1111", expiry="09/31",
        verificationValue="123", street="Quay Street 7", postalCode="10115", city="Berlin",
        country="DE")
    # A refusal of the funding network.
    site = Website(opal.sites["card"])
    site.opens("/sign-up")
    try:
        site.sends(
            "/sign-up", userIdentifier="refused", email="refused@example.org",
            password="three small words", accountNumber="4111 0000 0006 0002", expiry="09/31",
            verificationValue="123", street="Quay Street 7", postalCode="10115", city="Berlin",
            country="DE")
        raise AssertionError("an account that is declined was taken")
    except HTTPError as error:
        assert error.code == 422, f"a refused sign-up ends with {error.code}"
    site = Website(opal.sites["card"])
    site.opens("/sign-in")
    site.sends("/sign-in", userIdentifier="user3", password=opal.secret("demo-password"))
    load_card(opal)
    console = Website(opal.sites["console"])
    console.opens("/sign-in")
    console.sends("/sign-in", operator="operator", password=opal.secret("console-password"))
    console.opens("/cards")
    console.follows(r"^/cards/[\w-]+")
    for _ in range(3):
        console.sends("/block$", reason="lost")
        console.sends("/unblock$")
    console.opens("/benefits/tea")
    for pieces in ("900", "800", "1000"):
        console.sends("/restock$", pieces=pieces)
    # An order that nobody pays, and a question about it.
    shop = Website(opal.sites["shop"])
    shop.opens("/")
    shop.follows(r"^/article")
    shop.sends("order")
    for _ in range(3):
        console.opens("/open")
        console.sends("^/open/orders/")


def use_points(scheme: Scheme, opal: Opal):
    """A cardholder joins the airline's programmes, earns points in the shop, by a file and on the
    card, and takes one benefit."""
    airline = opal.sites["airline"]
    person = Website(opal.sites["card"])
    person.opens("/sign-in")
    person.sends("/sign-in", userIdentifier="user3", password=opal.secret("demo-password"))
    prove_identity(person, airline + "/", "^/sign-in$")
    for _ in range(2):
        person.sends("^/join$")
    wait_for(lambda: all(
        scheme.programme("members", code)[0]["card"] == "entered" for code in ("9001", "9002")))
    assert scheme.pay(opal, "user3", "knights") == PAID
    wait_for(lambda: scheme.programme("members", "9001")[0]["posted"] > 0)
    number = scheme.programme("members", "9001")[0]["number"]
    file = scheme.data.parent / "earn.csv"
    file.write_text(
        f"reference,member,points,date\nA-1,{number},7,2026-11-01\nA-2,NOBODY,7,2026-11-01\n")
    assert scheme.programme("issue", "9001", str(file))["refused"] == 1
    prove_identity(person, airline + "/benefits/tea", "^/redeem$")
    assert "It is yours" in person.page, "a benefit was refused"


def prove_identity(person: Website, page: str, form: str):
    """From a form of the airline to its page afterwards."""
    person.opens(page)
    person.sends(form)
    person.sends("/checkout$")
    person.sends("/checkout/[^/]+$", decision="pay")
    person.sends("/status$")


def wait_for(is_so):
    deadline = time.monotonic() + ROUNDS_SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline, "the servers' rounds did not do it in time"
        time.sleep(1)


def collect(scheme: Scheme, checks: Checks):
    """What was sold is closed into batches, and comes to the clearing house."""
    closed = scheme.batches("close")
    problem = "" if closed["closed"] > 0 and closed["open"] == 0 else f"{closed}"
    checks.note("batches are closed by order", problem)
    batches = scheme.batches("list")
    # Of the fifteen, two are proofs of identity: nobody is paid for them.
    sales = sum(batch["sales"] for batch in batches)
    checks.note("what was sold is in batches", "" if sales == 13 else f"{sales} sales")
    wait_for(lambda: scheme.batches("list", "--pending") == [])
    checks.note("all batches are acknowledged")


def load_card(opal: Opal):
    """Three loads of one card from a bank, the last of which nobody agrees to: it stays open; then two
    from an account."""
    person = Website(opal.sites["card"])
    person.opens("/sign-in")
    person.sends("/sign-in", userIdentifier="user3", password=opal.secret("demo-password"))
    bank = opal.sites["bank"]
    person.opens(bank + "/sign-in")
    person.sends("/sign-in", customer="demo", password=opal.secret("bank-password"))
    for number in range(3):
        person.opens(bank + "/")
        person.sends("/load$", account="1")
        person.sends("/inquiry$")
        person.sends("/inquiry/[^/]+$", decision="tell")
        person.sends("/amount/", amount="5.00")
        person.sends("/load$")
        if number < 2:
            person.sends("/load/[^/]+$", decision="load")
            person.sends("/load/result$")
    # Twice from the account on file.
    for amount in ("5.00", "7.00"):
        person.opens(f"{opal.sites['card']}/add-value/confirm?amount={amount}")
        person.sends("/confirm$")
        assert "Loaded" in person.page, "a load from the account was refused"


def expect_refusal(scheme: Scheme, checks: Checks, name: str, alarm: str, change, card: bytes):
    """The changed card pays nothing, the other one pays.

    `alarm`: what the server says of it at its start.
    """
    copy = scheme.copy("refusal")
    opal = None
    try:
        change(copy)
        opal = copy.start()
        deadline = time.monotonic() + WATCH_SECONDS_MAX
        while not any(alarm in line for line in opal.lines) and time.monotonic() < deadline:
            time.sleep(0.1)
        said = any(alarm in line for line in opal.lines)
        checks.note(f"{name}: the server raises an alarm", "" if said else "it says nothing")
        # With the row of the block, where the history takes one.
        rows = copy.cards()
        code = copy.pay(opal, "user1", "salt")
        problem = "" if code == REFUSED else f"`opal pay` ended with {code}"
        if copy.cards()[card] != rows[card]:
            problem += " something was taken"
        checks.note(f"{name}: the card refuses to pay", problem)
        code = copy.pay(opal, "user2", "salt")
        checks.note(f"{name}: another one pays", "" if code == PAID else f"ended with {code}")
    except Exception as error:
        checks.note(name, f"{type(error).__name__}: {error}")
    finally:
        if opal:
            opal.stop()
        shutil.rmtree(copy.data)


def set_limit(opal: Opal, user: str, purchase: str):
    """The most that one purchase of this user may cost, and no other limit."""
    site = Website(opal.sites["card"])
    site.opens("/sign-in")
    site.sends("/sign-in", userIdentifier=user, password=opal.secret("demo-password"))
    site.opens("/limits")
    site.sends(
        "/limits$", purchase=purchase, day="", week="", month="", dayCount="", weekCount="",
        monthCount="", merchantsRule="all", merchants="", categoriesRule="all", categories="",
        hours="", clock="0")
    assert "The limits are set" in site.page, "the limits are not set"


def limits_hold(scheme: Scheme, checks: Checks, card: bytes):
    """A limited card is refused at the bound and told why; nor does it pay where a limit is undone by
    an older record."""
    limited = scheme.copy("limited")
    opal = limited.start()
    database = limited.database("opal-server")

    def record() -> tuple:
        return database.read("SELECT revision, body FROM card WHERE key = ?", card)[0]

    try:
        set_limit(opal, "user1", PRICE)
        code = limited.pay(opal, "user1", "salt")
        checks.note("a limit: the bound is paid", "" if code == PAID else f"ended with {code}")
        generous = record()
        set_limit(opal, "user1", LESS)
        rows = limited.cards()[card]
        code, told = limited.said(opal, "user1", "salt")
        problem = "" if code == REFUSED else f"`opal pay` ended with {code}"
        if f"€{LESS} at the most" not in told:
            problem += f" it was told: {told}"
        if limited.cards()[card] != rows:
            problem += " something was taken"
        checks.note("a limit: a cent more is refused, and told why", problem)
    finally:
        opal.stop()
    code, findings, _ = limited.audit()
    checks.note("a limit: the audit is clean", "" if code == 0 else f"{code}: {findings}")
    undo = run_sql(
        "opal-server", ("UPDATE card SET revision = ?, body = ? WHERE key = ?", *generous, card))
    name, problem = Tampering(
        limited, "a limit is undone by an older record", undo, names_of("card", card)).run()
    checks.note(name, problem)
    expect_refusal(
        limited, checks, "a limit undone", "is behind the last one of its record", undo, card)
    shutil.rmtree(limited.data)


def run(program: Path, checks: Checks):
    with tempfile.TemporaryDirectory(prefix="opal-audit-") as folder:
        scheme = Scheme(program, Path(folder) / "data")
        earlier = make_data(scheme, checks)
        changes = single_values(scheme, checks) + larger_changes(scheme, earlier)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, problem in pool.map(Tampering.run, changes):
                checks.note(name, problem)
        card = earlier.card
        ((body,),) = scheme.database("opal-server").read(
            "SELECT body FROM card WHERE key = ?", card)
        expect_refusal(
            scheme, checks, "a changed card record", "record does not open",
            set_value("opal-server", "card", "key = ?", (card,), "body", flipped(body, 40)), card)
        ((row,),) = scheme.database("opal-server").read(
            "SELECT body FROM history WHERE stream = ? AND number = 2", card)
        expect_refusal(
            scheme, checks, "a changed history row", "history row 2 ",
            set_value(
                "opal-server", "history", "stream = ? AND number = 2", (card,), "body",
                flipped(row, 30)),
            card)
        limits_hold(scheme, checks, card)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opal", type=Path, required=True)
    arguments = parser.parse_args()
    checks = Checks()
    try:
        run(arguments.opal.resolve(), checks)
    except Exception as error:
        checks.note("the test itself", f"{type(error).__name__}: {error}")
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 0 if checks.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
