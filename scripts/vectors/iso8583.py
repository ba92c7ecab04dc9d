#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes Tests/Vectors/iso8583/*.json: messages of ISO 8583:1987 in two dialects, encoded by the
package pyiso8583 4.0.1, so that they share no code with what they test. Run it again and the files
are the same:

    python3 scripts/vectors/iso8583.py
"""
import json
import sys
from pathlib import Path

# This file has the name of the package, and must not be found in its place.
sys.path.pop(0)
ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "Interop"))

import iso8583  # noqa: E402

from iso8583_dialects import SPECS, packed_separator  # noqa: E402

ACCEPTOR = {
    "18": "6540", "22": "010", "24": "001", "25": "59", "32": "400123",
    "41": "OPAL0001", "42": "OPAL-LOADING   ",
    "43": f"{'OPAL card loading':25}{'Cambridge':13}GB",
}
AUTHORIZATION = {
    "2": "4111111111111111", "3": "100000", "4": "000000002500", "7": "0601120000",
    "11": "000042", "12": "120000", "13": "0601", "14": "2812", **ACCEPTOR,
    "37": "000000000042", "49": "978",
}
ORIGINAL = "0100" + "000042" + "0601120000" + "00000400123" + "00000000000"
MANAGEMENT = {"7": "0601120000", "11": "000001", "32": "400123"}

MESSAGES = [
    ("authorisation with address and CVV2", {
        "t": "0100", **AUTHORIZATION, "48": "CV03123PC06CB21TNSN0212"}),
    ("authorisation of an account with 19 digits", {
        "t": "0100", **AUTHORIZATION, "2": "6011000990139424008", "32": "40012345678"}),
    ("authorisation of an account with 13 digits", {
        "t": "0100", **AUTHORIZATION, "2": "4222222222222"}),
    ("approved", {
        "t": "0110", "3": "100000", "4": "000000002500", "7": "0601120000", "11": "000042",
        "32": "400123", "37": "000000000042", "38": "A1B2C3", "39": "00", "41": "OPAL0001",
        "42": "OPAL-LOADING   ", "44": "AV01YCV01M", "49": "978"}),
    ("declined", {
        "t": "0110", "3": "100000", "4": "000000002500", "7": "0601120000", "11": "000042",
        "32": "400123", "37": "000000000042", "39": "51", "41": "OPAL0001",
        "42": "OPAL-LOADING   ", "49": "978"}),
    ("clearing advice", {
        "t": "0220", **AUTHORIZATION, "11": "000043", "38": "A1B2C3", "39": "00",
        "90": ORIGINAL}),
    ("clearing advice, sent again", {
        "t": "0221", **AUTHORIZATION, "11": "000043", "38": "A1B2C3", "39": "00",
        "90": ORIGINAL}),
    ("clearing answer", {
        "t": "0230", "3": "100000", "4": "000000002500", "7": "0601120000", "11": "000043",
        "15": "0602", "37": "000000000042", "39": "00", "41": "OPAL0001", "49": "978"}),
    ("reversal", {
        "t": "0420", **AUTHORIZATION, "11": "000044", "39": "68", "90": ORIGINAL}),
    ("reversal, sent again", {
        "t": "0421", **AUTHORIZATION, "11": "000044", "39": "68", "90": ORIGINAL}),
    ("reversal answer", {
        "t": "0430", "3": "100000", "4": "000000002500", "7": "0601120000", "11": "000044",
        "37": "000000000042", "39": "00", "41": "OPAL0001", "49": "978"}),
    ("sign-on", {"t": "0800", **MANAGEMENT, "70": "001"}),
    ("sign-on, answered", {"t": "0810", **MANAGEMENT, "39": "00", "70": "001"}),
    ("key check", {"t": "0800", **MANAGEMENT, "48": "KC06A1B2C3", "70": "161"}),
    ("echo", {"t": "0800", **MANAGEMENT, "70": "301"}),
    ("every element", {
        "t": "0100", **AUTHORIZATION, "15": "0602", "33": "999999",
        "35": "4111111111111111=28121010000000000", "36": "014111111111111111=" + "7" * 60,
        "38": "000000", "39": "00", "44": "AV01N", "45": "B4111111111111111^A/B^2812101",
        "48": "PC06CB21TN", "52": "0123456789ABCDEF", "54": "0001978C000000002500",
        "60": "x" * 999, "63": "y", "64": "FEDCBA9876543210", "70": "301",
        "90": ORIGINAL, "128": "00FF00FF00FF00FF"}),
]


def main():
    folder = ROOT / "Tests" / "Vectors" / "iso8583"
    folder.mkdir(parents=True, exist_ok=True)
    for dialect, spec in SPECS.items():
        cases = []
        for name, fields in MESSAGES:
            packed = packed_separator(fields) if dialect == "binary1987" else dict(fields)
            encoded, _ = iso8583.encode(packed, spec)
            cases.append({"name": name, "fields": fields, "bytes": encoded.hex()})
        content = {
            "origin": "scripts/vectors/iso8583.py, with pyiso8583 4.0.1",
            "dialect": dialect,
            "cases": cases,
        }
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        (folder / f"{dialect}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
