// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CardEmulator
import HSM
import Kernel
import LoyaltyServer
import Merchant
import OPALServer
import RecordsSQLite
import Wire

extension ProgrammeCommand {
    struct Enrol: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "enrol",
            abstract: "Make the card that proved its identity at the airline a member.",
            discussion: """
                A member enrols on the airline's own pages; this is for a number that the \
                programme has chosen. The card gets to know it within seconds of the running \
                servers.
                """
        )

        @Argument(help: "The code of the programme, for example 9001.")
        var programme: String
        @Argument(help: "The transaction of the proof.")
        var proof: String
        @Option(name: .long, help: "The number; without it a fresh one.")
        var number: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let code = try ProgrammeCommand.code(programme)
            guard let proof = TransactionIdentifier(proof) else {
                throw ValidationError("A transaction is a UUID.")
            }
            let given = try number.map { text in
                guard let number = MemberNumber(text) else {
                    throw ValidationError(
                        "A number has 1 to \(MemberNumber.bytesMax) of A to Z, 0 to 9 and -."
                    )
                }
                return number
            }
            let (card, memberships) = try await card(of: proof)
            let access = try Access(options)
            let enrolment = try await access.step {
                try await access.module.enrol(
                    card,
                    proof: proof,
                    in: code,
                    as: given,
                    proved: memberships.first { $0.programme == code }?.number,
                    now: SystemClock.now()
                )
            }
            print("Member \(enrolment.membership.number.text) of \(code.digits).")
        }

        /// The name of the card and its numbers, as the airline's order says.
        private func card(
            of proof: TransactionIdentifier
        ) async throws -> (CardPseudonym, [Membership]) {
            let airline = try PartyAccess(options, .airline, MerchantRecords.schema)
            let orders = OrderAudit(store: airline.store, sealing: airline.seals)
            let settlement = try await orders.settlement(of: proof)
            await airline.store.close()
            guard let settlement, settlement.outcome == .sold,
                let card = CardPseudonym(text: settlement.cardPseudonym)
            else { throw CommandFailure("No card has proved its identity in this transaction.") }
            return (card, settlement.memberships)
        }
    }

    struct Liability: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a programme owes: points by the month in which they expire."
        )

        private struct Month: Encodable {
            /// The last day, YYYY-MM-DD; nil for points that never expire.
            let until: String?
            let here: UInt64
            let inPostings: UInt64
            let onCards: UInt64
        }

        private struct Report: Encodable {
            let members: Int
            /// Records that do not open, and are in no sum.
            let damaged: Int
            let earned: UInt64
            let pending: UInt64
            let undone: UInt64
            let posted: UInt64
            let redeemedHere: UInt64
            let expiredHere: UInt64
            let months: [Month]
        }

        private static let barMax: UInt64 = 30

        @Argument(help: "The code of the programme, for example 9001.")
        var programme: String
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let code = try ProgrammeCommand.code(programme)
            // What is on cards only the OPAL server of this data folder can say.
            let issuer = options.folder.exists(.opalServer) ? try issuer() : nil
            let access = try Access(options, link: issuer?.link ?? NoLink())
            let liability = try await access.step {
                try await access.module.liability(of: code, asksForCards: issuer != nil)
            }
            await issuer?.party.store.close()
            let report = Report(
                members: liability.memberCount,
                damaged: liability.damagedCount,
                earned: liability.earned,
                pending: liability.pending,
                undone: liability.undone,
                posted: liability.posted,
                redeemedHere: liability.redeemed,
                expiredHere: liability.expired,
                months: liability.months.map { day, part in
                    Month(
                        until: day == PointsTranche.never ? nil : day.civilDate.iso,
                        here: part.here,
                        inPostings: part.inPostings,
                        onCards: part.onCards
                    )
                }
            )
            if output.json { return try Output.json(report) }
            show(report, countsCards: issuer != nil)
            if liability.damagedCount > 0 {
                print("Not in it, because they do not open: \(liability.damagedCount) records.")
            }
        }

        private func issuer() throws -> (party: PartyAccess, link: any Link) {
            let party = try PartyAccess(options, .opalServer, OPALServerRecords.schema)
            let module = SoftwareModule(party.master)
            let desk = PointsDesk(
                store: party.store,
                seals: party.seals,
                module: module,
                loads: module,
                emulator: Emulator(module: module, store: party.store, random: SystemRandom()),
                random: SystemRandom(),
                now: SystemClock.now
            )
            return (party, DirectLink(to: desk, as: Role.airline.rawValue))
        }

        private func show(_ report: Report, countsCards: Bool) {
            print(
                "\(report.members) members, \(report.earned) earned: \(report.pending) pending, "
                    + "\(report.undone) undone, \(report.posted) posted to cards, "
                    + "\(report.redeemedHere) redeemed and \(report.expiredHere) expired here"
            )
            // Parts stop where 64 bits end, and so does their sum.
            let sums = report.months.map { month in
                [month.inPostings, month.onCards].reduce(month.here) { sum, part in
                    let (next, isTooLarge) = sum.addingReportingOverflow(part)
                    return isTooLarge ? .max : next
                }
            }
            let most = max(sums.max() ?? 1, 1)
            Output.table(
                ["until", "outstanding", countsCards ? "on cards" : "", ""],
                zip(report.months, sums).map { month, sum in
                    [
                        month.until ?? "no expiry", "\(sum)", countsCards ? "\(month.onCards)" : "",
                        String(repeating: "█", count: Int(sum / max(most / Self.barMax, 1))),
                    ]
                }
            )
        }
    }

    struct Redemptions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what members took for their points, newest first."
        )

        private struct Line: Encodable {
            let transaction: String
            let benefit: String
            /// Its last four characters.
            let member: String
            /// `reserved`, `fulfilled` or `released`.
            let state: String
            let points: UInt64?
            let money: UInt64?
        }

        @Option(name: .long, help: "The most redemptions to list.")
        var limit = 50
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func validate() throws {
            guard (1...500).contains(limit) else { throw ValidationError("--limit is 1 to 500.") }
        }

        func run() async throws {
            let access = try Access(options)
            let found = try await access.step {
                try await access.benefits.redemptions(limit: limit)
            }
            let lines = found.compactMap(\.redemption).map { redemption in
                Line(
                    transaction: redemption.transaction.text,
                    benefit: redemption.benefit.code.text,
                    member: redemption.member.number.masked,
                    state: "\(redemption.state)",
                    points: redemption.benefit.price.points?.minorUnits,
                    money: redemption.benefit.price.money?.minorUnits
                )
            }
            if output.json { return try Output.json(lines) }
            Output.table(
                ["transaction", "benefit", "member", "state", "points", "money"],
                lines.map {
                    [
                        $0.transaction, $0.benefit, $0.member, $0.state,
                        $0.points.map(String.init) ?? "–", $0.money.map(String.init) ?? "–",
                    ]
                }
            )
        }
    }
}
