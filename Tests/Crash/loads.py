# SPDX-License-Identifier: Apache-2.0
"""People who load cards while servers are killed, through the bank and from the account on file,
and who write down everything that they are told."""
import re
import time
from dataclasses import dataclass, field

from browser import MONEY, REFUSAL, Answer, Browser, Later, TooMany
from hands import Hands, Person

BANK, ACCOUNT = "bank", "account"
AMOUNTS_ADDRESS = re.compile(r"^/amount/[0-9a-f-]{36}$")
LOAD_ADDRESS = re.compile(r"^/loads/([0-9a-f-]{36})(?:/card)?$")
# The bank and the card site load no less than this.
CENTS_MIN = {BANK: 500, ACCOUNT: 100}
CENTS_MORE = 400
# What a page says where nothing was, or will be, loaded by this load.
NOTHING_LOADED = (
    "Nothing was put on your card, and nothing is taken from your account.",
    "Nothing was put on the card, and your account is not charged.",
    "Nothing was put on the card. If your bank has set something aside for it, it is given back.",
)
# Titles of a load that can no longer be carried out.
GIVEN_UP = ("The load was given up", "You went back")
LOADED_BEFORE = "No second load was made"
# What a person does with a load, and how often.
LEAVES_PAGE, GOES_BACK, LOADS_AT_ONCE, LOADS_TWICE, CLOSES_TAB = 0.05, 0.05, 0.10, 0.07, 0.15
LOOKS_AT_BANK = 0.1


@dataclass
class Word:
    """What the card site said when somebody agreed to a load, or went back."""
    agrees: bool
    sent: float
    # loaded, pending, refused, or unclear: no answer came.
    outcome: str = "unclear"
    title: str = ""
    money: str = ""

    @property
    def says_untouched(self) -> bool:
        """Whether it said that nothing was loaded, without a way out."""
        return self.outcome == "refused" and self.money in NOTHING_LOADED


@dataclass
class Load:
    way: str
    person: Person
    cents: int
    place: str
    # At the bank known only when the amount is held.
    transaction: str = ""
    # At the bank: where an amount is chosen, and at the card site: where one agrees.
    amounts: str = ""
    offer: str = ""
    # From the account on file: the form of the confirmation.
    form: dict[str, str] = field(default_factory=dict)
    # Who does not come back only looks, at the end, and goes back.
    comes_back: bool = True
    words: list[Word] = field(default_factory=list)
    result: dict[str, str] | None = None
    told_loaded: bool = False
    told_given_up: bool = False
    # What the bank, or the page of the load, said last: open, loaded or unloaded.
    state: str = "open"

    @property
    def is_agreed(self) -> bool:
        return any(word.agrees for word in self.words)

    @property
    def was_unsettled(self) -> bool:
        """Whether somebody agreed, and was not told how it ends."""
        return any(word.agrees and word.outcome in ("pending", "unclear") for word in self.words)

    def end(self, state: str):
        self.state = state
        self.told_loaded = self.told_loaded or state == "loaded"


class Loader(Hands):
    """One pair of hands that loads the cards of all people."""
    way = ""

    def _new(self) -> Load:
        cents = CENTS_MIN[self.way] + self._random.randrange(CENTS_MORE)
        return Load(self.way, self._random.choice(self.crowd.people), cents, self._place())

    def agree(self, load: Load, browser: Browser):
        """Agrees, and writes down what the card site says to it."""
        raise NotImplementedError

    def look(self, load: Load):
        """Reads how the load stands."""
        raise NotImplementedError

    def finish(self, load: Load) -> bool:
        """- Returns: whether it has ended, or was never begun and never will be."""
        raise NotImplementedError

    def _agree_somehow(self, load: Load):
        draw = self._random.random()
        if draw < LOADS_AT_ONCE:
            self.counts["loaded in two windows"] += 1
            self._in_two_windows(
                lambda: self.agree(load, self._browser), lambda: self.agree(load, self._second))
            return
        self.agree(load, self._browser)
        if draw > 1 - LOADS_TWICE:
            self.agree(load, self._browser)

    def _closes_tab(self, load: Load) -> bool:
        if self._random.random() >= CLOSES_TAB:
            return False
        self.counts["closed tabs"] += 1
        load.comes_back = False
        return True

    def _say(self, load: Load, agrees: bool) -> Word:
        word = Word(agrees, time.time())
        load.words.append(word)
        return word

    def _hear(self, load: Load, word: Word, answer: Answer):
        match answer.page:
            case "load-done" | "add-value-done":
                word.outcome = "loaded"
                load.told_loaded = True
            case "load-pending" | "add-value-pending":
                word.outcome = "pending"
                self.counts["pending pages"] += 1
                raise Later("pending")
            case "load-refused":
                word.outcome = "refused"
                word.title, word.money = answer.first(REFUSAL), answer.first(MONEY)
                load.told_loaded = load.told_loaded or word.title == LOADED_BEFORE
                load.told_given_up = load.told_given_up or word.title in GIVEN_UP
                self.counts[f"loads refused: {word.title}"] += 1
            case other:
                self.crowd.problem(load, f"the card site shows {other or answer.status}")

    def _see(self, load: Load, state: str, shown: str):
        """Notes what a page says of the load in the end."""
        if not state:
            self.crowd.problem(load, f"its page shows {shown}")
        elif load.state != "open" and state != load.state:
            self.crowd.problem(load, f"was {load.state}, is {state}")
        else:
            load.end(state)


