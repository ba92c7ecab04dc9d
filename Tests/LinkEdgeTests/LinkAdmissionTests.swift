// SPDX-License-Identifier: Apache-2.0

import LinkEdge
import NIOSSL
import SchemeAuthority
import Testing
import Wire

/// Who may call, and what a hostile peer can do.
@Suite(.timeLimit(.minutes(15))) struct LinkAdmissionTests {
    private func isRefused(_ link: TLSLink) async -> Bool {
        // In TLS 1.3 a caller learns of the refusal after it has sent.
        let outcome = await link.outcome(of: [1])
        return outcome == .failure(.broken) || outcome == .failure(.notSent)
    }

    /// The server goes on serving the right caller, and nobody else reached the service.
    private func expectServing(
        _ scheme: TestScheme,
        _ port: Int,
        _ gate: Gate,
        requests: Int = 1
    ) async throws {
        let link = try scheme.link(to: port)
        #expect(try await link.request([9]) == [9])
        #expect(gate.arrived == requests)
        await link.close()
    }

    private func openGate() -> Gate {
        let gate = Gate()
        gate.open()
        return gate
    }

    @Test func `a name that is not allowed is refused`() async throws {
        let scheme = try TestScheme()
        let gate = openGate()
        let reports = Reports()
        let server = try scheme.server(service: gate, report: reports.reporter)
        let port = try await server.start()
        let link = try scheme.link(to: port, as: "shop")
        #expect(await isRefused(link))
        #expect(reports.all == ["shop peerNotAllowed"])
        try await expectServing(scheme, port, gate)
        await link.close()
        await server.shutdown()
    }

    @Test func `without a list every party of the scheme may call`() async throws {
        let scheme = try TestScheme()
        let server = try scheme.server(allowedPeers: nil)
        let link = try scheme.link(to: await server.start(), as: "shop")
        #expect(try await link.request([]) == Array("shop:".utf8))
        await link.close()
        await server.shutdown()
    }

    @Test func `a party of another authority is refused by both ends`() async throws {
        let scheme = try TestScheme()
        let other = try TestScheme()
        let gate = openGate()
        let server = try scheme.server(allowedPeers: nil, service: gate)
        let port = try await server.start()
        let stranger = try other.link(to: port)
        #expect(await isRefused(stranger))
        // It trusts this scheme, but its own certificate is of the other.
        let certificate = try other.certificate("opal")
        let identity = try LinkIdentity(
            certificatePEM: certificate.certificatePEM,
            keyPEM: certificate.keyPEM,
            authorityPEM: scheme.authority.certificatePEM
        )
        let trusting = try TLSLink(
            group: group,
            host: "127.0.0.1",
            port: port,
            peer: "payment",
            identity: identity
        )
        #expect(await isRefused(trusting))
        try await expectServing(scheme, port, gate)
        await stranger.close()
        await trusting.close()
        await server.shutdown()
    }

    @Test func `the certificate of a site is refused as a caller`() async throws {
        let scheme = try TestScheme()
        let gate = openGate()
        let server = try scheme.server(allowedPeers: nil, service: gate)
        let port = try await server.start()
        let link = try TLSLink(
            group: group,
            host: "127.0.0.1",
            port: port,
            peer: "payment",
            identity: scheme.identity("opal", use: .site)
        )
        #expect(await isRefused(link))
        try await expectServing(scheme, port, gate)
        await link.close()
        await server.shutdown()
    }

    @Test func `a peer with another name than expected gets no request`() async throws {
        let scheme = try TestScheme()
        let gate = openGate()
        let server = try scheme.server(service: gate)
        let reports = Reports()
        // Also not by a further name in its certificate.
        let port = try await server.start()
        for name in ["bank", "localhost"] {
            let link = try scheme.link(to: port, peer: name, report: reports.reporter)
            await #expect(throws: LinkFailure.notSent) { try await link.request([1]) }
            await link.close()
        }
        #expect(reports.all == ["bank peerNotAllowed", "localhost peerNotAllowed"])
        #expect(gate.arrived == 0)
        await server.shutdown()
    }

    @Test func `a caller without certificate is refused`() async throws {
        let scheme = try TestScheme()
        let gate = openGate()
        let server = try scheme.server(allowedPeers: nil, service: gate)
        let port = try await server.start()
        let client = try await RawClient(to: port, tls: scheme.rawClient(nil))
        client.send([0, 0, 0, 34, 0, 0, 0, 0, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 25) + [1])
        try await client.waitForClose()
        try await expectServing(scheme, port, gate)
        await server.shutdown()
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `TLS before 1.3 is refused`(version: TLSVersion) async throws {
        let scheme = try TestScheme()
        let gate = openGate()
        let server = try scheme.server(service: gate)
        let port = try await server.start()
        var configuration = try scheme.rawClient()
        configuration.minimumTLSVersion = version
        configuration.maximumTLSVersion = version
        let client = try await RawClient(to: port, tls: configuration)
        client.send([0, 0, 0, 34, 0, 0, 0, 0, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 25) + [1])
        if version == .tlsv12 {
            try await client.waitForClose()
            try await expectServing(scheme, port, gate)
        } else {
            await gate.waitForArrivals(1)
            await client.close()
        }
        await server.shutdown()
    }

    @Test func `a header that announces too much closes that connection alone`() async throws {
        let scheme = try TestScheme()
        let gate = openGate()
        let reports = Reports()
        let server = try scheme.server(service: gate, report: reports.reporter)
        let port = try await server.start()
        let link = try scheme.link(to: port)
        _ = try await link.request([1])
        let client = try await RawClient(to: port, tls: scheme.rawClient())
        client.send([0x7F, 0xFF, 0xFF, 0xFF])
        try await client.waitForClose()
        #expect(reports.all == ["opal frameTooLong(announced: 2147483647)"])
        #expect(try await link.request([2]) == [2])
        await link.close()
        await server.shutdown()
    }

    @Test(arguments: 0..<20)
    func `garbage and frames cut short do not disturb others`(seed: UInt64) async throws {
        var random = Seeded(state: seed)
        let scheme = try TestScheme()
        let server = try scheme.server()
        let port = try await server.start()
        let isInside = Bool.random(using: &random)
        let client = try await RawClient(to: port, tls: isInside ? scheme.rawClient() : nil)
        var bytes = (0..<Int.random(in: 0...500, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        if Bool.random(using: &random) { bytes = [0, 0, 0, 200] + bytes.prefix(100) }
        client.send(bytes)
        let link = try scheme.link(to: port)
        #expect(try await link.request([]) == Array("opal:".utf8))
        await client.close()
        #expect(try await link.request([]) == Array("opal:".utf8))
        await link.close()
        await server.shutdown()
    }

    @Test func `a peer that never shakes hands is put out`() async throws {
        let scheme = try TestScheme()
        var settings = LinkSettings()
        settings.connectTime = .milliseconds(100)
        let reports = Reports()
        let server = try scheme.server(settings: settings, report: reports.reporter)
        let client = try await RawClient(to: await server.start(), tls: nil)
        try await client.waitForClose()
        #expect(reports.all.count == 1)
        #expect(reports.all.allSatisfy { $0.hasSuffix("handshakeTooSlow") })
        await server.shutdown()
    }

    @Test func `connections above the limit are closed`() async throws {
        let scheme = try TestScheme()
        var settings = LinkSettings()
        settings.connectionsMax = 1
        let server = try scheme.server(settings: settings)
        let port = try await server.start()
        let link = try scheme.link(to: port)
        _ = try await link.request([1])
        let client = try await RawClient(to: port, tls: nil)
        try await client.waitForClose()
        _ = try await link.request([2])
        await link.close()
        await server.shutdown()
    }
}
