// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

// What clearing houses are told of disputes, and what they tell.
extension DisputeDesk: LinkService {
    /// Answers a clearing house that is known by its name; everybody else learns nothing.
    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard clearingHouses.contains(peer), let message = try? IssuerMessage(request) else {
            return IssuerMessage.unavailable.bytes
        }
        do throws(UserFailure) {
            switch message {
            case .disputesQuestion(let issuer, let transaction):
                return try await notices(of: issuer, after: transaction).bytes
            case .disputeReport(let transaction, let report):
                return try await take(report, of: transaction).bytes
            default: return IssuerMessage.unavailable.bytes
            }
        } catch {
            return IssuerMessage.unavailable.bytes
        }
    }

    private func notices(
        of issuer: IssuerIdentifier,
        after transaction: TransactionIdentifier
    ) async throws(UserFailure) -> IssuerMessage {
        let (disputes, hasMore) = try await openDisputes(of: issuer, after: transaction)
        return .disputes(disputes.map { DisputeNotice($0) }, hasMore: hasMore)
    }

    /// Notes that the merchant is asked, its answer, and a charge-back that is not made. The same
    /// report changes nothing when it comes again.
    private func take(
        _ report: DisputeReport,
        of transaction: TransactionIdentifier
    ) async throws(UserFailure) -> IssuerMessage {
        let moment = now()
        let outcome = try await change(transaction) { dispute, rest in
            _ = dispute.ask(at: moment)
            if let answer = report.answer { _ = dispute.note(answer, rest: rest, at: moment) }
            if let refusal = report.refusal {
                let outcome = RefundOutcome.refused(refusal.reason)
                _ = dispute.end(refusal.number, outcome, rest: rest, at: moment)
            }
            return nil
        }
        switch outcome {
        case .success(let dispute): return .dispute(DisputeNotice(dispute))
        case .failure: return .noDispute(transaction)
        }
    }
}
