// SPDX-License-Identifier: Apache-2.0

/// Why loyalty server and OPAL server do not go on with points, in the order in which the reasons
/// are looked for (a replay is recognised before all of them and gets its earlier answer). The
/// codes are those of ``Refusal`` where they mean the same.
package enum PointsRefusal: UInt8, Error, CaseIterable, Sendable {
    // The message itself.
    case malformed = 0x01
    case unknownMessage = 0x02
    // Who asks, and for what.
    /// No such programme here, or it is not that of who asks.
    case unknownProgramme = 0x11
    /// The same transaction with another content.
    case termsDiffer = 0x12
    /// There was no proof of identity with this transaction at a site of the programme.
    case unknownProof = 0x17
    /// The card has another number of this programme.
    case alreadyEnrolled = 0x18
    /// The number is that of another card.
    case numberTaken = 0x19
    /// The points have expired before they came.
    case pointsExpired = 0x1A
    // The card.
    case unknownMember = 0x20
    case cardDamaged = 0x21
    case cardBlocked = 0x22
    case cardExpired = 0x23
    /// The card holds as many programmes as it can.
    case cardFull = 0x24
    case aboveMaximum = 0x25
    case numbersUsedUp = 0x26
    // The world.
    case busy = 0x40
    case storeUnavailable = 0x42
    case cardChanged = 0x43

    /// Whether the same request may succeed later without anybody's help.
    package var isTransient: Bool {
        switch self {
        case .busy, .storeUnavailable, .cardChanged: true
        default: false
        }
    }

    /// Whether the request will never be granted: the OPAL server has made that durable, and the
    /// loyalty server may do something else with the points. Not so where the message itself or the
    /// programme was the reason: an operator may set that right, and the request comes again.
    package var isFinal: Bool {
        switch self {
        case .malformed, .unknownMessage, .unknownProgramme, .termsDiffer: false
        default: !isTransient
        }
    }
}
