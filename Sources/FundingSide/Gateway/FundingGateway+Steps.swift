// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Synchronization
import Wire

// Steps.
extension FundingGateway {
    func encoded(_ message: ISOMessage) throws(GatewayFailure) -> [UInt8] {
        do throws(WireFailure) {
            return try profile.dialect.encode(message)
        } catch { throw .notEncodable(error) }
    }

    /// The answer to a request that is known.
    func repeated(
        _ record: AuthorizationRecord,
        _ request: FundingRequest,
        _ addressHash: [UInt8]
    ) throws(GatewayFailure) -> Authorization {
        guard record.terms?.areAsked(by: request, addressHash: addressHash) ?? true else {
            throw .transactionMismatch
        }
        if record.state == .asked { throw .inProgress }
        return Authorization(record)
    }

    /// Makes durable what follows from the network's answer. Whoever settled it before, a round
    /// that gave it up for instance, was right: an approval that comes after that changes nothing.
    func settle(
        _ name: AuthorizationName,
        _ decision: AuthorizationDecision
    ) async throws(GatewayFailure) -> AuthorizationRecord {
        #if PLANTED_BUGS
            var decision = decision
            if PlantedBug.isPlanted(.lateApprovalKept), decision.event == .unanswered {
                decision = AuthorizationDecision(.notSent)
            }
        #endif
        let isReversed = FundsAuthorizationState.asked.next(after: decision.event) == .reversing
        let trace = isReversed ? try await traces.next() : nil
        let moment = now()
        let record = try await book.change(name) { record throws(GatewayFailure) in
            guard let terms = record.terms, let next = record.next(after: decision.event) else {
                return nil
            }
            record.outcome = decision.outcome
            if let trace, next.isForwarded {
                let isUnknown = decision.event == .unanswered
                let message = self.messages.reversal(
                    terms,
                    decision.outcome,
                    trace,
                    at: moment,
                    because: isUnknown ? .tooLate : .cancelled
                )
                return try self.begin(message, next, .reversing, &record, at: moment)
            }
            record.state = next
            switch decision.outcome {
            case .approved(let code):
                return AuthorizationStep(.approved, at: moment, Array(code.utf8))
            case .declined(let response):
                return AuthorizationStep(.declined, at: moment, Array(response.code.utf8))
            case .unknown: return AuthorizationStep(.reversed, at: moment)
            case .addressMismatch, .codeMismatch, .notSent:
                return AuthorizationStep(.declined, at: moment)
            }
        }
        noteUnsent(record, trace)
        return record
    }

    /// Puts an advice or a reversal into the record.
    func begin(
        _ message: ISOMessage,
        _ next: FundsAuthorizationState,
        _ step: AuthorizationStep.Kind,
        _ record: inout AuthorizationRecord,
        at moment: Instant
    ) throws(GatewayFailure) -> AuthorizationStep {
        // What the network's dialect cannot say is found now, and not when nobody listens.
        _ = try encoded(message)
        record.state = next
        record.forwarded = message
        return AuthorizationStep(step, at: moment, message[.traceNumber] ?? [])
    }

    /// Remembers that an advice or a reversal which was begun with this number has never left.
    func noteUnsent(_ record: AuthorizationRecord, _ trace: TraceNumber?) {
        guard let trace, record.forwarded?[text: .traceNumber] == trace.number else { return }
        memory.withLock { _ = $0.unsent.insert(record.name) }
    }

    func hash(
        _ bytes: [UInt8],
        for name: AuthorizationName
    ) async throws(GatewayFailure) -> [UInt8] {
        do throws(ModuleFailure) {
            return try await book.seals.chain(
                bytes,
                stream: name.bytes,
                number: 1,
                previous: [UInt8](repeating: 0, count: RecordLimits.hashBytes)
            ).hash
        } catch { throw .module(error) }
    }
}
