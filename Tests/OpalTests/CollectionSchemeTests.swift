// SPDX-License-Identifier: Apache-2.0

import Batches
import ClearingHouse
import Kernel
import Keys
import PaymentServer
import Records
import RecordsSQLite
import SecurityModule
import Synchronization
import Testing
import Wire

@testable import opal

/// Payment server and concentration point, composed as `opal up` composes them.
@Suite struct CollectionSchemeTests {
    /// The clearing house as far as these tests need it: it has every batch that a security card of
    /// the acquirer has signed, and one update.
    private struct Taker: LinkService {
        let keys: BatchKeys
        let update: SchemeUpdate

        func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
            switch try? CollectionMessage(request) {
            case .offer(let header):
                let isGenuine = try? await keys.isGenuine(header)
                let answer: CollectionMessage =
                    isGenuine == true
                    ? .acknowledged(header.name) : .refused(header.name, .signatureWrong)
                return answer.bytes
            case .updatesQuestion(0):
                return CollectionMessage.updates(revision: 1, hasMore: false, [update]).bytes
            default: return CollectionMessage.unavailable.bytes
            }
        }
    }

    private let paymentServer = Role.paymentServer.rawValue
    private let alarms = Alarms()

    private final class Alarms: Sendable {
        private let list = Mutex<[BatchAlarm]>([])
        var told: [BatchAlarm] { list.withLock { $0 } }
        func tell(_ alarm: BatchAlarm) { list.withLock { $0.append(alarm) } }
    }

    /// Opens both parties, does something with them, and closes them.
    private func running(
        _ folder: DataFolder,
        clearingHouse: any Link = NoLink(),
        _ body: (PaymentServerParty, ConcentrationParty, BatchRounds) async throws -> Void
    ) async throws {
        let payment = try await PaymentServerParty(folder, passphrase: nil, terminals: 1)
        let point = try ConcentrationParty(
            folder,
            passphrase: nil,
            paymentServer: paymentServer,
            clearingHouse: clearingHouse,
            alarm: alarms.tell
        )
        let rounds = BatchRounds(
            of: payment,
            over: DirectLink(to: point.module, as: paymentServer),
            alarm: alarms.tell
        )
        try await body(payment, point, rounds)
        await payment.store.close()
        await point.store.close()
    }

    private func taker(_ folder: DataFolder) async throws -> any Link {
        let master = LocalMasterKey.make()
        let shared = try await AcquirerBatchKey.shared(of: folder, passphrase: nil, with: master)
        let card = try #require(CardIdentifier("9900010000000017"))
        return DirectLink(
            to: Taker(
                keys: BatchKeys([
                    PaymentServerParty.acquirer: try shared.map {
                        CMACKey(try master.unwrap($0.wrapped))
                    }
                ]),
                update: .card(card, isBlocked: true)
            ),
            as: Role.concentrationPoint.rawValue
        )
    }

    /// Whether each batch of a store has come to its end.
    private func states(_ store: PartyStore) async throws -> [Bool] {
        let open = try await store.listOpen(BatchRecord.kind, after: nil, limit: 10).map(\.key)
        let all = try await store.list(
            BatchRecord.kind,
            after: nil,
            limit: 10,
            order: .ascending
        ).map(\.key)
        return all.map { !open.contains($0) }
    }

    @Test func `a batch waits at the concentration point until there is a clearing house`()
        async throws
    {
        try await FundedScheme.with { scheme in
            let batch = try await ClosedBatch(scheme.folder)
            try await running(scheme.folder) { payment, point, rounds in
                try await batch.keep(in: payment.store)
                for _ in 1...2 {
                    await rounds.send()
                    await point.forward()
                }
                #expect(try await states(payment.store) == [false])
                #expect(try await states(point.store) == [false])
            }
            let link = try await taker(scheme.folder)
            try await running(scheme.folder, clearingHouse: link) { payment, point, rounds in
                await point.forward()
                await rounds.send()
                let ended = try await states(payment.store) + states(point.store)
                #expect(ended == [true, true])
            }
            #expect(alarms.told == [])
        }
    }

    @Test func `what the clearing house says is new comes to the payment server`() async throws {
        try await FundedScheme.with { scheme in
            let link = try await taker(scheme.folder)
            try await running(scheme.folder, clearingHouse: link) { payment, point, rounds in
                await point.refreshUpdates()
                await rounds.refreshUpdates()
                let count = try await payment.store.count(SchemeUpdates.update)
                #expect(count == 1)
            }
            // It is read at the next start.
            try await running(scheme.folder) { payment, _, rounds in
                await rounds.refreshUpdates()
                let count = try await payment.store.count(SchemeUpdates.update)
                #expect(count == 1)
            }
        }
    }

    @Test func `a batch that is refused is told once, and kept`() async throws {
        try await FundedScheme.with { scheme in
            let batch = try await ClosedBatch(scheme.folder, isSigned: false)
            let link = try await taker(scheme.folder)
            try await running(scheme.folder, clearingHouse: link) { payment, point, rounds in
                try await batch.keep(in: payment.store)
                for _ in 1...3 {
                    await rounds.send()
                    await point.forward()
                }
                #expect(try await states(payment.store) == [false])
            }
            let refused = BatchAlarm.refused(batch.header.name, .signatureWrong)
            // By each of the two parties.
            #expect(alarms.told == [refused, refused])
        }
    }

    @Test func `without anybody who takes batches they are kept`() async throws {
        try await FundedScheme.with { scheme in
            let batch = try await ClosedBatch(scheme.folder)
            try await running(scheme.folder) { payment, _, _ in
                try await batch.keep(in: payment.store)
                let rounds = BatchRounds(of: payment, over: nil, alarm: alarms.tell)
                await rounds.close(.byOrder)
                await rounds.send()
                await rounds.refreshUpdates()
                #expect(try await states(payment.store) == [false])
            }
            #expect(alarms.told == [])
        }
    }
}

