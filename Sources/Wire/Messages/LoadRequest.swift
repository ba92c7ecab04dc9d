// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// The Load Request: all that the load server needs to have module 864 issue S2 (FIG. 18A,
/// steps 876–878). The terms stand in the clear, so that the load server finds the key; what the
/// card said is sealed under the TSK.
package struct LoadRequest: Equatable, Sendable {
    package let terms: LoadTerms
    package let proof: LoadProof
    /// The bytes of a ``CardLoad``, or of a ``NegativeResponse``, sealed.
    package let sealed: [UInt8]

    package init(terms: LoadTerms, proof: LoadProof, sealed: [UInt8]) {
        self.terms = terms
        self.proof = proof
        self.sealed = sealed
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        terms = try reader.loadTerms()
        proof = try LoadProof(&reader)
        sealed = try reader.counted("load, sealed", max: PartyMessage.sealedBytesMax)
    }

    func write(to writer: inout ByteWriter) {
        writer.loadTerms(terms)
        proof.write(to: &writer)
        writer.counted(sealed)
    }
}

/// What a card was asked and what it answered: data of INITIALIZE IEP for load 43, its answer with
/// S1 52 (95 bytes). The patent's elements are all in it: S1, card number, expiry, amount,
/// algorithm, transaction counter, balance, and the bank's time stamp.
package struct CardLoad: Equatable, Sendable {
    package let request: InitializeLoad
    package let answer: InitializeLoadAnswer

    package static let length = InitializeLoad.length + InitializeLoadAnswer.length

    package init(request: InitializeLoad, answer: InitializeLoadAnswer) {
        self.request = request
        self.answer = answer
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "load")
        self = try CardLoad(&reader)
        try reader.end()
    }

    package init(_ reader: inout ByteReader) throws(WireFailure) {
        request = try InitializeLoad(
            try reader.bytes("INITIALIZE", count: InitializeLoad.length)
        )
        answer = try InitializeLoadAnswer(
            try reader.bytes("answer to INITIALIZE", count: InitializeLoadAnswer.length)
        )
    }

    package var bytes: [UInt8] { request.bytes + answer.bytes }
}

/// What the OPAL server says of a card that was not loaded (negative result, steps 882 and
/// following): reason 1, then behind a presence byte each: the load that was asked for 95, the
/// card's answer with another completion code than 0000 22, the answer to the zero-value request
/// 52, SN 8.
package struct NegativeResponse: Equatable, Sendable {
    package let reason: LoadRefusal
    /// Nil where the card was not asked: then no S2 can have been issued.
    package let load: CardLoad?
    /// The card's answer to CREDIT IEP, with S3, where it declined.
    package let answer: CreditAnswer?
    /// The answer to the zero-value request, with a new S1.
    package let zeroAnswer: InitializeLoadAnswer?
    /// SN: the card's signed denial, where its counter has moved on.
    package let denial: Signature?

    package init(
        reason: LoadRefusal,
        load: CardLoad?,
        answer: CreditAnswer? = nil,
        zeroAnswer: InitializeLoadAnswer? = nil,
        denial: Signature? = nil
    ) {
        self.reason = reason
        self.load = load
        self.answer = answer
        self.zeroAnswer = zeroAnswer
        self.denial = denial
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "negative response")
        reason = try reader.value("reason", bytes: 1) { LoadRefusal(rawValue: UInt8($0)) }
        load = try reader.optional("load") { reader throws(WireFailure) in
            try CardLoad(&reader)
        }
        answer = try reader.optional("answer") { reader throws(WireFailure) in
            try CreditAnswer(try reader.bytes("answer", count: CreditAnswer.length))
        }
        zeroAnswer = try reader.optional("zero-value answer") { reader throws(WireFailure) in
            try InitializeLoadAnswer(
                try reader.bytes("zero-value answer", count: InitializeLoadAnswer.length)
            )
        }
        denial = try reader.optional("SN") { reader throws(WireFailure) in
            try reader.signature("SN")
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 192)
        writer.byte(reason.rawValue)
        writer.optional(load) { $0.append($1.bytes) }
        writer.optional(answer) { $0.append($1.bytes) }
        writer.optional(zeroAnswer) { $0.append($1.bytes) }
        writer.optional(denial) { $0.signature($1) }
        return writer.bytes
    }
}

/// A bank's question by transaction id: the terms of the load, the name of the shared key and a
/// proof (32 bytes) that only bank and load server can make.
package struct LoadQuestion: Equatable, Sendable {
    package let terms: LoadTerms
    package let keyName: String
    package let proof: [UInt8]

    package static let proofBytes = 32

    package init(terms: LoadTerms, keyName: String, proof: [UInt8]) {
        precondition(proof.count == LoadQuestion.proofBytes)
        self.terms = terms
        self.keyName = keyName
        self.proof = proof
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        terms = try reader.loadTerms()
        keyName = try reader.text("key name", bytesMax: PurchaseLimits.keyNameBytesMax)
        proof = try reader.bytes("proof", count: LoadQuestion.proofBytes)
    }

    func write(to writer: inout ByteWriter) {
        writer.loadTerms(terms)
        writer.text(keyName)
        writer.append(proof)
    }
}

/// What the OPAL server asks of the load server for a bank's inquiry (FIG. 18A, step 872): the
/// card's answer to a zero-value request, whose S1 covers balance and maximum, sealed under the
/// TSK.
package struct CardQuestion: Equatable, Sendable {
    package let inquiry: CardInquiry
    package let proof: LoadProof
    /// The bytes of a ``CardLoad`` of no value, sealed.
    package let sealed: [UInt8]

    package init(inquiry: CardInquiry, proof: LoadProof, sealed: [UInt8]) {
        self.inquiry = inquiry
        self.proof = proof
        self.sealed = sealed
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        inquiry = try reader.cardInquiry()
        proof = try LoadProof(&reader)
        sealed = try reader.counted("card, sealed", max: PartyMessage.sealedBytesMax)
    }

    func write(to writer: inout ByteWriter) {
        writer.cardInquiry(inquiry)
        proof.write(to: &writer)
        writer.counted(sealed)
    }
}
