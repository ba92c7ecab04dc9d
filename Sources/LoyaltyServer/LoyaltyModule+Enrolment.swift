// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

// Members get their numbers, and their cards get to know them.
extension LoyaltyModule {
    /// Gives the card that proved its identity a number of the programme. Durable before it is
    /// given; the card gets to know it with ``sendEnrolments(now:after:)``. The same card again has
    /// the same number, whatever the proof; where the OPAL server had refused the first proof, it
    /// is asked with the new one.
    ///
    /// - Parameters:
    ///   - card: the card's name at the site (pairwise pseudonym).
    ///   - proof: TRX of the proof.
    ///   - programme: CURR of the programme.
    ///   - number: a number that the programme has chosen; nil for a fresh one.
    ///   - proved: the number of the programme that the card has, as the proof says; nil for none.
    ///     Such a card gets no second number: one that took the place of an expired card has
    ///     another name here, and its member is known by the number alone.
    ///   - now: the time.
    /// - Returns: the number, and whether the card knows it yet.
    /// - Throws: `.unknownProgramme`, `.programmeClosed`; `.transactionMismatch` where another card
    ///   gave this proof; `.alreadyEnrolled`, `.numberTaken`.
    package func enrol(
        _ card: CardPseudonym,
        proof: TransactionIdentifier,
        in programme: Currency,
        as number: MemberNumber? = nil,
        proved: MemberNumber? = nil,
        now: Instant
    ) async throws(LoyaltyFailure) -> Enrolment {
        try await book.change { () async throws(LoyaltyFailure) in
            let record = try await book.programme(programme).value
            let proofKey = Enrolment.key(programme, proof)
            let earlier = try await book.find(Enrolment.self, proofKey)?.value
            if let earlier, earlier.card != card { throw .transactionMismatch }
            let cardKey = EnrolledCard.key(programme, card)
            if let known = try await book.find(EnrolledCard.self, cardKey) {
                if let proved, proved != known.value.membership.number {
                    throw .alreadyEnrolled(proved)
                }
                return try await again(known, proof, number, now: now)
            }
            if let proved { throw .alreadyEnrolled(proved) }
            if record.isClosed { throw .programmeClosed }
            let given = try await free(number, in: programme)
            let enrolment = Enrolment(given, proof, card: card, madeAt: now)
            var member = Member(
                given,
                home: record.programme.home,
                enrolment: proof,
                enrolledAt: now
            )
            var transition = Transition(writes: [])
            let entry = MemberEntry(.enrolled, at: now, transaction: proof, after: member)
            try await book.note(entry, of: &member, to: &transition)
            try await book.put(member, over: 0, to: &transition)
            try await book.put(enrolment, over: 0, to: &transition)
            try await book.put(EnrolledCard(enrolment), over: 0, to: &transition)
            return (enrolment, transition)
        }
    }

    /// The card has a number.
    private func again(
        _ known: LoyaltyBook.Entry<EnrolledCard>,
        _ proof: TransactionIdentifier,
        _ number: MemberNumber?,
        now: Instant
    ) async throws(LoyaltyFailure) -> (Enrolment, Transition) {
        let membership = known.value.membership
        if let number, number != membership.number {
            throw .alreadyEnrolled(membership.number)
        }
        let key = Enrolment.key(membership.programme, known.value.enrolment)
        guard let enrolment = try await book.find(Enrolment.self, key) else { throw .damaged }
        guard case .refused = enrolment.value.state, proof != known.value.enrolment else {
            return (enrolment.value, Transition(writes: []))
        }
        let next = Enrolment(membership, proof, card: known.value.card, madeAt: now)
        var transition = Transition(writes: [
            .delete(
                RecordKey(LoyaltyRecords.enrolment, key),
                expectedRevision: enrolment.revision
            )
        ])
        guard var member = try await book.find(Member.self, membership.bytes) else {
            throw .damaged
        }
        member.value.enrolment = proof
        let entry = MemberEntry(.rejoined, at: now, transaction: proof, after: member.value)
        try await book.note(entry, of: &member.value, to: &transition)
        try await book.put(member.value, over: member.revision, to: &transition)
        try await book.put(next, over: 0, to: &transition)
        try await book.put(EnrolledCard(next), over: known.revision, to: &transition)
        return (next, transition)
    }

