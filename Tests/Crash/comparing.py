# SPDX-License-Identifier: Apache-2.0
"""What the script of the page "Paid" does where the merchant leaves the comparison of S3 to the
browser (`opal.js`), written from docs/messages/sealing.md: the result opens with the card's S3 if
that is the expected one, and with no other."""
import base64
import html
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORM = re.compile(r"<form [^>]*data-locked=[^>]*>")
ATTRIBUTE = re.compile(r'data-(\w+)="([^"]*)"')


def locked_form(page: str) -> dict[str, str] | None:
    """- Returns: what the page has for its script, by name; None where it leaves nothing to it."""
    found = FORM.search(page)
    return found and {name: html.unescape(value) for name, value in ATTRIBUTE.findall(found[0])}


def unlock(form: dict[str, str]) -> str | None:
    """- Returns: the result for the merchant; None where S3 is not the expected one."""
    header, _, vector, text, tag = form["locked"].split(".")
    info = b"OPAL to client terminal" + bytes.fromhex(form["signature"])
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(_bytes(form["key"]))
    try:
        return AESGCM(key).decrypt(
            _bytes(vector), _bytes(text) + _bytes(tag), header.encode()).decode()
    except InvalidTag:
        return None


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
