// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClientTerminal
import Foundation
import Traces

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

            With --reader it pays with the card in a PC/SC reader instead: no card site is visited \
            and no password is asked for. It speaks with the payment servers that --payment-server \
            names and with no others; for a shop of this computer, those of this computer need no \
            name. What a crash left open is finished first; without an address nothing else is done.

            All requests are in one trace (W3C Trace Context), which the JSON receipt names: that \
            of the environment variable TRACEPARENT, or a new one.

            Exit codes:
            \(exitCodes)
              64  an option is not known or lacks its value
            """
    )

    @Argument(help: "The address of the article's or the order's page.")
    var address: String?

    @Option(
        name: .customLong("reader"),
        defaultAsFlag: "",
        parsing: .next,
        help: ArgumentHelp(
            "Pay with the card in this PC/SC reader, or in the only one with a card.",
            valueName: "name"
        )
    )
    var readerName: String?

    @Option(
        help: ArgumentHelp(
            "A payment server that the card in the reader may be used with; may be repeated.",
            valueName: "address"
        )
    )
    var paymentServer: [String] = []

    @Flag(help: "With --reader: agree beforehand to whatever amount the shop asks for.")
    var yes = false

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

    /// `--reader ADDRESS`: the name is left out.
    mutating func validate() throws {
        if address == nil, let name = readerName, name.contains("://") {
            (address, readerName) = (name, "")
        }
        guard address != nil || readerName != nil else {
            throw ValidationError("Give the address of an article or of an order.")
        }
        guard readerName != nil || (paymentServer.isEmpty && !yes) else {
            throw ValidationError("--payment-server and --yes are for --reader.")
        }
        guard readerName == nil || (user == nil && passwordFile == nil && cardSite == nil) else {
            throw ValidationError("A card in a reader needs no user, password or card site.")
        }
    }

    func run() async throws {
        let settings = try settings()
        if let readerName {
            return try await payByCard(in: readerName.isEmpty ? nil : readerName, settings)
        }
        let address = try url(address ?? "")
        let password = try readPassword()
        let terminal = ClientTerminal(
            settings,
            compare: ResultLock.open,
            trace: PayCommand.trace()
        )
        let report = await terminal.pay(at: address) {
            [user] bill throws(TerminalFailure) in
            try PayCommand.credentials(for: bill, user: user, password: password)
        }
        try end(report)
    }

    /// The payment's part of the trace of whoever started the command, or a trace of its own.
    static func trace() -> TraceContext {
        var random = SystemRandomNumberGenerator()
        return ProcessInfo.processInfo.environment["TRACEPARENT"]
            .flatMap { TraceContext(header: $0)?.child(using: &random) }
            ?? .begun(using: &random)
    }

    func url(_ text: String) throws -> URL {
        guard let address = URL(string: text) else {
            throw PayCommand.notAllowed("\(text) is no address.")
        }
        return address
    }

    /// Prints the report; anything but paid is an exit code of its own.
    func end(_ report: PaymentReport) throws {
        print(json ? try report.json() : report.text)
        if report.outcome != .paid { throw ExitCode(report.outcome.exitCode) }
    }

    private func settings() throws -> TerminalSettings {
        var settings = TerminalSettings(folder: output)
        settings.authorityFile = authorityFile
        settings.allowsPlainHTTP = insecureHTTP
        if let cardSite {
            guard let origin = URL(string: cardSite).flatMap(Origin.init) else {
                throw PayCommand.notAllowed("\(cardSite) is no address of a site.")
            }
            settings.cardSite = origin
        }
        for text in paymentServer {
            guard let origin = URL(string: text).flatMap(Origin.init) else {
                throw PayCommand.notAllowed("\(text) is no address of a payment server.")
            }
            settings.paymentServers.insert(origin)
        }
        return settings
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
    static func warn(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }

    static func notAllowed(_ text: String) -> ExitCode {
        warn(text)
        return ExitCode(PaymentOutcome.notAllowed.exitCode)
    }

    private static let exitCodes = PaymentOutcome.allCases
        .sorted { $0.exitCode < $1.exitCode }
        .map { "  \($0.exitCode)  \($0.meaning)" }.joined(separator: "\n")
}
