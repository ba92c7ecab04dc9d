# SPDX-License-Identifier: Apache-2.0
"""A purchase whose debit the payment server does not hear of: the line between OPAL server and
payment server is cut behind the debit command, until the sale has been given up. Then the card
gets its value back. The parties run apart for that; afterwards everything is as `opal up` finds
it."""
import json
import re
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from opal_process import SITES, free_port

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Crash"))
from browser import Browser, Later  # noqa: E402
from roles import LINK_PORT, OPAL_SERVER_PORT, Role  # noqa: E402

CHUNK_BYTES = 64 * 1024
# The payment server gives a sale up after 60 s, and looks every five.
PUT_BACK_SECONDS_MAX = 120
CERTIFICATES = ("payment-server", "opal-server", "shop")
ORDER_ADDRESS = re.compile(r"/order/([0-9a-f-]{36})\?key=")


class Line:
    """Carries bytes from a port to another, and can be cut: behind what comes back next while
    `is_drawn`. Nothing gets through then, and whoever calls again is hung up on, until it is
    mended."""

    def __init__(self, port: int, target: int, is_drawn):
        self._target, self._is_drawn = target, is_drawn
        self._is_watched, self.is_cut = threading.Event(), threading.Event()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def watch(self):
        self._is_watched.set()

    def mend(self):
        self._is_watched.clear()
        self.is_cut.clear()

    def close(self):
        self._listener.close()
        self._hang_up()

    def _accept(self):
        while True:
            try:
                caller, _ = self._listener.accept()
                if self.is_cut.is_set():
                    caller.close()
                    continue
                called = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._sockets += [caller, called]
            for source, sink, is_answer in (caller, called, False), (called, caller, True):
                threading.Thread(
                    target=self._carry, args=(source, sink, is_answer), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, is_answer: bool):
        try:
            while content := source.recv(CHUNK_BYTES):
                if self.is_cut.is_set():
                    break
                if is_answer and self._is_watched.is_set() and self._is_drawn():
                    # The answer to it must not get through any more.
                    self.is_cut.set()
                sink.sendall(content)
                if self.is_cut.is_set():
                    # Read before the end of the connection.
                    time.sleep(1)
                    break
        except OSError:
            pass
        self._hang_up()

    def _hang_up(self):
        while self._sockets:
            one = self._sockets.pop()
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


class Apart:
    """Payment server, OPAL server and shop of a data folder as processes of their own."""

    def __init__(self, program: Path, data: Path):
        self._data = data
        self._port = free_port()
        self.card, self.shop = (
            f"https://localhost:{self._port + SITES[name]}" for name in ("card", "shop"))
        if not (data / "ca").exists():
            for arguments in (("init",), *(("issue", name) for name in CERTIFICATES),
                              ("issue", "site", "--site", "--dns", "localhost")):
                subprocess.run(
                    [program, "ca", *arguments, "--data", data], check=True,
                    stdout=subprocess.DEVNULL)
        link = self._port + LINK_PORT
        through = link + 1
        self._line = Line(through, link, self.has_open_sale)
        self._roles = [
            Role(program, "payment-server", self._settings("payment-server", link)),
            Role(program, "opal-server", self._settings("opal-server", through)),
            Role(program, "shop", self._settings("shop", link))]

    def _settings(self, role: str, link: int) -> Path:
        file = self._data.with_name(f"{role}.json")
        file.write_text(json.dumps({
            "data": str(self._data),
            "cardholder": {"port": self._port + SITES["card"], "origin": self.card},
            "shop": {"port": self._port + SITES["shop"], "origin": self.shop},
            "paymentServer": {"port": link},
            "opalServer": {"port": self._port + OPAL_SERVER_PORT},
        }))
        return file

    def put_back(self, user: str, password: str, article: str) -> str:
        """Buys something, and waits until its value is on the card again.

        - Returns: the transaction.
        """
        try:
            for role in self._roles:
                role.start()
                role.wait_until_ready()
            return self._put_back(user, password, article)
        finally:
            statuses = [role.stop() for role in reversed(self._roles)]
            self._line.close()
            assert not any(statuses), statuses

    def _put_back(self, user: str, password: str, article: str) -> str:
        trust = ssl.create_default_context(cafile=str(self._data / "ca" / "ca.pem"))
        browser = Browser(trust, Counter())
        page = browser.get(f"{self.card}/sign-in")
        fields = {**page.hidden(), "userIdentifier": user, "password": password}
        cookie = browser.post(f"{self.card}/sign-in", fields, page.cookie).cookie
        assert cookie, "the sign-in was refused"
        page = browser.get(f"{self.shop}/articles/{article}")
        ordered = browser.post(
            f"{self.shop}/order", {**page.hidden(), "article": article}, page.cookie).location
        checkout = f"{self.card}/checkout"
        offer = browser.post(
            checkout, browser.get(self.shop + ordered).hidden(checkout)).location
        consent = browser.get(self.card + offer, cookie)
        self._line.watch()
        try:
            paid = browser.post(
                self.card + offer, {**consent.hidden(offer), "decision": "pay"}, cookie)
            assert paid.page == "checkout-pending", paid.page or paid.status
        except Later:
            # It waits longer than a browser does.
            pass
        assert self._line.is_cut.is_set(), "the line was not cut"
        self._wait_while(lambda: self.has_open_sale())
        self._line.mend()
        self._wait_while(lambda: self._open("opal-server", "draw"))
        return ORDER_ADDRESS.search(ordered)[1]

    def has_open_sale(self) -> bool:
        return self._open("payment-server", "sale")

    def _open(self, party: str, table: str) -> bool:
        file = self._data / party / f"{party}.sqlite"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as database:
            (count,) = database.execute(
                f'SELECT count(*) FROM "{table}" WHERE open = 1').fetchone()
        return count > 0

    def _wait_while(self, is_so):
        deadline = time.monotonic() + PUT_BACK_SECONDS_MAX
        while is_so():
            assert time.monotonic() < deadline, "the purchase did not end in time"
            time.sleep(1)
