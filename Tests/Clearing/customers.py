# SPDX-License-Identifier: Apache-2.0
"""People who buy by themselves, many at once: each as a browser would, from the article to its
download, over connections that are kept."""
import html
import json
import queue
import re
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Crash"))
from browser import Answer, Browser, Later  # noqa: E402

CATALOGUE = ROOT / "Sources" / "Edges" / "Sites" / "Resources" / "goods" / "catalogue.json"
# Those that cost the least.
ARTICLES = ("salt", "crossword", "comma")
DOWNLOAD = re.compile(r'href="(/download/[^"]*)"')
ORDER_ADDRESS = re.compile(r"/order/([0-9a-f-]{36})\?key=")
# Of the 60 orders that the shop takes from one address within ten minutes.
ORDERS_OF_AN_ADDRESS = 50
TRIES_MAX, PAUSE_SECONDS = 5, 0.5
# Many buy at once, beside whatever else the machine does; nobody leaves in between.
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Bought:
    transaction: str
    # Minor units.
    price: int
    # From the consent to the page that says *Paid*, and of the whole purchase.
    paid_seconds: float
    seconds: float


@dataclass(frozen=True)
class Errand:
    """What one cardholder buys, and from which address each part of it."""
    user: str
    count: int
    first_address: int


def prices() -> dict[str, int]:
    """What each article costs, in minor units."""
    articles = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return {one["identifier"]: one["cents"] for one in articles if one["identifier"] in ARTICLES}


def errands(sales: int, users: int) -> list[Errand]:
    """The sales, shared among `user1`, `user2` …"""
    found, address = [], 1
    for number in range(users):
        count = sales // users + (number < sales % users)
        found.append(Errand(f"user{number + 1}", count, address))
        address += -(-count // ORDERS_OF_AN_ADDRESS)
    return found


class Customers:
    """Runs all errands. Each is done in its own order, and so many at the same time."""

    def __init__(self, card: str, shop: str, password: str):
        """`card`, `shop`: where the sites are."""
        self.card, self.shop, self.password = card, shop, password
        self.bought: list[Bought] = []
        self.counts: Counter = Counter()
        self.failures: list[str] = []
        self._prices = list(prices().items())
        self._lock = threading.Lock()

    def buy(self, errands: list[Errand], at_once: int):
        waiting: queue.SimpleQueue = queue.SimpleQueue()
        for errand in errands:
            waiting.put(errand)

        def work():
            while not self.failures:
                try:
                    errand = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    self._run(errand)
                except Exception as error:
                    self.failures.append(f"{errand.user}: {type(error).__name__}: {error}")
        threads = [threading.Thread(target=work, daemon=True) for _ in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _run(self, errand: Errand):
        counts: Counter = Counter()
        bought: list[Bought] = []
        cookie = ""
        for begin in range(0, errand.count, ORDERS_OF_AN_ADDRESS):
            address = errand.first_address + begin // ORDERS_OF_AN_ADDRESS
            source = f"127.{1 + (address >> 8)}.{address & 255}.1"
            browser = Browser(None, counts, source, PATIENCE_SECONDS)
            cookie = cookie or self._sign_in(browser, errand.user)
            for number in range(begin, min(begin + ORDERS_OF_AN_ADDRESS, errand.count)):
                article, price = self._prices[number % len(self._prices)]
                bought.append(self._buy(browser, cookie, article, price))
            browser.close()
        with self._lock:
            self.bought += bought
            self.counts += counts

    def _sign_in(self, browser: Browser, user: str) -> str:
        page = browser.get(f"{self.card}/sign-in")
        fields = {**page.hidden(), "userIdentifier": user, "password": self.password}
        answer = browser.post(f"{self.card}/sign-in", fields, page.cookie)
        expect(answer, 303, "the sign-in")
        return answer.cookie

    def _buy(self, browser: Browser, cookie: str, article: str, price: int) -> Bought:
        began = time.monotonic()
        page = browser.get(f"{self.shop}/articles/{article}")
        ordered = browser.post(
            f"{self.shop}/order", {**page.hidden(), "article": article}, page.cookie)
        expect(ordered, 303, "an order")
        transaction = ORDER_ADDRESS.search(ordered.location)[1]
        checkout = f"{self.card}/checkout"
        offered = browser.post(
            checkout, browser.get(self.shop + ordered.location).hidden(checkout))
        expect(offered, 303, "an order page")
        consent = browser.get(self.card + offered.location, cookie)
        fields = {**consent.hidden(offered.location), "decision": "pay"}
        asked = time.monotonic()
        paid = self._pay(browser, offered.location, fields, cookie)
        told = time.monotonic()
        result = paid.hidden(f"{self.shop}/status")
        expect(browser.post(f"{self.shop}/status", result), 303, "a result")
        receipt = browser.get(self.shop + ordered.location.replace("/order/", "/receipt/"))
        if receipt.page != "receipt":
            raise RuntimeError(f"{transaction} is paid, and the shop shows {receipt.page}")
        goods = browser.get(self.shop + receipt.first(DOWNLOAD))
        expect(goods, 200, "a download")
        if not goods.body:
            raise RuntimeError(f"{transaction} is paid, and the download is empty")
        return Bought(transaction, price, told - asked, time.monotonic() - began)

    def _pay(self, browser: Browser, offer: str, fields: dict, cookie: str) -> Answer:
        """Asks again where it is told to wait."""
        for _ in range(TRIES_MAX):
            try:
                answer = browser.post(self.card + offer, fields, cookie)
                if answer.page == "checkout-paid":
                    return answer
                if answer.page != "checkout-pending":
                    raise RuntimeError(f"the card site shows {answer.page or answer.status}")
            except Later:
                pass
            time.sleep(PAUSE_SECONDS)
        raise RuntimeError("a payment did not end")


def expect(answer: Answer, status: int, what: str):
    if answer.status != status:
        said = html.unescape(re.sub(r"<[^>]*>", " ", answer.text))
        raise RuntimeError(
            f"{what} is answered with {answer.status}: {' '.join(said.split())[:200]}")
