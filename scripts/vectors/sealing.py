#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes Tests/Vectors/sealing/order.json: keys, tokens and sealed messages of orders.

Written from the text of the design alone, with the package `cryptography` and the standard
library, so that it shares no code with what it tests. Run it again and the file is the same:

    python3 scripts/vectors/sealing.py > Tests/Vectors/sealing/order.json
"""
import base64
import hashlib
import hmac
import json
import struct
import sys

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def hkdf(key, info, salt=None):
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(key)


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def random(seed, count):
    """Bytes that look random and are the same each time."""
    return hashlib.shake_256(seed.encode()).digest(count)


def uuid(trx):
    digits = trx.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def seal(key, typ, trx, content, key_name=None):
    header = {"alg": "dir", "enc": "A256GCM"}
    if key_name is not None:
        header["kid"] = key_name
    header["typ"] = typ
    header["trx"] = uuid(trx)
    protected = base64url(json.dumps(header, separators=(",", ":")).encode())
    vector = mac(hkdf(key, b"OPAL IV"), protected + b"\0" + content)[:12]
    sealed = AESGCM(key).encrypt(vector, content, protected)
    parts = (protected, b"", base64url(vector), base64url(sealed[:-16]), base64url(sealed[-16:]))
    return b".".join(parts).decode()


def case(seed, order):
    merchant = order["merchant"].encode().ljust(15)
    shared = random(seed + " K", 32)
    session = random(seed + " TSK", 32)
    pseudonym_key = random(seed + " pseudonym key", 32)
    trx = random(seed + " TRX", 16)
    card = bytes.fromhex(order["card"])
    url = order["statusURL"].encode()
    terms = b"".join((
        trx, merchant, bytes.fromhex(order["currency"]), struct.pack(">BQ", order["exponent"],
        order["amount"]), struct.pack(">BQ", order["policy"], order["madeAt"]),
        struct.pack(">H", len(url)), url))

    derived = hkdf(shared, b"OPAL DK" + merchant, salt=trx)
    keys = {
        "toPaymentServer": hkdf(session, b"OPAL to payment server"),
        "toOPALServer": hkdf(session, b"OPAL to OPAL server"),
        "result": hkdf(derived, b"OPAL result"),
        "order": hkdf(derived, b"OPAL order"),
    }
    pseudonym = mac(hkdf(pseudonym_key, b"OPAL pseudonym" + merchant), card)[:16].hex()
    security_card = random(seed + " security card", 8)
    outcome, outcome_code = order["outcome"]
    result_c = bytes((outcome_code, order["reasonCode"])) + bytes.fromhex("20261122101530") \
        + security_card + struct.pack(">I", order["number"]) + random(seed + " SV", 8)
    payload = {
        "trx": uuid(trx), "merchant": order["merchant"], "amount": str(order["amount"]),
        "currency": order["currency"], "exponent": order["exponent"], "outcome": outcome}
    if order["reason"]:
        payload["reason"] = order["reason"]
    payload |= {
        "cardPseudonym": pseudonym, "securityCard": security_card.hex(),
        "securityCardNumber": order["number"], "time": "2026-11-22T10:15:30Z"}
    content = json.dumps(payload, separators=(",", ":")).encode()
    draw, command, response = (random(f"{seed} {name}", count) for name, count in (
        ("draw", 104), ("command", 69), ("response", 32)))

    return {
        "K": shared.hex(), "keyName": order["keyName"], "pseudonymKey": pseudonym_key.hex(),
        "terms": {
            "transaction": uuid(trx), "merchant": order["merchant"],
            "amount": str(order["amount"]), "currency": order["currency"],
            "exponent": order["exponent"], "policy": order["policy"],
            "madeAt": order["madeAt"], "statusURL": order["statusURL"],
            "bytes": terms.hex()},
        "TSK": session.hex(), "DK": derived.hex(),
        "ETSK": keywrap.aes_key_wrap(derived, session).hex(),
        "keys": {name: key.hex() for name, key in keys.items()},
        "vectorKeys": {name: hkdf(key, b"OPAL IV").hex() for name, key in keys.items()
                       if name != "order"},
        "orderToken": mac(keys["order"], b"order\0" + terms).hex(),
        "questionProof": mac(keys["order"], b"question\0" + terms).hex(),
        "card": order["card"], "cardPseudonym": pseudonym,
        "draw": {"content": draw.hex(),
                 "sealed": seal(keys["toPaymentServer"], "opal-draw", trx, draw)},
        "debit": {"content": command.hex(),
                  "sealed": seal(keys["toOPALServer"], "opal-debit", trx, command)},
        "response": {"content": response.hex(),
                     "sealed": seal(keys["toPaymentServer"], "opal-response", trx, response)},
        "resultForCard": {"content": result_c.hex(),
                          "sealed": seal(keys["toOPALServer"], "opal-result-c", trx, result_c)},
        "resultForMerchant": {
            "content": content.decode(),
            "sealed": seal(keys["result"], "opal-result-m", trx, content, order["keyName"])},
    }


ORDERS = {
    "sold": {
        "keyName": "2026-11", "merchant": "NEWS000000042", "amount": 150, "currency": "0978",
        "exponent": 2, "policy": 1, "madeAt": 1795342530123,
        "statusURL": "https://news.example/opal/status?order=42", "card": "4971120000000017",
        "outcome": ("sold", 3), "reason": None, "reasonCode": 0, "number": 1},
    "refused": {
        "keyName": "a", "merchant": "X", "amount": 0, "currency": "9001", "exponent": 0,
        "policy": 5, "madeAt": 0, "statusURL": "http://x.example/", "card": "0000000000000000",
        "outcome": ("refused", 4), "reason": "insufficient-value", "reasonCode": 0x25,
        "number": 4294967295},
    "void, with marks to escape": {
        "keyName": 'k"\\/{}:,[]0123~', "merchant": 'A"B\\C,{}[]:./~!', "amount": 2**64 - 1,
        "currency": "0392", "exponent": 6, "policy": 3, "madeAt": 253402300799999,
        "statusURL": "https://kiosk.example/zurück/ü", "card": "9999999999999999",
        "outcome": ("void", 5), "reason": "order-given-up", "reasonCode": 0x15, "number": 77},
}

json.dump({
    "origin": "scripts/vectors/sealing.py, an implementation of its own in Python with the "
              "package cryptography (OpenSSL)",
    "cases": [{"name": name} | case(name, order) for name, order in ORDERS.items()],
}, sys.stdout, indent=1, ensure_ascii=False)
print()
