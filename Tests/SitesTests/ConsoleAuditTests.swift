// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Sites
import Testing
import Wire

/// The audit names each record of the desk that somebody changed, and no whole card number.
@Suite struct ConsoleAuditTests {
    /// What the desk keeps: figures of an hour, how far they are counted, what was open then, the
    /// numbers of sales, roles, changes of operators, acts at the clearing house, and changes of
    /// limits that wait.
    private static let kinds = [
        RecordKind("figure_hour", keyBytes: 4...4), RecordKind("figure_cursor", keyBytes: 1...1),
        RecordKind("figure_open", keyBytes: 17...17), RecordKind("sale_number", keyBytes: 12...12),
        RecordKind("operator_role", keyBytes: 1...32),
        RecordKind("operator_change", keyBytes: 32...32),
        RecordKind("limit_proposal", keyBytes: 8...8), OperatorJournal.clearingKind,
        OperatorJournal.keysKind,
    ]

    /// How acts are named, which are not by their kind.
    private static let places = [
        "operator_change": "changes of operator second",
        "operator_clearing": "acts at the clearing house",
        "operator_keys": "acts on the keys of issuer",
    ]

    /// A desk at which a bit of everything has happened.
    /// What commands of the host write down.
    private func noteCommands(_ fixture: ConsoleFixture) async throws {
        let kinds: [OperatorJournal.Act.Kind] = [
            .feeChanged, .termsChanged, .valueSwept, .sweepReturned, .dormancyRuleChanged,
        ]
        for kind in kinds {
            try await fixture.operators.journal.writeOnClearing(
                OperatorJournal.Act(kind, at: fixture.world.now, byHost: "all in EUR")
            )
        }
    }

    private func desk() async throws -> ConsoleFixture {
        let fixture = try await ConsoleFixture()
        _ = try await fixture.pay()
        // Debited, and open when it is passed.
        let stuck = try await fixture.world.page(try await fixture.world.order())
        fixture.world.link.plan.script(.dropRequest, at: 2)
        _ = await fixture.world.pay(stuck)
        fixture.world.clock.advance(by: .seconds(3_600))
        try await fixture.count()
        let second = try #require(OperatorName("second"))
        _ = try await fixture.operators.add(
            second,
            password: "four words for this one",
            as: .auditor,
            at: fixture.world.now
        )
        let third = try #require(OperatorName("third"))
        let password = "five words for this other"
        _ = try await fixture.operators.add(
            third,
            password: password,
            as: .everything,
            at: fixture.world.now
        )
        _ = try await fixture.operators.agree(
            on: .make(version: 2),
            ofKeysOf: .issuer(fixture.world.issuer.identifier),
            by: .init(name: ConsoleFixture.name, password: ConsoleFixture.password),
            and: .init(name: third.text, password: password),
            at: fixture.world.now
        )
        try await fixture.operators.journal.writeOnClearing(
            OperatorJournal.Act(.dayClosed, at: fixture.world.now, by: second)
        )
        try await noteCommands(fixture)
        let digits = fixture.world.cards[0].digits
        try await fixture.work { browser async throws in
            try await browser.open("/cards")
            let card = try await browser.send("/cards/find", ["text": digits]).location
            try await browser.open("\(card)/limits")
            var fields = Dictionary(
                uniqueKeysWithValues: [
                    "day", "week", "month", "dayCount", "weekCount", "monthCount", "merchants",
                    "categories", "hours",
                ].map { ($0, "") }
            )
            fields["purchase"] = "5.00"
            fields["merchantsRule"] = "all"
            fields["categoriesRule"] = "all"
            fields["clock"] = "0"
            #expect(try await browser.send("\(card)/limits", fields).location.hasSuffix("/limits"))
        }
        return fixture
    }

    @Test func `a record that was changed is named by its kind`() async throws {
        let fixture = try await desk()
        let store = fixture.world.opalStore
        #expect(try await fixture.audit.run().isEmpty)
        for kind in Self.kinds {
            let page = try await store.list(kind, after: nil, limit: 1, order: .ascending)
            let record = try #require(page.first, "\(kind.name)")
            var body = record.body
            body[body.count / 2] ^= 1
            try await put(record, body, over: record.revision, store)
            let findings = try await fixture.audit.run()
            #expect(findings.count == 1, "\(kind.name)")
            let place = findings.first?.place ?? ""
            #expect(place.contains(Self.places[kind.name] ?? kind.name))
            for card in fixture.world.cards { #expect(!place.contains(card.digits)) }
            // The audit goes on with the next kind alone.
            let damaged = try #require(try await store.read(record.key))
            _ = try await store.commit(
                Transition(writes: [.delete(record.key, expectedRevision: damaged.revision)])
            )
        }
    }

    private func put(
        _ record: Record,
        _ body: [UInt8],
        over revision: UInt64,
        _ store: any RecordStore
    ) async throws {
        let write = RecordWrite.put(
            record.key,
            expectedRevision: revision,
            body: body,
            reply: record.reply,
            isOpen: record.isOpen
        )
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
    }
}
