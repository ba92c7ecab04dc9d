// SPDX-License-Identifier: Apache-2.0

import Bank
import Foundation
import FundingNetwork
import Kernel
import Keys
import Records
import RecordsSQLite
import Sites
import Testing

@testable import opal

/// What `opal found --funds` gives to the cardholders that it makes.
@Suite(.timeLimit(.minutes(15))) struct DemoFundsTests {
    @Test func `each cardholder has a funding account of its own, and none that of the demo`()
        throws
    {
        let accounts = try (1...1000).map(DemoCardholder.ownAccount)
        #expect(Set(accounts + [DemoCardholder.fundingAccount]).count == 1001)
        #expect(accounts.allSatisfy { FundingAccountNumber($0) != nil })
    }

    @Test func `no cardholder has an account for which the network acts up`() throws {
        let accounts = try (1...9999).map(DemoCardholder.ownAccount)
        let endings = NetworkScript.standard.rules.compactMap(\.accountEnding)
        #expect(!endings.isEmpty)
        for ending in endings {
            #expect(!accounts.contains { $0.hasSuffix(ending) }, "\(ending)")
        }
    }

    @Test func `there are only so many accounts for cardholders`() {
        #expect(throws: CommandFailure.self) { try DemoCardholder.ownAccount(10_000) }
    }

    @Test func `each cardholder is a customer of the bank, with funds there and at the network`()
        async throws
    {
        try await FundedScheme.with { scheme in
            let (folder, funds) = (scheme.folder, UInt64(1_234_56))
            try await DemoFunds(folder: folder, passphrase: nil, amount: funds)
                .give(to: ["user1", "user2"])
            let party = try await BankParty(
                folder,
                passphrase: nil,
                loadServer: Role.loadServer.rawValue,
                link: NoLink(),
                origin: "http://localhost"
            )
            let password = try DataFolder.read(secret: folder.bankPassword)
            for user in ["user1", "user2"] {
                let logon = try await party.customers.signIn.logOn(
                    user,
                    password,
                    from: "test",
                    at: SystemClock.now()
                )
                guard case .signedIn(let session) = logon else {
                    Issue.record("\(user) is no customer: \(logon)")
                    continue
                }
                let numbers = try await party.customers.accounts(of: session.name)
                #expect(numbers.map(\.text) == [user.uppercased()])
                let number = try #require(numbers.first)
                #expect(try await party.bank.account(number).available == funds)
            }
            await party.store.close()
            let expected = [GatewayFounding.demoBalance, funds, funds]
            #expect(try await openings(folder).sorted() == expected)
            #expect(try await scheme.audit().findings.isEmpty)
        }
    }

    /// What the accounts at the network were opened with.
    private func openings(_ folder: DataFolder) async throws -> [UInt64] {
        let master = try KeyFile.read(at: folder.keyFile(.network), passphrase: nil)
        let store = try SQLiteStore(
            path: folder.database(.network),
            schema: SimulatedNetwork.schema
        )
        let seals = RecordSealer(master, party: SimulatedNetwork.schema.party)
        let books = try await NetworkAudit(store: store, seals: seals).run()
        await store.close()
        return books.accounts.map(\.opening)
    }
}
