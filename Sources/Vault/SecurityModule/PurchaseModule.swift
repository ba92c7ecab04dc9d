// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// What a terminal 214 asks of its security card 218 (PSAM). The card's memory travels sealed,
/// bound to its identity and revision; the terminal stores it together with the sale, before
/// anything leaves. So no transaction number is ever used twice, even after a crash.
package protocol PurchaseModule: Sendable {
    var identifier: SecurityCardIdentifier { get }

    /// The memory of a new security card (revision 1).
    func personalize() async throws(ModuleFailure) -> SealedSecurityCard

    /// Takes the card's answers as a terminal replays them, and issues S2 (FIG. 11D,
    /// steps 688–692).
    ///
    /// - Throws: `.draw` refusals as a `Refusal` in the result; `.sealBroken`, `.keyUnknown`.
    func draw(_ draw: CardDraw, at time: CardTime, with memory: SealedSecurityCard)
        async throws(ModuleFailure) -> Result<SecurityCardDraw, Refusal>

    /// Checks the card's S3 (FIG. 11C, step 626) and, where it is right, counts the sale or, where
    /// the card refused, gives the number up.
    func complete(
        _ draw: CardDraw,
        _ command: DebitIEP,
        _ answer: DebitAnswer,
        with memory: SealedSecurityCard
    ) async throws(ModuleFailure) -> Result<SecurityCardCompletion, Refusal>

    /// Gives a drawn number up and issues SV. A number that was counted is never given up.
    func giveUp(_ draw: CardDraw, _ command: DebitIEP, with memory: SealedSecurityCard)
        async throws(ModuleFailure) -> Result<SecurityCardVoid, Refusal>

    /// Counts sales whose S3 was compared elsewhere (FIGS. 6–8). S3 is checked here again: what is
    /// not right is not counted.
    ///
    /// - Returns: the memory afterwards, and for each sale whether it is counted.
    func count(_ sales: [ComparedSale], with memory: SealedSecurityCard)
        async throws(ModuleFailure) -> SecurityCardCount

    /// Closes the open batch, signs it and opens the next one (`docs/decisions/0026`).
    ///
    /// `moment`: by the clock of who drives the security card.
    /// - Returns: nil where no sale is in it.
    /// - Throws: `.keyUnknown` where the security card has no KB.
    func close(at moment: Instant, with memory: SealedSecurityCard)
        async throws(ModuleFailure) -> SecurityCardClosing?

    /// What the memory says.
    func describe(_ memory: SealedSecurityCard) async throws(ModuleFailure)
        -> SecurityCardDescription

    /// Checks a card's S3 and, for a void sale, SV again, for an audit.
    func verify(
        _ draw: CardDraw,
        _ command: DebitIEP,
        _ answer: DebitAnswer
    ) async throws(ModuleFailure) -> Bool
}

/// A sale that is to be counted: what the card said, what it was told, and what it answered.
package struct ComparedSale: Sendable {
    package let draw: CardDraw
    package let command: DebitIEP
    package let answer: DebitAnswer

    package init(draw: CardDraw, command: DebitIEP, answer: DebitAnswer) {
        self.draw = draw
        self.command = command
        self.answer = answer
    }
}

/// The security card's answer to sales that were compared elsewhere.
package struct SecurityCardCount: Sendable {
    package let memory: SealedSecurityCard
    /// In the order of the sales.
    package let isCounted: [Bool]
    /// In the order of the sales: where each was collected; nil for a proof of identity, and for
    /// what is not counted.
    package let places: [BatchPlace?]

    package init(memory: SealedSecurityCard, isCounted: [Bool], places: [BatchPlace?]) {
        precondition(isCounted.count == places.count)
        self.memory = memory
        self.isCounted = isCounted
        self.places = places
    }
}

/// The memory of a security card as stored.
package struct SealedSecurityCard: Equatable, Sendable {
    package let identifier: SecurityCardIdentifier
    package let revision: UInt64
    package let body: [UInt8]

    package init(identifier: SecurityCardIdentifier, revision: UInt64, body: [UInt8]) {
        self.identifier = identifier
        self.revision = revision
        self.body = body
    }
}

/// The security card's answer to a draw: DEBIT IEP with S2, and the S3 it expects (FIGS. 6–8).
package struct SecurityCardDraw: Sendable {
    package let memory: SealedSecurityCard
    package let command: DebitIEP
    package let expectedSignature: Signature

    package init(memory: SealedSecurityCard, command: DebitIEP, expectedSignature: Signature) {
        self.memory = memory
        self.command = command
        self.expectedSignature = expectedSignature
    }
}

/// The security card's answer to a card's S3.
package struct SecurityCardCompletion: Sendable {
    package let memory: SealedSecurityCard
    /// Whether the sale was counted; else the card had refused and the number was given up.
    package let isCounted: Bool
    /// Where the sale was collected; nil for a proof of identity, and for what is not counted.
    package let place: BatchPlace?

    package init(memory: SealedSecurityCard, isCounted: Bool, place: BatchPlace?) {
        self.memory = memory
        self.isCounted = isCounted
        self.place = place
    }
}

/// The security card's proof that a sale will never be counted.
package struct SecurityCardVoid: Sendable {
    package let memory: SealedSecurityCard
    package let voidProof: Signature

    package init(memory: SealedSecurityCard, voidProof: Signature) {
        self.memory = memory
        self.voidProof = voidProof
    }
}

/// A batch that a security card has closed.
package struct SecurityCardClosing: Sendable {
    /// In which the next batch is open.
    package let memory: SealedSecurityCard
    package let header: BatchHeader

    package init(memory: SealedSecurityCard, header: BatchHeader) {
        self.memory = memory
        self.header = header
    }
}

/// What a security card counts.
package struct SecurityCardDescription: Equatable, Sendable {
    package struct Total: Equatable, Sendable {
        package let currency: Currency
        package let exponent: Exponent
        package let count: UInt64
        package let minorUnits: UInt64

        package init(currency: Currency, exponent: Exponent, count: UInt64, minorUnits: UInt64) {
            self.currency = currency
            self.exponent = exponent
            self.count = count
            self.minorUnits = minorUnits
        }
    }

    /// The batch that it counts into now.
    package struct OpenBatch: Equatable, Sendable {
        /// 1 for the first one.
        package let number: UInt32
        package let count: UInt32
        package let totals: [BatchHeader.Total]

        package init(number: UInt32, count: UInt32, totals: [BatchHeader.Total]) {
            self.number = number
            self.count = count
            self.totals = totals
        }
    }

    package let identifier: SecurityCardIdentifier
    /// NTPSAM of the last draw.
    package let lastNumber: UInt32
    /// Numbers drawn and neither counted nor given up.
    package let openNumbers: [UInt32]
    package let totals: [Total]
    package let openBatch: OpenBatch

    package init(
        identifier: SecurityCardIdentifier,
        lastNumber: UInt32,
        openNumbers: [UInt32],
        totals: [Total],
        openBatch: OpenBatch
    ) {
        self.identifier = identifier
        self.lastNumber = lastNumber
        self.openNumbers = openNumbers
        self.totals = totals
        self.openBatch = openBatch
    }
}
