// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Merchant
import Wire

/// An earn file as its operator has it.
struct EarnFile: Sendable {
    let name: EarnBatch.Name
    let lines: [String]

    static let header = "reference,member,points,date"
}

// What the site does for members, and what the operator does.
extension PointsCustomers {
    /// One line of a file, and one redemption, are of so many points at the most.
    private static let pointsMax = 24
    private static let linesMax = 4
    /// Points of the first day expire in the midst of a run, those of the others later.
    private static let days = ["2026-05-20", "2026-06-29", "2026-06-30"]

    /// Proves identity and becomes a member of both programmes.
    func enrol(_ person: Int, with card: Int) async {
        guard let (proof, settlement) = await prove(person, with: card),
            let name = CardPseudonym(text: settlement.cardPseudonym)
        else { return }
        for programme in host.programmes {
            do throws(LoyaltyFailure) {
                let member = try await host.module.enrol(
                    name,
                    proof: proof,
                    in: programme.code,
                    proved: settlement.memberships.first { $0.programme == programme.code }?.number,
                    now: now
                ).membership
                keep(member, of: person)
                tell(person, "is a member of \(programme.name) by \(story.name(proof))")
            } catch {
                tell(person, "is not enrolled in \(programme.name): \(error)")
            }
        }
    }

    // MARK: Earn files

    /// Gives points to members, of this month or the one before.
    func applyFile(to programme: Programme) async {
        let members = members.filter { $0.programme == programme.code }
        guard !members.isEmpty else { return }
        await apply(
            (0..<1 + random.below(Self.linesMax)).map { _ in
                (
                    members[random.below(members.count)], 1 + random.below(Self.pointsMax),
                    Self.days[random.below(Self.days.count)]
                )
            },
            to: programme
        )
    }

    /// Gives each member points of two days.
    func welcome(to programme: Programme) async {
        let members = members.filter { $0.programme == programme.code }
        await apply(
            members.flatMap { member in
                Self.days.prefix(2).map { (member, Self.pointsMax, $0) }
            },
            to: programme
        )
    }

    private func apply(
        _ lines: [(member: Membership, points: Int, day: String)],
        to programme: Programme
    ) async {
        let digest = random.bytes(EarnBatch.Name.digestBytes)
        guard let name = EarnBatch.Name(programme: programme.code, digest: digest) else { return }
        let number = fileCount
        let texts = lines.enumerated().map { index, line in
            "F\(number)-\(index),\(line.member.number.text),\(line.points),\(line.day)"
        }
        let file = EarnFile(name: name, lines: texts)
        keep(file)
        await apply(file)
    }

    /// The same file once more, perhaps because nobody saw how far it came.
    func applyFileAgain() async {
        guard let file = anyFile else { return }
        await apply(file)
    }

    private func apply(_ file: EarnFile) async {
        let lines = file.lines.map { Array($0.utf8)[...] }
        do throws(LoyaltyFailure) {
            let begun = try await host.module.begin(
                file.name,
                fileName: "points.csv",
                header: Array(EarnFile.header.utf8)[...],
                lines: UInt64(lines.count),
                now: now
            )
            let batch = try await host.module.apply(
                lines,
                of: file.name,
                from: 0,
                now: now
            )
            let how = begun.isWhole ? "again" : "gives \(batch.points) points"
            story.add("an earn file of \(lines.count) lines \(how)")
        } catch {
            story.add("an earn file of \(lines.count) lines is not applied: \(error)")
        }
    }

    // MARK: Points in the database

    /// Proves identity, and has points in the database debited once for it.
    func redeem(_ person: Int, with card: Int) async {
        guard let (proof, settlement) = await prove(person, with: card),
            let member = settlement.memberships.first(where: {
                $0.programme == host.inDatabase.code
            })
        else { return }
        let points = 1 + UInt64(random.below(Self.pointsMax))
        let asked = Asked(transaction: proof, membership: member, points: points)
        keep(asked)
        await debit(asked)
    }

    /// The site asks once more, because nobody saw the answer.
    func redeemAgain() async {
        guard let asked = anyAsked else { return }
        await debit(asked)
    }

    private func debit(_ asked: Asked) async {
        let name = story.name(asked.transaction)
        do throws(LoyaltyFailure) {
            let left = try await host.module.debit(
                asked.points,
                of: asked.membership,
                for: asked.transaction,
                now: now
            )
            story.add("\(asked.points) points in the database go for \(name), \(left) are left")
        } catch {
            story.add("no points in the database go for \(name): \(error)")
        }
    }

    /// What was redeemed is not to be had after all.
    func giveBack() async {
        guard let asked = anyAsked else { return }
        let left = try? await host.module.giveBack(asked.transaction, now: now)
        let word = left == nil ? "are not given back" : "are given back"
        story.add("the points for \(story.name(asked.transaction)) \(word)")
    }
}
