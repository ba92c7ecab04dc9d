// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
package import Merchant

/// The shop of the demonstration, *Farthing Press*: a dozen small goods, kept as data among the
/// resources (`goods/catalogue.json`, and a file for each).
package struct DemoShop: Sendable {
    package let catalogue: Catalogue
    package let content: DemoContent

    package enum Failure: Error, Sendable {
        case missing(String)
        /// An article of the catalogue breaks a rule of the merchant.
        case unsuitable(String)
        case catalogue(CatalogueFailure)
    }

    /// Reads the resources of this module.
    package init() throws(Failure) {
        let directory = SiteResources.folder.appendingPathComponent("goods")
        guard
            let data = try? Data(contentsOf: directory.appendingPathComponent("catalogue.json")),
            let entries = try? JSONDecoder().decode([Entry].self, from: data)
        else { throw .missing("catalogue.json") }
        var articles: [Article] = []
        var goods: [String: [UInt8]] = [:]
        for entry in entries {
            guard let article = entry.article else { throw .unsuitable(entry.identifier) }
            let file = directory.appendingPathComponent(article.contentFile)
            guard let bytes = try? Data(contentsOf: file) else { throw .missing(entry.file) }
            goods[article.contentFile] = Array(bytes)
            articles.append(article)
        }
        do throws(CatalogueFailure) {
            catalogue = try Catalogue(articles)
        } catch {
            throw .catalogue(error)
        }
        content = DemoContent(
            presentations: Dictionary(
                entries.map { ($0.identifier, $0.presentation) },
                uniquingKeysWith: { first, _ in first }
            ),
            goods: goods
        )
    }

    /// One article as it stands in the file.
    private struct Entry: Decodable {
        let identifier: String
        let drawing: String
        let kind: String
        let title: String
        let note: String
        /// The price in cents of a euro.
        let cents: UInt64
        let file: String
        let mediaType: String
        let length: String
        let paragraphs: [String]

        var article: Article? {
            // The title is what the person reads at the card site before consent.
            Article(
                identifier: identifier,
                title: title,
                description: title,
                price: Money(minorUnits: cents, currency: .euro, exponent: .cents),
                contentFile: file,
                mediaType: mediaType
            )
        }

        var presentation: DemoContent.Presentation {
            DemoContent.Presentation(
                drawing: drawing,
                kind: kind,
                note: note,
                paragraphs: paragraphs,
                length: length
            )
        }
    }
}

/// What the demonstration shows of its articles, and the goods themselves.
package struct DemoContent: Sendable {
    /// How an article is shown.
    package struct Presentation: Sendable {
        /// The drawing `article-….svg` among the assets.
        package let drawing: String
        /// `Story`, `Puzzle`, `Map` …
        package let kind: String
        package let note: String
        package let paragraphs: [String]
        /// How much it is, in words.
        package let length: String?

        package init(
            drawing: String,
            kind: String,
            note: String,
            paragraphs: [String] = [],
            length: String? = nil
        ) {
            self.drawing = drawing
            self.kind = kind
            self.note = note
            self.paragraphs = paragraphs
            self.length = length
        }
    }

    private let presentations: [String: Presentation]
    private let goods: [String: [UInt8]]

    /// - Parameters:
    ///   - presentations: by the identifier of the article.
    ///   - goods: the contents, by the file name of the article.
    package init(presentations: [String: Presentation], goods: [String: [UInt8]]) {
        self.presentations = presentations
        self.goods = goods
    }

    /// - Returns: something plain for an article that is no longer in the catalogue.
    package func presentation(of article: Article) -> Presentation {
        presentations[article.identifier]
            ?? Presentation(drawing: "comma", kind: "Article", note: article.description)
    }

    /// The goods of an article, or nil where the file is not there.
    package func goods(of article: Article) -> [UInt8]? { goods[article.contentFile] }
}
