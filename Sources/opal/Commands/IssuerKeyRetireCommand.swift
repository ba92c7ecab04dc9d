// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClearingHouse
import Kernel
import OPALServer
import Sites

extension IssuerCommand.Key {
    struct Retire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let nothing be drawn from cards of a key version behind a day.",
            discussion: """
                Refused where cards hang on it that are neither expired nor renewed. The clearing \
                house of the data folder tells payment servers, and takes no sale from behind that \
                day. What was drawn before is proved and put back as ever: the keys stay in the \
                vault. It is not taken back.
                """
        )

        @OptionGroup var whose: Whose
        @Argument(help: "The version, as `opal issuer key list` says.")
        var version: UInt8
        @Option(name: .long, help: "The last day, 2026-12-31, in UTC; else today.")
        var lastDay: String?
        @Flag(
            name: .long,
            help: "Yesterday was the last day: for stolen keys. Today's sales are set aside."
        )
        var atOnce = false
        @Flag(name: .long, help: "Also where live cards have it: they must be renewed to pay.")
        var despiteCards = false
        @OptionGroup var persons: TwoPersons
        @OptionGroup var options: DataOptions

        func validate() throws {
            guard lastDay == nil || !atOnce else {
                throw ValidationError("Either --last-day or --at-once.")
            }
        }

        func run() async throws {
            try await IssuerCommand.Key.step(whose, options) { issuer, sharing in
                let now = SystemClock.now()
                let day = try end(now)
                let known = try await sharing.keys(of: issuer.identifier).map(\.version)
                guard known.contains(version), version != issuer.purchaseKeyVersion else {
                    throw CommandFailure(
                        known.contains(version)
                            ? "New cards are made with key version \(version). Use another first."
                            : "There is no key version \(version) of \(whose.bin)."
                    )
                }
                if let known = issuer.lastDays[version], known.bcd < day.bcd {
                    throw CommandFailure(
                        "Key version \(version) ends with day "
                            + "\(BCD.digits(UInt64(known.bcd), count: 6)); that is not put off."
                    )
                }
                let counts = try await sharing.access.desk.cardsByKeyVersion(
                    of: issuer.identifier,
                    at: now
                )
                let live = counts[version]?.live ?? 0
                guard live == 0 || despiteCards else {
                    throw CommandFailure(
                        "\(live) live cards have key version \(version). Renew them, or say "
                            + "--despite-cards. Nothing was changed."
                    )
                }
                try await persons.agree(
                    on: .retire(version: version, lastDay: day, liveCards: live),
                    ofKeysOf: .issuer(issuer.identifier),
                    options
                )
                try await sharing.change(issuer) { $0.end(version, lastDay: day) }
                let isTold = try await tell(issuer.identifier, day)
                let digits = BCD.digits(UInt64(day.bcd), count: 6)
                print("Key version \(version) of \(whose.bin) ends with day \(digits).")
                if !isTold { print("No clearing house here knows the issuer: tell it there.") }
            }
        }

        private func end(_ now: Instant) throws -> CardDate {
            if let lastDay {
                let day = try ClearingArguments.day(lastDay).date
                guard (2000...2099).contains(day.year) else {
                    throw ValidationError("The year is 2000 to 2099.")
                }
                return CardDate(day)
            }
            return CardDate(CivilDate(day: now.day - (atOnce ? 1 : 0)))
        }

        /// Tells the clearing house of the data folder, which tells payment servers.
        ///
        /// - Returns: false where there is none, or it does not clear for the issuer.
        private func tell(_ identifier: IssuerIdentifier, _ day: CardDate) async throws -> Bool {
            guard options.folder.exists(.clearing) else { return false }
            return try await ClearingAccess.use(options) { access in
                guard var issuer = try await access.house.issuer(identifier) else { return false }
                issuer.endedVersions.removeAll { $0.version == version }
                issuer.endedVersions.append(
                    ClearedIssuer.EndedVersion(version, lastDay: day)
                )
                try await access.house.set(issuer)
                return true
            }
        }
    }
}
