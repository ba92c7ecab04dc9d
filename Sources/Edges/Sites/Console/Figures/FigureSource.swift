// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Records
import Wire

/// A transaction as the figures count it.
struct FigureItem: Sendable {
    let transaction: TransactionIdentifier
    /// The hour in which it counts.
    let moment: Instant
    /// Whether it can change no more.
    let isFinal: Bool
    /// Nil while it is open, and for what moves no value.
    var entry: (kind: Figures.Kind, scope: String, amount: Money)?
    /// From the debit to the word of the payment server, in milliseconds.
    var latency: Int64?
    /// IDPSAM and NTPSAM.
    var sale: [UInt8]?

    /// Counts what has ended; what is open counts in its hour when it ends.
    func add(to figures: inout Figures) {
        guard isFinal else { return }
        if let entry { figures.add(entry.kind, entry.scope, entry.amount) }
        if let latency { figures.add(latency: latency) }
    }
}

/// Transactions of one party, in the order of their TRX, which begins with the time.
struct FigureSource: Sendable {
    /// Names the cursor in the database.
    enum Name: UInt8, CaseIterable, Sendable {
        case sales = 1
        case draws = 2
        case loads = 3
        case accountLoads = 4
    }

    let name: Name
    /// A page behind a transaction, oldest first.
    let page:
        @Sendable (_ cursor: TransactionIdentifier?, _ limit: Int) async throws -> [FigureItem]
    /// One of them; nil where it is gone.
    let item: @Sendable (TransactionIdentifier) async throws -> FigureItem?

    /// Those of the parties in this process.
    static func all(_ parts: ConsoleParts) -> [FigureSource] {
        var sources: [FigureSource] = []
        if let payments = parts.payments { sources.append(.sales(payments.module)) }
        if let side = parts.cardSide {
            sources.append(.draws(side.purchases))
            if let loads = side.loads { sources.append(.loads(loads)) }
            if let loads = side.accountLoads { sources.append(.accountLoads(loads)) }
        }
        return sources
    }

    private static func sales(_ module: PaymentModule) -> FigureSource {
        FigureSource(name: .sales) { cursor, limit in
            try await module.sales(after: cursor, limit: limit).map(FigureItem.init)
        } item: { transaction in
            try await module.sale(transaction).map { FigureItem($0.line) }
        }
    }

    private static func draws(_ purchases: Purchases) -> FigureSource {
        FigureSource(name: .draws) { cursor, limit in
            try await purchases.draws(after: cursor, limit: limit).map(FigureItem.init)
        } item: { transaction in
            FigureItem(transaction, try await purchases.draw(of: transaction))
        }
    }

    private static func loads(_ loads: Loads) -> FigureSource {
        FigureSource(name: .loads) { cursor, limit in
            try await loads.loads(after: cursor, limit: limit).map(FigureItem.init)
        } item: { transaction in
            try await loads.load(transaction).map(FigureItem.init)
        }
    }

    private static func accountLoads(_ loads: AccountLoads) -> FigureSource {
        FigureSource(name: .accountLoads) { cursor, limit in
            try await loads.loads(after: cursor, limit: limit).map {
                FigureItem($0.transaction, $0.load)
            }
        } item: { transaction in
            try await loads.read(transaction).map { FigureItem(transaction, $0.load) }
        }
    }
}

extension FigureItem {
    fileprivate init(_ line: SaleLine) {
        transaction = line.transaction
        guard let sale = line.sale else {
            // It is in no figure; the page of what is open names it.
            (moment, isFinal) = (Self.moment(of: line.transaction), true)
            return
        }
        moment = sale.drawnAt
        isFinal = !sale.state.isOpen
        self.sale = sale.command.securityCard.bytes + sale.command.securityCardNumber.bigEndianBytes
        guard sale.draw.type == .purchase else { return }
        let terms = sale.request.terms
        let kind: Figures.Kind? =
            switch sale.state {
            case .drawn: nil
            case .sold: .sold
            case .refused: .declined
            case .void: .givenUp
            }
        entry = kind.map { ($0, terms.merchant.text, terms.amount) }
    }

    fileprivate init(_ line: DrawLine) {
        self.init(line.transaction, line.draw.map { .found($0) } ?? .damaged)
    }

    fileprivate init(_ transaction: TransactionIdentifier, _ lookup: DrawLookup) {
        self.transaction = transaction
        guard case .found(let draw) = lookup else {
            (moment, isFinal) = (Self.moment(of: transaction), true)
            return
        }
        moment = draw.debitedAt
        isFinal = !draw.state.isOpen
        guard draw.terms.amount.minorUnits > 0, isFinal else { return }
        let kind: Figures.Kind = draw.state == .sold ? .debited : .putBack
        entry = (kind, draw.card.issuer.digits, draw.terms.amount)
        if let ended = draw.endedAt {
            latency = max(0, ended.milliseconds - draw.debitedAt.milliseconds)
        }
    }

    fileprivate init(_ line: LoadLine) {
        transaction = line.transaction
        guard let load = line.load else {
            (moment, isFinal) = (Self.moment(of: line.transaction), true)
            return
        }
        moment = load.requestedAt
        isFinal = !load.state.isOpen
        let scope = load.card.issuer.digits
        switch load.state {
        case .credited, .loaded: entry = (.loaded, scope, load.terms.amount)
        case .notLoaded: entry = (.notLoaded, scope, load.terms.amount)
        case .requested, .givenUp: break
        }
    }

    fileprivate init(_ transaction: TransactionIdentifier, _ load: AccountLoadRecord?) {
        self.transaction = transaction
        guard let load else {
            (moment, isFinal) = (Self.moment(of: transaction), true)
            return
        }
        moment = load.begunAt
        isFinal = !load.state.isOpen
        let scope = load.card.issuer.digits
        switch load.state {
        case .credited, .completed: entry = (.loaded, scope, load.amount)
        case .declined, .cancelled: entry = (.notLoaded, scope, load.amount)
        case .authorizing, .cancelling: break
        }
    }

    /// When a TRX, a UUID of version 7, was made.
    static func moment(of transaction: TransactionIdentifier) -> Instant {
        Instant(milliseconds: transaction.bytes.prefix(6).reduce(0) { $0 << 8 | Int64($1) })
    }
}
