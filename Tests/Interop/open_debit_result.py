#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens a Debit Result M, or an Authentication Result, as a merchant would who uses no code of this project: keys with the
package `cryptography`, the message with the JOSE library `joserfc`.

Reads JSON from the standard input: `key` (K, 64 hexadecimal digits), `trx` (the UUID text),
`merchant` (without padding) and `jwe` (the compact text). Prints the payload, or says why not on
the standard error and ends with 1.
"""
import json
import sys
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.registry import HeaderParameter


def hkdf(key: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(key)


def open_result(shared: bytes, trx: str, merchant: str, compact: str) -> dict:
    derived = hkdf(shared, b"OPAL DK" + merchant.encode().ljust(15), salt=uuid.UUID(trx).bytes)
    # `trx` is our own header parameter, so the library has to be told of it.
    registry = jwe.JWERegistry(
        header_registry={"trx": HeaderParameter("Transaction", "str", True)},
        algorithms=["dir", "A256GCM"])
    key = OctKey.import_key(hkdf(derived, b"OPAL result"))
    opened = jwe.decrypt_compact(compact, key, registry=registry)
    header = opened.headers()
    types = ("opal-result-m", "opal-authentication-result")
    if header.get("typ") not in types or header.get("trx") != trx:
        raise ValueError("the message is another one")
    payload = json.loads(opened.plaintext)
    if payload["trx"] != trx or payload["merchant"] != merchant:
        raise ValueError("the result belongs to another order")
    if (header["typ"] == types[1]) != (payload["currency"] == "0999"):
        raise ValueError("a proof is no sale, and a sale no proof")
    return payload


def main() -> int:
    question = json.load(sys.stdin)
    try:
        payload = open_result(
            bytes.fromhex(question["key"]), question["trx"], question["merchant"],
            question["jwe"])
    except (JoseError, ValueError, KeyError) as problem:
        print(f"does not open: {type(problem).__name__}", file=sys.stderr)
        return 1
    print(json.dumps(payload))
    return 0


if __name__ == "__main__":
    sys.exit(main())
