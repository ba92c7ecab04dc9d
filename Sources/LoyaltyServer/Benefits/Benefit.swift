// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// Something that a programme gives for points, for money, or for both.
package struct Benefit: Equatable, Sendable {
    /// What it costs; at least one part, and neither is zero.
    package struct Price: Equatable, Sendable {
        package let points: Money?
        package let money: Money?

        /// - Returns: nil where it costs nothing, a part is zero, points are no points or money is
        ///   no money.
        package init?(points: Money? = nil, money: Money? = nil) {
            guard points != nil || money != nil,
                points.map({ $0.minorUnits > 0 && $0.currency.isProgramme }) ?? true,
                money.map({
                    $0.minorUnits > 0 && $0.currency.isMoney
                }) ?? true
            else { return nil }
            self.points = points
            self.money = money
        }

        /// Whether it costs points and money.
        package var isMixed: Bool { points != nil && money != nil }
    }

    /// What the member gets.
    package enum Handout: Equatable, Sendable {
        /// A code that is made when the benefit is paid for; see ``VoucherCode``.
        case voucher
        /// A file of the site's contents, by its name without a path, and its media type.
        case file(name: String, mediaType: String)
    }

    package let code: BenefitCode
    /// CURR of the programme that gives it.
    package let programme: Currency
    /// 1 to ``BenefitLimits/titleBytesMax`` bytes.
    package let title: String
    /// What the member reads before consent, 1 to ``BenefitLimits/descriptionBytesMax`` bytes.
    package let description: String
    package let price: Price
    package let handout: Handout

    /// - Returns: nil where a text is empty, too long or holds a control character, where the file
    ///   name has a path or a leading dot, or where the points are those of another programme.
    package init?(
        code: BenefitCode,
        programme: Currency,
        title: String,
        description: String,
        price: Price,
        handout: Handout = .voucher
    ) {
        guard programme.isProgramme, price.points.map({ $0.currency == programme }) ?? true,
            Benefit.isText(title, bytesMax: BenefitLimits.titleBytesMax),
            Benefit.isText(description, bytesMax: BenefitLimits.descriptionBytesMax)
        else { return nil }
        if case .file(let name, let mediaType) = handout {
            guard Benefit.isText(name, bytesMax: BenefitLimits.fileBytesMax),
                name.utf8.first != 0x2E, name.utf8.allSatisfy({ $0 != 0x2F && $0 != 0x5C }),
                (1...BenefitLimits.mediaTypeBytesMax).contains(mediaType.utf8.count),
                mediaType.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { return nil }
        }
        self.code = code
        self.programme = programme
        self.title = title
        self.description = description
        self.price = price
        self.handout = handout
    }

    private static func isText(_ text: String, bytesMax: Int) -> Bool {
        (1...bytesMax).contains(text.utf8.count) && ByteReader.isText(text)
    }
}

// Code, CURR 2, title, description, points and money each behind a presence byte, handout 1 (1
// voucher, 2 file with name and media type); texts are counted.
extension ByteReader {
    mutating func benefit() throws(WireFailure) -> Benefit {
        let code = try benefitCode()
        let programme = try programme()
        let title = try text("title", bytesMax: BenefitLimits.titleBytesMax)
        let description = try text("text", bytesMax: BenefitLimits.descriptionBytesMax)
        let points = try optional("points") { reader throws(WireFailure) in try reader.money() }
        let money = try optional("money") { reader throws(WireFailure) in try reader.money() }
        guard let price = Benefit.Price(points: points, money: money) else {
            throw failure("price", .invalid)
        }
        let handout: Benefit.Handout
        switch try byte("handout") {
        case 1: handout = .voucher
        case 2:
            handout = .file(
                name: try text("file", bytesMax: BenefitLimits.fileBytesMax),
                mediaType: try text("media type", bytesMax: BenefitLimits.mediaTypeBytesMax)
            )
        default: throw failure("handout", .invalid)
        }
        guard
            let benefit = Benefit(
                code: code,
                programme: programme,
                title: title,
                description: description,
                price: price,
                handout: handout
            )
        else { throw failure("benefit", .invalid) }
        return benefit
    }

    mutating func benefitCode() throws(WireFailure) -> BenefitCode {
        guard let code = BenefitCode(try text("code", bytesMax: BenefitLimits.codeBytesMax)) else {
            throw failure("code", .invalid)
        }
        return code
    }
}

extension ByteWriter {
    mutating func benefit(_ benefit: Benefit) {
        text(benefit.code.text)
        currency(benefit.programme)
        text(benefit.title)
        text(benefit.description)
        optional(benefit.price.points) { $0.money($1) }
        optional(benefit.price.money) { $0.money($1) }
        switch benefit.handout {
        case .voucher: byte(1)
        case .file(let name, let mediaType):
            byte(2)
            text(name)
            text(mediaType)
        }
    }
}
