// SPDX-License-Identifier: Apache-2.0

/// The calling end of a link between two parties: one request, one response, many under way at
/// once. A link in one process and a link over TLS are the same to its user.
package protocol Link: Sendable {
    /// Sends a request and waits for its response.
    ///
    /// `request`: the whole message, at most ``LinkLimits/messageBytesMax`` bytes.
    /// Throws `LinkFailure`. After any failure but `.notSent` and `.tooLarge` the peer may have
    ///   seen the request; ask again with the same bytes to learn what became of it.
    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8]
}

/// The answering end of a link: what a party does with a request.
package protocol LinkService: Sendable {
    /// Answers one request. It never fails: what it refuses, it answers with a refusal message.
    ///
    /// `peer`: the name in the certificate of the calling party, or the name that the
    ///   composition gave to a caller in the same process.
    func answer(_ request: [UInt8], from peer: String) async -> [UInt8]
}

/// Why no response came.
package enum LinkFailure: Error, Equatable, Sendable {
    /// No connection could be made; the peer has not seen the request.
    case notSent
    /// The connection broke before the response came.
    case broken
    /// No response within the time limit.
    case timedOut
    /// The message is larger than ``LinkLimits/messageBytesMax``.
    case tooLarge
    /// More requests are under way than ``LinkLimits/inFlightMax``; nothing was sent.
    case busy

    /// Whether the other end has surely not seen the message.
    package var hasNotLeft: Bool {
        switch self {
        case .notSent, .busy, .tooLarge: true
        case .broken, .timedOut: false
        }
    }
}

/// The bounds of a link, the same at both ends.
package enum LinkLimits {
    /// One message without its frame header.
    package static let messageBytesMax = 64 * 1024
    /// Requests under way on one connection.
    package static let inFlightMax = 1024
    /// How long a caller waits for a response.
    package static let responseTime = Duration.seconds(15)
    /// How long connecting, with the TLS handshake, may take.
    package static let connectTime = Duration.seconds(5)
    /// The pauses between attempts to connect again grow from the first to the second.
    package static let reconnectTime = Duration.milliseconds(100)...Duration.seconds(10)
}

/// A link between two parties in one process: the same port without the socket.
package struct DirectLink: Link {
    private let service: any LinkService
    private let name: String

    /// `name`: the name under which the service sees this caller.
    package init(to service: any LinkService, as name: String) {
        self.service = service
        self.name = name
    }

    package func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        if request.count > LinkLimits.messageBytesMax { throw .tooLarge }
        return await service.answer(request, from: name)
    }
}