class BankLoader(Loader):
    """Through the bank."""
    way = BANK

    def _begin(self) -> Load:
        """Has the bank ask the card; nothing is held yet."""
        load, card = self._new(), self.crowd.scheme.card
        question = self._at_bank(load, "/load", {"account": "1"})
        self._expect(load, question, 200)
        asked = self._browser.post(
            f"{card}/inquiry", question.hidden(f"{card}/inquiry"), place=load.place)
        self._expect(load, asked, 303)
        told = self._at_card(load, asked.location, {"decision": "tell"})
        if told.page == "load-refused":
            self.counts[f"bank not told: {told.first(REFUSAL)}"] += 1
            raise Later("not told")
        self._expect(load, told, 303)
        brought = self._browser.get(told.location)
        if brought.status != 303 or not AMOUNTS_ADDRESS.search(brought.location):
            raise RuntimeError(f"the bank answers a card's information with {brought.status}")
        load.amounts = brought.location
        self.crowd.add(load, self.crowd.loads)
        return load

    def _once(self, load: Load):
        if not load.transaction:
            self._hold(load)
        if load.state == "open" and not load.offer:
            self._offer(load)
        if load.state != "open":
            return
        draw = self._random.random()
        if draw < LEAVES_PAGE:
            self.counts["left before agreeing"] += 1
            raise Later("left")
        if draw < LEAVES_PAGE + GOES_BACK:
            self.go_back(load)
        else:
            self._agree_somehow(load)
        if self._closes_tab(load):
            return
        if self._random.random() >= LOOKS_AT_BANK:
            self._bring(load)
        self.look(load)
        if load.state == "open":
            raise Later("pending")

    # At the bank

    def _at_bank(self, load: Load, path: str, fields: dict | None = None) -> Answer:
        """A page of the bank, or with `fields` what it answers to a form."""
        scheme, customer = self.crowd.scheme, self.crowd.customers[load.person.name]
        cookie = customer.sign_in(self._browser, scheme.bank, self.crowd.bank_password)
        address = scheme.bank + path
        if fields is None:
            answer = self._browser.get(address, cookie)
        else:
            fields = {"csrf": customer.tokens[cookie], **fields}
            answer = self._browser.post(address, fields, cookie)
        if answer.status == 303 and answer.location.startswith("/sign-in"):
            customer.is_signed_out(cookie)
            raise Later("signed out at the bank")
        return answer

    def _hold(self, load: Load):
        amount = f"{load.cents // 100}.{load.cents % 100:02}"
        answer = self._at_bank(load, load.amounts, {"amount": amount})
        if answer.page in ("bank-amount", "bank-refused"):
            self.counts["declined by the bank"] += 1
            load.end("unloaded")
        elif not self._is_begun(load, answer):
            raise RuntimeError(f"the bank answers an amount with {answer.status}")

    def _is_begun(self, load: Load, answer: Answer) -> bool:
        found = LOAD_ADDRESS.search(answer.location)
        if answer.status != 303 or not found:
            return False
        load.transaction = found[1]
        return True

    def _offer(self, load: Load):
        """Carries the load page to the card site."""
        card = self.crowd.scheme.card
        page = self._at_bank(load, f"/loads/{load.transaction}/card")
        if page.status == 303:
            return self.look(load)
        self._expect(load, page, 200)
        answer = self._browser.post(f"{card}/load", page.hidden(f"{card}/load"), place=load.place)
        self._expect(load, answer, 303)
        load.offer = answer.location

    def _bring(self, load: Load):
        if load.result is None:
            return
        answer = self._browser.post(f"{self.crowd.scheme.bank}/load/result", load.result)
        self._expect(load, answer, 303)

    def look(self, load: Load):
        """Opens the bank's page of the load, for which it asks the load server where it must."""
        page = self._at_bank(load, f"/loads/{load.transaction}")
        self._expect(load, page, 200)
        state = {
            "bank-loaded": "loaded", "bank-not-loaded": "unloaded", "bank-load-pending": "open",
        }.get(page.page, "")
        self._see(load, state, page.page)

    # At the card site

    def _at_card(
            self, load: Load, path: str, fields: dict, browser: Browser | None = None) -> Answer:
        browser = browser or self._browser
        cookie = self._signed_in(load.person, browser)
        fields = {"csrf": load.person.tokens[cookie], **fields}
        return browser.post(self.crowd.scheme.card + path, fields, cookie, load.place)

    def agree(self, load: Load, browser: Browser):
        self._signed_in(load.person, browser)
        word = self._say(load, agrees=True)
        self._read(load, word, self._at_card(load, load.offer, {"decision": "load"}, browser))

    def go_back(self, load: Load):
        self.counts["went back"] += 1
        word = self._say(load, agrees=False)
        self._read(load, word, self._at_card(load, f"{load.offer}/cancel", {}))

    def _read(self, load: Load, word: Word, answer: Answer):
        self._expect(load, answer, 200)
        self._hear(load, word, answer)
        hidden = answer.hidden(f"{self.crowd.scheme.bank}/load/result")
        if hidden:
            load.result = {name: hidden[name] for name in ("transaction", "result")}
        elif word.outcome == "loaded":
            # The load server has not answered yet: the bank must ask.
            self.counts["loaded, without a result for the bank"] += 1

    # At the end

    def finish(self, load: Load) -> bool:
        if not load.transaction and not self._is_begun(load, self._at_bank(load, load.amounts)):
            load.end("unloaded")
            return True
        self.look(load)
        if load.state == "open" and not load.offer:
            self._offer(load)
        if load.state == "open":
            if load.comes_back:
                self.agree(load, self._browser)
            else:
                self.go_back(load)
            self._bring(load)
            self.look(load)
        return load.state != "open"


