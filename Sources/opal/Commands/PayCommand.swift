// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClientTerminal
import Foundation

/// `opal pay`: pays for an article or an order without a browser.
struct PayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pay",
        abstract: "Pay for what a shop's page shows, without a browser.",
        discussion: """
            Give the address of an article or of an order. The command shows shop and amount, asks \
            for user identifier and password, pays at the card site, brings the sealed result back \
            to the shop, and saves what was bought. It prints the order's address: given again, it \
            says how the order stands and takes nothing for an order that is paid.

            The password goes to the card site alone, never to the shop. Which site that is, the \
            shop's page says; with --card-site the password is given to no other.

            Exit codes:
            \(exitCodes)
              64  an option is not known or lacks its value
            """
    )

    @Argument(help: "The address of the article's or the order's page.")
    var address: String

    @Option(help: "The user identifier at the card site. Without it the command asks.")
    var user: String?

    @Option(
        help: ArgumentHelp(
            "A file whose first line is the password. Without it the command asks.",
            valueName: "file"
        )
    )
    var passwordFile: String?

    @Option(help: ArgumentHelp("The folder for what was bought.", valueName: "folder"))
    var output = "."

    @Option(
        help: ArgumentHelp(
            "The only site that is given the password, such as https://card.example.",
            valueName: "address"
        )
    )
    var cardSite: String?

    @Option(
        name: .customLong("ca"),
        help: ArgumentHelp("Certificates in PEM that are trusted as well.", valueName: "file")
    )
    var authorityFile: String?

    @Flag(help: "Allow http over a network, for a trial. Whoever listens learns the password.")
    var insecureHTTP = false

    @Flag(help: "Print the receipt as one JSON object.")
    var json = false

    func run() async throws {
        guard let address = URL(string: address) else {
            throw PayCommand.notAllowed("\(address) is no address.")
        }
        var settings = TerminalSettings(folder: output)
        settings.authorityFile = authorityFile
        settings.allowsPlainHTTP = insecureHTTP
        if let cardSite {
            guard let origin = URL(string: cardSite).flatMap(Origin.init) else {
                throw PayCommand.notAllowed("\(cardSite) is no address of a site.")
            }
            settings.cardSite = origin
        }
        let password = try readPassword()
        let report = await ClientTerminal(settings, compare: ResultLock.open).pay(at: address) {
            [user] bill throws(TerminalFailure) in
            try PayCommand.credentials(for: bill, user: user, password: password)
        }
        print(json ? try report.json() : report.text)
        if report.outcome != .paid { throw ExitCode(report.outcome.exitCode) }
    }

    /// Before anything is ordered, so that a wrong path costs nothing.
    private func readPassword() throws -> SecretText? {
        guard let passwordFile else { return nil }
        do {
            let file = try PasswordFile(path: passwordFile)
            if file.isOpenToOthers {
                PayCommand.warn(
                    "\(passwordFile) can be read by others on this computer: chmod 600 it."
                )
            }
            return file.password
        } catch {
            throw PayCommand.notAllowed(error.text)
        }
    }

    private static func credentials(
        for bill: Bill,
        user: String?,
        password: SecretText?
    ) throws(TerminalFailure) -> Credentials {
        let summary = """
            Pay \(bill.amount) to \(bill.merchant) for “\(bill.article)”.
            The card site is \(bill.cardSite.text).
            """
        if let user, let password {
            warn(summary)
            return Credentials(user: SecretText(user), password: password)
        }
        let prompt = try SecretPrompt()
        prompt.say(summary + "\nWhat you type is not shown; Ctrl-C pays nothing.\n")
        let identifier =
            if let user { SecretText(user) } else { try prompt.ask("User identifier: ") }
        let secret = if let password { password } else { try prompt.ask("Password: ") }
        return Credentials(user: identifier, password: secret)
    }

    /// On the standard error, so that the receipt stands alone in the output.
    private static func warn(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }

    private static func notAllowed(_ text: String) -> ExitCode {
        warn(text)
        return ExitCode(PaymentOutcome.notAllowed.exitCode)
    }

    private static let exitCodes = PaymentOutcome.allCases
        .sorted { $0.exitCode < $1.exitCode }
        .map { "  \($0.exitCode)  \($0.meaning)" }.joined(separator: "\n")
}
