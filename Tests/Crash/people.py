# SPDX-License-Identifier: Apache-2.0
"""People who buy while servers are killed, and who write down everything that they are told."""
import re
import time
from dataclasses import dataclass, field

from browser import MONEY, REFUSAL, Answer, Away, Browser, Later
from comparing import locked_form, unlock
from hands import Crowd, Hands, Person

ORDER_ADDRESS = re.compile(r"/order/([0-9a-f-]{36})\?key=([\w-]+)$")
DOWNLOAD = re.compile(r'href="(/download/[^"]*)"')
NO_VALUE = "Your card does not hold enough"
GIVEN_UP = "The payment was given up"
COMPARED_BY_SCRIPT, COMPARED_BY_MERCHANT = "compared by a script", "S3 carried to the shop"
# What a person does with an order, and how often.
CLOSES_TAB, PAYS_TWICE, PAYS_AT_ONCE, OTHER_PAYS, LOOKS_FIRST = 0.10, 0.07, 0.10, 0.04, 0.2
# How often a browser runs no script, so that the card site compares S3 in its place.
NO_SCRIPT = 0.25
# How often the hands buy for somebody for whom others may be buying, too.
BUYS_FOR_ANY = 0.15


@dataclass(frozen=True)
class Article:
    identifier: str
    price: int
    goods: bytes


@dataclass
class Attempt:
    """One consent, and what the card site said to it."""
    payer: str
    sent: float
    answered: float = 0
    # paid, pending, refused, or unclear: no answer came.
    outcome: str = "unclear"
    title: str = ""
    money: str = ""

    @property
    def says_untouched(self) -> bool:
        """Whether it said that nothing was taken, without a way out."""
        return self.outcome == "refused" and self.money == "Nothing was taken from your card."


@dataclass
class Order:
    transaction: str
    key: str
    article: Article
    place: str
    payer: Person
    # Who does not come back only looks, at the end, and never pays again.
    comes_back: bool = True
    offer: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    told_paid: bool = False
    told_unpaid: bool = False
    result: dict[str, str] | None = None
    downloads: int = 0
    # What the shop said last: open, paid or unpaid.
    state: str = "open"


