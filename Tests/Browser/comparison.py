#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Buys with each of the five places where S3 is compared, in a browser and with `opal pay`, and reads
on the console what that took: two trips in FIGS. 5 and 6, one in 7 and 8; a terminal that is free
after one exchange in FIGS. 6 to 8. Then a shop changes its agreement with `opal merchant compare`.

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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from opal_process import Opal
from person import Person

CHROMIUM = "/usr/bin/chromium"
USER, OPERATOR = "demo", "operator"
SHOP = "FARTHINGPRESS01"
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
    """One system whose shop leaves the comparison to one place."""

    def __init__(self, place: Place, browser: Browser, program: Path, data: Path, pictures: Path):
        self.place = place
        self.browser = browser
        self.program = program
        self.data = data
        self.pictures = pictures

    def run(self):
        with self.running("--comparison", self.place.policy):
            began = time.monotonic()
            self.buys(script=True)
            self.buys(script=False)
            self.pays_in_a_terminal()
            self.operator_reads_what_it_took(3, time.monotonic() - began)
        self.audit_is_clean()

    @contextmanager
    def running(self, *options: str):
        self.opal = Opal(self.program, self.data, *options)
        try:
            self.opal.wait_until_ready()
            yield
        finally:
            status = self.opal.stop()
        assert status == 0, f"opal ended with {status} when asked to stop"

    def buys(self, script: bool):
        person = Person(self.browser, script=script)
        person.goes_to(self.opal.sites["shop"])
        person.follows(re.compile("Salt"))
        person.presses("Order")
        person.presses("Pay €0.05 with virtual card")
        person.fills("User identifier", USER)
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

    def pays_in_a_terminal(self):
        with tempfile.TemporaryDirectory(prefix="opal-pay-") as folder:
            order = self.pay(self.opal.sites["shop"] + "/articles/salt", folder, 0)
            self.pay(order, folder, None)

    def pay(self, address: str, folder: str, status: int | None) -> str:
        """- Returns: the address of the order."""
        done = subprocess.run(
            [self.program, "pay", address, "--user", USER, "--password-file",
             self.opal.data / "demo-password", "--output", folder],
            capture_output=True, text=True, timeout=PAY_SECONDS_MAX, check=False)
        if status is None:
            assert done.returncode != 0 and "paid" in done.stdout, done.stdout + done.stderr
        else:
            assert done.returncode == status, done.stdout + done.stderr
        return re.search(r"Order\s+(\S+)", done.stdout)[1]

    def operator_reads_what_it_took(self, sales: int, seconds: float):
        """`seconds`: in which all these sales were made."""
        operator = Person(self.browser, self.pictures)
        operator.goes_to(self.opal.sites["console"])
        operator.fills("Operator", OPERATOR)
        operator.fills("Password", self.opal.secret("console-password"))
        operator.presses("Sign in")
        operator.follows("Terminals")
        operator.shoots(f"console-terminals-{self.place.policy}")
        row = operator.page.locator("section[aria-labelledby=policies] tbody tr")
        cells = {name: row.locator(f"td[data-label='{name}']").inner_text()
                 for name in ("Sales", "Trips", "Exchanges")}
        assert self.place.name in row.locator("th").inner_text(), row.inner_text()
        wanted = {"Sales": str(sales), "Trips": self.place.trips,
                  "Exchanges": self.place.exchanges}
        assert cells == wanted, f"the console shows {cells} and not {wanted}"
        for column, is_zero in (("Terminal held", False),
                                ("Held to count", self.place.policy == "security-card")):
            text = row.locator(f"td[data-label='{column}']").inner_text()
            shown = re.fullmatch(r"(\d+\.\d) ms", text)
            assert shown, f"the console shows {column}: {text}"
            held = float(shown[1]) * sales / 1000
            # A terminal serves one sale at a time; these were made one after the other.
            assert held <= seconds, f"{column}: {held} s of {seconds} s"
            if column == "Terminal held" or is_zero:
                assert (held == 0) == is_zero, f"{column}: {text}"
        # All of them are free again.
        states = operator.page.locator("section[aria-label=Terminals] td.state").all_inner_texts()
        assert states and set(states) == {"Free"}, f"the console shows {set(states)}"
        operator.context.close()

    def audit_is_clean(self):
        self.command("audit")

    def command(self, *words: str, status: int = 0) -> str:
        """- Returns: what `opal` says to a command about this system's data."""
        done = subprocess.run(
            [self.program, *words, "--data", self.data],
            capture_output=True, text=True, timeout=PAY_SECONDS_MAX, check=False)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


class Agreement(Trial):
    """A system whose shop first leaves the comparison to the security card, and then agrees upon
    another place: from the next start on its sales are compared there."""

    def run(self):
        with self.running():
            self.agreed("security-card")
            self.refused()
            said = self.command("merchant", "compare", SHOP, self.place.policy)
            assert f"compared by: {self.place.policy}" in said and "Restart" in said, said
        self.agreed(self.place.policy)
        with self.running():
            began = time.monotonic()
            self.buys(script=True)
            self.operator_reads_what_it_took(1, time.monotonic() - began)
        self.audit_is_clean()

    def agreed(self, policy: str):
        merchants = json.loads(self.command("merchant", "list", "--json"))
        assert merchants == [{"merchant": SHOP, "comparison": policy}], merchants

    def refused(self):
        """What cannot be agreed changes nothing; who asks is told all five places."""
        for place in PLACES:
            assert place.policy in self.command("merchant", "compare", "--help"), place
            said = self.command("merchant", "compare", SHOP, "nobody", status=64)
            assert place.policy in said, said
        said = self.command("merchant", "compare", "NOBODY", self.place.policy, status=1)
        assert "no agreement with NOBODY" in said, said
        self.agreed("security-card")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opal", type=Path, required=True)
    parser.add_argument("--screenshots", type=Path, default=Path("build/screenshots"))
    arguments = parser.parse_args()
    program = arguments.opal.resolve()
    failed = False
    with tempfile.TemporaryDirectory(prefix="opal-places-") as folder, sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, as tests in containers run.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        trials = [(Trial, place, f"S3 compared by the {place.name}") for place in PLACES]
        trials.append((Agreement, PLACES[2], f"S3 is agreed to be compared by the {PLACES[2].name}"))
        for trial, place, title in trials:
            data = Path(folder) / f"{trial.__name__}-{place.policy}"
            try:
                trial(place, browser, program, data, arguments.screenshots).run()
                print(f"ok      {title}", flush=True)
            except Exception as error:  # whatever it is, the next one is tried
                failed = True
                print(f"FAILED  {title}: {type(error).__name__}: {error}", file=sys.stderr)
        browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
