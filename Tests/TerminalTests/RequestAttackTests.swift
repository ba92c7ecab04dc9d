// SPDX-License-Identifier: Apache-2.0

import Kernel
import PaymentServer
import SecurityModule
import Simulation
import TerminalHost
import Testing
import Wire

/// Somebody between payment server and terminal plays with the requests, at each step and for each
/// place that compares S3.
@Suite struct RequestAttackTests {
    /// What a terminal has on record.
    private struct Standing: Equatable {
        let description: SecurityCardDescription?
        let entries: [String]

        init(_ host: RemoteHost) async throws {
            description = await host.description()
            let report = try await host.audit.run()
            #expect(report.findings.isEmpty)
            entries = report.entries.map { "\($0.number) \($0.transaction) \($0.state)" }.sorted()
        }
    }

    /// Plays with each of these in front of the request of the step, which then comes; each is
    /// refused, and the terminal has nothing else on record.
    private func expectRefused(
        _ attacked: AttackedStep,
        at hosts: [RemoteHost],
        _ forgeries: @escaping @Sendable (_ request: [UInt8]) -> [[UInt8]]
    ) async throws {
        let played = attacked.tap.playedCount
        attacked.tap.watchNext(attacked.step.kind) { request in
            let forged = forgeries(request)
            #expect(!forged.isEmpty)
            for host in hosts {
                let before = try? await Standing(host)
                for (index, bytes) in forged.enumerated() {
                    let answer = await host.module.answer(bytes, from: AttackedStep.payments)
                    guard case .undelivered = try? TerminalMessage(answer) else {
                        Issue.record("forgery \(index) is taken")
                        continue
                    }
                }
                let after = try? await Standing(host)
                #expect(before != nil && before == after)
            }
        }
        try await attacked.expectEnd()
        #expect(attacked.tap.playedCount == played + 1)
    }

    @Test(arguments: StepCase.all)
    func `a request with any byte changed or missing does nothing`(
        stepCase: StepCase
    ) async throws {
        let attacked = try await AttackedStep(stepCase)
        try await expectRefused(attacked, at: [attacked.host]) { request in
            request.indices.flatMap { position in
                [UInt8(0x01), 0x80].map { mask in
                    var changed = request
                    changed[position] ^= mask
                    return changed
                } + [Array(request.prefix(position))]
            }
        }
    }

    @Test(arguments: StepCase.all)
    func `an answer that comes back as a request does nothing`(stepCase: StepCase) async throws {
        let attacked = try await AttackedStep(stepCase)
        let answers = (attacked.earlier + attacked.elsewhere).map(\.answer)
        let host = attacked.host
        let header = TerminalHeader(terminal: host.name, securityCard: host.securityCard)
        var forgeries = answers
        for answer in answers {
            guard case .answer(_, let sealed) = try TerminalMessage(answer) else {
                throw Refusal.malformed
            }
            forgeries.append(TerminalMessage.request(header, sealed: sealed).bytes)
        }
        let all = forgeries
        try await expectRefused(attacked, at: [host]) { _ in all }
    }

    @Test(arguments: StepCase.all)
    func `a request to one terminal does nothing at another`(stepCase: StepCase) async throws {
        let attacked = try await AttackedStep(stepCase)
        let (host, other) = (attacked.world.hosts[0], attacked.world.hosts[1])
        let headers = [
            TerminalHeader(terminal: other.name, securityCard: other.securityCard),
            TerminalHeader(terminal: host.name, securityCard: other.securityCard),
            TerminalHeader(terminal: other.name, securityCard: host.securityCard),
        ]
        try await expectRefused(attacked, at: [other]) { request in
            guard case .request(_, let sealed) = try? TerminalMessage(request) else { return [] }
            return [request] + headers.map { TerminalMessage.request($0, sealed: sealed).bytes }
        }
    }

    /// Two security cards of one host share its key: the seal is bound to the header.
    @Test func `a request to one security card of a host does not open for another`() async throws {
        let world = try await World.remote(1)
        let host = try #require(world.hosts.first)
        await world.payments.refreshTerminals()
        let request = try #require(host.link.exchanges.last?.request)
        guard case .request(let header, let sealed) = try TerminalMessage(request) else {
            throw Refusal.malformed
        }
        _ = try await host.terminalKeys.openRequest(sealed, header: header.bytes)
        let other = TerminalHeader(
            terminal: host.name,
            securityCard: SecurityCardIdentifier(acquirer: 7, serial: 2)
        )
        await #expect(throws: ModuleFailure.sealBroken) {
            try await host.terminalKeys.openRequest(sealed, header: other.bytes)
        }
    }

    /// A draw of a sale that was given up opens a number in vain, which the payment server gives
    /// up; all else has the answer that it had before.
    @Test(arguments: StepCase.all)
    func `what was asked before and comes again counts, gives up and takes nothing more`(
        stepCase: StepCase
    ) async throws {
        let attacked = try await AttackedStep(stepCase)
        let (host, tap) = (attacked.host, attacked.tap)
        // Before the step, on its way, and after it.
        try await replay(attacked.earlier, at: host)
        let played = tap.playedCount
        tap.watchNext(stepCase.step.kind) { request in
            try? await replay(attacked.earlier, at: host)
            _ = await host.module.answer(request, from: AttackedStep.payments)
        }
        #expect(await attacked.take())
        #expect(tap.playedCount == played + 1)
        try await replay(tap.exchanges, at: host)
        await attacked.world.payments.refreshTerminals()
        try await attacked.expectEnd(isTaken: true)
    }

    private func replay(_ exchanges: [Tap.Exchange], at host: RemoteHost) async throws {
        #expect(!exchanges.isEmpty)
        let before = try await Standing(host)
        for exchange in exchanges {
            let answer = await host.module.answer(exchange.request, from: AttackedStep.payments)
            guard case .answer = try TerminalMessage(answer) else {
                Issue.record("\(exchange.kind) has no answer")
                continue
            }
        }
        let after = try await Standing(host)
        #expect(after.description?.totals == before.description?.totals)
        // What was on record stays as it was.
        #expect(Set(after.entries).isSuperset(of: before.entries))
    }
}
