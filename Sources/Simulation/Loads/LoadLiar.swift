// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import SessionKeys
import Synchronization
import Wire

/// Somebody inside the OPAL server who lies to the load server: says of a card that was credited
/// that it was not, and asks for a second credit of a load. He has the OPAL server's database and
/// its cards, and no key of an HSM.
package final class LoadLiar: Sendable {
    /// Which load responses are replaced by a negative response.
    package let denials = FaultPlan<Void>()
    private let store: FaultyStore
    private let keys: WorldKeys
    private let random: SeededRandom
    private let notice = Mutex<@Sendable (TransactionIdentifier) -> Void>({ _ in })

    init(_ store: FaultyStore, _ keys: WorldKeys, _ random: SeededRandom) {
        self.store = store
        self.keys = keys
        self.random = random
    }

    /// Tells `notice` of each lie.
    func tell(_ notice: @escaping @Sendable (TransactionIdentifier) -> Void) {
        self.notice.withLock { $0 = notice }
    }

    /// A link of the OPAL server with him at its beginning.
    func link(_ inner: any Link) -> any Link { LyingLink(inner: inner, liar: self) }

    /// What leaves instead of a request.
    fileprivate func lie(_ request: [UInt8]) async -> [UInt8] {
        guard case .loadResponse(let transaction, _) = try? LoadMessage(request),
            denials.next() != nil, let load = await load(transaction),
            let negative = await negative(load)
        else { return request }
        notice.withLock { $0 }(transaction)
        return LoadMessage.negativeResponse(negative).bytes
    }

    private func load(_ transaction: TransactionIdentifier) async -> LoadRecord? {
        guard let record = try? await store.inner.read(LoadRecord.key(transaction)),
            let bytes = try? await RecordSealer(keys.hsm, party: "opal_server").open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        else { return nil }
        return try? LoadRecord(bytes)
    }

    /// With a zero-value request, whose counter gives the lie away (step 882).
    private func negative(_ load: LoadRecord) async -> LoadRequest? {
        let client = client(of: load.card, at: load.requestedAt)
        guard let zeroAnswer = try? await client.zeroLoad(after: load.load.request) else {
            return nil
        }
        let negative = NegativeResponse(
            reason: .notCredited,
            load: load.load,
            zeroAnswer: zeroAnswer
        )
        let session = CreditSealer().session(load.page.sessionKey, load.terms.transaction)
        guard let sealed = try? await session.sealNegative(negative.bytes) else { return nil }
        return LoadRequest(terms: load.terms, proof: load.page.proof, sealed: sealed)
    }

    private func client(of card: CardIdentifier, at now: Instant) -> ClientCode {
        let emulator = Emulator(module: keys.module(), store: store.inner, random: random)
        return ClientCode(PseudoReader(card, emulator: emulator, now: { now }))
    }

    // MARK: A second credit

    /// Has a card ask once more for a load that it was asked for before, and credits it with what
    /// the load server answers.
    ///
    /// - Returns: whether the load server has issued another S2.
    func loadAgain(_ page: LoadPage, at now: Instant, over link: any Link) async -> Bool {
        guard let load = await load(page.terms.transaction) else { return false }
        let client = client(of: load.card, at: now)
        let session = CreditSealer().session(page.sessionKey, page.terms.transaction)
        guard let again = try? await client.load(page.terms.request, at: now),
            let sealed = try? await session.sealLoad(again.bytes)
        else { return false }
        let request = LoadRequest(terms: page.terms, proof: page.proof, sealed: sealed)
        guard let reply = try? await link.request(LoadMessage.loadRequest(request).bytes),
            case .loadCommand(_, let command) = try? LoadMessage(reply),
            let bytes = try? await session.openCommand(command),
            let credit = try? CreditIEP(bytes)
        else { return false }
        _ = try? await client.credit(credit, again)
        return true
    }
}

private struct LyingLink: Link {
    let inner: any Link
    let liar: LoadLiar

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        try await inner.request(await liar.lie(request))
    }
}
