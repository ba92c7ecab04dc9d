#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes Tests/Vectors/sealing/load.json: keys, tokens and sealed messages of loads and inquiries,
and the denial SN of a card.

Written from the text of the design alone, with the package `cryptography` and the standard
library, so that it shares no code with what it tests. Run it again and the file is the same:

    python3 scripts/vectors/loading.py > Tests/Vectors/sealing/load.json
"""
import base64
import hashlib
import hmac
import json
import struct
import sys

from cryptography.hazmat.primitives import cmac, hashes, keywrap
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def hkdf(key, info, salt=None):
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(key)


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def aes_cmac(key, message):
    code = cmac.CMAC(algorithms.AES(key))
    code.update(message)
    return code.finalize()


def kdf(key, label, context):
    """SP 800-108r1 in counter mode with AES-256-CMAC."""
    return b"".join(aes_cmac(key, struct.pack(">I", i) + label + b"\0" + context
                             + struct.pack(">I", 256)) for i in (1, 2))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def random(seed, count):
    """Bytes that look random and are the same each time."""
    return hashlib.shake_256(seed.encode()).digest(count)


def uuid(trx):
    digits = trx.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def counted(text):
    return struct.pack(">H", len(text.encode())) + text.encode()


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



def denial(seed, load, trx, money):
    """SN over a load whose S1 is random: only the denial is worked here."""
    card = bytes.fromhex(load["card"])
    master = random(seed + " KMC", 32)
    signature, number = random(seed + " S1", 8), random(seed + " NT", 4)
    key = kdf(master, b"OPAL completion card key", card)
    message = b"\x0e\x01" + signature + card + number + trx + money
    return {"KMC": master.hex(), "S1": signature.hex(), "NT": number.hex(), "TRX": trx.hex(),
            "SN": aes_cmac(key, message)[:8].hex()}


def case(seed, load):
    shared, session = random(seed + " K", 32), random(seed + " TSK", 32)
    pseudonym_key = random(seed + " pseudonym key", 32)
    trx, bank = random(seed + " TRX", 16), bytes.fromhex(load["bank"])
    pseudonym = mac(hkdf(pseudonym_key, b"OPAL load pseudonym" + bank),
                    bytes.fromhex(load["card"]))[:16]
    money = bytes.fromhex(load["currency"]) + struct.pack(">BQ", load["exponent"], load["amount"])
    tail = bytes.fromhex(load["time"]) + counted(load["loadServer"]) + counted(load["statusURL"])
    terms, inquiry = trx + bank + pseudonym + money + tail, trx + bank + tail

    derived = hkdf(shared, b"OPAL LK" + bank, salt=trx)
    keys = {
        "toLoadServer": hkdf(session, b"OPAL to load server"),
        "fromLoadServer": hkdf(session, b"OPAL from load server"),
        "result": hkdf(derived, b"OPAL load result"),
        "information": hkdf(derived, b"OPAL card information"),
        "order": hkdf(derived, b"OPAL load order"),
    }
    outcome, outcome_code = load["outcome"]
    for_card = bytes((outcome_code, load["reasonCode"])) + bytes.fromhex("20261122101530")
    result = {"trx": uuid(trx), "bank": load["bank"], "cardPseudonym": pseudonym.hex(),
              "amount": str(load["amount"]), "currency": load["currency"],
              "exponent": load["exponent"], "outcome": outcome}
    if load["reason"]:
        result["reason"] = load["reason"]
    if outcome == "loaded":
        result["issuer"] = load["card"][:6]
    result["time"] = "2026-11-22T10:15:30Z"
    information = {
        "trx": uuid(trx), "bank": load["bank"], "cardPseudonym": pseudonym.hex(),
        "issuer": load["card"][:6], "lastDigits": load["card"][-4:], "expiry": load["expiry"],
        "balance": str(load["balance"]), "currency": load["currency"],
        "exponent": load["exponent"], "balanceMax": str(load["balanceMax"]),
        "time": "2026-11-22T10:15:30Z"}
    for_bank, told = (json.dumps(content, separators=(",", ":")).encode()
                      for content in (result, information))
    contents = {name: random(f"{seed} {name}", count) for name, count in (
        ("load", 95), ("credit", 34), ("response", 24), ("negative", 182), ("card", 95))}

    def sealed(name, key, typ, content, key_name=None):
        text = content.decode() if key_name is not None else content.hex()
        return {"content": text, "sealed": seal(keys[key], typ, trx, content, key_name)}

    name = load["keyName"]
    return {
        "K": shared.hex(), "keyName": name, "pseudonymKey": pseudonym_key.hex(),
        "terms": {
            "transaction": uuid(trx), "bank": load["bank"], "card": pseudonym.hex(),
            "amount": str(load["amount"]), "currency": load["currency"],
            "exponent": load["exponent"], "time": load["time"],
            "loadServer": load["loadServer"], "statusURL": load["statusURL"],
            "bytes": terms.hex(), "inquiryBytes": inquiry.hex()},
        "TSK": session.hex(), "LK": derived.hex(),
        "ETSK": keywrap.aes_key_wrap(derived, session).hex(),
        "keys": {name: key.hex() for name, key in keys.items()},
        "loadToken": mac(keys["order"], b"load\0" + terms).hex(),
        "inquiryToken": mac(keys["order"], b"inquiry\0" + inquiry).hex(),
        "questionProof": mac(keys["order"], b"question\0" + terms).hex(),
        "card": load["card"],
        "denial": denial(seed, load, trx, money),
        "load": sealed("load", "toLoadServer", "opal-load", contents["load"]),
        "credit": sealed("credit", "fromLoadServer", "opal-credit", contents["credit"]),
        "response": sealed("response", "toLoadServer", "opal-load-response",
                           contents["response"]),
        "negative": sealed("negative", "toLoadServer", "opal-not-loaded", contents["negative"]),
        "cardAnswer": sealed("card", "toLoadServer", "opal-card", contents["card"]),
        "resultForCard": sealed("resultForCard", "fromLoadServer", "opal-load-result-c", for_card),
        "resultForBank": sealed("resultForBank", "result", "opal-load-result-b", for_bank, name),
        "information": sealed("information", "information", "opal-card-information", told, name),
    }


LOADS = {
    "loaded": {
        "keyName": "2026-11", "bank": "ba4c000000000001", "amount": 2500, "currency": "0978",
        "exponent": 2, "time": "20261122101500", "loadServer": "loads.example",
        "statusURL": "https://bank.example/load/result", "card": "4971120000000017",
        "expiry": "290228", "balance": 1000, "balanceMax": 50000,
        "outcome": ("loaded", 2), "reason": None, "reasonCode": 0},
    "not loaded": {
        "keyName": "a", "bank": "0000000000000000", "amount": 1, "currency": "9001",
        "exponent": 0, "time": "20000101000000", "loadServer": "",
        "statusURL": "http://x.example/", "card": "0000000000000000", "expiry": "000101",
        "balance": 0, "balanceMax": 0,
        "outcome": ("not-loaded", 3), "reason": "above-maximum", "reasonCode": 0x25},
    "with marks to escape": {
        "keyName": 'k"\\/{}:,[]0123~', "bank": "ffffffffffffffff", "amount": 2**64 - 1,
        "currency": "0392", "exponent": 6, "time": "99991231235959",
        "loadServer": "loads-zwei-ü", "statusURL": "https://bank.example/zurück/ü",
        "card": "9999999999999999", "expiry": "991231", "balance": 2**64 - 1,
        "balanceMax": 2**64 - 1,
        "outcome": ("not-loaded", 3), "reason": "declined", "reasonCode": 0x45},
}

json.dump({
    "origin": "scripts/vectors/loading.py, an implementation of its own in Python with the "
              "package cryptography (OpenSSL)",
    "cases": [{"name": name} | case(name, load) for name, load in LOADS.items()],
}, sys.stdout, indent=1, ensure_ascii=False)
print()