    /// A number that nobody has.
    private func free(
        _ number: MemberNumber?,
        in programme: Currency
    ) async throws(LoyaltyFailure) -> Membership {
        if let number {
            let membership = Membership(programme: programme, number: number)
            if try await book.find(Member.self, membership.bytes) != nil { throw .numberTaken }
            return membership
        }
        for _ in 0..<LoyaltyLimits.numbersMax {
            let fresh = MemberNumber.drawn(from: random.integer())
            let membership = Membership(programme: programme, number: fresh)
            if try await book.find(Member.self, membership.bytes) == nil { return membership }
        }
        throw .busy
    }

    /// The number of a card.
    ///
    /// - Returns: nil where the card is no member, as far as this site has seen it.
    package func membership(
        of card: CardPseudonym,
        in programme: Currency
    ) async throws(LoyaltyFailure) -> Membership? {
        try await book.find(EnrolledCard.self, EnrolledCard.key(programme, card))?
            .value.membership
    }

    /// How far a card's enrolment has come.
    ///
    /// - Returns: nil where the card is no member, as far as this site has seen it: also for one
    ///   that took the place of an enrolled card.
    /// - Throws: `.damaged`, `.store`, `.module`.
    package func enrolment(
        of card: CardPseudonym,
        in programme: Currency
    ) async throws(LoyaltyFailure) -> Enrolment? {
        let key = EnrolledCard.key(programme, card)
        guard let known = try await book.find(EnrolledCard.self, key)?.value else { return nil }
        return try await book.enrolment(known.enrolment, in: programme)
    }

    /// How far a member's enrolment has come.
    ///
    /// - Throws: `.damaged`, `.store`, `.module`.
    package func enrolment(of member: Member) async throws(LoyaltyFailure) -> Enrolment {
        try await book.enrolment(member.enrolment, in: member.membership.programme)
    }

    // MARK: Telling the OPAL server

    /// Sends enrolments that the OPAL server has not answered, oldest first by programme: after a
    /// restart and from time to time.
    ///
    /// - Parameters:
    ///   - now: the time of the round.
    ///   - cursor: ``SendRound/next`` of the round before; nil to begin with the first.
    /// - Returns: what the round came to, and where the next begins.
    /// - Throws: `.store` where the open enrolments cannot be listed.
    package func sendEnrolments(
        now: Instant,
        after cursor: [UInt8]? = nil
    ) async throws(LoyaltyFailure) -> SendRound {
        let records = try await book.listOpen(
            LoyaltyRecords.enrolment,
            after: cursor,
            limit: LoyaltyLimits.roundMax
        )
        return await SendRound.send(records) { record in await self.send(enrolment: record) }
    }

    private func send(enrolment record: Record) async -> SendRound.Sent {
        guard let enrolment = try? await book.open(Enrolment.self, record).value else {
            return .damaged
        }
        let transaction = enrolment.transaction
        let message = PointsMessage.enrol(transaction, enrolment.membership)
        let state: Enrolment.State
        do throws(LoyaltyFailure) {
            switch try await ask(message) {
            case .enrolled(transaction): state = .entered
            case .refusal(transaction, let reason) where reason.isFinal:
                state = .refused(reason)
            case .refusal: return .refused
            default: return .unanswered
            }
        } catch { return .unanswered }
        do throws(LoyaltyFailure) {
            try await book.change { () async throws(LoyaltyFailure) in
                var transition = Transition(writes: [])
                guard var entry = try await book.find(Enrolment.self, enrolment.key),
                    entry.value.isOpen
                else { return ((), transition) }
                entry.value.state = state
                try await book.put(entry.value, over: entry.revision, to: &transition)
                return ((), transition)
            }
            return state == .entered ? .done : .refused
        } catch { return .failed }
    }

    /// Asks the OPAL server.
    func ask(_ message: PointsMessage) async throws(LoyaltyFailure) -> PointsMessage {
        let bytes: [UInt8]
        do throws(LinkFailure) {
            bytes = try await link.request(message.bytes)
        } catch { throw .opalServerSilent(error) }
        do throws(WireFailure) {
            return try PointsMessage(bytes)
        } catch { throw .answerUnreadable }
    }
}

extension MemberNumber {
    /// `AB-1234-5678`: two letters that are not taken for digits, and eight digits.
    static func drawn(from bits: UInt64) -> MemberNumber {
        let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZ")
        let first = letters[Int(bits >> 59) % letters.count]
        let second = letters[Int(bits >> 54 & 0x1F) % letters.count]
        let digits = "\(bits % 100_000_000)"
        let padded = String(repeating: "0", count: 8 - digits.count) + digits
        guard let number = MemberNumber("\(first)\(second)-\(padded.prefix(4))-\(padded.suffix(4))")
        else { preconditionFailure("Letters, digits and dashes are a member number.") }
        return number
    }
}
