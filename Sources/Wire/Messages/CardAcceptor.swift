// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Who takes the money of an account, as its holder reads it on a statement: the issuer of virtual
/// cards, with the terminal that it is to the funding network (ISO 8583, elements 18 and 41 to 43).
package struct CardAcceptor: Equatable, Sendable {
    /// 8 visible characters at the most.
    package let terminal: String
    /// Given by the acquirer, 15 bytes.
    package let merchant: MerchantIdentifier
    /// The category of ISO 18245, four digits; 6540 loads cards.
    package let category: UInt16
    /// Printable ASCII, 25 characters at the most.
    package let name: String
    /// Printable ASCII, 13 characters at the most.
    package let city: String
    /// ISO 3166-1, two capitals.
    package let country: String

    package static let terminalBytesMax = 8
    package static let nameBytesMax = 25
    package static let cityBytesMax = 13
    package static let categoryMax: UInt16 = 9999
    /// Stored value cards: their purchase and their load.
    package static let loadsCards: UInt16 = 6540

    /// - Returns: nil where a field is empty, too long, or has a character that it cannot have.
    package init?(
        terminal: String,
        merchant: MerchantIdentifier,
        category: UInt16 = CardAcceptor.loadsCards,
        name: String,
        city: String,
        country: String
    ) {
        guard
            CardAcceptor.isPrintable(terminal, max: CardAcceptor.terminalBytesMax),
            !terminal.utf8.contains(0x20), category <= CardAcceptor.categoryMax,
            CardAcceptor.isPrintable(name, max: CardAcceptor.nameBytesMax),
            CardAcceptor.isPrintable(city, max: CardAcceptor.cityBytesMax),
            country.utf8.count == 2, country.utf8.allSatisfy({ (0x41...0x5A).contains($0) })
        else { return nil }
        self.terminal = terminal
        self.merchant = merchant
        self.category = category
        self.name = name
        self.city = city
        self.country = country
    }

    private static func isPrintable(_ text: String, max: Int) -> Bool {
        (1...max).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    package init(_ reader: inout ByteReader) throws(WireFailure) {
        let terminal = try reader.text("terminal", bytesMax: CardAcceptor.terminalBytesMax)
        let merchant = try reader.merchant()
        let category = UInt16(try reader.integer("category", bytes: 2))
        let name = try reader.text("name", bytesMax: CardAcceptor.nameBytesMax)
        let city = try reader.text("place", bytesMax: CardAcceptor.cityBytesMax)
        let country = try reader.text("country of the acceptor", bytesMax: 2)
        guard
            let acceptor = CardAcceptor(
                terminal: terminal,
                merchant: merchant,
                category: category,
                name: name,
                city: city,
                country: country
            )
        else { throw reader.failure("acceptor", .invalid) }
        self = acceptor
    }

    package func write(to writer: inout ByteWriter) {
        writer.text(terminal)
        writer.merchant(merchant)
        writer.integer(UInt64(category), bytes: 2)
        writer.text(name)
        writer.text(city)
        writer.text(country)
    }
}
