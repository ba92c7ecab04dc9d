// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// The parameters of the bank's load page, as the browser posts them to the OPAL server (FIG. 18A,
/// step 875). All values are text.
package struct LoadPage: Equatable, Sendable {
    package let terms: LoadTerms
    package let proof: LoadProof
    /// The bank, for the person; at most ``LoadLimits/bankNameBytesMax`` bytes.
    package let bankName: String
    /// The TSK as base64url text, 43 characters; a secret.
    package let sessionKey: SessionKeyText

    package init(
        terms: LoadTerms,
        proof: LoadProof,
        bankName: String,
        sessionKey: SessionKeyText
    ) {
        self.terms = terms
        self.proof = proof
        self.bankName = bankName
        self.sessionKey = sessionKey
    }

    /// The fields' names, in the order in which they stand in the page.
    package enum Field: String, CaseIterable, Sendable {
        case amount, currency, exponent, transaction, bank, card, time
        case loadServer = "load-server"
        case statusURL = "status-url"
        case keyName = "key-name"
        case sessionKey = "tsk"
        case wrappedSessionKey = "etsk"
        case loadToken = "load-token"
        case bankName = "bank-name"
    }

    /// Reads the fields of a posted form.
    ///
    /// - Parameter value: the text of a field, nil where the form lacks it.
    /// - Throws: `WireFailure` with the path of the first field that is missing or cannot be.
    package init(_ value: (Field) -> String?) throws(WireFailure) {
        self = try withoutActuallyEscaping(value) { value throws(WireFailure) in
            let form = FormReader<Field>(page: "load page", value: value)
            return LoadPage(
                terms: LoadTerms(
                    transaction: try form.parsed(.transaction) { TransactionIdentifier($0) },
                    bank: try form.parsed(.bank) { BankIdentifier(text: $0) },
                    card: try form.parsed(.card) { CardPseudonym(text: $0) },
                    amount: try form.money(.amount, .currency, .exponent),
                    time: try form.parsed(.time) { CardTime(digits: $0) },
                    loadServer: try form.text(.loadServer, max: LoadLimits.loadServerBytesMax),
                    statusURL: try form.address(.statusURL, max: LoadLimits.statusURLBytesMax)
                ),
                proof: try form.proof(.keyName, .wrappedSessionKey, .loadToken),
                bankName: try form.text(.bankName, max: LoadLimits.bankNameBytesMax),
                sessionKey: try form.parsed(.sessionKey) { SessionKeyText($0) }
            )
        }
    }

    /// The fields with their values, for the page's form.
    package var fields: [(Field, String)] {
        [
            (.amount, String(terms.amount.minorUnits)),
            (.currency, terms.amount.currency.digits),
            (.exponent, String(terms.amount.exponent.decimals)),
            (.transaction, terms.transaction.text),
            (.bank, terms.bank.text),
            (.card, terms.card.text),
            (.time, terms.time.digits),
            (.loadServer, terms.loadServer),
            (.statusURL, terms.statusURL),
            (.keyName, proof.keyName),
            (.sessionKey, sessionKey.reveal()),
            (.wrappedSessionKey, Base64URL.encode(proof.wrappedSessionKey)),
            (.loadToken, Base64URL.encode(proof.token)),
            (.bankName, bankName),
        ]
    }
}

// The load page as a party stores it: the terms, then what proves them, TSK and name of the bank
// (each counted).
extension LoadPage {
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 400)
        writer.loadTerms(terms)
        proof.write(to: &writer)
        writer.text(sessionKey.reveal())
        writer.text(bankName)
        return writer.bytes
    }

    package init(bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "load page")
        let terms = try reader.loadTerms()
        let proof = try LoadProof(&reader)
        let sessionKey = try reader.sessionKey()
        let bankName = try reader.text("bank name", bytesMax: LoadLimits.bankNameBytesMax)
        try reader.end()
        self.init(terms: terms, proof: proof, bankName: bankName, sessionKey: sessionKey)
    }
}

extension ByteReader {
    /// The TSK as text, counted.
    package mutating func sessionKey() throws(WireFailure) -> SessionKeyText {
        guard let key = SessionKeyText(try text("TSK", bytesMax: 43)) else {
            throw failure("TSK", .invalid)
        }
        return key
    }
}

extension CardTime {
    /// The fourteen digits YYYYMMDDhhmmss.
    package var digits: String { BCD.digits(bcd, count: 14) }

    /// - Parameter digits: fourteen decimal digits.
    package init?(digits: String) {
        guard let bcd = BCD.parse(digits, count: 14) else { return nil }
        self.init(bcd: bcd)
    }
}
