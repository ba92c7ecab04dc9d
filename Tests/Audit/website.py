# SPDX-License-Identifier: Apache-2.0
"""A browser for forms, as far as a test needs one: cookies, hidden fields, no script."""
import html
import re
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

TIMEOUT_SECONDS = 30
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
ACTION = re.compile(r'action="([^"]*)"')


class Website:
    def __init__(self, origin: str):
        self.address = origin
        self.page = ""
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def opens(self, address: str):
        self._load(Request(urljoin(self.address, address)))

    def follows(self, pattern: str):
        """Opens the first link whose address matches."""
        for address in re.findall(r'href="([^"]*)"', self.page):
            if re.search(pattern, html.unescape(address)):
                return self.opens(html.unescape(address))
        raise AssertionError(f"{self.address} has no link like {pattern}")

    def sends(self, pattern: str, **fields: str):
        """Sends the first form whose action matches."""
        for attributes, body in FORM.findall(self.page):
            action = html.unescape(ACTION.search(attributes)[1])
            if re.search(pattern, action):
                hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(body)}
                origin = urlsplit(self.address)
                request = Request(
                    urljoin(self.address, action),
                    data=urlencode({**hidden, **fields}).encode(),
                    headers={"Origin": f"{origin.scheme}://{origin.netloc}"})
                return self._load(request)
        raise AssertionError(f"{self.address} has no form for {pattern}")

    def _load(self, request: Request):
        with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            self.address = answer.url
            self.page = answer.read().decode()
