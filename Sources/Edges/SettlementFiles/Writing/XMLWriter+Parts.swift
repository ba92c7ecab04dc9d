// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The parts that the messages share.
extension XMLWriter {
    func head(_ head: MessageHead) {
        value(head.identifier.text, in: "MsgId")
        value(MessageDate.text(head.created), in: "CreDtTm")
    }

    /// The head of a message between institutions, whole.
    func head(
        _ head: MessageHead,
        _ route: InterbankRoute,
        _ totals: TransferTotals
    ) throws(SettlementFileFailure) {
        begin("GrpHdr")
        self.head(head)
        value(String(totals.count), in: "NbOfTxs")
        amount(totals.sum, in: "TtlIntrBkSttlmAmt")
        value(MessageDate.text(route.settlementDate), in: "IntrBkSttlmDt")
        value(route.method.rawValue, in: "SttlmInf", "SttlmMtd")
        bank(route.instructing, in: "InstgAgt")
        bank(route.instructed, in: "InstdAgt")
        try end()
    }

    func bank(_ bic: BIC, in name: String) {
        value(bic.text, in: name, "FinInstnId", "BICFI")
    }

    func account(_ account: AccountNumber, in name: String) {
        switch account {
        case .iban(let iban): value(iban.text, in: name, "Id", "IBAN")
        case .other(let other): value(other.text, in: name, "Id", "Othr", "Id")
        }
    }

    func remittance(_ remittance: RemittanceText?) {
        guard let remittance else { return }
        value(remittance.text, in: "RmtInf", "Ustrd")
    }

    /// What a statement and a notification begin with.
    func accountHead(_ head: AccountReportHead) throws(SettlementFileFailure) {
        value(head.identifier.text, in: "Id")
        value(String(head.sequenceNumber), in: "ElctrncSeqNb")
        value(MessageDate.text(head.created), in: "CreDtTm")
        begin("Acct")
        switch head.account.number {
        case .iban(let iban): value(iban.text, in: "Id", "IBAN")
        case .other(let other): value(other.text, in: "Id", "Othr", "Id")
        }
        value(head.account.currency.code, in: "Ccy")
        value(head.account.owner.text, in: "Ownr", "Nm")
        if let servicer = head.account.servicer { bank(servicer, in: "Svcr") }
        try end()
    }

    func entry(_ entry: AccountEntry) throws(SettlementFileFailure) {
        begin("Ntry")
        value(entry.reference.text, in: "NtryRef")
        amount(entry.amount, in: "Amt")
        value(entry.direction.rawValue, in: "CdtDbtInd")
        value("BOOK", in: "Sts", "Cd")
        value(MessageDate.text(entry.bookingDate), in: "BookgDt", "Dt")
        value(MessageDate.text(entry.valueDate), in: "ValDt", "Dt")
        value(entry.reference.text, in: "AcctSvcrRef")
        value(entry.kind.text, in: "BkTxCd", "Prtry", "Cd")
        begin("NtryDtls", "TxDtls")
        value((entry.endToEnd?.text ?? "NOTPROVIDED"), in: "Refs", "EndToEndId")
        amount(entry.amount, in: "Amt")
        value(entry.direction.rawValue, in: "CdtDbtInd")
        if let counterparty = entry.counterparty {
            try self.counterparty(counterparty, of: entry.direction)
        }
        remittance(entry.remittance)
        try end(3)
    }

    /// Who paid where money comes, who was paid where it goes.
    private func counterparty(
        _ party: PaymentParty,
        of direction: Direction
    ) throws(SettlementFileFailure) {
        let name = direction == .credit ? "Dbtr" : "Cdtr"
        begin("RltdPties")
        value(party.name.text, in: name, "Pty", "Nm")
        account(party.account, in: name + "Acct")
        try end()
        if let bank = party.bank {
            begin("RltdAgts")
            self.bank(bank, in: name + "Agt")
            try end()
        }
    }
}

/// Days and moments as messages have them: `2026-03-01`, `2026-03-01T12:00:00.000Z`.
enum MessageDate {
    static func text(_ date: CivilDate) -> String {
        "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.dayOfMonth, 2))"
    }

    static func text(_ instant: Instant) -> String {
        let rest = Int(instant.milliseconds - instant.day * 86_400_000)
        let time = [rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60]
            .map { padded($0, 2) }.joined(separator: ":")
        return "\(text(CivilDate(day: instant.day)))T\(time).\(padded(rest % 1000, 3))Z"
    }

    private static func padded(_ number: Int, _ count: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }
}
