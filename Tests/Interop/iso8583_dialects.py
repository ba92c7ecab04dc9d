# SPDX-License-Identifier: Apache-2.0
"""The two dialects of docs/messages/iso8583.md as specifications of the package pyiso8583.

`ascii1987` is the package's own ASCII specification, as it comes. `binary1987` follows from it:
bitmaps and binary elements as bytes, digits and lengths as packed BCD with a 0 before an odd number
of digits."""
import copy

from iso8583.specs import default_ascii

# Elements of digits (n and z), those of bytes, and all that OPAL's dialects have.
DIGITS = (2, 3, 4, 7, 11, 12, 13, 14, 15, 18, 22, 24, 25, 32, 33, 35, 36, 49, 70, 90)
BINARY = (52, 64, 128)
TEXT = (37, 38, 39, 41, 42, 43, 44, 45, 48, 54, 60, 63)


def binary_spec():
    spec = copy.deepcopy(default_ascii)
    spec["t"].update(data_enc="b", max_len=2)
    for bitmap in ("p", "1"):
        spec[bitmap].update(data_enc="b", max_len=8)
    for number in DIGITS:
        spec[str(number)].update(data_enc="b", len_count="nibbles", left_pad="0")
    for number in BINARY:
        spec[str(number)].update(data_enc="b", max_len=8)
    for number in DIGITS + TEXT:
        field = spec[str(number)]
        if field["len_type"] > 0:
            field.update(len_enc="bcd", len_type={2: 1, 3: 2}[field["len_type"]])
    return spec


SPECS = {"ascii1987": default_ascii, "binary1987": binary_spec()}


def packed_separator(fields):
    """On the tracks of a stripe `=` separates; packed, it is the digit D."""
    return {number: value.replace("=", "D") if number in ("35", "36") else value
            for number, value in fields.items()}


def plain_separator(fields):
    return {number: value.replace("D", "=") if number in ("35", "36") else value
            for number, value in fields.items()}
