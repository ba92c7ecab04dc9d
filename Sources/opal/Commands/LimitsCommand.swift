// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CardEmulator
import Kernel
import OPALServer
import RecordsSQLite
import SecurityModule
import Wire

extension CardCommand {
    /// The spending policy of one card.
    struct Limits: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a card may spend, or set it.",
            discussion: """
                Without options it shows. An option sets that limit and leaves the others; `none` \
                lifts it. Amounts are in minor units. Hours and periods go by --offset.
                """
        )

        @Argument(help: "The card number, sixteen digits.")
        var card: String
        @OptionGroup(title: "Limits") var limits: LimitOptions
        @OptionGroup(title: "Freezing and exceptions") var exceptions: ExceptionOptions
        @Option(name: .long, help: "In whose name it is set.")
        var by = CardDesk.operatorName
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func validate() throws {
            guard CardHistoryEntry.isName(by) else {
                throw ValidationError("The name has 1 to 64 bytes.")
            }
            try exceptions.validate()
        }

        func run() async throws {
            let access = try await OperatorAccess(options)
            let ended: Result<Void, any Error>
            do {
                ended = .success(try await run(access, try CardCommand.identifier(card)))
            } catch {
                ended = .failure(error)
            }
            await access.store.close()
            try ended.get()
        }

        private func run(_ access: OperatorAccess, _ card: CardIdentifier) async throws {
            let desk = access.desk
            guard let description = try await desk.describe(card) else {
                throw CommandFailure("There is no such card.")
            }
            if limits.isSet {
                let purse = description.purses[0].balance
                var next =
                    description.spending?.policy.limits
                    ?? SpendingLimits(currency: purse.currency, exponent: purse.exponent)
                try limits.change(&next)
                try check(await desk.setLimits(next, of: card, by: by))
            }
            if limits.none { try check(await desk.setLimits(nil, of: card, by: by)) }
            if let isFrozen = exceptions.isFrozen {
                try check(await desk.freeze(isFrozen, card, by: by))
            }
            if let merchant = try exceptions.merchant() {
                let end = SystemClock.now().adding(.seconds(exceptions.minutes * 60))
                let most = exceptions.atMost ?? 0
                try check(
                    await desk.allowOnce(
                        merchant,
                        minorUnitsMax: most,
                        until: end,
                        with: card,
                        by: by
                    )
                )
            }
            if let number = exceptions.withdraw {
                try check(await desk.withdraw(exception: number, of: card, by: by))
            }
            let spending = try await desk.policy(of: card).get()
            let view = LimitsView(card, spending, at: SystemClock.now())
            if output.json { return try Output.json(view) }
            Output.table(["limit", "value", "used"], view.rows)
        }

        private func check(_ outcome: Result<SpendingPolicy, SettingRefusal>) throws {
            guard case .failure(let refusal) = outcome else { return }
            throw CommandFailure(refusal.words)
        }
    }

    /// What merchants sell.
    struct Category: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show or set what merchants sell, for cards that pay some categories only.",
            discussion: "Without a merchant it lists all that are known."
        )

        private struct Line: Encodable {
            let merchant: String
            let category: String
        }

        @Argument(help: "The merchant identifier.")
        var merchant: String?
        @Argument(help: "The category, four digits of ISO 18245, or none.")
        var category: String?
        @Option(name: .long, help: "In whose name it is set.")
        var by = CardDesk.operatorName
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func validate() throws {
            if let merchant, MerchantIdentifier(merchant) == nil {
                throw ValidationError("A merchant identifier has 1 to 15 visible characters.")
            }
            if let category, category != "none", MerchantCategory(category) == nil {
                throw ValidationError("A category has four digits.")
            }
            guard CardHistoryEntry.isName(by) else {
                throw ValidationError("The name has 1 to 64 bytes.")
            }
        }

        func run() async throws {
            let access = try await OperatorAccess(options)
            let directory = access.desk.merchants
            let wanted = merchant.flatMap { MerchantIdentifier($0) }
            if let wanted, let category {
                try await directory.set(
                    MerchantCategory(category),
                    of: wanted,
                    by: by,
                    now: SystemClock.now()
                )
            }
            let found = try await directory.merchants()
            await access.store.close()
            let lines = found.filter { wanted == nil || $0.merchant == wanted }
                .map { Line(merchant: $0.merchant.text, category: $0.category?.digits ?? "none") }
            if output.json { return try Output.json(lines) }
            Output.table(["merchant", "category"], lines.map { [$0.merchant, $0.category] })
        }
    }
}

extension SettingRefusal {
    /// What the operator reads.
    fileprivate var words: String {
        switch self {
        case .unknownCard: "There is no such card."
        case .otherCurrency: "The limits are in another currency than the card."
        case .noLimits: "The card has no limits, so that there is nothing to allow."
        case .alreadyOver: "The exception would be over at once."
        case .exceptionsFull:
            "There are \(SpendingPolicy.exceptionsMax) exceptions. Withdraw one first."
        case .unknownException: "There is no such exception."
        case .alreadyEnrolled: "The card has another number of this programme."
        case .cardFull: "The card holds as many programmes as it can."
        }
    }
}
