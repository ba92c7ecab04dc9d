#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Buys with a card in a reader, as at a client terminal: `opal up` in one process, the card in
another one behind vpcd and pcscd, `opal pay --reader` in a third. Ends with 1 if anything was not as
it should be.

    purchase.py --opal .build/debug/opal
"""
import argparse
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pcsc
from reader import Attached, WAIT_SECONDS_MAX

sys.path += [str(Path(__file__).resolve().parents[1] / folder) for folder in ("Browser", "Audit")]
from opal_process import Opal  # noqa: E402
from website import Website  # noqa: E402

ARTICLE, PRICE = "salt", 5
DEAR, DEAR_PRICE = "harbour", 80
MEDIA_TYPE = "application/octet-stream"
# The exit codes of `opal pay`.
PAID, NOT_ALLOWED, REFUSED, ALREADY_PAID = 0, 1, 2, 5


class PurchaseTest:
    def __init__(self, program: Path, folder: Path, opal: Opal):
        self.program = program
        self.folder = folder
        self.opal = opal
        self.shop = opal.sites["shop"]
        self.payments = opal.sites["payments"]
        self.port, self.reader, _ = pcsc.free_slot()
        self.goods = folder / "goods"

    @property
    def steps(self):
        return [
            self.says_that_no_card_is_there, self.buys_an_article, self.pays_an_order_once,
            self.needs_consent, self.uses_no_other_payment_server, self.buys_over_the_other_way,
            self.is_refused_by_a_limit,
            self.says_that_value_is_too_little, self.finishes_after_a_crash,
            self.takes_only_messages, self.audit_is_clean, self.audit_names_a_forgery,
        ]

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.program, *arguments, "--data", self.opal.data], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=WAIT_SECONDS_MAX)

    def pay(self, *options: str, code: int) -> dict:
        ended = subprocess.run(
            [self.program, "pay", *options, "--output", self.goods, "--json"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_SECONDS_MAX,
            env=self.environment, start_new_session=True)
        assert ended.returncode == code, f"{ended.returncode}: {ended.stdout}{ended.stderr}"
        return json.loads(ended.stdout) if ended.stdout.startswith("{") else {}

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "XDG_STATE_HOME": str(self.folder / "state")}

    def open_payments(self) -> list[Path]:
        return sorted((self.folder / "state/opal/payments").glob("*.payment"))

    def balance(self) -> int:
        shown = self.run("card", "list", "--whole", "--json").stdout
        (card,) = json.loads(shown)
        return card["balance"]

    def attach(self):
        self.attached = Attached(
            self.program, "--user", "demo", "--port", str(self.port), "--data",
            str(self.opal.data))
        self.attached.wait_for("is in the reader")
        pcsc.wait("there is no card in the reader", lambda: pcsc.readers()[self.reader][1])

    def detach(self):
        self.attached.stop(signal.SIGTERM)
        pcsc.wait("the card is still there", lambda: not pcsc.readers()[self.reader][1])

    def article(self, name: str = ARTICLE) -> str:
        return f"{self.shop}/articles/{name}"

    # Steps

    def says_that_no_card_is_there(self):
        report = self.pay(self.article(), "--reader", self.reader, "--yes", code=REFUSED)
        assert "no card in the reader" in report["said"][0], report
        report = self.pay(self.article(), "--reader", "None", "--yes", code=REFUSED)
        assert "no such reader" in report["said"][0], report
        assert "Nothing was taken" in report["said"][0], report
        assert self.pay("--reader", code=PAID) == {}

    def buys_an_article(self):
        self.attach()
        before = self.balance()
        report = self.pay(self.article(), "--reader", "--yes", code=PAID)
        assert self.balance() == before - PRICE, self.balance()
        assert report["outcome"] == "paid" and report["amount"] == "€0.05", report
        assert report["balance"] == f"€{(before - PRICE) / 100:.2f}", report
        assert Path(report["file"]).read_text(), "the article is empty"
        assert self.open_payments() == []
        self.order, self.file = report["order"], report["file"]

    def pays_an_order_once(self):
        before = self.balance()
        report = self.pay(self.order, "--reader", "--yes", code=ALREADY_PAID)
        assert report["file"] == self.file, report
        assert self.balance() == before
        assert len(list(self.goods.iterdir())) == 1

    def needs_consent(self):
        before = self.balance()
        report = self.pay(self.article(), "--reader", code=NOT_ALLOWED)
        assert "did not agree" in report["said"][0], report
        assert self.balance() == before and self.open_payments() == []

    def uses_no_other_payment_server(self):
        report = self.pay(
            self.article(), "--reader", "--yes", "--payment-server", "https://pay.example",
            code=NOT_ALLOWED)
        assert self.payments in report["said"][0], report
        self.pay(
            self.article(), "--reader", "--yes", "--payment-server", self.payments, code=PAID)

    def buys_over_the_other_way(self):
        # What the virtual card of the same card site paid is in the same history.
        before = self.balance()
        (self.folder / "password").write_text(self.opal.secret("demo-password"))
        (self.folder / "password").chmod(0o600)
        self.pay(
            self.article(), "--user", "demo", "--password-file", str(self.folder / "password"),
            code=PAID)
        assert self.balance() == before - PRICE

    def is_refused_by_a_limit(self):
        """The card itself refuses, whichever way the purchase comes, and pays at the bound."""
        site = Website(self.opal.sites["card"])
        site.opens("/sign-in")
        site.sends("/sign-in", userIdentifier="demo", password=self.opal.secret("demo-password"))

        def limit(purchase: str):
            site.opens("/limits")
            site.sends(
                "/limits$", purchase=purchase, day="", week="", month="", dayCount="", weekCount="",
                monthCount="", merchantsRule="all", merchants="", categoriesRule="all",
                categories="", hours="", clock="0")
            assert "The limits are" in site.page, site.page

        ways = ("--reader", "--yes"), (
            "--user", "demo", "--password-file", str(self.folder / "password"))
        limit(f"{(PRICE - 1) / 100:.2f}")
        before = self.balance()
        report = self.pay(self.article(), *ways[0], code=REFUSED)
        assert "A limit of the card refuses" in report["said"][0], report
        report = self.pay(self.article(), *ways[1], code=REFUSED)
        assert "€0.04 at the most" in " ".join(report["said"]), report
        assert self.balance() == before and self.open_payments() == []
        limit(f"{PRICE / 100:.2f}")
        for way in ways:
            self.pay(self.article(), *way, code=PAID)
        assert self.balance() == before - 2 * PRICE
        limit("")

    def says_that_value_is_too_little(self):
        while self.balance() >= DEAR_PRICE:
            self.pay(self.article(DEAR), "--reader", "--yes", code=PAID)
        before = self.balance()
        report = self.pay(self.article(DEAR), "--reader", "--yes", code=REFUSED)
        assert "too little value" in report["said"][0], report
        assert self.balance() == before and self.open_payments() == []

    def finishes_after_a_crash(self):
        """Kills the terminal at many moments; then it finishes what it left."""
        before, bought = self.balance(), 0
        for moment in range(1, 9):
            process = subprocess.Popen(
                [self.program, "pay", self.article(), "--reader", "--yes", "--output", self.goods],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=self.environment)
            pcsc.wait("the payment is not remembered", lambda: (
                process.poll() is not None or self.open_payments()))
            time.sleep(moment * 0.01)
            process.kill()
            process.wait()
            for file in self.open_payments():
                assert file.stat().st_mode & 0o777 == 0o600, file
            ended = subprocess.run(
                [self.program, "pay", "--reader", "--output", self.goods, "--json"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=WAIT_SECONDS_MAX, env=self.environment)
            assert ended.returncode in (PAID, REFUSED), ended.stdout + ended.stderr
            assert self.open_payments() == [], ended.stdout
            after = self.balance()
            assert before - after in (0, PRICE), f"{before} became {after}"
            bought, before = bought + (before != after), after
        print(f"        {bought} of 8 killed payments were made", flush=True)

    def takes_only_messages(self):
        def status(body: bytes, media_type: str) -> int:
            request = urllib.request.Request(
                self.payments + "/messages", body, {"Content-Type": media_type})
            try:
                return urllib.request.urlopen(request, timeout=WAIT_SECONDS_MAX).status
            except urllib.error.HTTPError as error:
                return error.code
        assert status(b"transaction=1", "application/x-www-form-urlencoded") == 415
        assert status(b"0" * (1 << 16), MEDIA_TYPE) == 413
        assert status(b"0", MEDIA_TYPE) == 200

    def audit_is_clean(self):
        self.detach()
        ended = self.run("audit", "--json")
        report = json.loads(ended.stdout)
        assert ended.returncode == 0 and report["findings"] == [], report
        assert report["notes"] == [] and report["pending"] == 0, report
        assert 0 < report["inReaders"] < report["sold"], report

    def audit_names_a_forgery(self):
        """Who changes the record of a debit in a reader, or takes it away, is found."""
        database = self.opal.data / "opal-server/opal-server.sqlite"
        assert self.opal.stop() == 0
        assert not Path(f"{database}-wal").exists(), "the database is not closed"
        whole = database.read_bytes()
        first = "WHERE rowid = (SELECT min(rowid) FROM reader_debit)"
        for change in (
                f"DELETE FROM reader_debit {first}",
                *(f"UPDATE reader_debit SET {value} {first}" for value in (
                    "key = zeroblob(16)", "revision = 2", "open = 1", "reply = x'01'",
                    "body = zeroblob(length(body))"))):
            with contextlib.closing(sqlite3.connect(database)) as opened, opened:
                assert opened.execute(change).rowcount == 1, change
            ended = self.run("audit")
            assert ended.returncode == 1, f"{change}: {ended.stdout}"
            assert "was debited without a draw" in ended.stdout, f"{change}: {ended.stdout}"
            database.write_bytes(whole)
        ended = self.run("audit")
        assert ended.returncode == 0, ended.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opal", type=Path, required=True)
    options = parser.parse_args()
    if absent := pcsc.missing():
        print(f"FAILED  not installed: {', '.join(absent)}; scripts/setup --tests installs it")
        return 1
    with pcsc.lock(), tempfile.TemporaryDirectory() as folder:
        with pcsc.daemon(Path(folder) / "pcscd.log"):
            opal = Opal(options.opal.resolve(), Path(folder) / "data")
            test = None
            try:
                opal.wait_until_ready()
                test = PurchaseTest(options.opal.resolve(), Path(folder), opal)
                for step in test.steps:
                    began = time.monotonic()
                    step()
                    name = step.__name__.replace("_", " ")
                    print(f"ok      {name}, {time.monotonic() - began:.1f} s", flush=True)
            except (AssertionError, RuntimeError) as error:
                name = step.__name__.replace("_", " ") if test else "start"
                print(f"FAILED  {name}: {error}", flush=True)
                return 1
            finally:
                if hasattr(test, "attached"):
                    test.attached.stop(signal.SIGTERM)
                opal.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
