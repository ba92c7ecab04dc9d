// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Crypto
import Foundation
import Kernel
import Keys
import Records
import RecordsSQLite
import SecurityModule
import Wire

/// One batch of a million sales of a thousand merchants through the clearing house, beside the bare
/// store that commits the same transitions: each of them goes to both databases, one after the
/// other, so that both meet the same machine. The issuer proves each sale without a look: what it
/// costs to check S6 is measured with the card core.
struct ClearingBench {
    private static let sales = 1_000_000
    private static let merchants = 1_000
    private static let acquirer: UInt32 = 1
    private static let issuer = "999001"
    /// 2026-11-28 14:00.
    private static let now = Instant(milliseconds: 1_795_874_400_000)
    private static let sender = "concentration"

    let folder: String
    private let master = CMACKey(SymmetricKey(size: .bits256))

    init(folder: String) {
        self.folder = folder
    }

    func run(_ report: inout Report) async throws {
        let (inner, bare) = (try store("clearing"), try store("bare"))
        let twin = TwinStore(inner, bare)
        let house = ClearingHouse(
            store: twin,
            sealing: RecordSealer(.make(), party: ClearingRecords.schema.party),
            batches: BatchKeys([Self.acquirer: [master]]),
            issuers: { _ in DirectLink(to: ProvingIssuer(), as: "clearing") }
        )
        try await found(house)
        let header = try header()
        twin.reset()
        var making = Duration.zero
        let intake = try await timed { try await send(header, to: house, &making) } - making
        try note(&report, "intake", intake, twin)
        let first = residentMiB()
        twin.reset()
        let crediting = try await timed {
            let result = try await house.credit { Self.now }
            guard result.cleared == Self.sales else { throw BenchFailure("a sale did not clear") }
        }
        try note(&report, "crediting", crediting, twin)
        report.note(
            String(
                format: "    memory: %.0f MiB after intake, %.0f MiB at the end",
                first,
                residentMiB()
            )
        )
        await inner.close()
        await bare.close()
    }

    private func note(
        _ report: inout Report,
        _ name: String,
        _ elapsed: Duration,
        _ twin: TwinStore
    ) throws {
        let (bare, own) = (twin.bareTime, elapsed - twin.bareTime)
        var row = Row("clearing, \(name): sales", of: Self.sales, in: own)
        row.memoryMiB["bench"] = residentMiB()
        try report.add(row)
        try report.add(Row("bare store: the same transitions", of: Self.sales, in: bare))
        report.note(String(format: "    \(name) / bare store: %.2f", bare / own))
    }

    private func timed(_ work: () async throws -> Void) async throws -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        try await work()
        return clock.now - start
    }

    private func store(_ name: String) throws -> SQLiteStore {
        let path = "\(folder)/\(name)-\(UInt32.random(in: 0...UInt32.max)).sqlite"
        return try SQLiteStore(path: path, schema: ClearingRecords.schema)
    }

    private func found(_ house: ClearingHouse) async throws {
        guard let payee = Payee(name: "Bench", account: "BENCH"),
            let fee = FeeRule(rate: 12_345, minimum: .zero, perBatch: .zero),
            let issuer = IssuerIdentifier(Self.issuer),
            let terms = ClearingTerms(
                units: [ClearingTerms.Unit(.euro, .cents, account: payee)],
                fees: [ClearingTerms.Fee(.euro, nil, fee)]
            )
        else { throw BenchFailure("a name was refused") }
        try await house.set(terms)
        try await house.set(ClearedIssuer(issuer, name: "Bench", payee: payee, pools: [.euro]))
        try await house.set(
            ClearedAcquirer(Self.acquirer, name: "Bench", payee: payee, senders: [Self.sender])
        )
        for index in 0..<Self.merchants {
            let merchant = ClearedMerchant(
                try Self.merchant(index),
                name: "Bench",
                acquirer: Self.acquirer,
                accounts: [ClearedMerchant.Account(.euro, payee)]
            )
            try await house.set(merchant)
        }
    }

    private static func merchant(_ index: Int) throws -> MerchantIdentifier {
        guard let merchant = MerchantIdentifier("BENCH\(index)") else {
            throw BenchFailure("a name was refused")
        }
        return merchant
    }

    // MARK: The batch

    private static let name = BatchName(SecurityCardIdentifier(acquirer: acquirer, serial: 1), 1)

    /// Sales from an index on, which counts from 0; each time the same.
    private static func part(from first: Int) throws -> [[UInt8]] {
        try (first..<min(first + CollectionMessage.partMax, sales)).map { index in
            let mixed = UInt64(index) &* 0x9E37_79B9_7F4A_7C15
            guard let card = CardIdentifier("9990010000000014"),
                let expiry = CardDate(bcd: 0x29_1231),
                let time = CardTime(bcd: 0x2026_1128_120000)
            else { throw BenchFailure("a number was refused") }
            let sale = CollectedSale(
                transaction: TransactionIdentifier(high: mixed, low: UInt64(index)),
                merchant: try merchant(Int(mixed >> 40) % merchants),
                time: time,
                amount: Money(minorUnits: mixed >> 52 + 1, currency: .euro, exponent: .cents),
                card: card,
                cardExpiry: expiry,
                keyVersion: 1,
                number: UInt32(index + 1),
                balance: 10_000,
                securityCard: name.securityCard,
                securityCardNumber: UInt32(index + 1),
                issuerProof: Signature(bits: mixed)
            )
            return sale.bytes(at: BatchPlace(name, UInt32(index + 1)))
        }
    }

    private func header() throws -> BatchHeader {
        let keys = BatchKeys()
        var (digest, totals) = (keys.start(of: Self.name), BatchTotals())
        for first in stride(from: 0, to: Self.sales, by: CollectionMessage.partMax) {
            let part = try Self.part(from: first)
            digest = keys.extend(digest, with: part)
            for sale in part {
                guard totals.add(try CollectedSale.read(sale).sale.amount) else {
                    throw BenchFailure("a sum is too large")
                }
            }
        }
        func header(_ signature: [UInt8]) -> BatchHeader {
            BatchHeader(
                name: Self.name,
                count: UInt32(Self.sales),
                totals: totals.list,
                digest: digest,
                closedAt: Self.now,
                signature: signature
            )
        }
        let unsigned = header([UInt8](repeating: 0, count: BatchHeader.signatureBytes))
        let key = BatchKey(Self.name.securityCard, master: master)
        return header(key.sign(unsigned.signedBytes))
    }

    /// `making`: how long it took to make the sales, which is not the clearing house's work.
    private func send(
        _ header: BatchHeader,
        to house: ClearingHouse,
        _ making: inout Duration
    ) async throws {
        let clock = ContinuousClock()
        var message = CollectionMessage.offer(header)
        while true {
            let bytes = await house.answer(message.bytes, from: Self.sender)
            switch try CollectionMessage(bytes) {
            case .wanted(_, let index):
                let start = clock.now
                let part = try Self.part(from: Int(index) - 1)
                making += clock.now - start
                message = .part(Self.name, from: index, sales: part)
            case .acknowledged: return
            case let other: throw BenchFailure("the batch was not taken: \(other)")
            }
        }
    }

    private struct ProvingIssuer: LinkService {
        func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
            guard case .prove(let sales)? = try? IssuerMessage(request) else {
                return IssuerMessage.unavailable.bytes
            }
            return IssuerMessage.proved(sales.map { _ in .proved }).bytes
        }
    }
}
