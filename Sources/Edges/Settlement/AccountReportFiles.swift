// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import SettlementFiles

/// The statements and the notifications of a day in one currency, written side by side: an entry
/// has the same reference in both. A file of which there is nothing is not made.
struct AccountReportFiles {
    private struct Open<File> {
        let path: String
        let sink: SettlementFile
        var file: File
    }

    private let folder: String
    /// Of day and currency, with which messages and accounts are named.
    private let name: String
    private let currency: ISOCurrency
    private let now: Instant
    private var statements: Open<StatementFile>?
    private var notifications: Open<NotificationFile>?
    private var account: ReportedAccount?
    private var isNotified = false
    private var number = 0
    private let sequenceNumber: UInt64

    init(_ folder: String, _ day: BusinessDay, _ currency: ISOCurrency, _ now: Instant) {
        self.folder = folder
        name = "OPAL-\(day.digits)-\(currency.code)"
        sequenceNumber = UInt64(day.number)
        self.currency = currency
        self.now = now
    }

    /// Ends the account before, and begins the next one.
    mutating func begin(
        _ account: ReportedAccount,
        opening: AccountBalance,
        closing: AccountBalance
    ) throws(SettlementFileFailure) {
        number += 1
        isNotified = false
        self.account = account
        var open: Open<StatementFile>
        if let statements { open = statements } else { open = try openStatements() }
        try open.file.begin(try head("S", account), opening: opening, closing: closing)
        statements = open
    }

    /// - Parameters:
    ///   - entry: of the account that was begun last.
    ///   - isNotified: whether it is told of by itself, too.
    /// - Throws: `.outOfOrder` before an account, and what the files throw.
    mutating func add(
        _ entry: AccountEntry,
        isNotified: Bool
    ) throws(SettlementFileFailure) {
        guard var open = statements, let account else { throw .outOfOrder }
        try open.file.add(entry)
        statements = open
        guard isNotified else { return }
        var told: Open<NotificationFile>
        if let notifications { told = notifications } else { told = try openNotifications() }
        if !self.isNotified { try told.file.begin(try head("N", account)) }
        self.isNotified = true
        try told.file.add(entry)
        notifications = told
    }

    /// Ends the files.
    ///
    /// - Returns: the paths of those that were made.
    mutating func finish() throws(SettlementFileFailure) -> [String] {
        var paths: [String] = []
        if var open = statements {
            try open.file.finish()
            try open.sink.keep()
            paths.append(open.path)
        }
        if var open = notifications {
            try open.file.finish()
            try open.sink.keep()
            paths.append(open.path)
        }
        (statements, notifications) = (nil, nil)
        return paths
    }

    private func openStatements() throws(SettlementFileFailure) -> Open<StatementFile> {
        let path = "\(folder)/statements-\(currency.code).xml"
        let sink = try SettlementFile(path: path)
        let head = MessageHead(identifier: try FileIdentifier(name + "-S"), created: now)
        return Open(path: path, sink: sink, file: try StatementFile(to: sink, head))
    }

    private func openNotifications() throws(SettlementFileFailure) -> Open<NotificationFile> {
        let path = "\(folder)/notifications-\(currency.code).xml"
        let sink = try SettlementFile(path: path)
        let head = MessageHead(identifier: try FileIdentifier(name + "-N"), created: now)
        return Open(path: path, sink: sink, file: try NotificationFile(to: sink, head))
    }

    private func head(
        _ kind: String,
        _ account: ReportedAccount
    ) throws(SettlementFileFailure) -> AccountReportHead {
        AccountReportHead(
            identifier: try FileIdentifier("\(name)-\(kind)\(number)"),
            sequenceNumber: sequenceNumber,
            created: now,
            account: account
        )
    }
}
