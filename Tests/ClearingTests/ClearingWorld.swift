// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Crypto
import Kernel
import Keys
import Records
import SecurityModule
import Simulation
import Synchronization
import Testing
import Wire

/// An issuer that says what a test wants of a sale, by its transaction, and of what it has swept;
/// other sales it proves.
final class PlayedIssuer: LinkService {
    private struct State {
        var proofs: [UInt64: SaleProof] = [:]
        var sweeps: [SweepNotice] = []
        var ignoresPlace = false
        var isAway = false
        var asked = 0
    }

    private let state = Mutex(State())

    func sweep(_ notice: SweepNotice) { state.withLock { $0.sweeps.append(notice) } }

    /// Answers questions for sweeps from the first one, always.
    func ignoresPlace(_ isSo: Bool = true) { state.withLock { $0.ignoresPlace = isSo } }

    func say(_ proof: SaleProof, of transaction: UInt64) {
        state.withLock { $0.proofs[transaction] = proof }
    }

    func set(isAway: Bool) { state.withLock { $0.isAway = isAway } }
    var asked: Int { state.withLock(\.asked) }

    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        let message = try? IssuerMessage(request)
        if case .sweepsQuestion(_, let number)? = message { return sweeps(after: number).bytes }
        guard case .prove(let sales)? = message else { return IssuerMessage.unavailable.bytes }
        return state.withLock { state in
            if state.isAway { return IssuerMessage.unavailable.bytes }
            state.asked += sales.count
            let proofs = sales.map { bytes in
                let sale = try? CollectedSale.read(bytes).sale
                return sale.map { state.proofs[$0.transaction.low] ?? .proved } ?? .forged
            }
            return IssuerMessage.proved(proofs).bytes
        }
    }

    private func sweeps(after number: UInt64) -> IssuerMessage {
        state.withLock { state in
            if state.isAway { return .unavailable }
            let behind = state.ignoresPlace ? 0 : number
            let found = state.sweeps.filter { $0.number > behind }
            let page = Array(found.prefix(IssuerMessage.sweepsMax))
            return .sweeps(page, hasMore: found.count > page.count)
        }
    }
}

/// A clearing house with an issuer, an acquirer and its merchants.
struct ClearingWorld {
    static let sender = "concentration-point"
    /// 2026-11-28 14:00.
    static let noon = Instant(milliseconds: 1_795_874_400_000)

    let store: any RecordStore
    let sealing: RecordSealer
    let issuer = PlayedIssuer()
    let bin: IssuerIdentifier
    let house: ClearingHouse
    static let keys = BatchKeys([acquirer: [CMACKey(batchMaster)]])

    init(
        store: any RecordStore = MemoryStore(),
        fee: FeeRule = .none,
        payoutMinimum: UInt64 = 1,
        master: LocalMasterKey = .make()
    ) async throws {
        self.store = store
        sealing = RecordSealer(master, party: ClearingRecords.schema.party)
        bin = try #require(IssuerIdentifier("999001"))
        house = ClearingHouse(
            store: store,
            sealing: sealing,
            batches: Self.keys,
            issuers: { [bin, issuer] in
                $0 == bin ? DirectLink(to: issuer, as: "clearing-house") : nil
            }
        )
        try await found(fee, payoutMinimum)
    }

    private func found(_ fee: FeeRule, _ payoutMinimum: UInt64) async throws {
        let own = try payee("Clearing")
        let unit = ClearingTerms.Unit(
            .euro,
            .cents,
            account: own,
            payoutMinimum: payoutMinimum
        )
        let terms = ClearingTerms(
            units: [unit, ClearingTerms.Unit(.yen, .units, account: own)],
            fees: [ClearingTerms.Fee(.euro, nil, fee)]
        )
        try await house.set(try #require(terms))
        try await house.set(
            ClearedIssuer(bin, name: "City", payee: payee("City"), pools: [.euro, .yen])
        )
        try await house.set(
            ClearedAcquirer(
                acquirer,
                name: "Acquirer",
                payee: payee("Acquirer"),
                senders: [Self.sender]
            )
        )
        try await house.set(merchant("SHOP"))
        try await house.set(merchant("CAFE"))
    }

    func payee(_ name: String) throws -> Payee {
        try #require(Payee(name: name, account: "DE\(name)", bic: "BANKDEFF"))
    }

    func merchant(
        _ name: String,
        acquirer: UInt32 = acquirer,
        currencies: [Currency] = [.euro, .yen],
        fees: FeeSchedule = FeeSchedule()
    ) throws -> ClearedMerchant {
        ClearedMerchant(
            try identifier(name),
            name: name,
            acquirer: acquirer,
            accounts: try currencies.map {
                ClearedMerchant.Account($0, try payee(name), fees: fees)
            }
        )
    }

    func identifier(_ name: String) throws -> MerchantIdentifier {
        try #require(MerchantIdentifier(name))
    }

    // MARK: Collection

    func ask(
        _ message: CollectionMessage,
        as peer: String = sender
    ) async throws -> CollectionMessage {
        try CollectionMessage(await house.answer(message.bytes, from: peer))
    }

    /// Sends a batch as a concentration point does.
    @discardableResult
    func send(_ batch: PlayedBatch) async throws -> CollectionMessage {
        var answer = try await ask(.offer(batch.header))
        while case .wanted(batch.name, let index) = answer, index <= batch.header.count {
            answer = try await ask(batch.part(from: Int(index)))
        }
        return answer
    }

    @discardableResult
    func credit() async throws -> ClearingHouse.CreditReport {
        try await house.credit { Self.noon }
    }

    /// Sends batches, and credits them.
    @discardableResult
    func clear(_ batches: PlayedBatch...) async throws -> ClearingHouse.CreditReport {
        for batch in batches {
            #expect(try await send(batch) == .acknowledged(batch.name))
        }
        return try await credit()
    }

    // MARK: Books

    func balance(
        _ owner: LedgerAccount.Owner,
        _ currency: Currency = .euro
    ) async throws -> ExactAmount {
        try await house.account(LedgerAccount(owner, currency))?.balance ?? .zero
    }

    func merchantBalance(_ name: String = "SHOP") async throws -> ExactAmount {
        try await balance(.merchant(identifier(name)))
    }

    func audit() async throws -> ClearingAudit.Report {
        try await ClearingAudit(store: store, sealing: sealing, batches: Self.keys).run {}
    }

    func expectSound(_ place: SourceLocation = #_sourceLocation) async throws {
        let report = try await audit()
        #expect(report.findings.map(\.description) == [], sourceLocation: place)
        for books in report.books.values { #expect(books.sum == .zero, sourceLocation: place) }
    }

    /// The reasons of sales that wait in suspense, by their transactions.
    func suspended() async throws -> [UInt64: SuspenseReason] {
        let all = try await house.suspended(limit: 1_000)
        return Dictionary(uniqueKeysWithValues: all.map { ($0.sale.transaction.low, $0.reason) })
    }
}

extension ExactAmount {
    static func cents(_ units: Int64) -> ExactAmount {
        ExactAmount(trillionths: Int128(units) * ExactAmount.unit(.cents))
    }
}
