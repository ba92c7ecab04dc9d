// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Simulation
import Sites
import Testing

/// Keys of an issuer are changed by two persons, who are written down before anything is done.
@Suite struct KeyAgreementTests {
    private typealias Credentials = OperatorDesk.Credentials

    private static let password = "four words for this one"
    private static let first = Credentials(
        name: ConsoleFixture.name,
        password: ConsoleFixture.password
    )
    private static let second = Credentials(name: "second", password: password)

    private func agree(
        _ fixture: ConsoleFixture,
        _ first: Credentials = Self.first,
        _ second: Credentials = Self.second,
        on change: KeyChange = .make(version: 2)
    ) async throws -> KeyAgreement {
        try await fixture.operators.agree(
            on: change,
            ofKeysOf: .issuer(fixture.world.issuer.identifier),
            by: first,
            and: second,
            at: fixture.world.now
        )
    }

    private func fixture(second role: OperatorRole) async throws -> ConsoleFixture {
        let fixture = try await ConsoleFixture()
        let isNew = try await fixture.operators.add(
            try #require(OperatorName("second")),
            password: Self.password,
            as: role,
            at: fixture.world.now
        )
        #expect(isNew)
        return fixture
    }

    private func acts(_ fixture: ConsoleFixture) async throws -> [OperatorJournal.Act] {
        let issuer = fixture.world.issuer.identifier
        return try await fixture.operators.journal.acts(onKeysOf: issuer)
    }

    @Test func `two persons agree, and the journal has both names`() async throws {
        let fixture = try await fixture(second: .everything)
        #expect(try await agree(fixture) == .agreed)
        let act = try #require(try await acts(fixture).first)
        #expect(act.kind == .keyVersionMade)
        #expect(act.operatorName == ConsoleFixture.name)
        #expect(act.reason == "version 2, with second")
        #expect(try await fixture.audit.run() == [])
    }

    @Test func `the end of a version stands in the journal with its last day`() async throws {
        let fixture = try await fixture(second: .everything)
        let lastDay = try #require(CardDate(bcd: 0x26_1231))
        let change = KeyChange.retire(version: 1, lastDay: lastDay, liveCards: 0)
        #expect(try await agree(fixture, on: change) == .agreed)
        let act = try #require(try await acts(fixture).first)
        #expect(act.kind == .keyVersionRetired)
        #expect(act.reason == "version 1, last day 261231, with second")
    }

    @Test func `the acquirer's key is changed by the acquirer's operators, and not by an issuer's`()
        async throws
    {
        for (role, isReached) in [
            (OperatorRole.acquirer, true), (.everything, true), (.auditor, false),
            (.issuer(try #require(IssuerIdentifier("990001"))), false),
        ] {
            let fixture = try await fixture(second: role)
            let agreement = try await fixture.operators.agree(
                on: .makeBatchKey(version: 1),
                ofKeysOf: .acquirer,
                by: Self.first,
                and: Self.second,
                at: fixture.world.now
            )
            #expect(agreement == (isReached ? .agreed : .mayNot("second")))
            #expect(try await fixture.audit.run() == [])
        }
    }

    @Test func `and with the live cards that it stops`() async throws {
        let fixture = try await fixture(second: .everything)
        let lastDay = try #require(CardDate(bcd: 0x26_1231))
        let change = KeyChange.retire(version: 1, lastDay: lastDay, liveCards: 3)
        #expect(try await agree(fixture, on: change) == .agreed)
        let reason = try await acts(fixture).first?.reason
        #expect(reason == "version 1, last day 261231, despite 3 live cards, with second")
    }

    @Test func `the issuer's own operator may agree`() async throws {
        let world = try await ConsoleFixture().world
        let fixture = try await fixture(second: .issuer(world.issuer.identifier))
        #expect(try await agree(fixture) == .agreed)
    }

    @Test func `nobody agrees with himself, whatever his password`() async throws {
        let fixture = try await fixture(second: .everything)
        #expect(try await agree(fixture, Self.first, Self.first) == .samePerson)
        #expect(try await acts(fixture) == [])
    }

    @Test func `a wrong password of either one is no agreement`() async throws {
        let fixture = try await fixture(second: .everything)
        let wrong = Credentials(name: "second", password: "another one")
        #expect(try await agree(fixture, Self.first, wrong) == .notBelieved("second"))
        #expect(try await agree(fixture, wrong, Self.first) == .notBelieved("second"))
        let nobody = Credentials(name: "nobody", password: Self.password)
        #expect(try await agree(fixture, Self.first, nobody) == .notBelieved("nobody"))
        #expect(try await acts(fixture) == [])
    }

    @Test(arguments: [OperatorRole.auditor, .acquirer])
    func `a role that does not reach the keys is no agreement`(role: OperatorRole) async throws {
        let fixture = try await fixture(second: role)
        #expect(try await agree(fixture) == .mayNot("second"))
        #expect(try await acts(fixture) == [])
    }
}
