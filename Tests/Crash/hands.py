# SPDX-License-Identifier: Apache-2.0
"""Who acts while servers are killed: people with their sessions, and hands that begin one thing
after the other for them and come back to what got no answer."""
import random
import ssl
import threading
import time
from collections import Counter

from browser import REFUSAL, Answer, Away, Browser, Later
from roles import Scheme

# What a person does, and how often.
SIGNS_IN_AGAIN, COMES_BACK, LEAVES = 0.02, 0.5, 0.10
THINKS_SECONDS_MAX = 0.4
TRIES_AT_ONCE = 3
AWAY_SECONDS = 0.1
# What seems to come from one address: the sites count what they keep by address.
THINGS_AT_A_PLACE = 8


class Person:
    """Somebody with a session at the card site."""
    name_field, home = "userIdentifier", "/account"

    def __init__(self, number: int):
        self.number = number
        self.name = f"user{number}"
        self.sign_ins = 0
        self.cookie = ""
        # What forms must carry, by cookie.
        self.tokens: dict[str, str] = {}
        self.lock = threading.Lock()

    def sign_in(self, browser: Browser, site: str, password: str) -> str:
        """- Returns: the cookie of the session."""
        with self.lock:
            if self.cookie:
                return self.cookie
            page = browser.get(f"{site}/sign-in")
            fields = {**page.hidden(), self.name_field: self.name, "password": password}
            # An attempt counts as a failure until it has ended, and a killed server does not end
            # it: from one address, people would soon be locked out.
            self.sign_ins += 1
            place = f"10.{200 + (self.sign_ins >> 8)}.{self.sign_ins & 255}.{self.number}"
            answer = browser.post(f"{site}/sign-in", fields, page.cookie, place)
            if answer.status != 303 or not answer.cookie:
                raise Later(f"sign-in: {answer.status}")
            home = browser.get(site + self.home, answer.cookie)
            token = home.hidden().get("csrf", "")
            if not token:
                raise Later(f"after the sign-in: {home.status}")
            self.tokens[answer.cookie] = token
            self.cookie = answer.cookie
            return self.cookie

    def is_signed_out(self, cookie: str):
        with self.lock:
            if self.cookie == cookie:
                self.cookie = ""


class Customer(Person):
    """The same person at the bank, whose sessions end with its process."""
    name_field, home = "customer", "/"


class Crowd:
    """What all people share: orders, loads, figures, and what must not have happened."""

    def __init__(self, scheme: Scheme, articles: list, users: int, seed: int):
        self.scheme = scheme
        self.articles = articles
        self.seed = seed
        self.password = (scheme.data / "demo-password").read_text().strip()
        self.bank_password = (scheme.data / "bank-password").read_text().strip()
        self.people = [Person(number) for number in range(1, users + 1)]
        self.customers = {person.name: Customer(person.number) for person in self.people}
        self.trust = ssl.create_default_context(cafile=str(scheme.data / "ca" / "ca.pem"))
        self.orders: list = []
        self.loads: list = []
        self.problems: list[str] = []
        # Who gets no answer does not come back before the end, and all are in a hurry.
        self.is_closing = threading.Event()
        self.is_over = threading.Event()
        self.lock = threading.Lock()

    def problem(self, thing, text: str):
        with self.lock:
            self.problems.append(f"transaction {thing.transaction}: {text}")

    def add(self, thing, things: list):
        with self.lock:
            things.append(thing)


class Hands(threading.Thread):
    """One pair of hands. What it begins has a `transaction`, the `place` from which it seems to
    come, and says with `comes_back` whether anybody goes on with it before the end."""

    def __init__(self, crowd: Crowd, number: int):
        """`number`: from 1, of this one alone."""
        super().__init__(daemon=True)
        self.crowd = crowd
        self.number = number
        self.failure = ""
        self.counts: Counter = Counter()
        self._random = random.Random(f"{crowd.seed}/{number}")
        self._browser = Browser(crowd.trust, self.counts)
        self._second = Browser(crowd.trust, self.counts)
        self._unfinished: list = []
        self._made = 0

    def _begin(self):
        """- Returns: something new that is in the notes."""
        raise NotImplementedError

    def _once(self, thing):
        """Goes on with something as far as it gets."""
        raise NotImplementedError

    def run(self):
        try:
            while not self.crowd.is_over.is_set():
                self._act()
                if not self.crowd.is_closing.is_set():
                    time.sleep(self._random.uniform(0, THINKS_SECONDS_MAX))
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"

    def _act(self):
        thing = None
        is_closing = self.crowd.is_closing.is_set()
        if self._unfinished and not is_closing and self._random.random() < COMES_BACK:
            thing = self._unfinished.pop(self._random.randrange(len(self._unfinished)))
            self.counts["came back"] += 1
        try:
            thing = thing or self._begin()
            self._go_on(thing)
        except Later as reason:
            if isinstance(reason, Away):
                time.sleep(AWAY_SECONDS)
            if thing is None:
                return
            thing.comes_back = self._random.random() >= LEAVES
            if thing.comes_back:
                self._unfinished.append(thing)

    def _go_on(self, thing):
        for _ in range(TRIES_AT_ONCE):
            try:
                return self._once(thing)
            except Later:
                if self._random.random() < 0.5 or self.crowd.is_closing.is_set():
                    raise
                self.counts["retries"] += 1
                time.sleep(self._random.uniform(0, THINKS_SECONDS_MAX))
        raise Later("again")

    def _place(self) -> str:
        """Of something new."""
        self._made += 1
        rank = self._made // THINGS_AT_A_PLACE
        return f"10.{self.number}.{rank >> 8 & 255}.{rank & 255}"

    def _in_two_windows(self, first, second):
        """Does two things at once; `second` is not to use the first browser."""
        failures: list[Exception] = []

        def act():
            try:
                second()
            except Later:
                pass
            except Exception as error:
                failures.append(error)

        window = threading.Thread(target=act, daemon=True)
        window.start()
        try:
            first()
        finally:
            window.join()
        if failures:
            raise failures[0]

    def _signed_in(self, person: Person, browser: Browser | None = None) -> str:
        """- Returns: the cookie of a session at the card site."""
        if self._random.random() < SIGNS_IN_AGAIN:
            person.cookie = ""
        return person.sign_in(
            browser or self._browser, self.crowd.scheme.card, self.crowd.password)

    def _expect(self, thing, answer: Answer, status: int):
        if answer.status != status:
            self.crowd.problem(
                thing, f"{answer.status} and not {status}: {answer.page} {answer.first(REFUSAL)}")
            raise Later(f"{answer.status}")
