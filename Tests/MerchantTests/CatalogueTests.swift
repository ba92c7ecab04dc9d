// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import Testing

@Suite struct CatalogueTests {
    private func article(
        identifier: String = "fens",
        title: String = "The Fens",
        description: String = "A story",
        price: UInt64 = 150,
        contentFile: String = "fens.txt",
        mediaType: String = "text/plain"
    ) -> Article? {
        Article(
            identifier: identifier,
            title: title,
            description: description,
            price: Money(minorUnits: price, currency: .euro, exponent: .cents),
            contentFile: contentFile,
            mediaType: mediaType
        )
    }

    @Test func `an article is found by its identifier`() throws {
        let fens = try #require(article())
        let rain = try #require(article(identifier: "rain"))
        let catalogue = try Catalogue([rain, fens])
        #expect(catalogue["fens"] == fens)
        #expect(catalogue["salt"] == nil)
        #expect(catalogue.articles == [rain, fens])
    }

    @Test func `two articles with one identifier are no catalogue`() throws {
        let fens = try #require(article())
        #expect(throws: CatalogueFailure.identifierTwice("fens")) { try Catalogue([fens, fens]) }
    }

    @Test func `an article that a page or a file system could misread is none`() {
        #expect(article() != nil)
        #expect(article(identifier: "") == nil)
        #expect(article(identifier: "a b") == nil)
        #expect(article(identifier: String(repeating: "a", count: 33)) == nil)
        #expect(article(title: "") == nil)
        #expect(article(title: "one\ntwo") == nil)
        #expect(article(description: String(repeating: "é", count: 61)) == nil)
        #expect(article(price: 0) == nil)
        #expect(article(contentFile: "../keys") == nil)
        #expect(article(contentFile: "..") == nil)
        #expect(article(contentFile: "a\\b") == nil)
        #expect(article(mediaType: "text plain") == nil)
    }
}
