#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Buys with each of the five places where S3 is compared, in a browser and with `opal pay`, and reads
on the console what that took: two trips in FIGS. 5 and 6, one in 7 and 8; a terminal that is free
after one exchange in FIGS. 6 to 8. First all parties are in one process, then each is a process of
its own over mutual TLS, and the shop changes its agreement with `opal merchant compare`.

    comparison.py --opal .build/debug/opal [--screenshots build/screenshots]
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserType, Error, Locator, sync_playwright

from opal_process import Opal
from person import Person
from served import MERCHANT, Served, trusting

CHROMIUM = "/usr/bin/chromium"
OPERATOR = "operator"
PAY_SECONDS_MAX = 60


@dataclass
class Place:
    policy: str
    # As the console names it.
    name: str
    trips: str
    exchanges: str


PLACES = [
    Place("security-card", "security card", "2.0", "2.0"),
    Place("payment-server", "payment server", "2.0", "1.0"),
    Place("opal-server", "OPAL server", "1.0", "1.0"),
    Place("client-terminal", "client terminal", "1.0", "1.0"),
    Place("merchant", "merchant", "1.0", "1.0"),
]


class Trial:
    """A shop that leaves the comparison to one place."""

    def __init__(
            self, place: Place, browser: Browser, opal: Opal | Served, user: str,
            pictures: Path | None):
        self.place = place
        self.browser = browser
        self.opal = opal
        self.user = user
        self.pictures = pictures
        self.sales = 0
        self.began = time.monotonic()

    def run(self):
        self.buys(script=True)
        self.buys(script=False)
        self.pays_in_a_terminal()
        self.operator_reads_what_it_took()

    def buys(self, script: bool):
        person = Person(self.browser, script=script)
        person.goes_to(self.opal.sites["shop"])
        person.follows(re.compile("Salt"))
        person.presses("Order")
        person.presses("Pay €0.05 with virtual card")
        person.fills("User identifier", self.user)
        person.fills("Password", self.opal.secret("demo-password"))
        person.presses("Pay €0.05")
        person.sees("Paid")
        form = person.page.locator("form:has(input[name=result])")
        if self.place.policy == "client-terminal":
            if script:
                # The browser has compared: the button leads to the shop, with the opened result.
                person.page.wait_for_function(
                    "document.querySelector('[name=result]').value.split('.').length === 5")
                assert form.get_attribute("action") == self.opal.sites["shop"] + "/status"
            else:
                # The card site compares in its place.
                assert form.get_attribute("action").endswith("/compare")
                person.presses(re.compile("^Back to "))
                person.sees("Paid")
        elif self.place.policy == "merchant":
            signature = form.locator("[name=signature]").get_attribute("value")
            assert re.fullmatch("[0-9a-f]{16}", signature), "S3 does not go to the merchant"
        person.presses(re.compile("^Back to "))
        person.sees("Paid, and it is yours")
        with person.page.expect_download() as downloading:
            person.page.locator("a[download]").click()
        assert Path(downloading.value.path()).stat().st_size > 0, "the download is empty"
        assert not person.complaints, "the browser complained: " + "; ".join(person.complaints)
        person.context.close()
        self.sales += 1

    def pays_in_a_terminal(self):
        with tempfile.TemporaryDirectory(prefix="opal-pay-") as folder:
            order = self.pay(self.opal.sites["shop"] + "/articles/salt", folder, 0)
            self.pay(order, folder, None)
        self.sales += 1

    def pay(self, address: str, folder: str, status: int | None) -> str:
        """- Returns: the address of the order."""
        trust = ["--ca", self.opal.authority] if isinstance(self.opal, Served) else []
        done = subprocess.run(
            [self.opal.program, "pay", address, "--user", self.user, "--password-file",
             self.opal.data / "demo-password", "--output", folder, *trust],
            capture_output=True, text=True, timeout=PAY_SECONDS_MAX, check=False)
        if status is None:
            assert done.returncode != 0 and "paid" in done.stdout, done.stdout + done.stderr
        else:
            assert done.returncode == status, done.stdout + done.stderr
        return re.search(r"Order\s+(\S+)", done.stdout)[1]

    def operator_reads_what_it_took(self):
        operator = Person(self.browser, self.pictures)
        operator.goes_to(self.opal.sites["console"])
        operator.fills("Operator", OPERATOR)
        operator.fills("Password", self.opal.secret("console-password"))
        operator.presses("Sign in")
        operator.follows("Terminals")
        operator.shoots(f"console-terminals-{self.place.policy}")
        # Another place may have a row, too: of sales whose end came after the agreement was changed.
        row = operator.page.locator("section[aria-labelledby=policies] tbody tr").filter(
            has=operator.page.locator("th", has_text=self.place.name))
        cells = {name: row.locator(f"td[data-label='{name}']").inner_text()
                 for name in ("Sales", "Trips", "Exchanges")}
        wanted = {"Sales": str(self.sales), "Trips": self.place.trips, "Exchanges": self.place.exchanges}
        assert cells == wanted, f"the console shows {cells} and not {wanted}"
        assert self.seconds_held(row, "Terminal held") > 0
        if self.place.policy == "security-card":
            assert self.seconds_held(row, "Held to count") == 0
        # All of them are free again, as soon as none counts.
        states = operator.page.locator("section[aria-label=Terminals] td.state")
        for _ in range(10):
            shown = set(states.all_inner_texts())
            if shown == {"Free"}:
                break
            operator.page.reload()
        assert shown == {"Free"}, f"the console shows {shown}"
        operator.context.close()

    def seconds_held(self, row: Locator, column: str) -> float:
        """For all sales together. They were made one after the other, each at one terminal: what was
        measured cannot be longer than all of it took."""
        text = row.locator(f"td[data-label='{column}']").inner_text()
        shown = re.fullmatch(r"(\d+\.\d) ms", text)
        assert shown, f"the console shows {column}: {text}"
        held, passed = float(shown[1]) * self.sales / 1000, time.monotonic() - self.began
        assert held <= passed, f"{column}: {held} s, within {passed} s"
        return held


