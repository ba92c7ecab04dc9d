// SPDX-License-Identifier: Apache-2.0

import Simulation
import Synchronization
import Testing
import Wire

/// How often an attack was really played. One that meets no message proves nothing, and nobody
/// would notice.
final class Played: Sendable {
    private let number = Mutex(0)

    var count: Int { number.withLock { $0 } }
    func note() { number.withLock { $0 += 1 } }
}

extension FaultyLink {
    /// Calls `body` with a request on its way, which then arrives as it is.
    func watchRequest(
        _ number: Int = 1,
        _ body: @escaping @Sendable ([UInt8]) async throws -> Void
    ) -> Played {
        alterRequest(number) { request in
            try await body(request)
            return request
        }
    }

    /// Calls `body` with a response on its way, which then arrives as it is.
    func watchResponse(
        _ number: Int = 1,
        _ body: @escaping @Sendable ([UInt8]) async throws -> Void
    ) -> Played {
        alterResponse(number) { response in
            try await body(response)
            return response
        }
    }

    /// A request arrives as `alter` makes it.
    func alterRequest(
        _ number: Int = 1,
        _ alter: @escaping @Sendable ([UInt8]) async throws -> [UInt8]
    ) -> Played {
        let played = Played()
        plan.script(.alterRequest { await played.play($0, alter) }, at: number)
        return played
    }

    /// A response arrives as `alter` makes it.
    func alterResponse(
        _ number: Int = 1,
        _ alter: @escaping @Sendable ([UInt8]) async throws -> [UInt8]
    ) -> Played {
        let played = Played()
        plan.script(.alterResponse { await played.play($0, alter) }, at: number)
        return played
    }

    /// The next request is answered with these bytes, whatever the peer answers.
    func answer(with bytes: [UInt8]) -> Played { alterResponse { _ in bytes } }
}

extension Played {
    /// What an attack makes of bytes; where it fails, the test does, and the bytes stay.
    fileprivate func play(
        _ bytes: [UInt8],
        _ attack: @Sendable ([UInt8]) async throws -> [UInt8]
    ) async -> [UInt8] {
        do {
            let altered = try await attack(bytes)
            note()
            return altered
        } catch {
            Issue.record(error, "the attack was not played")
            return bytes
        }
    }
}
