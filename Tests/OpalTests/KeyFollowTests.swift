// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import OPALServer
import Records
import Testing

@testable import HSM
@testable import opal

/// A running OPAL server follows what is done to the keys of its issuers.
@Suite(.timeLimit(.minutes(15))) struct KeyFollowTests {
    private static func damage(
        _ issuer: IssuerIdentifier,
        _ opal: OPALServerParty
    ) async throws {
        let write = RecordWrite.put(
            OPALServer.Issuer.key(issuer),
            expectedRevision: 0,
            body: [UInt8](repeating: 0xA5, count: 80)
        )
        #expect(try await opal.store.commit(Transition(writes: [write])) == .committed)
    }

    @Test func `An end of a version is learnt of beside an issuer whose record does not open`()
        async throws
    {
        try await FundedScheme.with { scheme in
            try await scheme.running { running in
                let opal = running.opal
                let card = try await running.cardholder(scheme.folder).card
                try await Self.damage(try #require(IssuerIdentifier("110000")), opal)
                let yesterday = CivilDate(day: SystemClock.now().day - 1)
                let isChanged = try await opal.desk.change(card.issuer) { issuer in
                    issuer.use(2)
                    issuer.end(1, lastDay: CardDate(yesterday))
                }
                #expect(isChanged)
                let time = CardTime(SystemClock.now())
                #expect(!opal.module.hasEnded(1, of: card, at: time))

                let problems = await opal.followKeys()
                #expect(opal.module.hasEnded(1, of: card, at: time))
                #expect(problems.count == 1)
                #expect(problems.values.first?.contains("issuer 110000") == true)
            }
        }
    }

    @Test func `A key that does not open keeps no other from being learnt of`() async throws {
        try await FundedScheme.with { scheme in
            try await scheme.running { running in
                let opal = running.opal
                let issuer = try await running.cardholder(scheme.folder).card.issuer
                let write = RecordWrite.put(
                    OPALServer.Issuer.key(try #require(IssuerIdentifier("110000")), version: 1),
                    expectedRevision: 0,
                    body: [UInt8](repeating: 0xA5, count: 80)
                )
                #expect(try await opal.store.commit(Transition(writes: [write])) == .committed)
                let name = SoftwareModule.KeyName(issuer: issuer, version: 2)
                // As the command does it, in another module of the same key file.
                let other = SoftwareModule(opal.master)
                let made = try await IssuerKeys.write(
                    try other.makeKeys(name),
                    of: issuer,
                    version: 2,
                    sealedBy: RecordSealer(opal.master, party: OPALServerRecords.schema.party)
                )
                #expect(try await opal.store.commit(Transition(writes: [made])) == .committed)
                #expect(!opal.module.holds(name))

                let problems = await opal.followKeys()
                #expect(opal.module.holds(name))
                #expect(Array(problems.keys) == ["issuer key 11000001"])
            }
        }
    }
}
