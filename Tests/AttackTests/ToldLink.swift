// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Wire

/// A payment server that answers what it is told to.
final class ToldLink: Link {
    private let reply = Mutex<(bytes: [UInt8], played: Played)>(([], Played()))

    /// Answers with these bytes from now on.
    func tell(_ bytes: [UInt8]) -> Played {
        let played = Played()
        reply.withLock { $0 = (bytes, played) }
        return played
    }

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        let (bytes, played) = reply.withLock { $0 }
        played.note()
        return bytes
    }
}

/// Answers each request with itself.
struct Reflector: Link {
    let played = Played()

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        played.note()
        return request
    }
}
