#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logs of a purchase: every party is a process of its own over TLS and logs all it can as JSON. A
person pays inside a trace that was given; its lines are found at each party by trace and by
transaction, and none of them holds what must not be there.

    logs.py --opal .build/debug/opal
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "Browser"), str(TESTS / "Terminals"), str(TESTS / "Crash")]
from opal_process import Opal, free_port  # noqa: E402
from terminals import Scheme  # noqa: E402

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
LEVELS = {"trace", "debug", "info", "notice", "warning", "error", "critical"}
TRANSACTION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Written by the process itself on its standard output, not by its logger.
READY = re.compile(r"[a-z, -]+: ready")
ROUND_SECONDS_MAX = 60
# Those that the two schemes begin with.
FOUNDED_USER, DEMO_USER = "user1", "demo"


def read(lines: list[str]) -> list[dict]:
    """Every line is one JSON object with what each of them has."""
    read = []
    for line in lines:
        if READY.fullmatch(line) or not line:
            continue
        entry = json.loads(line)
        assert {"time", "level", "message"} <= entry.keys() and entry["level"] in LEVELS, line
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"]), line
        if "trace_id" in entry:
            assert re.fullmatch("[0-9a-f]{32}", entry["trace_id"]), line
            assert re.fullmatch("[0-9a-f]{16}", entry["span_id"]), line
        if "transaction" in entry:
            assert TRANSACTION.fullmatch(entry["transaction"]), line
        read.append(entry)
    return read


def has_check_digit(number: str) -> bool:
    """As numbers of cards and accounts have one (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def values(entry, but=("time", "trace_id", "span_id", "transaction")) -> list[str]:
    if isinstance(entry, dict):
        return [one for key, value in entry.items() if key not in but for one in values(value)]
    if isinstance(entry, list):
        return [one for value in entry for one in values(value)]
    return [str(entry)]


def holds_no_secret(entries: list[dict], secrets: dict[str, str]):
    assert secrets and all(len(secret) > 7 for secret in secrets.values()), secrets.keys()
    for entry in entries:
        for value in values(entry):
            for name, secret in secrets.items():
                assert secret not in value, f"the {name} is in a line: {entry['message']}"
            for number in re.findall(r"\d{12,19}", value.replace(" ", "")):
                assert not has_check_digit(number), f"a number is in a line: {entry['message']}"


def key_of(report: dict) -> str:
    """The receipt key in the order's address."""
    return re.search(r"[?&]key=([^&]+)", report["order"]).group(1)


def requests(entries: list[dict]) -> list[dict]:
    return [entry["metadata"] for entry in entries if entry["message"] == "request"]


def waits_for_terminals(scheme: Scheme):
    """Buys something, as soon as the payment server has reached the hosts of terminals."""
    deadline = time.monotonic() + ROUND_SECONDS_MAX
    while (ended := scheme.pay(FOUNDED_USER))[0] != 0:
        assert time.monotonic() < deadline, ended
        time.sleep(1)


def purchase(scheme: Scheme) -> dict:
    os.environ["TRACEPARENT"] = f"00-{TRACE}-{SPAN}-01"
    status, report = scheme.pay(FOUNDED_USER)
    assert status == 0, report
    assert report["trace"] == TRACE, report
    return report


def shows_the_trace(logs: dict[str, list[dict]], report: dict):
    transaction = report["transaction"]
    of_trace = {
        name: [entry for entry in entries if entry.get("trace_id") == TRACE]
        for name, entries in logs.items()}
    for name in ("shop", "opal-server", "payment-server"):
        lines = of_trace[name]
        assert any(entry.get("transaction") == transaction for entry in lines), name
        # Lines of the trace are about this purchase or, as the shop's catalogue, about none.
        assert {entry.get("transaction", transaction) for entry in lines} == {transaction}, name
        assert all(entry["party"] == name for entry in lines), name
    # What is asked of a terminal is sealed: its line has the trace alone.
    assert of_trace["concentrator"], "concentrator"
    assert of_trace["terminal-a"] or of_trace["terminal-b"], "terminal"
    asked = [entry for entry in of_trace["payment-server"] if entry["message"] == "message"]
    kinds = [entry["metadata"]["message"] for entry in asked]
    assert "draw-request" in kinds and "debit-response" in kinds, kinds
    assert len({entry["span_id"] for entry in asked}) == len(asked), "a span for each message"
    assert {entry["metadata"]["peer"] for entry in asked} <= {"opal-server", "shop"}, asked
    routes = {one["route"] for one in requests(of_trace["shop"])}
    assert {"/order/{transaction}", "/status"} <= routes, routes
    routes = {one["route"] for one in requests(of_trace["opal-server"])}
    assert "/checkout/{name}" in routes, routes


