// SPDX-License-Identifier: Apache-2.0

/// What the merchant sells, in the order in which it is shown.
package struct Catalogue: Sendable {
    package let articles: [Article]
    private let positions: [String: Int]

    /// - Throws: where two articles have one identifier, or there are too many of them.
    package init(_ articles: [Article]) throws(CatalogueFailure) {
        if articles.count > MerchantLimits.articlesMax { throw .tooManyArticles }
        var positions: [String: Int] = [:]
        for (position, article) in articles.enumerated() {
            if positions.updateValue(position, forKey: article.identifier) != nil {
                throw .identifierTwice(article.identifier)
            }
        }
        self.articles = articles
        self.positions = positions
    }

    package subscript(identifier: String) -> Article? {
        positions[identifier].map { articles[$0] }
    }
}

/// Why articles are no catalogue.
package enum CatalogueFailure: Error, Equatable, Sendable {
    case identifierTwice(String)
    /// More than ``MerchantLimits/articlesMax``.
    case tooManyArticles
}
