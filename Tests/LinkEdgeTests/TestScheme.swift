// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinkEdge
import NIOCore
import NIOPosix
import NIOSSL
import SchemeAuthority
import Synchronization
import Wire

let group = MultiThreadedEventLoopGroup.singleton

/// An authority with parties, made for a test.
struct TestScheme {
    let authority: SchemeAuthority
    let now = Date()

    init() throws {
        authority = try SchemeAuthority.make(name: "Test scheme", now: now)
    }

    func certificate(
        _ name: String,
        use: SchemeAuthority.Use = .party
    ) throws -> PartyCertificate {
        try authority.issue(name, dnsNames: ["localhost"], use: use, now: now)
    }

    func identity(_ name: String, use: SchemeAuthority.Use = .party) throws -> LinkIdentity {
        try LinkIdentity(certificate(name, use: use))
    }

    /// A server on a port that was free a moment ago. Another connection of this machine may have
    /// it by now, as its own end: then it is waited for.
    func restarted(on port: Int) async throws -> TLSLinkServer {
        var attempts = 50
        while true {
            let next = try server(port: port)
            do {
                _ = try await next.start()
                return next
            } catch let error as IOError where error.errnoCode == EADDRINUSE && attempts > 0 {
                attempts -= 1
                await next.shutdown()
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    func server(
        port: Int = 0,
        allowedPeers: Set<String>? = ["opal"],
        service: any LinkService = Echo(),
        settings: LinkSettings = .init(),
        report: @escaping LinkReporter = { _, _ in }
    ) throws -> TLSLinkServer {
        try TLSLinkServer(
            group: group,
            host: "127.0.0.1",
            port: port,
            identity: identity("payment"),
            allowedPeers: allowedPeers,
            service: service,
            settings: settings,
            report: report
        )
    }

    func link(
        to port: Int,
        host: String = "127.0.0.1",
        as name: String = "opal",
        peer: String = "payment",
        settings: LinkSettings = .init(),
        report: @escaping LinkReporter = { _, _ in }
    ) throws -> TLSLink {
        try TLSLink(
            group: group,
            host: host,
            port: port,
            peer: peer,
            identity: identity(name),
            settings: settings,
            jitter: Seeded(state: 1),
            report: report
        )
    }

    /// A TLS client configuration that a test may spoil.
    func rawClient(_ name: String? = "opal") throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(authority.certificatePEM.utf8))
        )
        if let name {
            let party = try certificate(name)
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(
                Array(party.certificatePEM.utf8)
            ).map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(party.keyPEM.utf8), format: .pem)
            )
        }
        return configuration
    }
}

extension LinkIdentity {
    init(_ party: PartyCertificate) throws {
        try self.init(
            certificatePEM: party.certificatePEM,
            keyPEM: party.keyPEM,
            authorityPEM: party.authorityPEM
        )
    }
}

typealias Outcome = Result<[UInt8], LinkFailure>

extension TLSLink {
    func outcome(of request: [UInt8]) async -> Outcome {
        do throws(LinkFailure) {
            return .success(try await self.request(request))
        } catch {
            return .failure(error)
        }
    }
}

/// Answers with the name of the caller, a colon and the request.
struct Echo: LinkService {
    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        Array(peer.utf8) + [UInt8(ascii: ":")] + request
    }
}

/// Answers when it is told to; counts what has come and what is worked on at most at once.
final class Gate: LinkService {
    private struct State {
        var isOpen = false
        var arrived = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())

    var arrived: Int { state.withLock { $0.arrived } }

    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state in
                state.arrived += 1
                if state.isOpen {
                    state.waiting.append(continuation)
                    defer { state.waiting = [] }
                    return state.waiting + Self.due(&state)
                }
                state.waiting.append(continuation)
                return Self.due(&state)
            }
            for one in ready { one.resume() }
        }
        return request
    }

    private static func due(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        let arrived = state.arrived
        let due = state.watchers.filter { $0.count <= arrived }
        state.watchers.removeAll { $0.count <= arrived }
        return due.map(\.continuation)
    }

    /// Returns when this many requests have arrived.
    func waitForArrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.arrived >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.resume() }
    }
}

/// Collects what a link or a server reports, by its text.
final class Reports: Sendable {
    private let texts = Mutex<[String]>([])

    var all: [String] { texts.withLock { $0 } }
    var reporter: LinkReporter {
        { peer, reason in self.texts.withLock { $0.append("\(peer) \(reason)") } }
    }
}

/// SplitMix64.
struct Seeded: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A client that sends bytes as they are and waits until the server closes.
final class RawClient: Sendable {
    private let channel: any Channel

    init(to port: Int, tls: TLSConfiguration?) async throws {
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil)
                        )
                    }
                    try channel.pipeline.syncOperations.addHandler(CloseOnError())
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    func send(_ bytes: [UInt8]) {
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    func waitForClose() async throws { try await channel.closeFuture.get() }
    func close() async { try? await channel.close().get() }
}

private final class CloseOnError: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension CloseOnError: Sendable {}

/// Runs the body for each number at once and collects what it returns, in no order.
func concurrently<Value: Sendable>(
    _ count: Int,
    _ body: @escaping @Sendable (Int) async -> Value
) async -> [Value] {
    await withTaskGroup(of: Value.self) { tasks in
        for number in 0..<count { tasks.addTask { await body(number) } }
        return await tasks.reduce(into: []) { $0.append($1) }
    }
}
