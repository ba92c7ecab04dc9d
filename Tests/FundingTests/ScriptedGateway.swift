// SPDX-License-Identifier: Apache-2.0

import Kernel
import Simulation
import Synchronization
import Wire

/// A payment gateway as `GatewayMessage` describes it, with a funding network that does as it is
/// told. It remembers everything over a restart of the OPAL server.
final class ScriptedGateway: LinkService {
    /// What the network does with an authorization.
    enum Network: Sendable {
        case approves
        case declines(FundingDecline)
        case findsAnotherAddress
        case findsAnotherVerificationValue
        /// Approves after so long; the gateway waits for it.
        case approvesAfter(Duration)
        /// Does not answer, and takes the reversal when the test says so.
        case isSilent
        /// The gateway takes nothing.
        case isBusy
    }

    enum State: Equatable, Sendable {
        case approved(String)
        case declined(FundingDecline)
        case addressMismatch
        case verificationValueMismatch
        case reversing
        case reversed
        case completed
        case cancelled
    }

    struct Entry: Sendable {
        /// Nil where it was cancelled before it was heard of.
        let authorization: GatewayAuthorization?
        var state: State
        /// Whether the network was asked.
        var wasAsked = false
    }

    private struct Memory {
        var entries: [TransactionIdentifier: Entry] = [:]
        var plan: [Network] = []
        var usual = Network.approves
    }

    private let memory = Mutex(Memory())
    private let clock: VirtualClock

    init(_ clock: VirtualClock) {
        self.clock = clock
    }

    // MARK: The script

    /// What the network does with the next authorizations, then again as usual.
    func network(_ next: Network...) { memory.withLock { $0.plan += next } }

    /// What the network does with all authorizations that are not planned.
    func network(always usual: Network) { memory.withLock { $0.usual = usual } }

    /// The network acknowledges the reversals that it was sent.
    func acknowledgeReversals() {
        memory.withLock { memory in
            for (transaction, entry) in memory.entries where entry.state == .reversing {
                memory.entries[transaction]?.state = .reversed
            }
        }
    }

    var entries: [TransactionIdentifier: Entry] { memory.withLock(\.entries) }

    func state(_ transaction: TransactionIdentifier) -> State? { entries[transaction]?.state }

    /// How many authorizations the network has seen.
    var asked: Int { entries.values.count { $0.wasAsked } }

    /// What accounts are charged, in minor units.
    var charged: UInt64 { sum { $0 == .completed } }

    /// What is set aside on accounts and neither charged nor given back.
    var held: UInt64 { sum { if case .approved = $0 { true } else { false } } }

    private func sum(_ isWanted: (State) -> Bool) -> UInt64 {
        entries.values.filter { isWanted($0.state) }
            .reduce(0) { $0 + ($1.authorization?.amount.minorUnits ?? 0) }
    }

    // MARK: The gateway

    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard let message = try? GatewayMessage(request) else {
            return GatewayMessage.refusal(
                TransactionIdentifier(high: 0, low: 0),
                .malformed
            ).bytes
        }
        if case .authorize(let authorization) = message { await wait(for: authorization) }
        return memory.withLock { Self.answer(message, &$0).bytes }
    }

    /// A slow network: the time goes by while the gateway waits.
    private func wait(for authorization: GatewayAuthorization) async {
        let pause = memory.withLock { memory -> Duration? in
            guard memory.entries[authorization.transaction] == nil,
                case .approvesAfter(let time) = memory.plan.first ?? memory.usual
            else { return nil }
            if memory.plan.isEmpty { memory.usual = .approves } else { memory.plan[0] = .approves }
            return time
        }
        if let pause { clock.advance(by: pause) }
    }

    private static func answer(
        _ message: GatewayMessage,
        _ memory: inout Memory
    ) -> GatewayMessage {
        let transaction = message.transaction
        switch message {
        case .authorize(let authorization):
            if let known = memory.entries[transaction] {
                if let first = known.authorization, !first.hasSameTerms(as: authorization) {
                    return .refusal(transaction, .termsDiffer)
                }
            } else if let state = network(&memory, authorization) {
                memory.entries[transaction] = Entry(
                    authorization: authorization,
                    state: state,
                    wasAsked: true
                )
            } else {
                return .busy(transaction)
            }
        case .complete:
            if case .approved = memory.entries[transaction]?.state {
                memory.entries[transaction]?.state = .completed
            }
        case .cancel:
            switch memory.entries[transaction]?.state {
            case nil:
                memory.entries[transaction] = Entry(authorization: nil, state: .cancelled)
            case .approved, .reversing: memory.entries[transaction]?.state = .cancelled
            default: break
            }
        case .question: break
        default: return .refusal(transaction, .unknownMessage)
        }
        return told(memory.entries[transaction]?.state, of: transaction)
    }

    private static func network(
        _ memory: inout Memory,
        _ authorization: GatewayAuthorization
    ) -> State? {
        let next = memory.plan.isEmpty ? memory.usual : memory.plan.removeFirst()
        switch next {
        case .approves, .approvesAfter:
            return .approved("A\(BCD.digits(BCD.pack(UInt64(memory.entries.count)), count: 5))")
        case .declines(let decline): return .declined(decline)
        case .findsAnotherAddress: return .addressMismatch
        case .findsAnotherVerificationValue: return .verificationValueMismatch
        case .isSilent: return .reversing
        case .isBusy: return nil
        }
    }

    private static func told(
        _ state: State?,
        of transaction: TransactionIdentifier
    ) -> GatewayMessage {
        switch state {
        case nil: .notKnown(transaction)
        case .approved(let code): .approved(transaction, code: code)
        case .declined(let decline): .declined(transaction, decline)
        case .addressMismatch: .addressMismatch(transaction)
        case .verificationValueMismatch: .verificationValueMismatch(transaction)
        case .reversing: .unknown(transaction)
        case .reversed: .reversed(transaction)
        case .completed: .completed(transaction)
        case .cancelled: .cancelled(transaction)
        }
    }
}
