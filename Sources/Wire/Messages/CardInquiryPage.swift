// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// The parameters of the bank's question for a card's information, as the browser posts them to the
/// OPAL server (FIG. 18A, step 872). All values are text.
package struct CardInquiryPage: Equatable, Sendable {
    package let inquiry: CardInquiry
    package let proof: LoadProof
    /// The bank, for the person; at most ``LoadLimits/bankNameBytesMax`` bytes.
    package let bankName: String
    /// The TSK as base64url text, 43 characters; a secret.
    package let sessionKey: SessionKeyText

    package init(
        inquiry: CardInquiry,
        proof: LoadProof,
        bankName: String,
        sessionKey: SessionKeyText
    ) {
        self.inquiry = inquiry
        self.proof = proof
        self.bankName = bankName
        self.sessionKey = sessionKey
    }

    /// The fields' names, in the order in which they stand in the page.
    package enum Field: String, CaseIterable, Sendable {
        case transaction, bank, time
        case loadServer = "load-server"
        case statusURL = "status-url"
        case keyName = "key-name"
        case sessionKey = "tsk"
        case wrappedSessionKey = "etsk"
        case inquiryToken = "inquiry-token"
        case bankName = "bank-name"
    }

    /// Reads the fields of a posted form.
    ///
    /// - Parameter value: the text of a field, nil where the form lacks it.
    /// - Throws: `WireFailure` with the path of the first field that is missing or cannot be.
    package init(_ value: (Field) -> String?) throws(WireFailure) {
        self = try withoutActuallyEscaping(value) { value throws(WireFailure) in
            let form = FormReader<Field>(page: "inquiry page", value: value)
            return CardInquiryPage(
                inquiry: CardInquiry(
                    transaction: try form.parsed(.transaction) { TransactionIdentifier($0) },
                    bank: try form.parsed(.bank) { BankIdentifier(text: $0) },
                    time: try form.parsed(.time) { CardTime(digits: $0) },
                    loadServer: try form.text(.loadServer, max: LoadLimits.loadServerBytesMax),
                    statusURL: try form.address(.statusURL, max: LoadLimits.statusURLBytesMax)
                ),
                proof: try form.proof(.keyName, .wrappedSessionKey, .inquiryToken),
                bankName: try form.text(.bankName, max: LoadLimits.bankNameBytesMax),
                sessionKey: try form.parsed(.sessionKey) { SessionKeyText($0) }
            )
        }
    }

    /// The fields with their values, for the page's form.
    package var fields: [(Field, String)] {
        [
            (.transaction, inquiry.transaction.text),
            (.bank, inquiry.bank.text),
            (.time, inquiry.time.digits),
            (.loadServer, inquiry.loadServer),
            (.statusURL, inquiry.statusURL),
            (.keyName, proof.keyName),
            (.sessionKey, sessionKey.reveal()),
            (.wrappedSessionKey, Base64URL.encode(proof.wrappedSessionKey)),
            (.inquiryToken, Base64URL.encode(proof.token)),
            (.bankName, bankName),
        ]
    }
}

// The page as a party stores it: the inquiry, then what proves it, TSK and name of the bank (each
// counted).
extension CardInquiryPage {
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 400)
        writer.cardInquiry(inquiry)
        proof.write(to: &writer)
        writer.text(sessionKey.reveal())
        writer.text(bankName)
        return writer.bytes
    }

    package init(bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "inquiry page")
        let inquiry = try reader.cardInquiry()
        let proof = try LoadProof(&reader)
        let sessionKey = try reader.sessionKey()
        let bankName = try reader.text("bank name", bytesMax: LoadLimits.bankNameBytesMax)
        try reader.end()
        self.init(inquiry: inquiry, proof: proof, bankName: bankName, sessionKey: sessionKey)
    }
}
