// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// The parameters of the merchant's page, as the browser posts them to the OPAL server
/// (FIG. 11A, step 606; FIG. 15A, step 808). All values are text.
package struct OrderPage: Equatable, Sendable {
    package let terms: OrderTerms
    package let proof: OrderProof
    /// A name to look up in the acquirer directory, never a host to connect to.
    package let paymentServer: String
    /// What is bought, for the person; at most ``PurchaseLimits/descriptionBytesMax`` bytes.
    package let description: String
    /// The TSK as base64url text, 43 characters; a secret.
    package let sessionKey: SessionKeyText
    /// What proves the second half of a mixed payment; there exactly where the terms have one.
    package let secondHalf: SecondHalf?

    /// What an order page carries for the second half of a mixed payment: its terms follow from
    /// those of the first one.
    package struct SecondHalf: Equatable, Sendable {
        package let proof: OrderProof
        package let sessionKey: SessionKeyText

        package init(proof: OrderProof, sessionKey: SessionKeyText) {
            self.proof = proof
            self.sessionKey = sessionKey
        }
    }

    package static let paymentServerBytesMax = 64

    package init(
        terms: OrderTerms,
        proof: OrderProof,
        paymentServer: String,
        description: String,
        sessionKey: SessionKeyText,
        secondHalf: SecondHalf? = nil
    ) {
        precondition((terms.otherHalf == nil) == (secondHalf == nil))
        self.terms = terms
        self.proof = proof
        self.paymentServer = paymentServer
        self.description = description
        self.sessionKey = sessionKey
        self.secondHalf = secondHalf
    }

    /// The page of the second half of a mixed payment, as if it were an order of its own.
    package var ofSecondHalf: OrderPage? {
        guard let secondHalf, let terms = terms.ofOtherHalf else { return nil }
        return OrderPage(
            terms: terms,
            proof: secondHalf.proof,
            paymentServer: paymentServer,
            description: description,
            sessionKey: secondHalf.sessionKey,
            secondHalf: SecondHalf(proof: proof, sessionKey: sessionKey)
        )
    }

    /// The fields' names, in the order in which they stand in the page.
    package enum Field: String, CaseIterable, Sendable {
        case amount, currency, exponent, transaction, merchant, paymentServer = "payment-server"
        case statusURL = "status-url"
        case policy, madeAt = "made-at"
        case keyName = "key-name"
        case sessionKey = "tsk"
        case wrappedSessionKey = "etsk"
        case orderToken = "order-token"
        case description
        // The second half of a mixed payment; none of them where there is none.
        case secondAmount = "second-amount", secondCurrency = "second-currency"
        case secondExponent = "second-exponent", secondTransaction = "second-transaction"
        case secondSessionKey = "second-tsk", secondWrappedSessionKey = "second-etsk"
        case secondOrderToken = "second-order-token"
    }

    /// Reads the fields of a posted form.
    ///
    /// - Parameter value: the text of a field, nil where the form lacks it.
    /// - Throws: `WireFailure` with the path of the first field that is missing or cannot be.
    package init(_ value: (Field) -> String?) throws(WireFailure) {
        self = try withoutActuallyEscaping(value) { value throws(WireFailure) in
            let form = FormReader<Field>(page: "order page", value: value)
            let terms = try OrderPage.terms(form)
            guard terms.isSound else { throw form.failure(.amount, .invalid) }
            return OrderPage(
                terms: terms,
                proof: try form.proof(.keyName, .wrappedSessionKey, .orderToken),
                paymentServer: try form.text(
                    .paymentServer,
                    max: OrderPage.paymentServerBytesMax
                ),
                description: try form.text(
                    .description,
                    max: PurchaseLimits.descriptionBytesMax
                ),
                sessionKey: try form.parsed(.sessionKey) { SessionKeyText($0) },
                secondHalf: terms.otherHalf == nil ? nil : try OrderPage.secondHalf(form)
            )
        }
    }

    private static func secondHalf(
        _ form: FormReader<Field>
    ) throws(WireFailure) -> SecondHalf {
        SecondHalf(
            proof: try form.proof(.keyName, .secondWrappedSessionKey, .secondOrderToken),
            sessionKey: try form.parsed(.secondSessionKey) { SessionKeyText($0) }
        )
    }

    private static func otherHalf(
        _ form: FormReader<Field>
    ) throws(WireFailure) -> OtherHalf? {
        guard form.value(.secondTransaction) != nil else { return nil }
        return OtherHalf(
            transaction: try form.parsed(.secondTransaction) { TransactionIdentifier($0) },
            amount: try form.money(.secondAmount, .secondCurrency, .secondExponent),
            isFirst: false
        )
    }

    private static func terms(_ form: FormReader<Field>) throws(WireFailure) -> OrderTerms {
        let amount = try form.money(.amount, .currency, .exponent)
        let statusURL = try form.address(.statusURL, max: PurchaseLimits.statusURLBytesMax)
        return OrderTerms(
            transaction: try form.parsed(.transaction) { TransactionIdentifier($0) },
            merchant: try form.parsed(.merchant) { MerchantIdentifier($0) },
            amount: amount,
            policy: try form.parsed(.policy) {
                DecimalText.byte($0).flatMap(ComparisonPolicy.init(rawValue:))
            },
            madeAt: try form.parsed(.madeAt) { text in
                DecimalText.integer(text).flatMap { milliseconds in
                    milliseconds < 253_402_300_800_000
                        ? Instant(milliseconds: Int64(milliseconds)) : nil
                }
            },
            statusURL: statusURL,
            otherHalf: try otherHalf(form)
        )
    }

    /// The fields with their values, for the page's form.
    package var fields: [(Field, String)] {
        [
            (.amount, String(terms.amount.minorUnits)),
            (.currency, terms.amount.currency.digits),
            (.exponent, String(terms.amount.exponent.decimals)),
            (.transaction, terms.transaction.text),
            (.merchant, terms.merchant.text),
            (.paymentServer, paymentServer),
            (.statusURL, terms.statusURL),
            (.policy, String(terms.policy.rawValue)),
            (.madeAt, String(terms.madeAt.milliseconds)),
            (.keyName, proof.keyName),
            (.sessionKey, sessionKey.reveal()),
            (.wrappedSessionKey, Base64URL.encode(proof.wrappedSessionKey)),
            (.orderToken, Base64URL.encode(proof.token)),
            (.description, description),
        ] + secondFields
    }

    private var secondFields: [(Field, String)] {
        guard let secondHalf, let half = terms.otherHalf else { return [] }
        return [
            (.secondAmount, String(half.amount.minorUnits)),
            (.secondCurrency, half.amount.currency.digits),
            (.secondExponent, String(half.amount.exponent.decimals)),
            (.secondTransaction, half.transaction.text),
            (.secondSessionKey, secondHalf.sessionKey.reveal()),
            (.secondWrappedSessionKey, Base64URL.encode(secondHalf.proof.wrappedSessionKey)),
            (.secondOrderToken, Base64URL.encode(secondHalf.proof.token)),
        ]
    }
}

/// The TSK as the page carries it. It does not print.
package struct SessionKeyText: Equatable, Sendable, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    private let text: String

    /// - Returns: nil unless it is the base64url text of 32 bytes.
    package init?(_ text: String) {
        guard text.utf8.count == 43, Base64URL.decode(text)?.count == 32 else { return nil }
        self.text = text
    }

    /// The text itself, for the vault and for the page.
    package func reveal() -> String { text }

    package var description: String { "(a session key)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Unsigned decimal numbers without sign, blank or leading zero.
package enum DecimalText {
    package static func integer(_ text: String) -> UInt64? {
        guard text == "0" || (text.utf8.first.map { (0x31...0x39).contains($0) } ?? false),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return UInt64(text)
    }

    package static func byte(_ text: String) -> UInt8? {
        integer(text).flatMap { UInt8(exactly: $0) }
    }
}
