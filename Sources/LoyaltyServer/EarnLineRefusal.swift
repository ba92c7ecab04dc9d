// SPDX-License-Identifier: Apache-2.0

/// Why a line of an earn file is not applied, in the order in which the reasons are looked for.
package enum EarnLineRefusal: UInt8, Error, CaseIterable, Sendable {
    // The line itself.
    case tooLong = 0x01
    /// Not UTF-8, or a control character.
    case unreadable = 0x02
    /// Too few or too many fields, or a quotation mark where none can stand.
    case fields = 0x03
    case reference = 0x04
    case memberNumber = 0x05
    /// Not a number of points.
    case points = 0x06
    /// More decimals than the programme's points have.
    case decimals = 0x07
    case zero = 0x08
    /// More than one line may give, or more than a card of the programme can hold.
    case tooMany = 0x09
    case date = 0x0A
    case note = 0x0B
    // What it asks for.
    case future = 0x11
    /// Points that were earned on this day have expired.
    case expired = 0x12
    /// The reference was used before, for another member, amount or day.
    case referenceDiffers = 0x13
    case unknownMember = 0x14
    /// All that the member has ever earned would not fit into 64 bits.
    case overflow = 0x15
    /// A record that the line needs does not open: somebody changed it. Other lines go on.
    case damaged = 0x16

    /// For reports.
    package var text: String {
        switch self {
        case .tooLong: "longer than \(EarnLine.bytesMax) bytes"
        case .unreadable: "not readable as text"
        case .fields: "not reference,member,points,date"
        case .reference: "no reference of 1 to \(EarnLine.referenceBytesMax) visible characters"
        case .memberNumber: "no member number"
        case .points: "no number of points"
        case .decimals: "more decimals than points of the programme have"
        case .zero: "no points"
        case .tooMany: "too many points"
        case .date: "no date YYYY-MM-DD in the years 2000 to 2099"
        case .note: "note longer than \(EarnLine.noteBytesMax) bytes"
        case .future: "a date that lies ahead"
        case .expired: "points that have expired"
        case .referenceDiffers: "the reference was used before, for something else"
        case .unknownMember: "no such member"
        case .overflow: "more points than a member can ever earn"
        case .damaged: "a stored record does not open; the audit names it"
        }
    }
}