def settles_in_traces_of_its_own(scheme: Scheme):
    """Rounds go on while nobody asks: their messages have traces, and none is that of a person."""
    deadline = time.monotonic() + ROUND_SECONDS_MAX
    while True:
        taken = [entry for entry in read(text_of(scheme, "concentration"))
                 if entry.get("metadata", {}).get("message") == "batch-offer"]
        if taken:
            break
        assert time.monotonic() < deadline, "no batch was offered"
        time.sleep(0.5)
    assert all("trace_id" in entry and entry["trace_id"] != TRACE for entry in taken), taken


def text_of(scheme: Scheme, name: str) -> list[str]:
    role = next(role for role in scheme.roles if role.log.parent.name.startswith(name)
                or role.name == name)
    text = role.log.read_text()
    # The last line may be half written.
    return text[:text.rfind("\n") + 1].splitlines()


def apart(program: Path, folder: Path):
    os.environ |= {"OPAL_LOG_FORMAT": "json", "OPAL_LOG_LEVEL": "trace"}
    scheme = Scheme(program, folder, free_port(), "security-card")
    try:
        scheme.start()
        waits_for_terminals(scheme)
        report = purchase(scheme)
        names = ["terminal-a", "terminal-b", "concentrator", "payment-server", "concentration",
                 "opal-server", "shop"]
        logs = {name: read(text_of(scheme, name)) for name in names}
        shows_the_trace(logs, report)
        print("ok      one purchase is found at each party by trace and transaction", flush=True)
        settles_in_traces_of_its_own(scheme)
        print("ok      what nobody has asked for is in traces of its own", flush=True)
        secrets = {
            "password": (scheme.data / "demo-password").read_text().strip(),
            "receipt key": key_of(report)}
        for name in names:
            holds_no_secret(read(text_of(scheme, name)), secrets)
        print("ok      no line holds a password, a key or a number", flush=True)
    finally:
        scheme.stop()


def together(program: Path, folder: Path):
    """All parties in one process, with the check of the cardholder's account by the gateway."""
    opal = Opal(program, folder / "data", "--log-format", "json", "--log-level", "trace")
    try:
        opal.wait_until_ready()
        page = urllib.request.Request(
            opal.sites["shop"] + "/", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
        with urllib.request.urlopen(page, timeout=10) as answer:
            _, trace, span, flags = answer.headers["traceparent"].split("-")
        assert (trace, flags) == (TRACE, "01") and span != SPAN, answer.headers
        report = opal_pays(opal, folder)
        entries = read([line for line in opal.lines if line.startswith("{")])
        found = [entry for entry in entries if entry.get("transaction") == report["transaction"]]
        parties = {entry["party"] for entry in found if entry.get("trace_id") == TRACE}
        assert {"shop", "opal-server", "payment-server"} <= parties, parties
        asked = {entry["metadata"]["message"] for entry in entries
                 if entry["message"] == "message" and entry.get("party") == "gateway"}
        assert asked, "the gateway was asked about the demo cardholder's account"
        holds_no_secret(entries, {
            name: opal.secret(name) for name in (
                "demo-password", "bank-password", "console-password")} | {
            "receipt key": key_of(report)})
    finally:
        opal.stop()
    print("ok      neither does a process that runs all parties", flush=True)


def opal_pays(opal: Opal, folder: Path) -> dict:
    done = subprocess.run(
        [opal.program, "pay", opal.sites["shop"] + "/articles/comma", "--user", DEMO_USER,
         "--password-file", opal.data / "demo-password", "--output", folder, "--json"],
        capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opal", type=Path, required=True)
    program = parser.parse_args().opal.resolve()
    for walk in (apart, together):
        with tempfile.TemporaryDirectory(prefix="opal-logs-") as name:
            try:
                walk(program, Path(name))
            except Exception as error:
                print(f"FAILED  {type(error).__name__}: {error}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
