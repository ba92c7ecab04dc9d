// SPDX-License-Identifier: Apache-2.0

/// Makes what a statement says of its elements.
final class BankStatementEvents: XMLEvents {
    /// Statements that have begun.
    private(set) var statements = 0

    private static let root = "Document/BkToCstmrStmt"

    private var namespace = ""
    /// From the document on, for example `Document/BkToCstmrStmt/Stmt/Ntry/Amt`.
    private var path = ""
    private var lengths: [Int] = []
    /// The `Ccy` of the amount that is open.
    private var currency: String?
    private var statement = BankStatementParts()
    private var ready: [BankStatementEvent] = []

    func take() -> [BankStatementEvent] {
        defer { ready.removeAll(keepingCapacity: true) }
        return ready
    }

    func began(
        _ name: String,
        in namespace: String,
        attributes: [String: String]
    ) throws(BankStatementFailure) {
        if lengths.isEmpty {
            let known = BankStatementReader.messages.map { "urn:iso:std:iso:20022:tech:xsd:\($0)" }
            guard name == "Document", known.contains(namespace) else {
                throw .notAStatement(namespace: namespace)
            }
            self.namespace = namespace
        }
        lengths.append(path.utf8.count)
        if !path.isEmpty { path += "/" }
        // What is of another namespace is nothing that is looked for.
        path += namespace == self.namespace ? name : "?"
        if path.hasSuffix("/Amt") { currency = attributes["Ccy"] }
        guard let place = place else { return }
        switch place {
        case "Stmt":
            statements += 1
            statement = BankStatementParts()
        case "Stmt/Bal": try statement.beginBalance()
        case "Stmt/Ntry":
            try beginEntries()
            statement.entry = BankEntryParts()
        case "Stmt/Ntry/NtryDtls": try endEntryHead()
        case "Stmt/Ntry/NtryDtls/Btch": statement.batch = BankBatchParts()
        case "Stmt/Ntry/NtryDtls/TxDtls": statement.transaction = BankTransactionParts()
        default: break
        }
    }

    func ended(_ name: String, text: String) throws(BankStatementFailure) {
        let place = place
        if let last = lengths.popLast() {
            path.removeLast(path.utf8.count - last)
        }
        guard let place else { return }
        let amount = BankStatementText(place: place, text: text, currency: currency)
        switch place {
        case "Stmt": try endStatement()
        case "Stmt/Bal": try statement.endBalance()
        case "Stmt/Ntry": try endEntryHead()
        case "Stmt/Ntry/NtryDtls/Btch": ready.append(.batch(statement.batch.batch))
        case "Stmt/Ntry/NtryDtls/TxDtls":
            ready.append(.transaction(statement.transaction.transaction))
        default:
            try statement.take(amount)
        }
    }

    /// The path inside of the message; nil outside of a statement.
    private var place: Substring? {
        let root = BankStatementEvents.root
        guard path.utf8.count > root.utf8.count, path.hasPrefix(root) else { return nil }
        let place = path.dropFirst(root.utf8.count + 1)
        return place.hasPrefix("Stmt") ? place : nil
    }

    private func beginEntries() throws(BankStatementFailure) {
        guard !statement.isOpen else { return }
        ready.append(.statement(try statement.open()))
    }

    /// An entry's own elements come before its details, so that it can be told before them.
    private func endEntryHead() throws(BankStatementFailure) {
        guard let entry = try statement.endEntryHead() else { return }
        ready.append(.entry(entry))
    }

    private func endStatement() throws(BankStatementFailure) {
        try beginEntries()
        ready.append(.ended(try statement.end()))
    }
}
