// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Something that the merchant sells: a file that is handed out once it is paid.
package struct Article: Equatable, Sendable {
    /// 1 to ``MerchantLimits/articleIdentifierBytesMax`` visible ASCII characters.
    package let identifier: String
    package let title: String
    /// What the person reads before consent, at most ``PurchaseLimits/descriptionBytesMax`` bytes.
    package let description: String
    /// At least one minor unit.
    package let price: Money
    /// The name of a file within the merchant's contents, without a path.
    package let contentFile: String
    package let mediaType: String

    /// - Returns: nil where a text is empty, too long or holds a control character, where the file
    ///   name has a path or a leading dot, or where the price is nothing.
    package init?(
        identifier: String,
        title: String,
        description: String,
        price: Money,
        contentFile: String,
        mediaType: String
    ) {
        guard Article.isName(identifier, bytesMax: MerchantLimits.articleIdentifierBytesMax),
            Article.isText(title, bytesMax: MerchantLimits.titleBytesMax),
            Article.isText(description, bytesMax: PurchaseLimits.descriptionBytesMax),
            price.minorUnits >= 1,
            Article.isText(contentFile, bytesMax: MerchantLimits.contentFileBytesMax),
            contentFile.utf8.first != 0x2E,
            contentFile.utf8.allSatisfy({ $0 != 0x2F && $0 != 0x5C }),
            Article.isName(mediaType, bytesMax: MerchantLimits.mediaTypeBytesMax)
        else { return nil }
        self.identifier = identifier
        self.title = title
        self.description = description
        self.price = price
        self.contentFile = contentFile
        self.mediaType = mediaType
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
