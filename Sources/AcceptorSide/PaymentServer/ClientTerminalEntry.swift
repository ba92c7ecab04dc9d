// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Wire

/// Where client terminals with a card in a reader come in (FIG. 2): everybody may, so that it gives
/// the least. Draw requests and debit responses go to the payment module; a merchant's question and
/// all else is refused, and so is a sale whose S3 somebody else must compare.
package struct ClientTerminalEntry: LinkService {
    /// The name under which the payment module sees them. It has a blank, so that no certificate
    /// of a party can have it.
    package static let peer = "client terminal"

    private let module: any LinkService

    package init(to module: any LinkService) {
        self.module = module
    }

    /// `peer`: whatever the caller is called; it has no name here.
    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        let message: PartyMessage
        do throws(WireFailure) {
            message = try PartyMessage(request)
        } catch {
            return PartyMessage.refusal(.unknown, .malformed).bytes
        }
        switch message {
        case .drawRequest(let draw) where !draw.terms.policy.suitsCardInReader:
            return PartyMessage.refusal(message.transaction, .policyNotSupported).bytes
        case .drawRequest, .debitResponse:
            return await module.answer(request, from: Self.peer)
        default: return PartyMessage.refusal(message.transaction, .unknownMessage).bytes
        }
    }
}
