#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Payment gateway, simulated funding network and OPAL server as processes that meet over TLS. People
sign up with accounts of all kinds, also while the network or the gateway is away; at the end
`opal audit` is clean.

    funding.py --opal .build/debug/opal
"""
import argparse
import json
import re
import ssl
import subprocess
import sys
import tempfile
import time
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Crash"))
sys.path.insert(0, str(ROOT / "Browser"))
sys.path.insert(0, str(ROOT / "Audit"))
from opal_process import free_port  # noqa: E402
from roles import Role  # noqa: E402
from website import FORM, HIDDEN  # noqa: E402

CARD_PORT, GATEWAY_PORT, NETWORK_PORT = 0, 11, 12
BACK_SECONDS_MAX = 60
TIMEOUT_SECONDS = 60
# The page after a sign-up, by a part of its text.
ACCEPTED = "Check your mail"
# An account opened by the operator: number, expiry, CVV2, address.
OWN = "4000000000000028"
# Accounts of this kind are valid for some years from now.
EXPIRY = f"12/{time.gmtime().tm_year % 100 + 3}"


class Scheme:
    def __init__(self, program: Path, folder: Path, dialect: str, tls: bool):
        self.program = program
        self.data = folder / "data"
        port = free_port()
        self.card = f"https://localhost:{port + CARD_PORT}"
        self._run("found", "--users", "1")
        self._run("network", "account", "open", OWN, "5000", "--street", "12 Mill Lane",
                  "--postal-code", "CB2 1TN", "--expiry", EXPIRY, "--cvv2", "737")
        configuration = folder / "opal.json"
        configuration.write_text(json.dumps({
            "data": str(self.data),
            # So that the many sign-ups of one machine are not throttled.
            "behindProxy": True,
            "cardholder": {"port": port + CARD_PORT, "origin": self.card},
            "gateway": {"host": "127.0.0.1", "port": port + GATEWAY_PORT},
            "network": {"port": port + NETWORK_PORT, "dialect": dialect, "tls": tls},
            "loadModule": "separate",
        }))
        self.network = Role(program, "network", configuration)
        self.gateway = Role(program, "gateway", configuration)
        self.opal_server = Role(program, "opal-server", configuration)
        self.roles = [self.network, self.gateway, self.opal_server]
        self._signed_up = 0

    def _run(self, *arguments: str):
        subprocess.run([self.program, *arguments, "--data", self.data], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        for role in self.roles:
            role.start()
        for role in self.roles:
            role.wait_until_ready()

    def stop(self) -> list[int]:
        return [role.stop() for role in reversed(self.roles)]

    def behave(self, text: str):
        """Followed by a running network within seconds."""
        (self.data / "network" / "behaviours").write_text(text)

    def sign_up(self, account: str, cvv2: str = "123", **others: str) -> str:
        """- Returns: the text of the page that follows."""
        self._signed_up += 1
        number = self._signed_up
        context = ssl.create_default_context(cafile=str(self.data / "ca" / "ca.pem"))
        opener = build_opener(HTTPCookieProcessor(CookieJar()), HTTPSHandler(context=context))
        address = f"{self.card}/sign-up"
        headers = {"X-Forwarded-For": f"198.51.100.{number}", "Origin": self.card}
        with opener.open(Request(address, headers=headers), timeout=TIMEOUT_SECONDS) as answer:
            page = answer.read().decode()
        (body,) = [body for attributes, body in FORM.findall(page) if "/sign-up" in attributes]
        fields = {
            **dict(HIDDEN.findall(body)), "userIdentifier": f"person{number}",
            "email": f"person{number}@example.org", "password": "three small words",
            "accountNumber": account, "expiry": EXPIRY, "verificationValue": cvv2,
            "street": "Quay Street 7", "postalCode": "10115", "city": "Berlin", "country": "DE",
            **others}
        request = Request(address, data=urlencode(fields).encode(), headers=headers)
        try:
            with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return answer.read().decode()
        except HTTPError as error:
            return error.read().decode()

    def audit(self) -> tuple[int, dict]:
        done = subprocess.run(
            [self.program, "audit", "--json", "--data", self.data], capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout)


def luhn(digits: str) -> bool:
    values = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in values) % 10 == 0


def account(ending: str) -> str:
    """A number with a right check digit that ends like this."""
    return next(number for middle in range(10)
                if luhn(number := f"41110000000{middle}{ending}"))


def problems(page: str) -> str:
    found = re.search(r'id="problems">(.*?)</div>', page, re.DOTALL)
    return re.sub(r"<[^>]*>|\s+", " ", found[1]).strip() if found else "no problems"


def expect(name: str, page: str, *parts: str):
    if not all(part in page for part in parts):
        raise AssertionError(f"{name}: {parts} is not on the page: {problems(page)}")
    print(f"ok      {name}", flush=True)


def expect_refused(name: str, page: str):
    if ACCEPTED in page or 'id="problems"' not in page:
        raise AssertionError(f"{name}: it is not refused")
    print(f"ok      {name}: {problems(page)}", flush=True)


def wait_for_sign_up(name: str, scheme: Scheme):
    """Signs up as soon as that works again."""
    deadline = time.monotonic() + BACK_SECONDS_MAX
    while time.monotonic() < deadline:
        if ACCEPTED in scheme.sign_up(account("1111")):
            print(f"ok      {name}", flush=True)
            return
        time.sleep(0.5)
    raise AssertionError(f"{name}: it did not come back")


def accounts(scheme: Scheme):
    """The kinds of accounts that `docs/operating.md` lists."""
    # The gateway is ready before it has signed on to the network.
    wait_for_sign_up("an account that nobody opened", scheme)
    expect_refused("one that is declined", scheme.sign_up(account("0002")))
    expect_refused("a wrong CVV2", scheme.sign_up(account("1111"), "000"))
    expect_refused("an address that differs", scheme.sign_up(account("9001")))
    expect_refused("a network that does not answer", scheme.sign_up(account("9004")))
    expect_refused("a connection that is cut", scheme.sign_up(account("9006")))
    wait_for_sign_up("the connection is made again", scheme)
    home = {"street": "Mill Lane 12", "postalCode": "cb2 1tn"}
    expect("an account that was opened", scheme.sign_up(OWN, "737", **home), ACCEPTED)
    expect_refused("with another CVV2", scheme.sign_up(OWN, "738", **home))
    expect_refused("with another address", scheme.sign_up(OWN, "737"))
    expect_refused("with another expiry", scheme.sign_up(OWN, "737", expiry=EXPIRY.replace("12/", "11/"), **home))


def absences(scheme: Scheme):
    scheme.network.kill()
    expect_refused("the network is away", scheme.sign_up(account("1111")))
    scheme.network.start()
    scheme.network.wait_until_ready()
    wait_for_sign_up("the network is back", scheme)
    scheme.gateway.kill()
    expect_refused("the gateway is away", scheme.sign_up(account("1111")))
    scheme.gateway.start()
    scheme.gateway.wait_until_ready()
    wait_for_sign_up("the gateway is back", scheme)
    scheme.behave("account 1111 decline 05\n")
    deadline = time.monotonic() + BACK_SECONDS_MAX
    while ACCEPTED in scheme.sign_up(account("1111")):
        assert time.monotonic() < deadline, "the network does not follow its file"
        time.sleep(0.5)
    print("ok      the network follows its file", flush=True)


def run(program: Path, dialect: str, tls: bool):
    with tempfile.TemporaryDirectory() as folder:
        scheme = Scheme(program, Path(folder), dialect, tls)
        try:
            scheme.start()
            accounts(scheme)
            absences(scheme)
        except Exception:
            for role in scheme.roles:
                print(f"--- {role.name}\n{role.log.read_text(errors='replace')}", file=sys.stderr)
            raise
        finally:
            statuses = scheme.stop()
        assert statuses == [0, 0, 0], f"they ended with {statuses}"
        code, report = scheme.audit()
        assert code == 0, f"{report['findings']}"
        assert report["authorizations"] > 0, "the gateway has no book"
        print(f"ok      the audit is clean ({dialect}, {'TLS' if tls else 'TCP'})", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opal", type=Path, required=True)
    program = parser.parse_args().opal.resolve()
    run(program, "ascii1987", tls=True)
    run(program, "binary1987", tls=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
