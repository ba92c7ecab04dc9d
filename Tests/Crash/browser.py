# SPDX-License-Identifier: Apache-2.0
"""As much of a browser as a person needs here: it keeps one connection to each site, opens it anew
after it broke, and follows nothing by itself."""
import html
import http.client
import re
import ssl
from urllib.parse import SplitResult, urlencode, urlsplit

TIMEOUT_SECONDS = 30
PAGE = re.compile(r'<main [^>]*data-page="([^"]*)"')
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
REFUSAL = re.compile(r'<h2 id="refusal-title">(?:<img[^>]*>)?([^<]*)</h2>')
MONEY = re.compile(r'<div class="money"><dt>[^<]*</dt><dd>([^<]*)</dd>')


class Later(Exception):
    """No answer, or one that says to come back: nobody knows yet what was done."""


class Away(Later):
    """Nobody listens there: nothing was sent."""


class TooMany(Later):
    """Not done: so much is not taken from one person, or from one address, at once."""


class Answer:
    def __init__(self, status: int, headers: http.client.HTTPMessage, body: bytes):
        self.status = status
        self.body = body
        self.location = headers.get("Location", "")
        self.cookie = "; ".join(
            cookie.split(";")[0] for cookie in headers.get_all("Set-Cookie", []))

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def page(self) -> str:
        """The name that the page's own template gives it; empty where it has none."""
        found = PAGE.search(self.text)
        return found[1] if found else ""

    def first(self, pattern: re.Pattern) -> str:
        found = pattern.search(self.text)
        return html.unescape(found[1]).strip() if found else ""

    def hidden(self, action: str = "") -> dict[str, str]:
        """The hidden fields of the whole page, or of the form for an address."""
        text = self.text
        if action:
            start = text.find(f'action="{html.escape(action)}')
            text = text[start:text.find("</form>", start)] if start >= 0 else ""
        return {name: html.unescape(value) for name, value in HIDDEN.findall(text)}


class Browser:
    def __init__(self, trust: ssl.SSLContext | None, counts, source: str = "",
                 timeout: float = TIMEOUT_SECONDS):
        """`trust`: None where no site is reached over HTTPS. `source`: from which address of this
        machine it connects; empty for any."""
        self._timeout = timeout
        self._trust = trust
        self._counts = counts
        self._source = source
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def close(self):
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def get(self, address: str, cookie: str = "", place: str = "") -> Answer:
        return self._send("GET", address, None, cookie, place)

    def post(self, address: str, fields: dict, cookie: str = "", place: str = "") -> Answer:
        return self._send("POST", address, urlencode(fields), cookie, place)

    def _send(self, method: str, address: str, form, cookie: str, place: str) -> Answer:
        """`place`: what a proxy would say of where the person is."""
        parts = urlsplit(address)
        connection = self._connections.get(parts.netloc)
        if connection is None:
            connection = self._connection(parts)
            self._connections[parts.netloc] = connection
        headers = {"Accept-Language": "en", "X-Forwarded-For": place or "10.255.0.1"}
        if cookie:
            headers["Cookie"] = cookie
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            if connection.sock is None:
                connection.connect()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._counts["connections not made"] += 1
            raise Away(f"{type(error).__name__}") from error
        try:
            connection.request(method, target, form, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException) as error:
            # A read that timed out would answer the next question with the last one's answer.
            connection.close()
            self._counts["broken connections"] += 1
            raise Later(f"{type(error).__name__}") from error
        if answer.status >= 500 or answer.status == 429:
            self._counts[f"pages with {answer.status}"] += 1
            raise (TooMany if answer.status == 429 else Later)(f"{answer.status}")
        return answer

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        options = {"timeout": self._timeout}
        if self._source:
            options["source_address"] = (self._source, 0)
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.hostname, parts.port, **options)
        return http.client.HTTPSConnection(
            parts.hostname, parts.port, context=self._trust, **options)
