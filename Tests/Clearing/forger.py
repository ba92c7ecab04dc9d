# SPDX-License-Identifier: Apache-2.0
"""What somebody can do with the files of an OPAL server, and its module's key: put a card back to
an older day, run a copy of it, and make cards up whose S3 is right and whose S6 is not. Seals are
made by the description in docs/messages/records.md, without anything of OPAL."""
import json
import os
import shutil
import sqlite3
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

PARTY = "opal-server"
KEY_BYTES, WRAPPED_BYTES, NONCE_BYTES = 32, 40, 12


def derive(key: bytes, label: str, context: bytes = b"") -> bytes:
    """KDF of the purse profile: SP 800-108 in counter mode, 32 bytes."""
    def block(counter: int) -> bytes:
        code = CMAC(AES(key))
        code.update(counter.to_bytes(4, "big") + label.encode() + b"\0" + context
                    + (8 * KEY_BYTES).to_bytes(4, "big"))
        return code.finalize()
    return block(1) + block(2)


class OPALServerFiles:
    """The folder of the OPAL server, and copies of it that lie beside the data."""

    def __init__(self, data: Path):
        self.folder = data / PARTY
        self._beside = data.parent

    def keep(self, name: str):
        shutil.copytree(self.folder, self._beside / name)

    def exchange(self, name: str):
        """The folder and the copy take each other's place."""
        between = self._beside / f"{name}-between"
        self.folder.rename(between)
        (self._beside / name).rename(self.folder)
        between.rename(self._beside / name)

    def database(self, name: str = "") -> sqlite3.Connection:
        """Of a copy, or of the folder itself; without what forbids a change."""
        folder = self._beside / name if name else self.folder
        connection = sqlite3.connect(folder / f"{PARTY}.sqlite")
        for (trigger,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{trigger}"')
        return connection

    def cards(self) -> dict[bytes, int]:
        """How many rows each card's history has; beside a running server, too."""
        connection = sqlite3.connect(f"file:{self.folder / PARTY}.sqlite?mode=ro", uri=True)
        try:
            return dict(connection.execute(
                "SELECT stream, count(*) FROM history WHERE length(stream) = 8 GROUP BY stream"))
        finally:
            connection.close()

    def put_back(self, card: bytes, name: str):
        """A card as it was in a copy: its record, its history, and no debit since then."""
        old, new = self.database(name), self.database()
        revision, body = old.execute(
            "SELECT revision, body FROM card WHERE key = ?", (card,)).fetchone()
        (rows,) = old.execute("SELECT count(*) FROM history WHERE stream = ?", (card,)).fetchone()
        old.close()
        new.execute(
            "UPDATE card SET revision = ?, body = ? WHERE key = ?", (revision, body, card))
        gone = new.execute(
            "DELETE FROM history WHERE stream = ? AND number > ?", (card, rows)).rowcount
        assert gone > 0, "the card has done nothing since then"
        new.commit()
        new.close()

    def forget_draws(self, transactions: list[str]):
        connection = self.database()
        for transaction in transactions:
            key = bytes.fromhex(transaction.replace("-", ""))
            assert connection.execute("DELETE FROM draw WHERE key = ?", (key,)).rowcount == 1
        connection.commit()
        connection.close()

    def lose_the_proof_key(self, name: str):
        """In a copy: KMP stays, which security cards have as well; in the place of KMI, which no
        one else has, there is another key. So cards make a right S3 and a wrong S6."""
        master = bytes.fromhex(json.loads((self._beside / name / "module.key").read_text())["key"])
        sealing = AESGCM(derive(master, "OPAL record sealing", b"opal_server"))
        wrapping = derive(master, "OPAL key wrapping")
        connection = self.database(name)
        for key, revision, body in connection.execute(
                "SELECT key, revision, body FROM issuer_key").fetchall():
            bound = (
                b"issuer_key\0" + bytes([len(key)]) + key + b"\0" + revision.to_bytes(8, "big"))
            keys = sealing.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], bound)
            assert len(keys) == 4 * WRAPPED_BYTES
            aes_key_unwrap(wrapping, keys[-WRAPPED_BYTES:])
            other = keys[:-WRAPPED_BYTES] + aes_key_wrap(wrapping, os.urandom(KEY_BYTES))
            nonce = os.urandom(NONCE_BYTES)
            connection.execute(
                "UPDATE issuer_key SET body = ? WHERE key = ?",
                (nonce + sealing.encrypt(nonce, other, bound), key))
        connection.commit()
        connection.close()
