// SPDX-License-Identifier: Apache-2.0

import Kernel

/// Reads the fields of a form that a browser has posted: all text, and each checked.
struct FormReader<Field: RawRepresentable<String>> {
    /// The name of the page, which begins the path of each failure.
    let page: StaticString
    /// The text of a field, nil where the form lacks it.
    let value: (Field) -> String?

    /// Text of at most `max` bytes without control characters.
    func text(_ field: Field, max: Int = 128) throws(WireFailure) -> String {
        guard let text = value(field) else { throw failure(field, .truncated) }
        guard text.utf8.count <= max, ByteReader.isText(text) else {
            throw failure(field, .invalid)
        }
        return text
    }

    /// A value made of a field's text, refused where `parse` gives nil.
    func parsed<Value>(
        _ field: Field,
        _ parse: (String) -> Value?
    ) throws(WireFailure) -> Value {
        guard let value = parse(try text(field)) else { throw failure(field, .invalid) }
        return value
    }

    /// An address that a browser is sent to.
    func address(_ field: Field, max: Int) throws(WireFailure) -> String {
        let address = try text(field, max: max)
        guard address.hasPrefix("https://") || address.hasPrefix("http://") else {
            throw failure(field, .invalid)
        }
        return address
    }

    /// M, CURR and CEXP.
    func money(
        _ amount: Field,
        _ currency: Field,
        _ exponent: Field
    ) throws(WireFailure) -> Money {
        Money(
            minorUnits: try parsed(amount, DecimalText.integer),
            currency: try parsed(currency) { text in
                BCD.parse(text, count: 4).flatMap { Currency(bcd: UInt16($0)) }
            },
            exponent: try parsed(exponent) { DecimalText.byte($0).flatMap(Exponent.init) }
        )
    }

    /// Name of K, ETSK and token.
    func proof(
        _ keyName: Field,
        _ wrappedSessionKey: Field,
        _ token: Field
    ) throws(WireFailure) -> OrderProof {
        let wrapped = try parsed(wrappedSessionKey) {
            Base64URL.decode($0, count: OrderProof.wrappedSessionKeyBytes)
        }
        let token = try parsed(token) { Base64URL.decode($0, count: OrderProof.tokenBytes) }
        // The lengths are right, so that only the name can be wrong.
        return try parsed(keyName) {
            OrderProof(keyName: $0, wrappedSessionKey: wrapped, token: token)
        }
    }

    func failure(_ field: Field, _ problem: WireFailure.Problem) -> WireFailure {
        WireFailure(path: "\(page): \(field.rawValue)", problem: problem)
    }
}
