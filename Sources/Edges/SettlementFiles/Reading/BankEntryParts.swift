// SPDX-License-Identifier: Apache-2.0

import Kernel

/// An entry that is being read.
struct BankEntryParts {
    /// Whether it was told; its details follow.
    var isTold = false
    private var reference: String?
    private var amount: FileAmount?
    private var direction: Direction?
    private var isReversal: Bool?
    private var status: BankEntry.Status?
    private var bookingDate: CivilDate?
    private var valueDate: CivilDate?
    private var bankReference: String?

    mutating func take(_ text: BankStatementText) throws(BankStatementFailure) {
        let name = text.place.dropFirst("Stmt/Ntry/".count)
        // What was told is not changed behind its back.
        guard !isTold || name.hasPrefix("NtryDtls") || name == "AddtlNtryInf" else {
            throw .outOfOrder(String(text.place))
        }
        switch name {
        case "NtryRef": try text.set(text.words(), in: &reference)
        case "Amt": try text.set(text.amount(), in: &amount)
        case "CdtDbtInd": try text.set(text.direction(), in: &direction)
        case "RvslInd": try text.set(text.flag(), in: &isReversal)
        // Before version 04 the code stands in it, since then in an element of its own.
        case "Sts":
            guard !text.text.isEmpty else { break }
            try text.set(text.status(), in: &status)
        case "Sts/Cd", "Sts/Prtry": try text.set(text.status(), in: &status)
        case "BookgDt/Dt", "BookgDt/DtTm": try text.set(text.date(), in: &bookingDate)
        case "ValDt/Dt", "ValDt/DtTm": try text.set(text.date(), in: &valueDate)
        case "AcctSvcrRef": try text.set(text.words(), in: &bankReference)
        default: break
        }
    }

    var entry: BankEntry {
        get throws(BankStatementFailure) {
            guard let amount else { throw .missing("Stmt/Ntry/Amt") }
            guard let direction else { throw .missing("Stmt/Ntry/CdtDbtInd") }
            guard let status else { throw .missing("Stmt/Ntry/Sts") }
            return BankEntry(
                reference: reference,
                amount: amount,
                direction: direction,
                isReversal: isReversal ?? false,
                status: status,
                bookingDate: bookingDate,
                valueDate: valueDate,
                bankReference: bankReference
            )
        }
    }
}

/// A batch that is being read.
struct BankBatchParts {
    private var message: String?
    private var block: String?
    private var count: String?

    mutating func take(_ text: BankStatementText) throws(BankStatementFailure) {
        switch text.place.dropFirst("Stmt/Ntry/NtryDtls/Btch/".count) {
        case "MsgId": try text.set(text.words(), in: &message)
        case "PmtInfId": try text.set(text.words(), in: &block)
        case "NbOfTxs": try text.set(text.words(), in: &count)
        default: break
        }
    }

    var batch: BankBatch { BankBatch(message: message, block: block, count: count) }
}

/// A transaction that is being read.
struct BankTransactionParts {
    private var endToEnd: String?
    private var message: String?
    private var block: String?
    private var transactionReference: String?
    private var bankReference: String?
    private var amount: FileAmount?
    /// Where it stood before version 04.
    private var detailedAmount: FileAmount?
    private var direction: Direction?
    private var remittance: [String] = []

    mutating func take(_ text: BankStatementText) throws(BankStatementFailure) {
        switch text.place.dropFirst("Stmt/Ntry/NtryDtls/TxDtls/".count) {
        case "Refs/EndToEndId": try text.set(text.words(), in: &endToEnd)
        case "Refs/MsgId": try text.set(text.words(), in: &message)
        case "Refs/PmtInfId": try text.set(text.words(), in: &block)
        case "Refs/TxId": try text.set(text.words(), in: &transactionReference)
        case "Refs/AcctSvcrRef": try text.set(text.words(), in: &bankReference)
        case "Amt": try text.set(text.amount(), in: &amount)
        case "AmtDtls/TxAmt/Amt": try text.set(text.amount(), in: &detailedAmount)
        case "CdtDbtInd": try text.set(text.direction(), in: &direction)
        case "RmtInf/Ustrd":
            guard remittance.count < SettlementLimits.remittanceLinesMax else { break }
            remittance.append(text.text)
        default: break
        }
    }

    var transaction: BankTransaction {
        BankTransaction(
            endToEnd: endToEnd == "NOTPROVIDED" ? nil : endToEnd,
            message: message,
            block: block,
            transaction: transactionReference,
            bankReference: bankReference,
            amount: amount ?? detailedAmount,
            direction: direction,
            remittance: remittance
        )
    }
}
