# SPDX-License-Identifier: Apache-2.0
"""Makes a bank's statement, camt.053.001.08, without anything of OPAL."""
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as tree

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def _add(parent, path: str, text: str | None = None, **attributes):
    for name in path.split("/"):
        parent = tree.SubElement(parent, name)
    parent.text = text
    parent.attrib.update(attributes)
    return parent


def _balance(statement, code: str, amount: Decimal, currency: str):
    balance = _add(statement, "Bal")
    _add(balance, "Tp/CdOrPrtry/Cd", code)
    _add(balance, "Amt", f"{abs(amount):.2f}", Ccy=currency)
    _add(balance, "CdtDbtInd", "DBIT" if amount < 0 else "CRDT")
    _add(balance, "Dt/Dt", date.today().isoformat())


def bank_statement(account: str, currency: str, opening: Decimal,
                   lines: list[tuple[Decimal, str]]) -> bytes:
    """`lines`: amounts, below zero where the bank has paid, with their end-to-end references."""
    root = tree.Element("Document", xmlns=NAMESPACE)
    message = _add(root, "BkToCstmrStmt")
    head = _add(message, "GrpHdr")
    _add(head, "MsgId", "STMT-1")
    _add(head, "CreDtTm", f"{date.today().isoformat()}T23:00:00Z")
    statement = _add(message, "Stmt")
    _add(statement, "Id", "2026-1")
    _add(statement, "CreDtTm", f"{date.today().isoformat()}T23:00:00Z")
    named = _add(statement, "Acct")
    _add(named, "Id/IBAN", account)
    _add(named, "Ccy", currency)
    closing = opening + sum(amount for amount, _ in lines)
    _balance(statement, "OPBD", opening, currency)
    _balance(statement, "CLBD", closing, currency)
    for number, (amount, reference) in enumerate(lines, 1):
        entry = _add(statement, "Ntry")
        _add(entry, "Amt", f"{abs(amount):.2f}", Ccy=currency)
        _add(entry, "CdtDbtInd", "DBIT" if amount < 0 else "CRDT")
        _add(entry, "Sts/Cd", "BOOK")
        _add(entry, "BookgDt/Dt", date.today().isoformat())
        _add(entry, "AcctSvcrRef", f"BANK{number:06}")
        _add(entry, "BkTxCd/Prtry/Cd", "TRF")
        details = _add(entry, "NtryDtls/TxDtls")
        references = _add(details, "Refs")
        _add(references, "EndToEndId", reference)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tree.tostring(root)
