// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// What the rows of an account say, added up one by one.
struct AccountWalk {
    /// One side of a posting.
    struct Side: Equatable {
        let account: AccountNumber
        let otherSide: AccountNumber?
        let amount: UInt64
    }

    private(set) var credited: UInt64 = 0
    private(set) var debited: UInt64 = 0
    private(set) var held: UInt64 = 0
    /// Loads whose amount is held.
    private var holds: [TransactionIdentifier: UInt64] = [:]
    private(set) var incoming: [TransactionIdentifier: Side] = [:]
    private(set) var outgoing: [TransactionIdentifier: Side] = [:]
    /// Whether each row follows from those before it.
    private(set) var isRight = true
    private let account: AccountNumber

    init(_ account: AccountNumber) {
        self.account = account
    }

    /// Whether this is what the account's record says.
    func isOf(_ account: Account) -> Bool {
        isRight && credited == account.credited && debited == account.debited
            && held == account.held && holds.values.reduce(0, &+) == held
    }

    /// Adds a row, and compares the sums that it names.
    mutating func add(_ body: [UInt8]) {
        guard let entry = try? AccountEntry(body) else {
            isRight = false
            return
        }
        let amount = entry.amount
        switch entry.event {
        case .opened: break
        case .credited:
            credited &+= amount
            note(entry, in: \.incoming)
        case .debited:
            debited &+= amount
            note(entry, in: \.outgoing)
        case .held:
            held &+= amount
            if let transaction = entry.transaction { holds[transaction] = amount }
        case .released, .paid:
            held &-= amount
            // What ends was held, and as much.
            let began = entry.transaction.flatMap { holds.removeValue(forKey: $0) }
            if began != amount { isRight = false }
            if entry.event == .paid {
                debited &+= amount
                note(entry, in: \.outgoing)
            }
        }
        if (credited, debited, held) != (entry.credited, entry.debited, entry.held) {
            isRight = false
        }
    }

    /// No posting is made twice.
    private mutating func note(
        _ entry: AccountEntry,
        in sides: WritableKeyPath<AccountWalk, [TransactionIdentifier: Side]>
    ) {
        guard let transaction = entry.transaction else {
            isRight = false
            return
        }
        let side = Side(account: account, otherSide: entry.otherSide, amount: entry.amount)
        if self[keyPath: sides].updateValue(side, forKey: transaction) != nil { isRight = false }
    }
}
