// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Synchronization
package import Wire

/// The funding network behind the payment gateway, simulated: accounts with balances, holds and
/// captures, which answers as a script says. It keeps no clock and no connection: it says what to
/// answer and when, and whoever holds the connection does it.
package final class SimulatedNetwork: Sendable {
    package struct Profile: Sendable {
        package var dialect: ISODialect
        /// Who may sign on, and by what both ends recognise their key; empty where they share none.
        package var acquirers: [String: String]
        /// What an account that nobody opened begins with, in minor units; nil where only accounts
        /// that were opened are known.
        package var openingBalance: UInt64?

        package init(
            dialect: ISODialect,
            acquirers: [String: String],
            openingBalance: UInt64? = nil
        ) {
            self.dialect = dialect
            self.acquirers = acquirers
            self.openingBalance = openingBalance
        }
    }

    private struct Memory {
        var signedOn: Set<String> = []
        var script: NetworkScript
        /// How many messages each rule has met.
        var uses: [Int: Int] = [:]
    }

    let profile: Profile
    let book: NetworkBook
    let hash: @Sendable ([UInt8]) -> [UInt8]
    let random: any RandomSource
    let now: @Sendable () -> Instant
    private let uptime: @Sendable () -> Uptime
    private let began: Uptime
    private let memory: Mutex<Memory>

    package static let schema = RecordSchema(
        party: "funding_network",
        version: 1,
        kinds: [NetworkAccount.kind, HoldRecord.kind]
    )

    /// `store`: opened with ``schema``.
    /// `hash`: 32 bytes under a key of this party, so that the name of an account's record does not
    ///     give away its number.
    /// `random`: for approval codes.
    package init(
        _ profile: Profile,
        script: NetworkScript = .standard,
        store: any RecordStore,
        seals: any RecordSealing,
        hash: @escaping @Sendable ([UInt8]) -> [UInt8],
        random: any RandomSource,
        now: @escaping @Sendable () -> Instant,
        uptime: (@Sendable () -> Uptime)? = nil
    ) {
        self.profile = profile
        book = NetworkBook(store: store, seals: seals)
        self.hash = hash
        self.random = random
        self.now = now
        self.uptime = uptime ?? { Uptime(now()) }
        began = self.uptime()
        memory = Mutex(Memory(script: script))
    }

    /// From now on the network behaves like this; rules count anew.
    package func follow(_ script: NetworkScript) {
        memory.withLock { memory in
            memory.script = script
            memory.uses = [:]
        }
    }

    /// Whether each rule that it follows has met a message.
    package var isEachRuleMet: Bool {
        memory.withLock { memory in
            memory.script.rules.indices.allSatisfy { memory.uses[$0] != nil }
        }
    }

    /// Opens an account.
    ///
    /// - Returns: false where there is one with this number.
    package func open(_ account: NetworkAccount) async throws(StoreFailure) -> Bool {
        let write = try await book.write(account.bytes, key(of: account.number), 0)
        return try await book.store.commit(Transition(writes: [write])) == .committed
    }

    /// An account as it is now; nil where there is none.
    package func account(
        _ number: FundingAccountNumber
    ) async throws(StoreFailure) -> NetworkAccount? {
        try await book.account(key(of: number))?.value
    }

    /// Answers one message. What is durable is durable when this returns.
    package func answer(_ bytes: [UInt8]) async -> NetworkReply {
        guard let message = try? profile.dialect.decode(bytes), message.type.isQuestion else {
            return .nothing
        }
        let behaviour = behaviour(of: message)
        let answer: ISOMessage
        do throws(StoreFailure) {
            answer = try await self.answer(message, behaviour)
        } catch {
            // Whether it was stored is not known: who asks again learns it.
            return .nothing
        }
        guard let bytes = try? profile.dialect.encode(answer) else { return .nothing }
        return NetworkReply(bytes: bytes, delivery: behaviour.delivery)
    }

    private func answer(
        _ message: ISOMessage,
        _ behaviour: NetworkBehaviour
    ) async throws(StoreFailure) -> ISOMessage {
        if message.type.original == .managementRequest { return manage(message, behaviour) }
        guard let acquirer = message[text: .acquirer],
            memory.withLock({ $0.signedOn.contains(acquirer) })
        else { return try await refuse(message) }
        switch message.type.original {
        case .authorizationRequest: return try await authorize(message, behaviour)
        case .clearingAdvice, .reversalAdvice:
            if case .decline(let response) = behaviour {
                return SimulatedNetwork.answer(to: message, response)
            }
            return try await settle(message)
        default: return SimulatedNetwork.answer(to: message, .invalidTransaction)
        }
    }

    func key(of number: FundingAccountNumber) -> RecordKey {
        RecordKey(NetworkAccount.kind, hash(Array(number.digits.utf8)))
    }

    /// What the script says of a message; each message counts for the rule that it meets.
    private func behaviour(of message: ISOMessage) -> NetworkBehaviour {
        let time = uptime().since(began)
        return memory.withLock { memory in
            for (index, rule) in memory.script.rules.enumerated()
            where rule.fits(message.type, message[text: .accountNumber], at: time) {
                if let first = rule.first, memory.uses[index, default: 0] >= first { continue }
                memory.uses[index, default: 0] += 1
                return rule.behaviour
            }
            return .approve
        }
    }

    // MARK: Management

    private func manage(_ message: ISOMessage, _ behaviour: NetworkBehaviour) -> ISOMessage {
        if case .decline(let response) = behaviour {
            return SimulatedNetwork.answer(to: message, response)
        }
        guard let acquirer = message[text: .acquirer], let check = profile.acquirers[acquirer],
            let code = message[text: .managementCode].flatMap(ManagementCode.init(rawValue:))
        else { return SimulatedNetwork.answer(to: message, .notPermitted) }
        switch code {
        case .signOn: memory.withLock { _ = $0.signedOn.insert(acquirer) }
        case .signOff: memory.withLock { _ = $0.signedOn.remove(acquirer) }
        case .echo:
            guard memory.withLock({ $0.signedOn.contains(acquirer) }) else {
                return SimulatedNetwork.answer(to: message, .notPermitted)
            }
        case .keyCheck:
            let elements = try? ISOElements(message[.privateData], of: .privateData)
            guard let value = elements?[.keyCheckValue], value == check else {
                return SimulatedNetwork.answer(to: message, .keyCheckFailed)
            }
            var answer = SimulatedNetwork.answer(to: message, .approved)
            answer[.privateData] = message[.privateData]
            return answer
        }
        return SimulatedNetwork.answer(to: message, .approved)
    }

    // MARK: Answers

    /// What an answer repeats of its question. The account's number is not among it: whoever waits
    /// knows it.
    private static let repeated: [ISOFieldNumber] = [
        .processingCode, .amount, .transmissionTime, .traceNumber, .localTime, .localDate,
        .acquirer, .retrievalReference, .terminal, .merchant, .currency, .managementCode,
    ]

    static func answer(to question: ISOMessage, _ response: NetworkResponse) -> ISOMessage {
        var answer = ISOMessage(question.type.answer ?? question.type)
        for number in repeated { answer[number] = question[number] }
        answer[text: .responseCode] = response.code
        return answer
    }
}
