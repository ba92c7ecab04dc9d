// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Something that the merchant sells: a file that is handed out once it is paid. Of no price, in
/// currency 0999, it is access to a web server for whom the card proves its holder to be (FIG. 16).
package struct Article: Equatable, Sendable {
    /// 1 to ``MerchantLimits/articleIdentifierBytesMax`` visible ASCII characters.
    package let identifier: String
    package let title: String
    /// What the person reads before consent, at most ``PurchaseLimits/descriptionBytesMax`` bytes.
    package let description: String
    /// At least one minor unit, or ``Money/proof``.
    package let price: Money
    /// The second half of a mixed payment; at least one minor unit of another currency.
    package let secondPrice: Money?
    /// The name of a file within the merchant's contents, without a path.
    package let contentFile: String
    package let mediaType: String

    /// - Returns: nil where a text is empty, too long or holds a control character, where the file
    ///   name has a path or a leading dot, or where a price is nothing or of the wrong currency.
    package init?(
        identifier: String,
        title: String,
        description: String,
        price: Money,
        secondPrice: Money? = nil,
        contentFile: String,
        mediaType: String
    ) {
        guard Article.isName(identifier, bytesMax: MerchantLimits.articleIdentifierBytesMax),
            Article.isText(title, bytesMax: MerchantLimits.titleBytesMax),
            Article.isText(description, bytesMax: PurchaseLimits.descriptionBytesMax),
            Article.isPrice(price, secondPrice),
            Article.isText(contentFile, bytesMax: MerchantLimits.contentFileBytesMax),
            contentFile.utf8.first != 0x2E,
            contentFile.utf8.allSatisfy({ $0 != 0x2F && $0 != 0x5C }),
            Article.isName(mediaType, bytesMax: MerchantLimits.mediaTypeBytesMax)
        else { return nil }
        self.identifier = identifier
        self.title = title
        self.description = description
        self.price = price
        self.secondPrice = secondPrice
        self.contentFile = contentFile
        self.mediaType = mediaType
    }

    private static func isPrice(_ price: Money, _ second: Money?) -> Bool {
        if price.currency == .nothing { return price == .proof && second == nil }
        guard let second else { return price.minorUnits >= 1 }
        return price.minorUnits >= 1 && second.minorUnits >= 1
            && second.currency != price.currency && second.currency != .nothing
    }

    private static func isName(_ text: String, bytesMax: Int) -> Bool {
        (1...bytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private static func isText(_ text: String, bytesMax: Int) -> Bool {
        (1...bytesMax).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
}