class Shopper(Hands):
    """One pair of hands: buys for one person after the other."""

    def __init__(self, crowd: Crowd, number: int):
        super().__init__(crowd, number)
        self._visit: tuple[str, str] | None = None

    # Ordering

    def _begin(self) -> Order:
        chance, shop = self._random, self.crowd.scheme.shop
        people = self.crowd.people
        payer = people[self.number % len(people)]
        if chance.random() < BUYS_FOR_ANY:
            payer = chance.choice(people)
        article = chance.choice(self.crowd.articles)
        place = self._place()
        if self._visit is None:
            page = self._browser.get(f"{shop}/articles/{article.identifier}")
            self._visit = (page.cookie, page.hidden().get("csrf", ""))
        cookie, csrf = self._visit
        fields = {"csrf": csrf, "article": article.identifier}
        try:
            answer = self._browser.post(f"{shop}/order", fields, cookie, place)
        except Away:
            raise
        except Later:
            # It may have been made: then nobody knows its address.
            self.counts["orders without an answer"] += 1
            raise
        found = ORDER_ADDRESS.search(answer.location)
        if answer.status != 303 or not found:
            raise RuntimeError(f"the shop answers an order with {answer.status}")
        order = Order(found[1], found[2], article, place, payer)
        self.crowd.add(order, self.crowd.orders)
        return order

    def _offer(self, order: Order):
        """Carries the order page to the card site."""
        scheme = self.crowd.scheme
        page = self._browser.get(f"{scheme.shop}/order/{order.transaction}?key={order.key}")
        fields = page.hidden(f"{scheme.card}/checkout")
        if not fields:
            # Ended meanwhile, or the payment server is to be asked.
            self._read_shop(order, page)
            return
        answer = self._browser.post(f"{scheme.card}/checkout", fields, place=order.place)
        if answer.status != 303:
            raise RuntimeError(f"the card site answers an order page with {answer.status}")
        order.offer = answer.location

    # Paying

    def _once(self, order: Order):
        chance = self._random
        if not order.offer:
            self._offer(order)
            if order.state != "open":
                return
        if chance.random() < LOOKS_FIRST:
            page = self._browser.get(
                self.crowd.scheme.card + order.offer, self._signed_in(order.payer))
            self._expect(order, page, 200)
        draw = chance.random()
        if draw < PAYS_AT_ONCE:
            self._pay_at_once(order, order.payer)
        elif draw < PAYS_AT_ONCE + OTHER_PAYS:
            self._pay_at_once(order, chance.choice(self.crowd.people))
        else:
            self.pay(order, self._browser)
            if draw > 1 - PAYS_TWICE:
                self.pay(order, self._browser)
        if order.attempts[-1].outcome == "refused":
            return
        if chance.random() < CLOSES_TAB:
            self.counts["closed tabs"] += 1
            order.comes_back = False
            return
        self._bring(order)
        self.fetch(order)

    def _pay_at_once(self, order: Order, other: Person):
        """The same order in two windows."""
        self.counts["paid in two windows"] += 1
        self._in_two_windows(
            lambda: self.pay(order, self._browser), lambda: self.pay(order, self._second, other))

    def pay(self, order: Order, browser: Browser, payer: Person | None = None):
        """Consents, and writes down what the card site says to it."""
        payer = payer or order.payer
        cookie = self._signed_in(payer, browser)
        attempt = Attempt(payer.name, time.time())
        order.attempts.append(attempt)
        answer = browser.post(
            self.crowd.scheme.card + order.offer, {"csrf": payer.tokens[cookie], "decision": "pay"},
            cookie, order.place)
        attempt.answered = time.time()
        self._expect(order, answer, 200)
        self._read_card(order, attempt, answer, browser)

    def _read_card(
            self, order: Order, attempt: Attempt, answer: Answer, browser: Browser | None = None):
        browser = browser or self._browser
        match answer.page:
            case "checkout-paid":
                attempt.outcome = "paid"
                order.told_paid = True
                self._keep_result(order, answer, browser)
            case "checkout-pending":
                attempt.outcome = "pending"
                self.counts["pending pages"] += 1
                raise Later("pending")
            case "checkout-refused":
                attempt.outcome = "refused"
                attempt.title = answer.first(REFUSAL)
                attempt.money = answer.first(MONEY)
                order.told_unpaid = order.told_unpaid or attempt.title == GIVEN_UP
                self.counts[f"refused: {attempt.title}"] += 1
            case other:
                self.crowd.problem(order, f"the card site shows {other or answer.status}")

    def _keep_result(self, order: Order, answer: Answer, browser: Browser):
        """Keeps what the button would carry to the shop. Where the merchant leaves the comparison of
        S3 to the browser, it compares."""
        status = f"{self.crowd.scheme.shop}/status"
        hidden = answer.hidden(status)
        form = locked_form(answer.text)
        if form and self._random.random() >= NO_SCRIPT:
            hidden = {**answer.hidden(f"{order.offer}/compare"), "result": unlock(form)}
            if form["status"] != status or not hidden["result"]:
                self.crowd.problem(order, "S3 of the card does not open the result")
                return
            self.counts[COMPARED_BY_SCRIPT] += 1
        elif form:
            compared = browser.post(f"{self.crowd.scheme.card}{order.offer}/compare", {})
            self._expect(order, compared, 200)
            hidden = compared.hidden(status)
            self.counts["compared by the card site"] += 1
        if not hidden:
            self.crowd.problem(order, "is paid, and the button carries nothing")
            return
        if "signature" in hidden:
            self.counts[COMPARED_BY_MERCHANT] += 1
        order.result = {
            name: hidden[name] for name in ("transaction", "result", "signature")
            if name in hidden}

    # At the shop

    def _bring(self, order: Order):
        if order.result is None:
            return
        shop = self.crowd.scheme.shop
        answer = self._browser.post(f"{shop}/status", order.result)
        self._expect(order, answer, 303)

    def look(self, order: Order):
        """Opens the receipt, for which the shop asks the payment server where it must."""
        shop = self.crowd.scheme.shop
        page = self._browser.get(f"{shop}/receipt/{order.transaction}?key={order.key}")
        self._expect(order, page, 200)
        self._read_shop(order, page)
        return page

    def _read_shop(self, order: Order, page: Answer):
        state = {
            "receipt": "paid", "order-paid": "paid", "order-refused": "unpaid",
            "order-pending": "open",
        }.get(page.page, "")
        if page.status == 303:
            return
        if not state:
            self.crowd.problem(order, f"the shop shows {page.page or page.status}")
        elif order.state != "open" and state != order.state:
            self.crowd.problem(order, f"was {order.state} at the shop, is {state}")
        else:
            order.state = state
            order.told_paid = order.told_paid or state == "paid"
            order.told_unpaid = order.told_unpaid or state == "unpaid"

    def fetch(self, order: Order):
        """Receipt and goods."""
        page = self.look(order)
        if order.state == "open":
            self.counts["pending pages"] += 1
            raise Later("pending")
        if order.state != "paid":
            return
        shop = self.crowd.scheme.shop
        answer = self._browser.get(shop + page.first(DOWNLOAD))
        self._expect(order, answer, 200)
        if answer.body != order.article.goods:
            self.crowd.problem(order, "other goods than were ordered")
        order.downloads += 1

    # At the end

    def finish(self, order: Order, known: set[str]) -> bool:
        """Brings an order to its end. `known`: transactions of the payment server.

        - Returns: whether it has ended, or was never begun and never will be.
        """
        if self._has_ended(order):
            return True
        if not order.comes_back:
            return order.transaction not in known
        if not order.offer:
            self._offer(order)
        if order.state == "open":
            self.pay(order, self._browser)
            last = order.attempts[-1]
            if last.outcome == "refused" and last.title == NO_VALUE:
                order.comes_back = False
            self._bring(order)
        return self._has_ended(order)

    def _has_ended(self, order: Order) -> bool:
        self.look(order)
        if order.state == "paid":
            self.fetch(order)
        return order.state != "open"

    def check_card_site(self, order: Order):
        """What the card site says in the end must be what the shop says."""
        if not order.offer:
            return
        answer = self._browser.get(
            self.crowd.scheme.card + order.offer, self._signed_in(order.payer))
        is_paid = answer.page == "checkout-paid"
        if is_paid != (order.state == "paid"):
            self.crowd.problem(
                order, f"is {order.state} at the shop; the card site shows {answer.page}")

    def card_page(self, person: Person) -> tuple[Answer, Answer]:
        """- Returns: the card, and its history as a file."""
        card, cookie = self.crowd.scheme.card, self._signed_in(person)
        return (
            self._browser.get(f"{card}/card", cookie),
            self._browser.get(f"{card}/history.csv", cookie))
