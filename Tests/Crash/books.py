# SPDX-License-Identifier: Apache-2.0
"""What the cards' own histories and the accounts say, and whether it is what people were told."""
import csv
import io
import re
from collections import Counter, defaultdict
from datetime import datetime

from loads import ACCOUNT, BANK, Load
from roles import Scheme

BALANCE = re.compile(r'class="oc-balance">€([\d,]+)\.(\d\d)<')
# The history is exact to the second.
CLOCK_SECONDS = 2


def cents(text: str) -> int:
    whole, fraction = text.replace(",", "").lstrip("-").split(".")
    return int(whole) * 100 + int(fraction)


class Ledger:
    """What the cards' own histories say, by transaction."""

    def __init__(self):
        # Holder, cents, time.
        self.debits: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
        self.recoveries: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
        self.credits: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
        # Less what was loaded; the first value is among the loads.
        self.spent: Counter = Counter()
        self.balances: dict[str, int] = {}

    def read(self, user: str, card: str, history: str):
        found = BALANCE.search(card)
        if not found:
            raise RuntimeError(f"the card page of {user} shows no balance")
        self.balances[user] = cents(".".join(found.groups()))
        for row in csv.DictReader(io.StringIO(history)):
            moment = datetime.fromisoformat(row["time"].replace("Z", "+00:00")).timestamp()
            entry = (user, cents(row["amount"]), moment)
            if row["kind"] == "payment":
                self.debits[row["transaction"]].append(entry)
                self.spent[user] += entry[1]
            elif row["kind"] == "recovery":
                self.recoveries[row["transaction"]].append(entry)
                self.spent[user] -= entry[1]
            elif row["kind"] == "load":
                self.credits[row["transaction"]].append(entry)
                self.spent[user] -= entry[1]


class LoadBooks:
    """The notes of all loads, against cards and accounts."""

    def __init__(self, scheme: Scheme, loads: list[Load], ledger: Ledger, value: int, funds: int):
        """`value`, `funds`: cents on each card, and on each account, in the beginning."""
        self.scheme = scheme
        self.loads = loads
        self.ledger = ledger
        self.value = value
        self.funds = funds
        self.problems: list[str] = []
        self._loaded: dict[str, Counter] = {BANK: Counter(), ACCOUNT: Counter()}
        for load in loads:
            if load.state == "loaded":
                self._loaded[load.way][load.person.name] += load.cents

    def loaded(self, user: str = "") -> int:
        """- Returns: cents by the notes; of all without a name."""
        return sum(
            sums[user] if user else sums.total() for sums in self._loaded.values())

    def check(self, users: list[str], report: dict):
        for load in self.loads:
            self.problems += [f"load {load.transaction}: {text}" for text in self._wrong(load)]
        self._check_unasked(users)
        self._check_bank(users)
        self._check_network()
        by_way = {way: [one for one in self.loads if one.way == way and one.state == "loaded"]
                  for way in (BANK, ACCOUNT)}
        for name, found, wanted in (
                ("loads from banks", report.get("loaded"), len(by_way[BANK])),
                ("loads pending", report.get("loadsPending"), 0),
                ("charged", report.get("captured"), len(by_way[ACCOUNT])),
                ("authorisations open", report.get("authorizationsOpen"), 0),
                ("cents loaded", sum(report.get("loadedMinorUnits", {}).values()),
                 self.loaded() + self.value * len(users))):
            self._expect(f"{name} in the audit", found, wanted)

    def _wrong(self, load: Load) -> list[str]:
        credits = self.ledger.credits.get(load.transaction, [])
        wrong = []
        if len(credits) != (load.state == "loaded"):
            wrong.append(f"{load.state}, with {len(credits)} credits")
        if any(credit[:2] != (load.person.name, load.cents) for credit in credits):
            wrong.append(f"credited {credits}, was {load.cents} for {load.person.name}")
        if load.state == "open":
            wrong.append("has no end")
        if credits and not load.is_agreed:
            wrong.append("loaded, and nobody agreed")
        if load.told_loaded and load.state != "loaded":
            wrong.append(f"was told loaded, is {load.state}")
        if load.told_given_up and load.state == "loaded":
            wrong.append("was told that it is given up, is loaded")
        agreed = [word for word in load.words if word.agrees]
        if credits and all(word.says_untouched for word in agreed):
            wrong.append("loaded, and told only that nothing was")
        for word in load.words:
            if word.says_untouched and any(
                    credit[2] < word.sent - CLOCK_SECONDS for credit in credits):
                wrong.append(f"loaded, and later told that nothing was: {word.title}")
        return wrong

    def _check_unasked(self, users: list[str]):
        """Each card was once loaded with its first value, and else as the notes say."""
        noted = {load.transaction for load in self.loads}
        first = [credit[:2] for name, credits in self.ledger.credits.items()
                 if name not in noted for credit in credits]
        self._expect("loads that nobody asked for", sorted(first),
                     sorted((user, self.value) for user in users))

    def _check_bank(self, users: list[str]):
        accounts = self.scheme.says("bank", "account", "list")
        own = {account["owner"]: account for account in accounts
               if account["kind"] == "customer" and account["owner"] in users}
        for user in users:
            self._expect(f"on the bank account of {user}", own[user]["balance"],
                         self.funds - self._loaded[BANK][user])
        self._expect("held at the bank", sum(account["held"] for account in accounts), 0)
        self._expect(
            "in the pools", sum(one["balance"] for one in accounts if one["kind"] == "pool"),
            self._loaded[BANK].total())

    def _check_network(self):
        """Accounts are not named in full: what they were charged is compared in order."""
        accounts = self.scheme.says("network", "account", "list")
        charged = [account["captured"] for account in accounts if account["captured"]]
        self._expect("charged to funding accounts", sorted(charged),
                     sorted(self._loaded[ACCOUNT].values()))
        self._expect("held at the network", sum(account["held"] for account in accounts), 0)
        for account in accounts:
            self._expect(f"of account {account['number']}",
                         account["available"] + account["captured"], account["opening"])

    def _expect(self, name: str, found, wanted):
        if found != wanted:
            self.problems.append(f"{name}: {found}, {wanted} by the notes")
