// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kernel
import LoyaltyServer

struct BenefitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benefit",
        abstract: "What programmes give for points.",
        subcommands: [List.self, Put.self, Restock.self, Withdraw.self]
    )

    /// Does a step, and says in words why it was not done.
    fileprivate static func step<Value>(
        _ access: ProgrammeCommand.Access,
        _ step: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await access.step(step)
        } catch let failure as BenefitFailure {
            throw CommandFailure("It was not done: \(failure).")
        }
    }

    fileprivate static func code(_ text: String) throws -> BenefitCode {
        guard let code = BenefitCode(text) else {
            throw ValidationError("A benefit has a code of a to z, 0 to 9 and -, at most 32.")
        }
        return code
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the benefits.")

        private struct Line: Encodable {
            let code: String
            let programme: String
            let title: String
            let points: UInt64?
            let money: UInt64?
            /// `available`, `soldOut` or `withdrawn`.
            let state: String
            let left: UInt64?
            let reserved: UInt64
            let fulfilled: UInt64
            let owed: UInt64
        }

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let access = try ProgrammeCommand.Access(options)
            let lines = try await BenefitCommand.step(access) {
                try await access.benefits.list()
            }.map { view in
                Line(
                    code: view.benefit.code.text,
                    programme: view.benefit.programme.digits,
                    title: view.benefit.title,
                    points: view.benefit.price.points?.minorUnits,
                    money: view.benefit.price.money?.minorUnits,
                    state: "\(view.state)",
                    left: view.left,
                    reserved: view.reserved,
                    fulfilled: view.fulfilled,
                    owed: view.owed
                )
            }
            if output.json { return try Output.json(lines) }
            Output.table(
                [
                    "code", "programme", "title", "points", "money", "state", "left", "given",
                    "owed",
                ],
                lines.map {
                    [
                        $0.code, $0.programme, $0.title, $0.points.map(String.init) ?? "–",
                        $0.money.map(String.init) ?? "–", $0.state,
                        $0.left.map(String.init) ?? "no end", "\($0.fulfilled)", "\($0.owed)",
                    ]
                }
            )
        }
    }

    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a benefit into the catalogue, or change what is said of it."
        )

        @Argument(help: "Its code: a to z, 0 to 9 and -.")
        var code: String
        @Option(name: .long, help: "The code of its programme.")
        var programme: String
        @Option(name: .long, help: "Its title.")
        var title: String
        @Option(name: .long, help: "What the member reads before consent.")
        var description: String
        @Option(name: .long, help: "Its price in points, in minor units.")
        var points: UInt64?
        @Option(name: .long, help: "Its price in money, in minor units of EUR cents.")
        var cents: UInt64?
        @Option(name: .long, help: "Pieces of a new one; without it there is no end of them.")
        var stock: UInt64?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let currency = try ProgrammeCommand.code(programme)
            let access = try ProgrammeCommand.Access(options)
            let view = try await BenefitCommand.step(access) {
                let known = try await access.module.programme(currency).programme
                return try await access.benefits.put(
                    try benefit(of: known),
                    stock: stock,
                    now: SystemClock.now()
                )
            }
            print("\(view.benefit.code.text): \(view.benefit.title).")
        }

        private func benefit(of programme: Programme) throws -> Benefit {
            let money = cents.map { Money(minorUnits: $0, currency: .euro, exponent: .cents) }
            guard
                let price = Benefit.Price(points: points.map(programme.points), money: money),
                let benefit = Benefit(
                    code: try BenefitCommand.code(code),
                    programme: programme.code,
                    title: title,
                    description: description,
                    price: price
                )
            else {
                throw ValidationError(
                    "A benefit costs points, money or both, has a title of 1 to "
                        + "\(BenefitLimits.titleBytesMax) bytes and a description of 1 to "
                        + "\(BenefitLimits.descriptionBytesMax)."
                )
            }
            return benefit
        }
    }

    struct Restock: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say how many pieces were ever put in."
        )

        @Argument(help: "The code of the benefit.")
        var code: String
        @Argument(help: "How many, with those that were given.")
        var pieces: UInt64
        @OptionGroup var options: DataOptions

        func run() async throws {
            let code = try BenefitCommand.code(code)
            let access = try ProgrammeCommand.Access(options)
            let view = try await BenefitCommand.step(access) {
                try await access.benefits.restock(code, to: pieces, now: SystemClock.now())
            }
            print("\(code.text): \(view.left.map(String.init) ?? "no end") left.")
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Offer a benefit no more; what was ordered is given all the same."
        )

        @Argument(help: "The code of the benefit.")
        var code: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let code = try BenefitCommand.code(code)
            let access = try ProgrammeCommand.Access(options)
            _ = try await BenefitCommand.step(access) {
                try await access.benefits.withdraw(code, now: SystemClock.now())
            }
            print("\(code.text) is withdrawn.")
        }
    }
}
