// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

// A member's number comes onto the card that proved who its holder is.
extension PointsDesk {
    /// Enters a number on a card for an operator, without a proof of identity.
    ///
    /// - Throws: `.unknownProgramme`, `.alreadyEnrolled`, `.numberTaken`, `.unknownMember` where
    ///   there is no such card, and what the card refuses.
    package func enrol(
        _ card: CardIdentifier,
        _ membership: Membership
    ) async throws(PointsRefusal) {
        let code = membership.programme
        guard let entry = try await attempt({ try await programmes.find(code) }) else {
            throw .unknownProgramme
        }
        for _ in 0..<PointsDesk.attemptsMax {
            if try await enter(membership, of: entry.programme, on: card, .unknown) { return }
        }
        throw .busy
    }

    /// Enters a number on the card that proved its identity.
    ///
    /// - Returns: the reply, which is durable; the earlier one where it was entered, or refused for
    ///   good, before.
    func enrol(
        _ membership: Membership,
        of programme: Programme,
        provedIn proof: TransactionIdentifier
    ) async throws(PointsRefusal) -> [UInt8] {
        for _ in 0..<PointsDesk.attemptsMax {
            if let earlier = try await answered(proof, in: programme.code) {
                guard earlier.membership == membership else { throw .termsDiffer }
                return earlier.reply
            }
            var answer = EnrolmentRecord(membership, provedIn: proof, at: now())
            do throws(PointsRefusal) {
                let card = try await card(provedIn: proof, at: programme)
                let write = try await write(answer)
                if try await enter(membership, of: programme, on: card, proof, with: [write]) {
                    return answer.reply
                }
            } catch {
                guard error.isFinal else { throw error }
                answer = EnrolmentRecord(
                    membership,
                    provedIn: proof,
                    at: answer.answeredAt,
                    refusal: error
                )
                if try await commit([try await write(answer)]) { return answer.reply }
            }
        }
        throw .busy
    }

    private func answered(
        _ proof: TransactionIdentifier,
        in programme: Currency
    ) async throws(PointsRefusal) -> EnrolmentRecord? {
        let key = EnrolmentRecord.key(proof, programme)
        return try await attempt { () async throws(UserFailure) in
            guard let opened = try await records.read(key) else { return nil }
            return try decoded(opened.body) { body throws(WireFailure) in
                try EnrolmentRecord(body, key: key.bytes)
            }
        }
    }

    /// An answer is written once: of two to the same request at once, the second is a conflict.
    private func write(_ answer: EnrolmentRecord) async throws(PointsRefusal) -> RecordWrite {
        try await attempt {
            try await records.put(
                answer.key,
                expectedRevision: 0,
                answer.bytes,
                reply: answer.reply
            )
        }
    }

    /// - Returns: whether they are durable; else somebody else was first.
    private func commit(_ writes: [RecordWrite]) async throws(PointsRefusal) -> Bool {
        if writes.isEmpty { return true }
        return try await attempt { try await records.commit(Transition(writes: writes)) }
    }

    /// The card that proved its identity in a transaction, at a site of the programme.
    ///
    /// - Throws: `.unknownProof`; `.busy` while it is not known how the proof has ended.
    private func card(
        provedIn proof: TransactionIdentifier,
        at programme: Programme
    ) async throws(PointsRefusal) -> CardIdentifier {
        let draw = try await attempt { () async throws(UserFailure) -> DrawRecord? in
            guard let opened = try await records.read(DrawRecord.key(proof)),
                opened.body != DrawRecord.neverDebited
            else { return nil }
            return try decoded(opened.body, DrawRecord.init)
        }
        guard let draw, draw.terms.amount.currency == .nothing,
            programme.sites.contains(draw.terms.merchant)
        else { throw .unknownProof }
        switch draw.state {
        case .sold: return draw.card
        case .debited: throw .busy
        case .recovered: throw .unknownProof
        }
    }

    /// Enters a number, and opens the purse of a programme whose points are on the card.
    ///
    /// `writes`: what becomes durable with it, also where the card has number and purse already.
    /// Returns whether that is so now; else somebody else was first.
    func enter(
        _ membership: Membership,
        of programme: Programme,
        on card: CardIdentifier,
        _ proof: TransactionIdentifier,
        with writes: [RecordWrite] = []
    ) async throws(PointsRefusal) -> Bool {
        guard let (sealed, description) = try await fetched(card) else { throw .unknownMember }
        let present = description.membership(of: programme.code)
        if let present, present != membership { throw .alreadyEnrolled }
        let earlier = try await member(membership)
        if let earlier, earlier.record.card != card { throw .numberTaken }
        let hasPurse = programme.home == .database || description.points(of: programme.code) != nil
        if present != nil, earlier != nil, hasPurse { return try await commit(writes) }
        try checkUsable(description)
        let made = try await attempt {
            try await module.set(
                .membership(
                    membership,
                    programme.exponent,
                    balanceMax: programme.home == .card ? programme.balanceMax : nil
                ),
                by: programme.name,
                on: sealed,
                context: CardContext(random: 0, now: now(), note: "")
            )
        }
        // The card has no other number, as was seen above.
        guard case .success(let change) = made else { throw .cardFull }
        let record =
            earlier?.record ?? MemberRecord(card: card, proof: proof, enteredAt: now())
        let write = try await attempt {
            try await records.put(
                MemberRecord.key(membership),
                expectedRevision: earlier?.revision ?? 0,
                record.bytes
            )
        }
        return try await commit(change, after: sealed, with: [write] + writes)
    }
}
