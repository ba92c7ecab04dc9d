// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization
import Wire

/// A payment gateway with a funding network that does as it is told, as far as pages show it.
final class ScriptedFunds: Link {
    /// What becomes of the next authorization.
    enum Script: Sendable {
        case approves
        case declines(FundingDecline)
        case findsAnotherAddress
        case findsAnotherVerificationValue
        /// The network has not answered yet; ``approveAll()`` ends it.
        case isSilent
        case isBusy
        /// The gateway cannot be reached.
        case isAway
    }

    private enum State {
        case approved, completed, cancelled, asking
        case declined(FundingDecline)
        case addressMismatch
        case verificationValueMismatch
    }

    private struct Memory {
        var states: [TransactionIdentifier: State] = [:]
        var authorized: [GatewayAuthorization] = []
        var script: [Script] = []
    }

    private let memory = Mutex(Memory())

    /// What becomes of the next authorizations; then each is approved.
    func plays(_ script: Script...) { memory.withLock { $0.script += script } }

    /// What the network was asked for.
    var authorized: [GatewayAuthorization] { memory.withLock(\.authorized) }

    func approveAll() {
        memory.withLock { memory in
            for (transaction, state) in memory.states {
                if case .asking = state { memory.states[transaction] = .approved }
            }
        }
    }

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        guard let message = try? GatewayMessage(request) else { throw .broken }
        let answer = memory.withLock { Self.answer(message, &$0) }
        guard let answer else { throw .notSent }
        return answer.bytes
    }

    private static func answer(_ message: GatewayMessage, _ memory: inout Memory) -> GatewayMessage?
    {
        let transaction = message.transaction
        switch message {
        case .authorize(let authorization):
            if memory.states[transaction] == nil {
                switch memory.script.isEmpty ? .approves : memory.script.removeFirst() {
                case .approves: memory.states[transaction] = .approved
                case .declines(let decline): memory.states[transaction] = .declined(decline)
                case .findsAnotherAddress: memory.states[transaction] = .addressMismatch
                case .findsAnotherVerificationValue:
                    memory.states[transaction] = .verificationValueMismatch
                case .isSilent: memory.states[transaction] = .asking
                case .isBusy: return .busy(transaction)
                case .isAway: return nil
                }
                memory.authorized.append(authorization)
            }
        case .complete:
            if case .approved = memory.states[transaction] {
                memory.states[transaction] = .completed
            }
        case .cancel: memory.states[transaction] = .cancelled
        default: break
        }
        return switch memory.states[transaction] {
        case .approved: .approved(transaction, code: "A00001")
        case .completed: .completed(transaction)
        case .cancelled: .cancelled(transaction)
        case .asking: .unknown(transaction)
        case .declined(let decline): .declined(transaction, decline)
        case .addressMismatch: .addressMismatch(transaction)
        case .verificationValueMismatch: .verificationValueMismatch(transaction)
        case nil: .notKnown(transaction)
        }
    }
}