class AccountLoader(Loader):
    """From the account on file."""
    way = ACCOUNT
    _path = "/add-value/confirm"

    def _begin(self) -> Load:
        load = self._new()
        amount = f"{load.cents // 100}.{load.cents % 100:02}"
        page = self._browser.get(
            f"{self.crowd.scheme.card}{self._path}?amount={amount}", self._signed_in(load.person))
        if page.page == "add-value":
            self.counts["no room on the card"] += 1
            raise Later("no room")
        self._expect(load, page, 200)
        load.form = page.hidden(self._path)
        load.transaction = load.form["transaction"]
        self.crowd.add(load, self.crowd.loads)
        return load

    def _once(self, load: Load):
        self._agree_somehow(load)
        if self._closes_tab(load):
            return
        self.look(load)
        if load.state == "open":
            raise Later("pending")

    def agree(self, load: Load, browser: Browser):
        card = self.crowd.scheme.card
        cookie = self._signed_in(load.person, browser)
        fields = {**load.form, "csrf": load.person.tokens[cookie]}
        word = self._say(load, agrees=True)
        try:
            answer = browser.post(card + self._path, fields, cookie, load.place)
        except TooMany:
            # Nothing of it is kept.
            word.outcome, word.title = "refused", "Too many loads came to nothing"
            self.counts[f"loads refused: {word.title}"] += 1
            return
        if answer.status == 303:
            answer = browser.get(card + answer.location, cookie)
        self._expect(load, answer, 200)
        self._hear(load, word, answer)

    def look(self, load: Load):
        """Opens the page of the load. What was refused before it was begun has none."""
        page = self._browser.get(
            f"{self.crowd.scheme.card}/add-value/load/{load.transaction}",
            self._signed_in(load.person))
        if page.status == 404:
            return self._see(load, "unloaded", "")
        self._expect(load, page, 200)
        state = {
            "add-value-done": "loaded", "load-refused": "unloaded", "add-value-pending": "open",
        }.get(page.page, "")
        self._see(load, state, page.page)

    def finish(self, load: Load) -> bool:
        if load.comes_back and load.state == "open":
            load.comes_back = False
            self.agree(load, self._browser)
        self.look(load)
        return load.state != "open"