/// A batch of one sale as a security card of the scheme would have closed it.
private struct ClosedBatch {
    let header: BatchHeader
    private let sale: [UInt8]
    private let seals: RecordSealer

    /// `isSigned`: whether SB is right.
    init(_ folder: DataFolder, isSigned: Bool = true) async throws {
        let name = BatchName(
            SecurityCardIdentifier(acquirer: PaymentServerParty.acquirer, serial: 40),
            1
        )
        let collected = CollectedSale(
            transaction: TransactionIdentifier(high: 1, low: 2),
            merchant: try #require(MerchantIdentifier("SHOP")),
            time: CardTime(SystemClock.now()),
            amount: Money(minorUnits: 350, currency: .euro, exponent: .cents),
            card: try #require(CardIdentifier("9900010000000017")),
            cardExpiry: try #require(CardDate(bcd: 0x30_1231)),
            keyVersion: 1,
            number: 1,
            balance: 0,
            securityCard: name.securityCard,
            securityCardNumber: 1,
            issuerProof: Signature(bits: 7)
        )
        sale = collected.bytes(at: BatchPlace(name, 1))
        let access = try PartyAccess(
            folder,
            passphrase: nil,
            .paymentServer,
            PaymentModule.schema
        )
        seals = access.seals
        let exported = try await AcquirerBatchKey.export(from: access, to: access.master)
        let wrapped = try #require(exported.last?.wrapped)
        await access.store.close()
        let key = BatchKey(name.securityCard, master: CMACKey(try access.master.unwrap(wrapped)))
        let unsigned = ClosedBatch.header(
            name,
            collected.amount,
            BatchKeys().extend(BatchChain.start(of: name), with: [sale]),
            [UInt8](repeating: 0, count: BatchHeader.signatureBytes)
        )
        header =
            isSigned
            ? ClosedBatch.header(
                name,
                collected.amount,
                unsigned.digest,
                key.sign(unsigned.signedBytes)
            ) : unsigned
    }

    private static func header(
        _ name: BatchName,
        _ amount: Money,
        _ digest: [UInt8],
        _ signature: [UInt8]
    ) -> BatchHeader {
        BatchHeader(
            name: name,
            count: 1,
            totals: [BatchHeader.Total(count: 1, sum: amount)],
            digest: digest,
            closedAt: Instant(milliseconds: 1_790_000_000_000),
            signature: signature
        )
    }

    /// Keeps it as the payment server does that closed it.
    func keep(in store: any RecordStore) async throws {
        let writes = [
            try await BatchRecord(header, .waiting).write(over: 0, sealedBy: seals),
            try await CollectedRecord.write(sale, at: BatchPlace(header.name, 1), sealedBy: seals),
        ]
        #expect(try await store.commit(Transition(writes: writes)) == .committed)
    }
}
