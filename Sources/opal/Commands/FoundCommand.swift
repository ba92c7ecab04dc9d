// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import OPALServer
import RecordsSQLite
import SchemeAuthority

struct FoundCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "found",
        abstract: "Make a demo scheme in an empty data folder, for `opal serve` on this machine.",
        discussion: """
            Makes the parties with their keys, the scheme's authority, a certificate for each \
            party and one for the sites (localhost, 127.0.0.1), and as many cardholders as wanted. \
            The cardholders are called user1, user2 …; they share one password, which is kept in \
            demo-password in the data folder, readable by its owner only. The bank has the \
            customer demo, whose password is kept in bank-password.

            With --funds, each cardholder is also a customer of the bank, with an account, the \
            same name and the password in bank-password, and has a funding account of its own \
            at the simulated network; without it, all have the one of the demo on file.
            """
    )

    @Option(name: .long, help: "How many cardholders to make.")
    var users = 1
    @Option(name: .long, help: "Minor units on each new card.")
    var value: UInt64 = 25_00
    @Option(
        name: .long,
        help: "Minor units on a bank account and on a funding account for each cardholder."
    )
    var funds: UInt64?
    @OptionGroup var comparison: ComparisonOption
    @OptionGroup var options: DataOptions

    func validate() throws {
        guard (0...1000).contains(users) else {
            throw ValidationError("The number of users is 0 to 1000.")
        }
        guard value <= Founding.balanceMax else {
            throw ValidationError("The value is at most \(Founding.balanceMax) minor units.")
        }
        guard (1...DemoFunds.amountMax).contains(funds ?? 1) else {
            throw ValidationError("The funds are 1 to \(DemoFunds.amountMax) minor units.")
        }
    }

    func run() async throws {
        let folder = options.folder
        let passphrase = try options.passphrase()
        guard !DataFolder.Party.allCases.contains(where: folder.exists) else {
            throw CommandFailure(
                "\(folder.path) holds a scheme already. It was not touched. Choose an empty folder."
            )
        }
        try await Founding(
            folder: folder,
            passphrase: passphrase,
            comparison: try comparison.policy()
        ).run()
        try certificates(folder)
        try await cardholders(folder, passphrase)
        print("Made a scheme with \(users) cardholders in \(folder.path)")
    }

    private func cardholders(_ folder: DataFolder, _ passphrase: String?) async throws {
        let party = try await OPALServerParty(
            folder,
            passphrase: passphrase,
            directory: .init([:]),
            logonURL: "https://localhost:8400/sign-in"
        )
        let password = ReadablePassword.make()
        try folder.write(secret: password, to: folder.demoPassword)
        let progress = ProgressLine()
        progress.begin("cardholders", of: users)
        var names: [String] = []
        for number in 1..<users + 1 {
            names.append("user\(number)")
            try await DemoCardholder(party: party).make(
                "user\(number)",
                password: password,
                value: value,
                account: funds == nil
                    ? DemoCardholder.fundingAccount : try DemoCardholder.ownAccount(number)
            )
            progress.step()
        }
        progress.end()
        await party.store.close()
        if let funds {
            try await DemoFunds(folder: folder, passphrase: passphrase, amount: funds)
                .give(to: names)
        }
    }

    private func certificates(_ folder: DataFolder) throws {
        let authority = try SchemeAuthority.make(name: "OPAL scheme authority", now: Date())
        try authority.save(in: folder.certificates)
        let parties: [Role] = [
            .opalServer, .paymentServer, .concentrationPoint, .clearing, .shop, .bank,
            .loadServer, .gateway, .network, .airline,
        ]
        for name in parties.map(\.rawValue) {
            try authority.issue(name, dnsNames: ["localhost"], now: Date())
                .save(in: folder.certificates)
        }
        try authority.issue(
            "site",
            dnsNames: ["localhost"],
            ipAddresses: ["127.0.0.1"],
            use: .site,
            now: Date()
        ).save(in: folder.certificates)
    }
}
