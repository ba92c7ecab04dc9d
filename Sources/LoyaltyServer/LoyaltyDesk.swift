// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// Where OPAL servers tell the loyalty server of purchases (`docs/messages/points.md`). It keeps
/// nothing: what it answers follows from what ``LoyaltyModule`` has made durable.
package struct LoyaltyDesk: LinkService {
    private let module: LoyaltyModule
    /// By the names of their links: nobody else is served.
    private let opalServers: Set<String>
    private let now: @Sendable () -> Instant

    /// `now`: asked once for each message.
    package init(
        module: LoyaltyModule,
        opalServers: Set<String>,
        now: @escaping @Sendable () -> Instant
    ) {
        self.module = module
        self.opalServers = opalServers
        self.now = now
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        await reply(to: request, from: peer).bytes
    }

    private func reply(to request: [UInt8], from peer: String) async -> PointsMessage {
        let message: PointsMessage
        do throws(WireFailure) {
            message = try PointsMessage(request)
        } catch { return .refusal(.transaction(of: request), .malformed) }
        guard case .purchase(let notice) = message else {
            return .refusal(.transaction(of: request), .unknownMessage)
        }
        // Whoever is not served has no programme here.
        guard opalServers.contains(peer) else {
            return .refusal(notice.transaction, .unknownProgramme)
        }
        do throws(LoyaltyFailure) {
            try await module.note(notice, now: now())
            return .noted(notice.transaction)
        } catch { return .refusal(notice.transaction, PointsRefusal(error)) }
    }
}

extension PointsRefusal {
    /// What an OPAL server is told of why a purchase was not noted.
    fileprivate init(_ failure: LoyaltyFailure) {
        self =
            switch failure {
            case .unknownProgramme: .unknownProgramme
            case .transactionMismatch, .transactionContradicts: .termsDiffer
            case .unknownMember: .unknownMember
            case .amountTooLarge: .aboveMaximum
            case .busy: .busy
            // It may be mended, and the notice come again.
            default: .storeUnavailable
            }
    }
}

extension TransactionIdentifier {
    /// That of a message which is not readable otherwise: behind version and type.
    fileprivate static func transaction(of message: [UInt8]) -> TransactionIdentifier {
        guard message.first == PointsMessage.version, message.count >= 18,
            let transaction = TransactionIdentifier(Hex.text(Array(message[2..<18])))
        else { return .unknown }
        return transaction
    }
}
