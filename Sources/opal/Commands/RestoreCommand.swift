// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BackUps
import Foundation
import Kernel

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a back-up into the data folder, and see what it would set back.",
        discussion: """
            Checks every file of the back-up, copies them beside their place, and compares: with \
            the data that it replaces, with the parties that stay, with the sales that came back \
            to the issuer for payment, with newer back-ups beside it. Where a card or anything \
            else would be set back it says what, and stops; with --accept-rollback it goes on, \
            and blocks these cards. What is in the data folder is set aside and never removed.

            The servers of what is restored must not run. docs/handbook/restore.md says what to \
            do before and after.
            """
    )

    @Argument(help: "The back-up: the folder that `opal backup` has made.", completion: .directory)
    var backUp: String
    @Option(name: .long, help: "Restore this party alone, for example opal-server; repeatable.")
    var party: [String] = []
    @Flag(name: .long, help: "Set aside what is in the data folder.")
    var replace = false
    @Flag(name: .long, help: "Restore although something is set back, and block these cards.")
    var acceptRollback = false
    @Flag(name: .long, help: "Check and compare only; nothing is restored.")
    var check = false
    @Flag(name: .long, help: "Set the issuer's float back as well. See docs/decisions/0028.")
    var withFloat = false
    @Option(name: .long, help: "Where the keys are that the back-up was made without.")
    var keys: String?
    @Option(
        name: .long,
        help: "The folder of the setting `highWater`. Also by the variable OPAL_HIGH_WATER."
    )
    var highWater: String?
    @OptionGroup var options: DataOptions

    func run() async throws {
        let progress = ProgressLine()
        let backUp = try verified(progress)
        let restore = try Restore(
            backUp,
            into: options.folder,
            only: party,
            passphrase: try options.passphrase(),
            keys: keys.map(DataFolder.init),
            withFloat: withFloat
        )
        let replaced = try restore.replaced()
        guard replaced.isEmpty || replace || check else {
            throw CommandFailure(
                "\(options.folder.path) holds \(replaced.joined(separator: ", ")). Nothing was "
                    + "touched. With --replace it is set aside, or choose another folder."
            )
        }
        do {
            try restore.stage()
            try await finish(restore, progress)
        } catch {
            restore.removeStaging()
            throw error
        }
    }

    private func verified(_ progress: ProgressLine) throws -> BackUp {
        do throws(BackUpFailure) {
            let backUp = try BackUp(backUp)
            progress.begin("files", of: backUp.manifest.files.count)
            try backUp.verify(progress: progress.step)
            progress.end()
            return backUp
        } catch {
            progress.end()
            throw CommandFailure("\(backUp): \(error) Nothing was restored.")
        }
    }

    private func finish(_ restore: Restore, _ progress: ProgressLine) async throws {
        let notes = (highWater ?? ProcessInfo.processInfo.environment["OPAL_HIGH_WATER"])
            .map(HighWater.init)
        let report = try await RestoreReport(restore, progress, highWater: notes)
        print("The back-up of \(restore.backUp.manifest.time) is whole.")
        for line in report.lines { print(line) }
        if check { return restore.removeStaging() }
        guard !report.setsBack || acceptRollback else {
            throw CommandFailure(
                "Nothing was restored. With --accept-rollback it is, and the cards that go back "
                    + "are blocked."
            )
        }
        let blocked = try await restore.block(report.cardsToBlock)
        let aside = try restore.place(at: BackUpTime.text(Date()))
        try notes?.accept(options.folder, restore.parts)
        print("Restored \(restore.parts.sorted().joined(separator: ", ")).")
        if let aside { print("What was there is in \(aside).") }
        if blocked > 0 {
            print(
                "\(blocked) cards are blocked. Settle with the other parties, then "
                    + "`opal card unblock`."
            )
        }
        print("Now run `opal audit`, before the servers are started.")
    }
}
