// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import LoyaltyServer

// How a visitor stands with a programme, and joining it.
extension AirlineSite {
    enum Standing {
        /// The card has no number.
        case stranger
        /// The card has a number that the loyalty server does not know: it gets no second one.
        case unknownNumber
        case member(Membership)
        /// A member whose card has not taken the number. Joining again takes another proof than the
        /// refused one.
        case refused(Membership, PointsRefusal, canJoin: Bool)

        var membership: Membership? {
            switch self {
            case .stranger, .unknownNumber: nil
            case .member(let membership), .refused(let membership, _, _): membership
            }
        }
    }

    func standing(
        of visitor: Visitor,
        in programme: Currency
    ) async throws(SiteFailure) -> Standing {
        guard let membership = try await membership(of: visitor, in: programme) else {
            return visitor.number(of: programme) == nil ? .stranger : .unknownNumber
        }
        let enrolment = try await loyaltyStep { () async throws(LoyaltyFailure) in
            try await desk.loyalty.enrolment(of: visitor.card, in: programme)
        }
        guard let enrolment, case .refused(let reason) = enrolment.state else {
            return .member(membership)
        }
        let isNewProof = enrolment.transaction != visitor.proof.transaction
        return .refused(membership, reason, canJoin: isNewProof && reason.canEnd)
    }

    func joinForm(_ programme: Programme, isAgain: Bool) -> [String: Any] {
        [
            "action": "/join", "programme": programme.code.digits, "name": programme.name,
            "again": isAgain,
        ]
    }

    /// Gives the card a number of a programme, or asks again for one that the card has not taken.
    /// The proof that opened the session is what the loyalty server shows the OPAL server.
    func join(_ request: Request) async throws(SiteFailure) -> Response {
        guard let visitor = visitor(request) else { return SiteShell.seeOther("/") }
        let form = try await form(request, of: visitor)
        guard let code = settings.programmes.first(where: { $0.digits == form.text("programme") })
        else { throw .badForm(.field("programme")) }
        let enrolment: Enrolment
        do throws(LoyaltyFailure) {
            enrolment = try await desk.loyalty.enrol(
                visitor.card,
                proof: visitor.proof.transaction,
                in: code,
                proved: visitor.number(of: code),
                now: now()
            )
        } catch .programmeClosed {
            return notJoined(.programmeClosed, request)
        } catch .alreadyEnrolled {
            let isKnown = try await membership(of: visitor, in: code) != nil
            return notJoined(isKnown ? .numberKnown : .numberUnknown, request)
        } catch { throw SiteFailure(error) }
        if case .refused(let reason) = enrolment.state {
            return notJoined(.numberRefused(reason, canJoin: false), request)
        }
        guard let benefit = BenefitCode(form.text("benefit")) else {
            return SiteShell.seeOther("/member")
        }
        return SiteShell.seeOther("/benefits/\(benefit.text)")
    }

    private func notJoined(_ text: RefusalText, _ request: Request) -> Response {
        refused("Not joined", text, request, status: .conflict)
    }
}

extension AirlineSite.Visitor {
    /// The number of a programme that the card has, as its proof says.
    fileprivate func number(of programme: Currency) -> MemberNumber? {
        proof.memberships.first { $0.programme == programme }?.number
    }
}

extension RefusalText {
    /// The card has a number, perhaps that of the card before it.
    static let numberKnown = RefusalText(
        "Your card has a member number already",
        tone: .plain,
        what: """
            A card has one number of a programme. One that took the place of an expired card has \
            the number of that card.
            """,
        money: nothingTaken,
        next: "Look at your points; they are those of this number."
    )

    static let numberUnknown = RefusalText(
        "Your card has a number that we do not know",
        what: """
            There is a member number of this programme on your card, and none of our members has \
            it. A card has one number, so that we give you no other.
            """,
        money: nothingTaken,
        next: "Call us with your card at hand. We put the numbers right."
    )

    /// Why the number is not on the card. `canJoin`: with the proof of this session.
    static func numberRefused(_ reason: PointsRefusal, canJoin: Bool) -> RefusalText {
        RefusalText(
            "Your card did not take your number",
            what: reason.whyNotEntered,
            money: "Your number and your points stay yours. They are kept for you here.",
            next: !reason.canEnd
                ? "Call us with your card at hand. We put the numbers right."
                : canJoin
                    ? "Join again. You keep your number."
                    : """
                    When your card is all right, sign out, sign in with it again, which makes a \
                    new proof, and join again. You keep your number.
                    """
        )
    }
}

extension PointsRefusal {
    /// Whether another proof of the same card may be taken: it is not where the numbers are at
    /// odds, and an expired card proves nothing any more.
    fileprivate var canEnd: Bool {
        switch self {
        case .alreadyEnrolled, .numberTaken, .cardExpired: false
        default: true
        }
    }

    /// What the member reads.
    fileprivate var whyNotEntered: String {
        switch self {
        case .unknownProof: "Who issued your card did not find the proof of who you are."
        case .alreadyEnrolled: "There is another number of this programme on it."
        case .numberTaken: "The number is on another card."
        case .cardBlocked: "Your card is blocked."
        case .cardExpired: "Your card has expired."
        case .cardFull: "Your card holds as many programmes as it can."
        case .unknownMember, .cardDamaged, .numbersUsedUp:
            "Who issued your card cannot use it."
        default: "Who issued your card did not enter the number on it."
        }
    }
}
