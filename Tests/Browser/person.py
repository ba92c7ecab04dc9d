# SPDX-License-Identifier: Apache-2.0
"""A person at a browser: finds things by what is written on them, as a reader of the screen would,
and takes pictures."""
import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, expect

VIEWPORTS = {390: 844, 1280: 900}
SCHEMES = ("light", "dark")
WAIT_MS = 20_000


class Person:
    """One browser context with one page; `pictures` is None for a person who takes none."""

    def __init__(self, browser: Browser, pictures: Path | None = None, script: bool = True):
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 900}, locale="en-GB", java_script_enabled=script)
        self.context.set_default_timeout(WAIT_MS)
        self.pictures = pictures
        self.script = script
        # What the browser complains about: scripts, the content security policy, lost pictures.
        self.complaints: list[str] = []
        self.context.on("console", self._on_console)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.page = self.context.new_page()

    def _on_console(self, message):
        if message.type != "error":
            return
        # A page that refuses something comes with a status above 399, which is no fault.
        url = message.location.get("url", "")
        if message.text.startswith("Failed to load resource") and "/assets/" not in url:
            return
        self.complaints.append(f"{urlsplit(url).path}: {message.text}")

    # Reading

    def heading(self, text: str | re.Pattern) -> Locator:
        return self.page.get_by_role("heading", name=text).first

    def sees(self, text: str | re.Pattern):
        """Waits for a heading; a text must be the whole of it."""
        exact = isinstance(text, str)
        expect(self.page.get_by_role("heading", name=text, exact=exact).first).to_be_attached()

    def is_told(self, text: str | re.Pattern):
        """Waits for a text in what is read aloud at once: a refusal or a list of problems."""
        expect(self.page.get_by_role("alert").filter(has_text=text).first).to_be_visible()

    def text(self) -> str:
        return self.page.get_by_role("main").inner_text()

    def words(self) -> str:
        """What the page says, with ordinary blanks."""
        return self.text().replace("\xa0", " ")

    # Acting: each of these ends when the next page is there.

    def goes_to(self, address: str):
        self.page.goto(address)

    def fills(self, label: str, value: str):
        self.page.get_by_label(label, exact=True).fill(value)

    def has_entry(self, label: str) -> bool:
        return self.page.get_by_label(label, exact=True).count() > 0

    def presses(self, name: str | re.Pattern):
        exact = isinstance(name, str)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=exact).click()

    def follows(self, name: str | re.Pattern):
        exact = isinstance(name, str)
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name, exact=exact).first.click()

    def saves(self, name: str, path: Path, within: float = WAIT_MS / 1000):
        """Follows a link to a file and keeps it; `within`: seconds until it is whole."""
        with self.page.expect_download(timeout=within * 1000) as download:
            self.page.get_by_role("link", name=name, exact=True).first.click()
        download.value.save_as(path)

    def opens_tab(self) -> "Person":
        """The same person in a second tab."""
        other = object.__new__(Person)
        other.__dict__.update(self.__dict__)
        other.page = self.context.new_page()
        return other

    # Pictures

    def shoots(self, name: str):
        """Pictures of the whole page at each width and in each scheme. Fails where a page is wider
        than the screen, so that it had to be moved sideways to be read."""
        if self.pictures is None:
            return
        self.pictures.mkdir(parents=True, exist_ok=True)
        for width, height in VIEWPORTS.items():
            self.page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                self.page.emulate_media(color_scheme=scheme)
                self.page.screenshot(
                    path=self.pictures / f"{name}-{width}-{scheme}.png", full_page=True,
                    animations="disabled", caret="hide")
            if self.script:
                wide = self.page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{name} is {wide} pixels wide on a screen of {width}"
        self.page.emulate_media(color_scheme="light")
