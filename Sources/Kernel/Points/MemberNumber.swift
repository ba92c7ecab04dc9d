// SPDX-License-Identifier: Apache-2.0

/// The number of a member in a loyalty programme, as the programme gives it ("card number", FIG.
/// 16): 1 to ``bytesMax`` of `A`–`Z`, `0`–`9` and `-`.
package struct MemberNumber: Hashable, Sendable {
    package static let bytesMax = 20

    package let text: String

    /// - Returns: nil where it is empty, too long, or has another character.
    package init?(_ text: String) {
        guard (1...MemberNumber.bytesMax).contains(text.utf8.count),
            text.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || $0 == 0x2D
            })
        else { return nil }
        self.text = text
    }

    package var bytes: [UInt8] { Array(text.utf8) }

    /// The last four characters; the others are bullets. For lists that more than the member see.
    package var masked: String {
        String(repeating: "•", count: max(0, text.count - 4)) + text.suffix(4)
    }
}

/// A card's place in a programme. The programme enters it, never the holder.
package struct Membership: Hashable, Sendable {
    /// CURR of the programme, 9001…9999.
    package let programme: Currency
    package let number: MemberNumber

    package init(programme: Currency, number: MemberNumber) {
        precondition(programme.isProgramme)
        self.programme = programme
        self.number = number
    }

    /// Of one card.
    package static let countMax = Card.pursesMax

    /// Whether they are those of one card, by ascending programme, none twice.
    package static func areInOrder(_ memberships: [Membership]) -> Bool {
        memberships.count <= countMax
            && zip(memberships, memberships.dropFirst()).allSatisfy {
                $0.programme.bcd < $1.programme.bcd
            }
    }
}
