// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What the simulated network does with a message.
package enum NetworkBehaviour: Hashable, Sendable {
    /// As its books say.
    case approve
    case decline(NetworkResponse)
    /// Approves, and says that the address differs: what follows is the gateway's choice.
    case addressMismatch
    /// Declines, because the CVV2 differs.
    case codeMismatch
    /// Answers after ``NetworkLimits/slowTime``.
    case slow
    /// Does its work, and does not answer.
    case silent
    /// Answers after ``NetworkLimits/lateTime``, when nobody waits any more.
    case late
    /// Does its work, then closes the connection.
    case cut

    /// What becomes of the answer.
    var delivery: NetworkReply.Delivery {
        switch self {
        case .approve, .decline, .addressMismatch, .codeMismatch: .atOnce
        case .slow: .after(NetworkLimits.slowTime)
        case .late: .after(NetworkLimits.lateTime)
        case .silent: .never
        case .cut: .cut
        }
    }
}

/// What the network has to say, and when: whoever holds the connection does it.
package struct NetworkReply: Equatable, Sendable {
    package enum Delivery: Equatable, Sendable {
        case atOnce
        case after(Duration)
        /// Nothing is sent.
        case never
        /// Nothing is sent, and the connection is closed.
        case cut
    }

    /// The answer without a frame; empty where there is none.
    package let bytes: [UInt8]
    package let delivery: Delivery

    package init(bytes: [UInt8], delivery: Delivery) {
        self.bytes = bytes
        self.delivery = delivery
    }

    static let nothing = NetworkReply(bytes: [], delivery: .never)
}
