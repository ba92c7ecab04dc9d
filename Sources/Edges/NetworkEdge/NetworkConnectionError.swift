// SPDX-License-Identifier: Apache-2.0

/// Why a connection between gateway and funding network was closed by this end, or what came on it
/// and was passed over. Nothing of a message is in it.
package enum NetworkConnectionError: Error, Equatable, Sendable {
    /// A frame announces more than a message may have.
    case frameTooLong(announced: Int)
    /// A frame announces nothing.
    case frameEmpty
    /// The connection ended inside a frame.
    case frameCut
    /// The certificate of the peer has no name, another name than expected, or one not allowed.
    case peerNotAllowed
    /// The TLS handshake took too long.
    case handshakeTooSlow
    /// Requests timed out, and nothing at all came for a long time.
    case peerSilent
    /// What came is no message in the dialect of this connection; it was passed over.
    case unreadableMessage
    /// Too much came that nobody waits for; the rest was passed over. Whoever sent it sends it
    /// again.
    case tooMuchUnasked
    /// The server has as many connections as it takes.
    case tooManyConnections
}
