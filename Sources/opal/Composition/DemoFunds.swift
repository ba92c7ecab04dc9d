// SPDX-License-Identifier: Apache-2.0

import Bank
import Foundation
import FundingNetwork
import Kernel
import Keys
import RecordsSQLite
import Sites

/// Gives demo cardholders what to load from: to each an account at the bank, as its customer of the
/// same name, and the funding account of its own at the simulated network.
struct DemoFunds {
    let folder: DataFolder
    let passphrase: String?
    /// Minor units on each account.
    let amount: UInt64

    /// More than any test spends.
    static let amountMax: UInt64 = 1_000_000_00

    /// `users`: names of cardholders; the first one has ``DemoCardholder/ownAccount(_:)`` 1.
    func give(to users: [String]) async throws {
        try await openAtBank(users)
        try await openAtNetwork(users.count)
    }

    /// They share the password of the customer `demo`, and with it no password of the card site.
    private func openAtBank(_ users: [String]) async throws {
        let password = try DataFolder.read(secret: folder.bankPassword)
        let party = try await BankParty(
            folder,
            passphrase: passphrase,
            loadServer: Role.loadServer.rawValue,
            link: NoLink(),
            origin: "http://localhost"
        )
        let now = SystemClock.now()
        for user in users {
            guard let name = SignInName(user), let number = AccountNumber(user.uppercased()) else {
                throw CommandFailure("\(user) cannot be a customer of the bank.")
            }
            try await party.bank.openAccount(number, owner: name.text, .euro, .cents, now: now)
            try await party.bank.deposit(amount, into: number, now: now)
            guard try await party.customers.signIn.make(name, password: password) else {
                throw CommandFailure("The bank has a customer \(user) already.")
            }
            try await party.customers.give(number, to: name)
        }
        await party.store.close()
    }

    private func openAtNetwork(_ count: Int) async throws {
        let master = try KeyFile.read(at: folder.keyFile(.network), passphrase: passphrase)
        let store = try SQLiteStore(
            path: folder.database(.network),
            schema: SimulatedNetwork.schema
        )
        let network = NetworkParty.network(store, master, settings: FundingSettings())
        for number in 1..<count + 1 {
            let account = try DemoCardholder.networkAccount(number, opening: amount)
            guard try await network.open(account) else {
                throw CommandFailure("The network has the account of cardholder \(number) already.")
            }
        }
        await store.close()
    }
}
