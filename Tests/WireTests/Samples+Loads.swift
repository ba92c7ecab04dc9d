// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

// Loads.
extension Samples {
    mutating func bank() -> BankIdentifier { BankIdentifier(bits: random.next()) }

    mutating func loadTerms() throws -> LoadTerms {
        LoadTerms(
            transaction: transaction(),
            bank: bank(),
            card: CardPseudonym(high: random.next(), low: random.next()),
            amount: try money(),
            time: time(),
            loadServer: "loads-one",
            statusURL: "https://bank.example/ergebnis?größe=1"
        )
    }

    mutating func inquiry() -> CardInquiry {
        CardInquiry(
            transaction: transaction(),
            bank: bank(),
            time: time(),
            loadServer: "loads-one",
            statusURL: "https://bank.example/karte"
        )
    }

    mutating func cardLoad() throws -> CardLoad {
        CardLoad(request: try initializeLoad(), answer: try initializeLoadAnswer())
    }

    mutating func negatives() throws -> [NegativeResponse] {
        [
            NegativeResponse(reason: .declined, load: nil),
            NegativeResponse(
                reason: .aboveMaximum,
                load: try cardLoad(),
                answer: try creditAnswer(),
                zeroAnswer: try initializeLoadAnswer()
            ),
            NegativeResponse(reason: .cardChanged, load: try cardLoad(), denial: signature()),
        ]
    }

    /// One of each kind.
    mutating func loadMessages() throws -> [LoadMessage] {
        [
            .loadRequest(
                LoadRequest(terms: try loadTerms(), proof: try proof(), sealed: random.bytes(180))
            ),
            .loadCommand(transaction(), sealed: random.bytes(90)),
            .loadResponse(transaction(), sealed: random.bytes(80)),
            .negativeResponse(
                LoadRequest(terms: try loadTerms(), proof: try proof(), sealed: random.bytes(300))
            ),
            .loadResult(transaction(), forCard: random.bytes(60), forBank: random.bytes(400)),
            .loadQuestion(
                LoadQuestion(terms: try loadTerms(), keyName: "k-2026", proof: random.bytes(32))
            ),
            .loadAnswer(transaction(), .authorized, forBank: []),
            .loadAnswer(transaction(), .loaded, forBank: random.bytes(400)),
            .cardQuestion(
                CardQuestion(inquiry: inquiry(), proof: try proof(), sealed: random.bytes(180))
            ),
            .cardInformation(transaction(), forBank: random.bytes(400)),
            .refusal(transaction(), .loadTooOld),
        ]
    }
}
