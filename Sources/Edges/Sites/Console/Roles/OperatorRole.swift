// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// Which partition an operator sees, and whether he acts in it. Whoever sees a part alone is shown
/// a console over that part alone: pages, figures and records of the others are not there.
package enum OperatorRole: Hashable, Sendable {
    /// Who runs the process: everything in it.
    case everything
    /// The cards of one BIN, and its pool at the clearing house.
    case issuer(IssuerIdentifier)
    /// The payment server: sales, terminals, batches; at the clearing house the accounts of the
    /// acquirer and of its merchants.
    case acquirer
    /// The orders of one merchant, and its account at the clearing house.
    case merchant(MerchantIdentifier)
    /// Sees what everybody sees, but mails, and changes nothing.
    case auditor

    private static let format: UInt8 = 1
    private static let partyBytesMax = 32

    /// Whether an operator may change something.
    package var acts: Bool { self != .auditor }

    /// Whether mails are shown: they hold passwords of cardholders.
    var seesMails: Bool { self == .everything }

    /// For people and for commands.
    package var word: String {
        switch self {
        case .everything: "everything"
        case .issuer: "issuer"
        case .acquirer: "acquirer"
        case .merchant: "merchant"
        case .auditor: "auditor"
        }
    }

    /// The BIN or the merchant; empty for the others.
    package var party: String {
        switch self {
        case .issuer(let issuer): issuer.digits
        case .merchant(let merchant): merchant.text
        case .everything, .acquirer, .auditor: ""
        }
    }

    /// - Parameters:
    ///   - word: as ``word``.
    ///   - party: as ``party``.
    package init?(word: String, party: String = "") {
        switch word {
        case "everything" where party.isEmpty: self = .everything
        case "acquirer" where party.isEmpty: self = .acquirer
        case "auditor" where party.isEmpty: self = .auditor
        case "issuer":
            guard let issuer = IssuerIdentifier(party) else { return nil }
            self = .issuer(issuer)
        case "merchant":
            guard let merchant = MerchantIdentifier(party) else { return nil }
            self = .merchant(merchant)
        default: return nil
        }
    }

    /// Format 1, word (counted), party (counted).
    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "operator role")
        guard try reader.byte("format") == Self.format else {
            throw reader.failure("format", .invalid)
        }
        let word = try reader.text("role", bytesMax: Self.partyBytesMax)
        let party = try reader.text("party", bytesMax: Self.partyBytesMax)
        guard let role = OperatorRole(word: word, party: party) else {
            throw reader.failure("role", .invalid)
        }
        self = role
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.byte(Self.format)
        writer.text(word)
        writer.text(party)
        return writer.bytes
    }
}
