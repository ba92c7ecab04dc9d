#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A terminal that was written from the description of the card alone, docs/messages, with pyscard.
Prints what it read of the card in a reader as one JSON object.

    terminal.py 'Virtual PCD 00 00'
"""
import json
import sys

from smartcard.CardConnection import CardConnection
from smartcard.System import readers

APPLICATION = bytes.fromhex("F04F50414C31")
EURO = (0x0978, 2)
AMOUNT = 35


def fields(data: bytes, *widths: tuple[str, int]) -> dict[str, str]:
    """Elements of fixed width, in hexadecimal digits."""
    assert len(data) == sum(width for _, width in widths), f"{len(data)} bytes"
    found, position = {}, 0
    for name, width in widths:
        found[name] = data[position:position + width].hex()
        position += width
    return found


def objects(data: bytes) -> dict[str, bytes]:
    """BER-TLV with tags of one byte and lengths below 128, as SELECT answers them."""
    found, position = {}, 0
    while position < len(data):
        tag, length = data[position], data[position + 1]
        assert length < 0x80
        found[f"{tag:02x}"] = data[position + 2:position + 2 + length]
        position += 2 + length
    assert position == len(data)
    return found


class Terminal:
    def __init__(self, name: str):
        (reader,) = [reader for reader in readers() if str(reader) == name]
        self.connection = reader.createConnection()
        self.connection.connect(CardConnection.T1_protocol)

    def send(self, command: bytes) -> tuple[bytes, str]:
        data, first, second = self.connection.transmit(list(command))
        return bytes(data), f"{first:02x}{second:02x}"

    def expect(self, text: str) -> bytes:
        data, status = self.send(bytes.fromhex(text))
        assert status == "9000", f"{text[:8]}: {status}"
        return data

    def read(self) -> dict:
        answer = bytes(self.connection.getATR())
        application = objects(self.expect(f"00A40400 06 {APPLICATION.hex()} 00"))["6f"]
        parts = objects(application)
        purse = self.expect("805C0000 00")
        initialize = f"02 {EURO[0]:04x} {EURO[1]:02x} {AMOUNT:016x}"
        first = self.expect(f"80500100 0C {initialize} 00")
        second = self.expect(f"80500100 0C {initialize} 00")
        layout = (
            ("BIN", 3), ("IEP", 5), ("DEXP", 3), ("ALG", 1), ("VKP", 1), ("AM", 1), ("CURR", 2),
            ("CEXP", 1), ("BAL", 8), ("NT", 4), ("R", 8))
        return {
            "atr": answer.hex(),
            "application": parts["84"].hex(),
            "select": {tag: value.hex() for tag, value in objects(parts["a5"]).items()},
            "balance": fields(purse, ("CURR", 2), ("CEXP", 1), ("BAL", 8), ("BALMAX", 8)),
            "initialize": [fields(data, *layout) for data in (first, second)],
            "refused": {
                name: self.send(bytes.fromhex(command))[1] for name, command in {
                    "another application": "00A40400 07 A0000002471001 00",
                    "unknown instruction": "80B00000 00",
                    "unknown class": "90600000",
                    "more than there is": f"80500100 0C 02 0978 02 {1 << 40:016x} 00",
                    "no such currency": "80500100 0C 02 0840 02 0000000000000001 00",
                }.items()
            },
        }


if __name__ == "__main__":
    print(json.dumps(Terminal(sys.argv[1]).read()))
