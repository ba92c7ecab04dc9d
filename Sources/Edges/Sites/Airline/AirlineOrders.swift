// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Merchant

// What the airline orders at the payment server: proofs of identity, and benefits.

extension Article {
    /// The identifier of a sign-in; a benefit's code has no capitals.
    static let signInIdentifier = "SIGN-IN"

    /// Access for who proves identity (FIG. 16): a transaction of nothing.
    static func signIn(_ brand: String) -> Article? {
        Article(
            identifier: signInIdentifier,
            title: "Sign in",
            description: "Sign in at \(brand)",
            price: .proof,
            contentFile: "session",
            mediaType: "text/plain"
        )
    }

    /// A benefit at what is taken by the card: money, and points that are on the card. Points in
    /// the programme's database are debited there; where nothing else is to be paid, the card
    /// proves whose they are.
    init?(_ benefit: Benefit, home: Programme.Home) {
        let points = home == .card ? benefit.price.points : nil
        let (file, mediaType) =
            switch benefit.handout {
            case .voucher: ("voucher", "text/plain")
            case .file(let name, let mediaType): (name, mediaType)
            }
        self.init(
            identifier: benefit.code.text,
            title: benefit.title,
            description: benefit.description,
            price: benefit.price.money ?? points ?? .proof,
            secondPrice: benefit.price.money == nil ? nil : points,
            contentFile: file,
            mediaType: mediaType
        )
    }

    /// Whether the card pays these points.
    func takes(_ points: Money) -> Bool { price == points || secondPrice == points }
}

extension OrderView {
    var isSignIn: Bool { article.identifier == Article.signInIdentifier }

    /// Whether it takes neither money nor points of the card.
    var isProof: Bool { amount.currency == .nothing }
}
