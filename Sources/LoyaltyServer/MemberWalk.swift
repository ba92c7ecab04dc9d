// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// What the rows of a member say, added up one by one.
struct MemberWalk {
    /// What a transaction did to points, and how far it has come.
    struct Move: Equatable {
        var amount: UInt64
        var event: MemberEntry.Event
    }

    private var earned: UInt64 = 0
    private var pending: UInt64 = 0
    private var undone: UInt64 = 0
    private var here: UInt64 = 0
    private var inPostings: UInt64 = 0
    private var posted: UInt64 = 0
    private var redeemed: UInt64 = 0
    private var expired: UInt64 = 0
    /// By the transaction of a purchase, of a posting, of an order.
    private(set) var purchases: [TransactionIdentifier: Move] = [:]
    private(set) var postings: [TransactionIdentifier: Move] = [:]
    private(set) var redemptions: [TransactionIdentifier: Move] = [:]
    /// Lines of earn files, by their references, that the rows since the last call tell of.
    private(set) var references: [(reference: String, amount: UInt64)] = []
    private(set) var isRight = true

    mutating func forgetReferences() { references.removeAll(keepingCapacity: true) }

    /// Whether this is what the member's record says.
    func isOf(_ member: Member) -> Bool {
        isRight && earned == member.earned && pending == member.pending
            && undone == member.undone && here == member.tranches.total
            && inPostings == member.inPostings && posted == member.posted
            && redeemed == member.redeemed && expired == member.expired
    }

    /// Adds a row, and compares the sums that it names.
    mutating func add(_ body: [UInt8]) {
        guard let entry = try? MemberEntry(body) else {
            isRight = false
            return
        }
        let amount = entry.amount
        switch entry.event {
        case .enrolled, .rejoined: break
        case .earned:
            earned &+= amount
            here &+= amount
            if let reference = entry.reference {
                references.append((reference, amount))
            } else {
                isRight = false
            }
        case .pending:
            earned &+= amount
            move(amount, nil, \.pending)
            begin(entry, in: \.purchases)
        case .matured:
            move(amount, \.pending, \.here)
            go(on: entry, in: \.purchases, after: .pending)
        case .undone:
            move(amount, \.pending, \.undone)
            go(on: entry, in: \.purchases, after: .pending)
        case .posting:
            move(amount, \.here, \.inPostings)
            begin(entry, in: \.postings)
        case .posted:
            move(amount, \.inPostings, \.posted)
            go(on: entry, in: \.postings, after: .posting)
        case .putBack:
            move(amount, \.inPostings, \.here)
            go(on: entry, in: \.postings, after: .posting)
        case .debited:
            move(amount, \.here, \.redeemed)
            begin(entry, in: \.redemptions)
        case .givenBack:
            move(amount, \.redeemed, \.here)
            go(on: entry, in: \.redemptions, after: .debited)
        case .takenAgain:
            move(amount, \.here, \.redeemed)
            go(on: entry, in: \.redemptions, after: .givenBack)
        case .expired: move(amount, \.here, \.expired)
        }
        if (pending, here, inPostings) != (entry.pending, entry.here, entry.inPostings) {
            isRight = false
        }
    }

    private mutating func move(
        _ amount: UInt64,
        _ source: WritableKeyPath<MemberWalk, UInt64>?,
        _ target: WritableKeyPath<MemberWalk, UInt64>
    ) {
        if let source {
            if self[keyPath: source] < amount { isRight = false }
            self[keyPath: source] &-= amount
        }
        self[keyPath: target] &+= amount
    }

    /// Nothing begins twice.
    private mutating func begin(
        _ entry: MemberEntry,
        in moves: WritableKeyPath<MemberWalk, [TransactionIdentifier: Move]>
    ) {
        guard let transaction = entry.transaction,
            self[keyPath: moves].updateValue(
                Move(amount: entry.amount, event: entry.event),
                forKey: transaction
            ) == nil
        else {
            isRight = false
            return
        }
    }

    /// What ends has begun, with as much, and ends once.
    private mutating func go(
        on entry: MemberEntry,
        in moves: WritableKeyPath<MemberWalk, [TransactionIdentifier: Move]>,
        after event: MemberEntry.Event
    ) {
        guard let transaction = entry.transaction,
            self[keyPath: moves][transaction] == Move(amount: entry.amount, event: event)
        else {
            isRight = false
            return
        }
        self[keyPath: moves][transaction]?.event = entry.event
    }
}
