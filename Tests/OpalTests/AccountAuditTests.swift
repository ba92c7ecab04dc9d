// SPDX-License-Identifier: Apache-2.0

import Foundation
import Gateway
import Kernel
import OPALServer
import Testing
import Wire

@testable import opal

/// Loads from a funding account through the gateway, as the program composes them, and what the
/// audit says of them across the parties.
@Suite(.timeLimit(.minutes(15))) struct AccountAuditTests {
    @Test(arguments: [false, true])
    func `a load is charged once and is on the card, whichever module signs it`(
        hasLoadModule: Bool
    ) async throws {
        try await FundedScheme.with { scheme in
            try await scheme.running(hasLoadModule: hasLoadModule) { running in
                guard case .loaded(let receipt) = try await running.load(10_00, scheme.folder)
                else {
                    Issue.record("it was not loaded")
                    return
                }
                // The demo cardholder begins with 25.00.
                #expect(receipt.balance == 35_00)
                await running.gateway.gateway.forwardOpen()
                let open = try await running.gateway.gateway.open()
                #expect(open == FundingGateway.Open())
                #expect(await running.gateway.health().isWell)
                // Beside the running parties.
                #expect(try await scheme.audit().findings.isEmpty)
            }
            let report = try await scheme.audit()
            #expect(report.findings.isEmpty)
            // With the check of the account at sign-up.
            #expect(report.authorizations == 2)
            #expect(report.captured == 1)
            #expect(report.authorizationsOpen == 0)
            #expect(report.capturedMinorUnits == ["0978": 10_00])
        }
    }

    @Test func `more than the account has is refused, and nothing is charged`() async throws {
        try await FundedScheme.with { scheme in
            try await scheme.running { running in
                let outcome = try await running.load(GatewayFounding.demoBalance + 1, scheme.folder)
                #expect(outcome == .refused(.insufficientFunds))
            }
            let report = try await scheme.audit()
            #expect(report.findings.isEmpty)
            #expect(report.captured == 0)
        }
    }

    /// Who is set back to before a load, and what tells of it.
    static let setBacks: [(DataFolder.Party, [String])] = [
        (.network, ["completed at the gateway, unknown at the funding network"]),
        (
            .gateway,
            [
                "captured, but the gateway has not advised it",
                "completed at the OPAL server, unknown at the gateway",
            ]
        ),
        (.opalServer, ["charged to an account, but on no card"]),
    ]

    @Test(arguments: setBacks)
    func `a party that is set back to before a load is found`(
        party: DataFolder.Party,
        expected: [String]
    ) async throws {
        try await FundedScheme.with { scheme in
            try await scheme.running { _ in }
            try scheme.keep(party)
            try await scheme.running { running in
                _ = try await running.load(10_00, scheme.folder)
                await running.gateway.gateway.forwardOpen()
            }
            #expect(try await scheme.audit().findings.isEmpty)
            try scheme.setBack(party)
            let findings = try await scheme.audit().findings
            for text in expected {
                #expect(findings.contains { $0.contains(text) }, "\(findings)")
            }
        }
    }

    @Test func `value that the load server has not authorized is found, and the card named`()
        async throws
    {
        try await FundedScheme.with { scheme in
            try await scheme.running { running in
                let card = try await running.plant(
                    7_00,
                    from: { _ in BankParty.identifier },
                    scheme.folder
                )
                try await expectFindings(
                    [
                        "on card \(card.masked) from bank \(BankParty.identifier.text), "
                            + "but the load server has authorized no such load",
                        "is on card \(card.masked) from bank",
                    ],
                    scheme
                )
            }
        }
    }

    @Test func `value that no account has paid is found, and the card named`() async throws {
        try await FundedScheme.with { scheme in
            try await scheme.running { running in
                let card = try await running.plant(
                    7_00,
                    from: { .account(of: $0.issuer) },
                    scheme.folder
                )
                try await expectFindings(
                    [
                        "on card \(card.masked), but approved for no account",
                        "is on card \(card.masked), but no load says so",
                    ],
                    scheme
                )
            }
        }
    }

    private func expectFindings(_ expected: [String], _ scheme: FundedScheme) async throws {
        let findings = try await scheme.audit().findings
        #expect(findings.count == expected.count, "\(findings)")
        for text in expected {
            #expect(findings.contains { $0.contains(text) }, "\(findings)")
        }
    }

    @Test func `a scheme that was founded and never started is clean`() async throws {
        try await FundedScheme.with { scheme in
            let findings = try await scheme.audit().findings
            #expect(findings.isEmpty)
        }
    }

    @Test(arguments: DataFolder.Party.founded)
    func `a database that was removed is found, and the others are audited`(
        party: DataFolder.Party
    ) async throws {
        try await FundedScheme.with { scheme in
            try FileManager.default.removeItem(atPath: scheme.folder.database(party))
            let findings = try await scheme.audit().findings
            #expect(findings == ["\(party.rawValue), database file: it is not there"])
        }
    }

    @Test func `a folder of an older version gets what it lacks, and keeps what it has`()
        async throws
    {
        try await FundedScheme.with { scheme in
            try await scheme.running { _ in }
            for party in [DataFolder.Party.gateway, .network] {
                try FileManager.default.removeItem(atPath: scheme.folder.folder(party))
            }
            let key = try Data(contentsOf: URL(fileURLWithPath: scheme.folder.keyFile(.bank)))
            try await Founding(folder: scheme.folder, passphrase: nil).run()
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: scheme.folder.keyFile(.bank))) == key
            )
            try await scheme.running { running in
                guard case .loaded = try await running.load(5_00, scheme.folder) else {
                    Issue.record("it was not loaded")
                    return
                }
            }
            #expect(try await scheme.audit().findings.isEmpty)
        }
    }
}

extension DataFolder.Party {
    /// Those that `opal found` makes.
    fileprivate static let founded: [Self] = [
        .opalServer, .paymentServer, .shop, .loadServer, .bank, .gateway, .network,
    ]
}
