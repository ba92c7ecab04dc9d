#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills parties with SIGKILL while people buy and load cards, then checks every order, every load
and every cent. Ends with 1 if anything was lost, doubled or left open.

    crash.py --opal .build/release/opal --kills 300 --seed 7
"""
import argparse
import json
import os
import queue
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Browser"))
from books import CLOCK_SECONDS, Ledger, LoadBooks  # noqa: E402
from browser import Later  # noqa: E402
from hands import Crowd, Hands  # noqa: E402
from loads import ACCOUNT, BANK, AccountLoader, BankLoader, Load, Loader  # noqa: E402
from opal_process import free_port  # noqa: E402
from people import (  # noqa: E402
    COMPARED_BY_MERCHANT, COMPARED_BY_SCRIPT, Article, Order, Shopper)
from roles import Killer, Scheme  # noqa: E402

GOODS = ROOT / "Sources" / "Edges" / "Sites" / "Resources" / "goods"
# Where both parties say of each sale what became of it before the person is told.
TWO_TRIPS = ("security-card", "payment-server")
# What people must have done where it is they, or the merchant, who compare.
COMPARED = {"client-terminal": COMPARED_BY_SCRIPT, "merchant": COMPARED_BY_MERCHANT}
ARTICLES = ("salt", "salt", "crossword", "crossword", "comma", "knights", "lighthouse")
THREADS = 16
# How many of them load cards.
LOADERS = {BankLoader: 4, AccountLoader: 3}
LOADED = {BANK: "loaded through the bank", ACCOUNT: "loaded from the account"}
# Sales are given up after 60 s, debits are asked about after 20 s; then something to spare.
SETTLE_SECONDS_MAX = 150
SETTLE_PAUSE_SECONDS = 2
LOOKS_MAX = 3
# From so many kills on, the OPAL server stays away at the end until the payment server has given up
# what it has not heard the end of (60 s, looked at every 5 s), so that debits must be put back; and
# who closed the tab does not look, so that the shop must ask by itself.
LONG_RUN_KILLS = 100
ABSENCE_SECONDS = 68
# How long people go on after the last kill of a short run, until each kind of thing came to pass.
GOING_ON_SECONDS_MAX = 60
PROBLEMS_SHOWN = 40


class CrashTest:
    def __init__(self, scheme: Scheme, arguments: argparse.Namespace):
        self.scheme = scheme
        self.arguments = arguments
        self.is_long = arguments.kills >= LONG_RUN_KILLS
        # Enough for most of what is wanted, so that some run out of it.
        self.value = 1000 + 40 * arguments.kills
        # Of each cardholder at the bank, and again at the funding network.
        self.funds = 3000 + 40 * arguments.kills
        self.problems: list[str] = []
        self.ledger = Ledger()
        self.seconds: dict[str, float] = {}

    def run(self):
        self.scheme.found(
            self.arguments.users, self.value, self.funds, self.arguments.comparison)
        self.crowd = Crowd(
            self.scheme, read_articles(), self.arguments.users, self.arguments.seed)
        self.scheme.start()
        self._timed("killing", self._kill)
        if self.is_long:
            self._timed("absence", self._stay_away)
        self.scheme.start()
        self._timed("settling", self._settle)
        self._timed("looking at everything", self._look)
        for name, status in self.scheme.stop().items():
            if status != 0:
                self.problems.append(f"{name} ended with {status}")
        self._timed("audit", self._audit)
        for order in self.crowd.orders:
            self._check(order)
        self._check_loads()
        self._check_users()
        self._check_enough()
        self.problems += self.crowd.problems
        alarms = self.scheme.log_lines("alarm", "Fatal error", "Crash:")
        self.problems += [f"in the log: {line}" for line in alarms]

    def _timed(self, name: str, step):
        began = time.monotonic()
        step()
        self.seconds[name] = time.monotonic() - began

    # The run

    def _kill(self):
        loaders = LOADERS if self.arguments.loads else {}
        kinds = [kind for kind, count in loaders.items() for _ in range(count)]
        kinds = [Shopper] * (THREADS - len(kinds)) + kinds
        self.hands = [kind(self.crowd, number) for number, kind in enumerate(kinds, 1)]
        for one in self.hands:
            one.start()
        killer = Killer(
            self.scheme.roles, self.arguments.kills, f"{self.arguments.seed}/killer",
            self.crowd.is_closing if self.is_long else None)
        killer.start()
        killer.join()
        self._go_on()
        self.crowd.is_over.set()
        for one in self.hands:
            one.join()
            if one.failure:
                self.problems.append(f"a {type(one).__name__} gave up: {one.failure}")
        if killer.problem:
            raise RuntimeError(killer.problem)

    def _go_on(self):
        """With few kills, chance alone may have left out what the run is to prove."""
        deadline = time.monotonic() + GOING_ON_SECONDS_MAX
        while self._missing() and time.monotonic() < deadline:
            time.sleep(SETTLE_PAUSE_SECONDS)

    def _missing(self) -> list[str]:
        """What each run is to prove, and has not come to pass."""
        orders, loads = list(self.crowd.orders), list(self.crowd.loads)
        has = {
            "paid": any(order.state == "paid" for order in orders),
            "delivered": any(order.downloads for order in orders)}
        if self.arguments.loads:
            for way, name in LOADED.items():
                has[name] = any(load.state == "loaded" and load.way == way for load in loads)
        if compared := COMPARED.get(self.arguments.comparison):
            has[compared] = any(one.counts[compared] for one in self.hands)
        return [name for name, is_there in has.items() if not is_there]

    def _stay_away(self):
        """The last kill: of the OPAL server alone."""
        self.scheme.start()
        self.scheme.role("opal-server").kill()
        time.sleep(ABSENCE_SECONDS)

    def _each(self, step, items: list, kind: type[Hands] = Shopper):
        """Does a step for each item with all hands of a kind."""
        waiting: queue.SimpleQueue = queue.SimpleQueue()
        for item in items:
            waiting.put(item)

        def work(one: Hands):
            try:
                while True:
                    patiently(step, one, waiting.get_nowait())
            except queue.Empty:
                pass
            except Exception as error:
                self.problems.append(f"{step.__name__}: {type(error).__name__}: {error}")

        workers = [threading.Thread(target=work, args=(one,), daemon=True)
                   for one in self.hands if isinstance(one, kind)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _settle(self):
        """People come back to all their orders and loads, until each has ended and nothing is
        open."""
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        orders, loads = list(self.crowd.orders), list(self.crowd.loads)
        while True:
            orders, loads = self._finish_orders(orders), self._finish_loads(loads)
            waiting = self._open()
            if not orders and not loads and not waiting:
                return
            if time.monotonic() > deadline:
                kinds = ", ".join(f"{count} {kind}" for kind, count in waiting.items())
                self.problems.append(
                    f"{len(orders)} orders and {len(loads)} loads without an end"
                    f" {SETTLE_SECONDS_MAX} s after the last kill; open: {kinds or 'nothing'}")
                return
            time.sleep(SETTLE_PAUSE_SECONDS)

    def _finish_orders(self, left: list[Order]) -> list[Order]:
        """- Returns: those that are not at their end."""
        known = set(self.scheme.keys("payment-server"))
        unasked = {
            name for name, is_open in self.scheme.keys("shop").items()
            if is_open and name in known and self.is_long}
        again: list[Order] = []

        def finish(shopper: Shopper, order: Order):
            try:
                waits = not order.comes_back and order.transaction in unasked
                if not waits and shopper.finish(order, known):
                    return
            except Later:
                pass
            again.append(order)

        self._each(finish, left)
        return again

    def _finish_loads(self, left: list[Load]) -> list[Load]:
        """- Returns: those that are not at their end."""
        if not left:
            return []
        # What the load server has authorized, the bank must hear of by itself.
        known = set(self.scheme.keys("load-server"))
        unasked = {
            name for name, is_open in self.scheme.keys("bank").items()
            if is_open and name in known and self.is_long}
        again: list[Load] = []

        def finish(loader: Loader, load: Load):
            try:
                waits = not load.comes_back and load.transaction in unasked
                if not waits and loader.finish(load):
                    return
            except Later:
                pass
            again.append(load)

        for kind in LOADERS:
            self._each(finish, [load for load in left if load.way == kind.way], kind)
        return again

    def _open(self) -> dict[str, int]:
        """What has no outcome, by kind. An order that nobody pays stays open at the shop."""
        return {
            kind: count for kind, count in self.scheme.open_counts().items()
            if count and not kind.startswith("order ")}

    def _look(self):
        def look(shopper: Shopper, order: Order):
            if order.state == "paid":
                shopper.fetch(order)
            else:
                shopper.look(order)
            shopper.check_card_site(order)

        def read(shopper: Shopper, person):
            card, history = shopper.card_page(person)
            self.ledger.read(person.name, card.text, history.text)

        def look_at_load(loader: Loader, load: Load):
            if load.transaction:
                loader.look(load)

        self._each(look, self.crowd.orders)
        for kind in LOADERS:
            loads = [load for load in self.crowd.loads if load.way == kind.way]
            self._each(look_at_load, loads, kind)
        self._each(read, self.crowd.people)

    # What must hold

    def _audit(self):
        code, self.report = self.scheme.audit()
        if code != 0 or self.report["findings"]:
            self.problems.append(f"the audit ends with {code}")
            self.problems += self.report["findings"]
        sales, draws, orders = (
            self.scheme.keys(party) for party in ("payment-server", "opal-server", "shop"))
        self.draws = len(draws)
        mine = {order.transaction for order in self.crowd.orders}
        paid = [order for order in self.crowd.orders if order.state == "paid"]
        self.unheard = [name for name in orders if name not in mine]
        for name in mine - set(orders):
            self.problems.append(f"transaction {name}: the shop has lost this order")
        for name, is_open in orders.items():
            if is_open and (name in sales or name in draws):
                self.problems.append(f"transaction {name}: is open at the shop, and was begun")
        for party, names in (("payment server", sales), ("OPAL server", draws)):
            for name, is_open in names.items():
                if is_open:
                    self.problems.append(f"transaction {name}: is open at the {party}")
                if name not in mine:
                    self.problems.append(f"transaction {name}: nobody paid it, {party} has it")
        for name in set(self.ledger.debits) - set(draws):
            self.problems.append(f"transaction {name}: debited, and the OPAL server has no draw")
        # Where one trip is all, the OPAL server also remembers what it said was never debited.
        paid_names = {order.transaction for order in paid}
        for name in set(draws) - set(self.ledger.debits):
            if name in paid_names or self.arguments.comparison in TWO_TRIPS:
                self.problems.append(f"transaction {name}: a draw without a debit")
        total = sum(order.article.price for order in paid)
        taken = sum(self.report.get("debitedMinorUnits", {}).values())
        put_back = sum(self.report.get("recoveredMinorUnits", {}).values())
        for name, found, wanted in (
                ("sales", self.report.get("sold"), len(paid)),
                ("deliveries", self.report.get("delivered"), len(paid)),
                ("pending", self.report.get("pending"), 0),
                ("cents taken for good", taken - put_back, total)):
            if found != wanted:
                self.problems.append(f"{name}: {found} in the audit, {wanted} by the notes")

    def _check(self, order: Order):
        debits = self.ledger.debits.get(order.transaction, [])
        recoveries = self.ledger.recoveries.get(order.transaction, [])
        payers = {attempt.payer for attempt in order.attempts}
        wrong = []
        if len(debits) > 1 or len(recoveries) > len(debits):
            wrong.append(f"{len(debits)} debits, {len(recoveries)} put back")
        if any(debit[0] not in payers for debit in debits):
            wrong.append("debited to somebody who did not consent")
        if any(entry[1] != order.article.price for entry in debits + recoveries):
            wrong.append(f"debited {debits}, costs {order.article.price}")
        if order.state == "paid" and (len(debits) != 1 or recoveries):
            wrong.append(f"paid with {len(debits)} debits, {len(recoveries)} put back")
        if order.state != "paid" and len(debits) != len(recoveries):
            wrong.append(f"{order.state}, and the value is gone")
        if order.told_paid and order.state != "paid":
            wrong.append(f"was told paid, is {order.state}")
        if order.told_unpaid and order.state != "unpaid":
            wrong.append(f"was told that it is given up, is {order.state}")
        if order.downloads and order.state != "paid":
            wrong.append(f"delivered, and {order.state}")
        if debits and all(attempt.says_untouched for attempt in order.attempts):
            wrong.append("debited, and told only that nothing was taken")
        for attempt in order.attempts:
            if attempt.says_untouched and any(
                    debit[0] == attempt.payer and debit[2] < attempt.sent - CLOCK_SECONDS
                    for debit in debits) and not recoveries:
                wrong.append(f"debited, and later told that nothing was taken: {attempt.title}")
        self.problems += [f"transaction {order.transaction}: {text}" for text in wrong]

    def _check_loads(self):
        self.books = LoadBooks(
            self.scheme, self.crowd.loads, self.ledger, self.value, self.funds)
        self.books.check([person.name for person in self.crowd.people], self.report)
        self.problems += self.books.problems

    def _check_users(self):
        paid: Counter = Counter()
        for order in self.crowd.orders:
            if order.state == "paid":
                for user, _, _ in self.ledger.debits.get(order.transaction, []):
                    paid[user] += order.article.price
        for person in self.crowd.people:
            balance = self.ledger.balances.get(person.name, -1)
            value = self.value + self.books.loaded(person.name)
            if balance != value - paid[person.name]:
                self.problems.append(
                    f"{person.name} has {balance}, paid {paid[person.name]} of {value}")
            if balance != -self.ledger.spent[person.name]:
                self.problems.append(f"{person.name} has {balance}, the history says otherwise")

    def _check_enough(self):
        """What did not come to pass cannot have gone wrong."""
        missing = self._missing()
        if self.is_long and self.arguments.comparison in TWO_TRIPS:
            if not any(self.ledger.recoveries.values()):
                missing.append("recovered")
        self.problems += [f"proves nothing: {name}: 0" for name in missing]

    # What is said

    def figures(self) -> list[tuple[str, object]]:
        orders, counts = self.crowd.orders, Counter()
        for one in self.hands:
            counts.update(one.counts)
        attempts = [attempt for order in orders for attempt in order.attempts]
        states = Counter(order.state for order in orders)
        figures = [(f"kills of {role.name}", role.kills) for role in self.scheme.roles]
        figures += [
            ("orders", len(orders)),
            ("orders nobody heard of", len(self.unheard)),
            ("purchases tried", len(attempts)),
            ("  without an answer", sum(one.outcome == "unclear" for one in attempts)),
            ("paid", states["paid"]),
            ("delivered", sum(order.downloads > 0 for order in orders)),
            ("given up", states["unpaid"]),
            ("recovered", sum(map(len, self.ledger.recoveries.values()))),
            ("never begun", states["open"]),
            ("refused", sum(one.outcome == "refused" for one in attempts)),
        ]
        figures += self._load_figures()
        figures += sorted((f"  {name}", count) for name, count in counts.items())
        return figures + [
            (f"seconds of {name}", f"{seconds:.1f}") for name, seconds in self.seconds.items()]

    def _load_figures(self) -> list[tuple[str, int]]:
        loads = self.crowd.loads
        if not loads:
            return []
        unsettled = [load for load in loads if load.was_unsettled]
        return [
            ("loads", len(loads)),
            ("loads tried", sum(word.agrees for load in loads for word in load.words)),
            ("  without an answer", sum(
                word.agrees and word.outcome == "unclear"
                for load in loads for word in load.words)),
            *((name, sum(load.state == "loaded" and load.way == way for load in loads))
              for way, name in LOADED.items()),
            ("loads declined or given up", sum(load.state == "unloaded" for load in loads)),
            ("loads pending or without an answer", len(unsettled)),
            ("  settled as loaded", sum(load.state == "loaded" for load in unsettled)),
            ("  settled as not loaded", sum(load.state == "unloaded" for load in unsettled)),
        ]


def patiently(step, *values):
    """Nobody is killed any more: a step that is told to come back may do so a few times."""
    for _ in range(LOOKS_MAX - 1):
        try:
            return step(*values)
        except Later:
            time.sleep(SETTLE_PAUSE_SECONDS)
    return step(*values)


def read_articles() -> list[Article]:
    """From the catalogue among the resources; cheap ones more often."""
    entries = {
        entry["identifier"]: entry for entry in json.loads((GOODS / "catalogue.json").read_text())}
    return [
        Article(name, entries[name]["cents"], (GOODS / entries[name]["file"]).read_bytes())
        for name in ARTICLES]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opal", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=int(os.environ.get("KILLS") or 300))
    parser.add_argument(
        "--seed", type=int, default=int(os.environ.get("SEED") or random.randrange(1 << 32)))
    parser.add_argument("--users", type=int, default=24)
    parser.add_argument(
        "--comparison", default="security-card", help="who compares S3; see opal found --help")
    parser.add_argument(
        "--loads", action=argparse.BooleanOptionalAction, default=True,
        help="people load cards, too, and bank, load server, gateway and network are killed")
    parser.add_argument("--keep", action="store_true", help="keep logs and data")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, {arguments.kills} kills", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="opal-crash-"))
    scheme = Scheme(arguments.opal.resolve(), folder, free_port(), arguments.loads)
    test = CrashTest(scheme, arguments)
    try:
        test.run()
        for name, value in test.figures():
            print(f"{name:40} {value}")
    except Exception as error:
        test.problems.append(f"the test itself: {type(error).__name__}: {error}")
    finally:
        scheme.stop()
    if not test.problems:
        if arguments.keep:
            print(f"logs and data: {folder}")
        else:
            shutil.rmtree(folder)
        print("zero lost, zero doubled")
        return 0
    for problem in test.problems[:PROBLEMS_SHOWN]:
        print(f"FAILED  {problem}")
    print(f"{len(test.problems)} problems with seed {arguments.seed}; logs and data: {folder}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
