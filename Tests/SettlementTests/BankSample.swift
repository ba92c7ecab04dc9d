// SPDX-License-Identifier: Apache-2.0

/// A bank's statement, from 100.00 to 70.00: a batch of two payments that was booked, and one entry
/// that was not yet.
struct BankSample {
    var version = 8
    var closing = "70.00"
    /// Before the document, and before the text of the second payment.
    var prologue = ""
    var remittance = "Sales"

    var text: String {
        let isOld = version < 4
        let number = version < 10 ? "0\(version)" : "\(version)"
        let amount = { (text: String) in
            let element = "<Amt Ccy=\"EUR\">\(text)</Amt>"
            return isOld ? "<AmtDtls><TxAmt>\(element)</TxAmt></AmtDtls>" : element
        }
        let status = { (code: String) in isOld ? code : "<Cd>\(code)</Cd>" }
        return """
            <?xml version="1.0" encoding="UTF-8"?>\(prologue)
            <b:Document xmlns:b="urn:iso:std:iso:20022:tech:xsd:camt.053.001.\(number)"
              xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.\(number)"><BkToCstmrStmt>
            <GrpHdr><MsgId>M</MsgId><CreDtTm>2026-09-20T20:00:00</CreDtTm></GrpHdr>
            <Stmt><Id>S-1</Id><CreDtTm>2026-09-20T20:00:00</CreDtTm>
            <Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>
            \(balance("OPBD", "100.00", "2026-09-19"))\(balance("CLBD", closing, "2026-09-20"))
            <Ntry><Amt Ccy="EUR">30.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>
            <Sts>\(status("BOOK"))</Sts><BookgDt><Dt>2026-09-20</Dt></BookgDt>
            <ValDt><DtTm>2026-09-20T23:30:00+02:00</DtTm></ValDt><BkTxCd/>
            <NtryDtls><Btch><MsgId>PAYOUT-1</MsgId><NbOfTxs>2</NbOfTxs></Btch>
            <TxDtls><Refs><EndToEndId>E2E-1</EndToEndId></Refs>\(amount("10.00"))</TxDtls>
            <TxDtls><Refs><EndToEndId>E2E-2</EndToEndId></Refs>\(amount("20.00"))
            <RmtInf><Ustrd>\(remittance)</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
            <Ntry><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
            <Sts>\(status("PDNG"))</Sts><BkTxCd/></Ntry>
            </Stmt></BkToCstmrStmt></b:Document>
            """
    }

    private func balance(_ code: String, _ amount: String, _ date: String) -> String {
        "<Bal><Tp><CdOrPrtry><Cd>\(code)</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">\(amount)</Amt>"
            + "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>\(date)</Dt></Dt></Bal>"
    }
}
