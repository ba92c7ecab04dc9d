#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Decodes messages of ISO 8583 with the package `pyiso8583`, which shares no code with ours.

Reads JSON from the standard input: a list of `{"dialect": …, "bytes": hexadecimal}`. Prints a list
of objects: `t`, the message type, and under its number the value of each element; binary ones as
hexadecimal text. Says on the standard error which message does not decode and ends with 1."""
import json
import sys

import iso8583

from iso8583_dialects import SPECS, plain_separator


def main() -> int:
    decoded = []
    for message in json.load(sys.stdin):
        try:
            fields, _ = iso8583.decode(bytes.fromhex(message["bytes"]), SPECS[message["dialect"]])
        except iso8583.DecodeError as problem:
            print(f"message {len(decoded)} does not decode: {problem.msg}, field {problem.field}",
                  file=sys.stderr)
            return 1
        decoded.append(plain_separator(
            {name: value for name, value in fields.items() if name not in ("h", "p", "1")}))
    print(json.dumps(decoded))
    return 0


if __name__ == "__main__":
    sys.exit(main())
