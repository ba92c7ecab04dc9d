// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kernel
import NIOCore
import Simulation
import Sites
import Synchronization
import Testing
import Wire

@Suite struct ClientTerminalSiteTests {
    /// Answers with what it was asked, and remembers by whom.
    private final class Echo: LinkService {
        let peers = Mutex<[String]>([])

        func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
            peers.withLock { $0.append(peer) }
            return request.reversed()
        }
    }

    private let echo = Echo()
    private let clock = VirtualClock()

    private func post(
        _ bodies: [[UInt8]],
        as mediaType: String = "application/octet-stream"
    ) async throws -> [TestResponse] {
        let site = ClientTerminalSite(
            service: echo,
            clientAddress: ClientAddress(trustsProxy: false),
            now: { [clock] in clock.now }
        )
        let responses = Mutex<[TestResponse]>([])
        try await Application(router: site.router()).test(.router) { client in
            for body in bodies {
                let response = try await client.executeRequest(
                    uri: "/messages",
                    method: .post,
                    headers: [.contentType: mediaType],
                    body: ByteBuffer(bytes: body)
                )
                responses.withLock { $0.append(response) }
            }
        }
        return responses.withLock { $0 }
    }

    @Test func `bytes go in, bytes come out, and the caller has no name`() async throws {
        let response = try #require(try await post([[1, 2, 3]]).first)
        #expect(response.status == .ok)
        #expect(Array(response.body.readableBytesView) == [3, 2, 1])
        #expect(response.headers[.contentType] == "application/octet-stream")
        #expect(response.headers[.cacheControl] == "no-store")
        #expect(echo.peers.withLock { $0 } == [""])
    }

    @Test func `what a form of a page can send is refused`() async throws {
        for type in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""] {
            #expect(try await post([[1]], as: type).first?.status == .unsupportedMediaType)
        }
        #expect(echo.peers.withLock { $0.isEmpty })
    }

    @Test func `a message that is too large is refused`() async throws {
        let max = ClientTerminalLimits.messageBytesMax
        let bodies = [[UInt8](repeating: 1, count: max), [UInt8](repeating: 1, count: max + 1)]
        #expect(try await post(bodies).map(\.status) == [.ok, .contentTooLarge])
    }

    @Test func `one address sends only so many messages at a time`() async throws {
        let count = ClientTerminalLimits.messagesPerAddress
        let statuses = try await post([[UInt8]](repeating: [1], count: count + 1)).map(\.status)
        #expect(statuses.count { $0 == .ok } == count)
        #expect(statuses.last == .tooManyRequests)
    }
}