def command(opal: Opal | Served, *words: str, status: int = 0) -> str:
    """- Returns: what `opal` says to a command about this system's data."""
    done = subprocess.run(
        [opal.program, *words, "--data", opal.data],
        capture_output=True, text=True, timeout=PAY_SECONDS_MAX, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == status, f"{' '.join(words)}: {done.returncode}\n{said}"
    return said


def audit(opal: Opal | Served):
    command(opal, "audit")


def is_agreed(opal: Served, policy: str):
    """Of the merchants, only the shop's agreement is changed here."""
    merchants = json.loads(command(opal, "merchant", "list", "--json"))
    agreed = [line["comparison"] for line in merchants if line["merchant"] == MERCHANT]
    assert agreed == [policy], merchants


def is_not_agreed(opal: Served, before: str):
    """What cannot be agreed changes nothing; who asks is told all five places."""
    explained = command(opal, "merchant", "compare", "--help")
    said = command(opal, "merchant", "compare", MERCHANT, "nobody", status=64)
    for place in PLACES:
        assert place.policy in explained and place.policy in said, place
    said = command(opal, "merchant", "compare", "NOBODY", PLACES[0].policy, status=1)
    assert "no agreement with NOBODY" in said, said
    is_agreed(opal, before)


class Comparison:
    def __init__(self, program: Path, folder: Path, pictures: Path, chromium: BrowserType):
        self.program = program
        self.folder = folder
        self.pictures = pictures
        self.chromium = chromium
        self.has_failed = False

    def run(self):
        browser = self.launch()
        for place in PLACES:
            self.attempt(
                f"S3 compared by the {place.name}", lambda: self.in_one_process(place, browser))
        self.attempt("over mutual TLS", lambda: self.over_tls(browser))
        browser.close()

    def launch(self, **options) -> Browser:
        # Chromium refuses its sandbox to root, as tests in containers run.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        return self.chromium.launch(executable_path=CHROMIUM, args=arguments, **options)

    def attempt(self, name: str, trial):
        """Whatever goes wrong, the next one is tried."""
        began = time.monotonic()
        try:
            trial()
            print(f"ok      {name}, {time.monotonic() - began:.1f} s", flush=True)
        except Exception as error:
            self.has_failed = True
            print(f"FAILED  {name}: {type(error).__name__}: {error}", file=sys.stderr)

    def in_one_process(self, place: Place, browser: Browser):
        data = self.folder / place.policy
        opal = Opal(self.program, data, "--comparison", place.policy)
        try:
            opal.wait_until_ready()
            Trial(place, browser, opal, "demo", self.pictures).run()
            audit(opal)
        finally:
            status = opal.stop()
        assert status == 0, f"opal ended with {status} when asked to stop"

    def over_tls(self, stranger: Browser):
        folder = self.folder / "served"
        folder.mkdir()
        opal = Served(self.program, folder)
        browser = self.launch(env=trusting(opal.authority, folder / "home"))
        try:
            for place in PLACES:
                opal.leave_comparison_to(place.policy)
                is_agreed(opal, place.policy)
                trial = Trial(place, browser, opal, "user1", pictures=None)
                self.attempt(f"S3 compared by the {place.name}, over mutual TLS", trial.run)
            self.attempt(
                "What cannot be agreed changes nothing",
                lambda: is_not_agreed(opal, before=PLACES[-1].policy))
            is_refused(stranger, opal)
        finally:
            status = opal.stop()
            browser.close()
        assert status == 0, f"a party ended with {status} when asked to stop"
        audit(opal)


def is_refused(stranger: Browser, opal: Served):
    """Who does not know the authority is warned of the sites."""
    page = stranger.new_page()
    try:
        page.goto(opal.sites["card"])
    except Error as error:
        assert "ERR_CERT_AUTHORITY_INVALID" in error.message, error.message
    else:
        raise AssertionError("a browser trusts a certificate of nobody")
    finally:
        page.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opal", type=Path, required=True)
    parser.add_argument("--screenshots", type=Path, default=Path("build/screenshots"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="opal-places-") as folder, sync_playwright() as playwright:
        comparison = Comparison(
            arguments.opal.resolve(), Path(folder), arguments.screenshots, playwright.chromium)
        comparison.run()
    return 1 if comparison.has_failed else 0


if __name__ == "__main__":
    sys.exit(main())
