// SPDX-License-Identifier: Apache-2.0

package import FundingNetwork
import Gateway
import HSM
import Kernel
import Keys
import Records
import Synchronization
package import Wire

/// The funding network of a ``World`` behind the payment gateway, simulated, with one account.
package final class NetworkHost: Sendable {
    private struct State {
        var network: SimulatedNetwork?
        var life = Life()
        /// STANs by class of message and RRN.
        var traces: [String: Set<String>] = [:]
        /// Answers that came when nobody waited any more; only where things take no time.
        var late: [[UInt8]] = []
    }

    package let store = FaultyStore(MemoryStore())
    private let master = LocalMasterKey.make()
    private let fates: Fates
    private let random: SeededRandom
    private let state = Mutex(State())

    static let acquirer = "400123"
    static let keyCheckValue = "A1B2C3"
    /// What is on the account that everybody pays from, in minor units.
    package static let opening: UInt64 = 20_000

    init(_ fates: Fates, _ random: SeededRandom) {
        self.fates = fates
        self.random = random
        start(fates.life(.network))
    }

    /// The network as it runs now.
    package var network: SimulatedNetwork {
        guard let network = state.withLock(\.network) else {
            preconditionFailure("It runs from the beginning.")
        }
        return network
    }

    /// Starts it anew from its store; who had signed on has to sign on again.
    package func start() { start(fates.begin(.network)) }

    private func start(_ life: Life) {
        let (fates, hasher) = (fates, TokenHasher(master))
        let network = SimulatedNetwork(
            SimulatedNetwork.Profile(
                dialect: .ascii1987,
                acquirers: [Self.acquirer: Self.keyCheckValue],
                openingBalance: Self.opening
            ),
            script: NetworkScript([]),
            store: fates.store(store, .network, life),
            seals: RecordSealer(master, party: "funding_network"),
            hash: { hasher.hash($0) },
            random: random,
            now: { fates.now(of: .network) },
            uptime: { Uptime(fates.clock.now) }
        )
        state.withLock { ($0.network, $0.life) = (network, life) }
    }

    /// Advices and reversals that came under more than one STAN, by class and RRN.
    package var renumbered: [String] {
        state.withLock { $0.traces.filter { $0.value.count > 1 }.map(\.key).sorted() }
    }

    /// A hold as stored; nil where it does not open.
    func hold(_ record: Record) async -> HoldRecord? {
        await open(record).flatMap { try? HoldRecord($0) }
    }

    func account(_ record: Record) async -> NetworkAccount? {
        await open(record).flatMap { try? NetworkAccount($0) }
    }

    private func open(_ record: Record) async -> [UInt8]? {
        try? await RecordSealer(master, party: "funding_network").open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
    }

    package var audit: NetworkAudit {
        NetworkAudit(
            store: store.inner,
            seals: RecordSealer(master, party: "funding_network")
        )
    }
}

/// The network's end of the connection: answers when its script says, or never.
extension NetworkHost: Link {
    package func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        let (network, life) = state.withLock { ($0.network, $0.life) }
        guard let network, !life.isOver else { throw .notSent }
        note(request)
        let reply = await network.answer(request)
        if life.isOver { throw .broken }
        switch reply.delivery {
        case .atOnce: break
        case .after(let time):
            if fates.pace != nil {
                await fates.clock.sleep(for: time)
            } else if time > GatewayLimits.answerTime {
                state.withLock { $0.late.append(reply.bytes) }
                throw .timedOut
            }
        case .never: throw .timedOut
        case .cut: throw .broken
        }
        return reply.bytes
    }

    /// The answers that are late.
    func takeLate() -> [[UInt8]] {
        state.withLock { state in
            defer { state.late = [] }
            return state.late
        }
    }

    private func note(_ request: [UInt8]) {
        guard let message = try? ISODialect.ascii1987.decode(request),
            message.type.original == .clearingAdvice || message.type.original == .reversalAdvice,
            let reference = message[text: .retrievalReference],
            let trace = message[text: .traceNumber]
        else { return }
        let key = "\(message.type.original) \(reference)"
        state.withLock { _ = $0.traces[key, default: []].insert(trace) }
    }
}
